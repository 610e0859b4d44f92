//! Comparison, traps on comparison, and selection.

use core::cmp::Ordering;

use super::registers::{immediate, low, low_signed, order};
use super::{Done, Stop};
use crate::decode::Ins;
use crate::memory::Memory;
use crate::operand::field5;
use crate::state::State;

/// The condition-register field in bits 25 to 23.
const fn bf(i: Ins) -> u8 {
    i.rt() >> 2
}

/// Whether the L bit asks for 64 bits.
const fn long(i: Ins) -> bool {
    i.rt() & 1 != 0
}

fn signed(i: Ins, a: u64, b: u64) -> Ordering {
    if long(i) {
        a.cast_signed().cmp(&b.cast_signed())
    } else {
        low(a).cast_signed().cmp(&low(b).cast_signed())
    }
}

fn unsigned(i: Ins, a: u64, b: u64) -> Ordering {
    if long(i) { a.cmp(&b) } else { low(a).cmp(&low(b)) }
}

fn compared(s: &mut State, i: Ins, ordering: Ordering) -> Done {
    let field = order(ordering) | s.so();
    s.set_cr_field(bf(i), field);
    s.next()
}

pub(super) fn cmp<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    compared(s, i, signed(i, s.ra(i), s.rb(i)))
}

pub(super) fn cmpi<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    compared(s, i, signed(i, s.ra(i), immediate(i)))
}

pub(super) fn cmpl<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    compared(s, i, unsigned(i, s.ra(i), s.rb(i)))
}

pub(super) fn cmpli<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    compared(s, i, unsigned(i, s.ra(i), i.ui().into()))
}

/// Whether a byte is in one of two ranges: of the low halfword, and with L of the one above.
pub(super) fn cmprb<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let byte = low(s.ra(i)) & 0xff;
    let [high2, low2, high1, low1] = low(s.rb(i)).to_be_bytes().map(u32::from);
    let inside = (low1..=high1).contains(&byte) || long(i) && (low2..=high2).contains(&byte);
    s.set_cr_field(bf(i), u32::from(inside) << 2);
    s.next()
}

pub(super) fn cmpeqb<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let byte = s.ra(i).to_le_bytes()[0];
    let found = s.rb(i).to_le_bytes().contains(&byte);
    s.set_cr_field(bf(i), u32::from(found) << 2);
    s.next()
}

/// Traps if TO asks for how `a` compares with `b`, signed or unsigned.
fn trap(s: &mut State, i: Ins, a: u64, b: u64) -> Done {
    let to = i.rt();
    let signed = match a.cast_signed().cmp(&b.cast_signed()) {
        Ordering::Less => 16,
        Ordering::Greater => 8,
        Ordering::Equal => 4,
    };
    let unsigned = match a.cmp(&b) {
        Ordering::Less => 2,
        Ordering::Greater => 1,
        Ordering::Equal => 0,
    };
    if to & (signed | unsigned) != 0 {
        Err(Stop::Trap)
    } else {
        s.next()
    }
}

pub(super) fn tw<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    trap(s, i, low_signed(s.ra(i)), low_signed(s.rb(i)))
}

pub(super) fn twi<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    trap(s, i, low_signed(s.ra(i)), immediate(i))
}

pub(super) fn td<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    trap(s, i, s.ra(i), s.rb(i))
}

pub(super) fn tdi<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    trap(s, i, s.ra(i), immediate(i))
}

pub(super) fn isel<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let value = if s.cr_bit(field5(i.word, 6)) {
        s.base(i)
    } else {
        s.rb(i)
    };
    s.set(i, i.rt(), value);
    s.next()
}

/// -1, 1 or 0 for less, greater or neither.
pub(super) fn setb<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let value = match s.cr_field(i.ra() >> 2) {
        8.. => u64::MAX,
        4..8 => 1,
        _ => 0,
    };
    s.set(i, i.rt(), value);
    s.next()
}
