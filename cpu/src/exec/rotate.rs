//! Rotation and shifting.

use super::Done;
use super::registers::{low, low_signed};
use crate::decode::Ins;
use crate::memory::Memory;
use crate::operand::field5;
use crate::state::State;

/// Ones from bit `first` to bit `last`, counted from the most significant; they wrap if `first` is the later.
const fn mask(first: u32, last: u32) -> u64 {
    let ones = u64::MAX >> (first & 63) ^ if last >= 63 { 0 } else { u64::MAX >> (last + 1) };
    if first <= last {
        ones
    } else {
        !(u64::MAX >> ((last + 1) & 63) ^ u64::MAX >> (first & 63))
    }
}

/// The low word twice, rotated left: 64-bit processors see a word rotation so.
fn word_rotated(value: u64, count: u32) -> u64 {
    let word = u64::from(low(value).rotate_left(count & 31));
    word << 32 | word
}

/// The mask of a word rotation.
fn word_mask(i: Ins) -> u64 {
    mask(
        u32::from(field5(i.word, 6)) + 32,
        u32::from(field5(i.word, 1)) + 32,
    )
}

/// The six-bit shift count in the word.
const fn sh6(i: Ins) -> u32 {
    i.word >> 11 & 31 | i.word << 4 & 32
}

/// The six-bit mask bound in the word.
const fn mb6(i: Ins) -> u32 {
    i.word >> 6 & 31 | i.word & 32
}

/// RA <- rotated under the mask, the rest from `kept`.
fn insert(s: &mut State, i: Ins, rotated: u64, mask: u64, kept: u64) -> Done {
    let value = s.set(i, i.ra(), rotated & mask | kept & !mask);
    s.finish(i, value)
}

pub(super) fn rlwinm<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    insert(s, i, word_rotated(s.rs(i), i.rb().into()), word_mask(i), 0)
}

pub(super) fn rlwnm<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    insert(s, i, word_rotated(s.rs(i), low(s.rb(i))), word_mask(i), 0)
}

pub(super) fn rlwimi<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    insert(s, i, word_rotated(s.rs(i), i.rb().into()), word_mask(i), s.ra(i))
}

pub(super) fn rldicl<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    insert(s, i, s.rs(i).rotate_left(sh6(i)), mask(mb6(i), 63), 0)
}

pub(super) fn rldicr<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    insert(s, i, s.rs(i).rotate_left(sh6(i)), mask(0, mb6(i)), 0)
}

pub(super) fn rldic<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    insert(s, i, s.rs(i).rotate_left(sh6(i)), mask(mb6(i), 63 - sh6(i)), 0)
}

pub(super) fn rldimi<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    insert(
        s,
        i,
        s.rs(i).rotate_left(sh6(i)),
        mask(mb6(i), 63 - sh6(i)),
        s.ra(i),
    )
}

pub(super) fn rldcl<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    insert(s, i, s.rs(i).rotate_left(low(s.rb(i)) & 63), mask(mb6(i), 63), 0)
}

pub(super) fn rldcr<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    insert(s, i, s.rs(i).rotate_left(low(s.rb(i)) & 63), mask(0, mb6(i)), 0)
}

/// RA <- value, with Rc.
fn shifted(s: &mut State, i: Ins, value: u64) -> Done {
    let value = s.set(i, i.ra(), value);
    s.finish(i, value)
}

pub(super) fn slw<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    shifted(
        s,
        i,
        low(s.rs(i)).checked_shl(low(s.rb(i)) & 63).unwrap_or(0).into(),
    )
}

pub(super) fn srw<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    shifted(
        s,
        i,
        low(s.rs(i)).checked_shr(low(s.rb(i)) & 63).unwrap_or(0).into(),
    )
}

pub(super) fn sld<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    shifted(s, i, s.rs(i).checked_shl(low(s.rb(i)) & 127).unwrap_or(0))
}

pub(super) fn srd<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    shifted(s, i, s.rs(i).checked_shr(low(s.rb(i)) & 127).unwrap_or(0))
}

/// RA <- value >> count, the sign filling up; CA says whether a negative value lost ones.
fn algebraic(s: &mut State, i: Ins, value: u64, count: u32) -> Done {
    let value = value.cast_signed();
    let result = value >> count.min(63);
    let lost = if count > 63 {
        value != 0
    } else {
        result << count != value
    };
    let carry = value < 0 && lost;
    s.set_carry(i, carry, carry);
    shifted(s, i, result.cast_unsigned())
}

pub(super) fn sraw<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    algebraic(s, i, low_signed(s.rs(i)), low(s.rb(i)) & 63)
}

pub(super) fn srawi<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    algebraic(s, i, low_signed(s.rs(i)), i.rb().into())
}

pub(super) fn srad<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    algebraic(s, i, s.rs(i), low(s.rb(i)) & 127)
}

pub(super) fn sradi<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    algebraic(s, i, s.rs(i), sh6(i))
}

pub(super) fn extswsli<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    shifted(s, i, low_signed(s.rs(i)) << sh6(i))
}
