//! Addition, subtraction and multiplication.

use super::registers::{immediate, low, low_signed};
use super::{Done, Stop};
use crate::decode::Ins;
use crate::memory::Memory;
use crate::state::{OV, OV32, State};

/// What becomes of the carry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carry {
    Kept,
    Written,
}

/// RT <- a + b + carry; `oe` says whether to record the overflow.
fn sum(s: &mut State, i: Ins, [a, b, carry]: [u64; 3], ca: Carry, oe: bool) -> u64 {
    let (partial, first) = a.overflowing_add(b);
    let (full, second) = partial.overflowing_add(carry);
    let carry_of_word = u64::from(low(a)) + u64::from(low(b)) + carry > u64::from(u32::MAX);
    if ca == Carry::Written {
        s.set_carry(i, first | second, carry_of_word);
    }
    if oe {
        let signs = (a ^ full) & (b ^ full);
        s.set_overflow(i, signs >> 63 != 0, signs >> 31 & 1 != 0);
    }
    s.set(i, i.rt(), full)
}

/// Forms with OE and Rc.
macro_rules! sums {
    ($($name:ident |$s:ident, $i:ident| $terms:expr, $carry:ident;)*) => {
        $(pub(super) fn $name<M: Memory>($s: &mut State, _: &mut M, $i: Ins) -> Done {
            let value = sum($s, $i, $terms, Carry::$carry, $i.oe());
            $s.finish($i, value)
        })*
    };
}

sums! {
    add |s, i| [s.ra(i), s.rb(i), 0], Kept;
    addc |s, i| [s.ra(i), s.rb(i), 0], Written;
    adde |s, i| [s.ra(i), s.rb(i), s.carry()], Written;
    addme |s, i| [s.ra(i), u64::MAX, s.carry()], Written;
    addze |s, i| [s.ra(i), 0, s.carry()], Written;
    subf |s, i| [!s.ra(i), s.rb(i), 1], Kept;
    subfc |s, i| [!s.ra(i), s.rb(i), 1], Written;
    subfe |s, i| [!s.ra(i), s.rb(i), s.carry()], Written;
    subfme |s, i| [!s.ra(i), u64::MAX, s.carry()], Written;
    subfze |s, i| [!s.ra(i), 0, s.carry()], Written;
    neg |s, i| [!s.ra(i), 0, 1], Kept;
}

pub(super) fn addi<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let value = s.base(i).wrapping_add(immediate(i));
    s.set(i, i.rt(), value);
    s.next()
}

pub(super) fn addis<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let value = s.base(i).wrapping_add(immediate(i) << 16);
    s.set(i, i.rt(), value);
    s.next()
}

pub(super) fn addpcis<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let shifted = low_signed(u64::from(i.word & 0xffc0 | i.word >> 15 & 0x3e | i.word & 1) << 16);
    let value = s.address(s.pc.wrapping_add(4)).wrapping_add(shifted);
    s.set(i, i.rt(), value);
    s.next()
}

/// RT <- a + immediate + carry with CA, and field 0 for the primary opcode that records.
fn immediate_sum(s: &mut State, i: Ins, a: u64, carry: u64) -> Done {
    let value = sum(s, i, [a, immediate(i), carry], Carry::Written, false);
    if i.word >> 26 == 13 {
        s.record(value);
    }
    s.next()
}

pub(super) fn addic<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    immediate_sum(s, i, s.ra(i), 0)
}

pub(super) fn subfic<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    immediate_sum(s, i, !s.ra(i), 1)
}

/// The alternative carry: OV is carry in and out. Other registers than OV could be selected one day.
pub(super) fn addex<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let selector = i.word >> 9 & 3;
    if selector != 0 {
        return Err(Stop::Illegal);
    }
    let (a, b, carry) = (s.ra(i), s.rb(i), u64::from(s.xer & OV != 0));
    let (partial, first) = a.overflowing_add(b);
    let (value, second) = partial.overflowing_add(carry);
    let word = u64::from(low(a)) + u64::from(low(b)) + carry > u64::from(u32::MAX);
    let full = if s.word == magicpage::WordSize::Word32 {
        word
    } else {
        first | second
    };
    s.xer = s.xer & !(OV | OV32) | if full { OV } else { 0 } | if word { OV32 } else { 0 };
    s.set(i, i.rt(), value);
    s.next()
}

/// Decimal sixes: a 6 in each nibble out of which the sum does not carry.
pub(super) fn addg6s<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let (a, b) = (u128::from(s.ra(i)), u128::from(s.rb(i)));
    // A carry into a nibble shows as a sum bit that differs from the exclusive or.
    let carries = (a + b) ^ a ^ b;
    let value = (0..16)
        .filter(|nibble| carries >> (4 * nibble + 4) & 1 == 0)
        .fold(0, |v, nibble| v | 6 << (4 * nibble));
    s.set(i, i.rt(), value);
    s.next()
}

pub(super) fn mulli<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let value = s.ra(i).wrapping_mul(immediate(i));
    s.set(i, i.rt(), value);
    s.next()
}

pub(super) fn mullw<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let product = signed_word(s.ra(i)) * signed_word(s.rb(i));
    if i.oe() {
        let overflow = i32::try_from(product).is_err();
        s.set_overflow(i, overflow, overflow);
    }
    let value = s.set(i, i.rt(), product.cast_unsigned());
    s.finish(i, value)
}

pub(super) fn mulhw<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let product = signed_word(s.ra(i)) * signed_word(s.rb(i));
    let value = s.set(i, i.rt(), product.cast_unsigned() >> 32);
    s.finish(i, value)
}

pub(super) fn mulhwu<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let product = u64::from(low(s.ra(i))) * u64::from(low(s.rb(i)));
    let value = s.set(i, i.rt(), product >> 32);
    s.finish(i, value)
}

pub(super) fn mulld<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let (product, overflow) = s.ra(i).cast_signed().overflowing_mul(s.rb(i).cast_signed());
    if i.oe() {
        s.set_overflow(i, overflow, overflow);
    }
    let value = s.set(i, i.rt(), product.cast_unsigned());
    s.finish(i, value)
}

pub(super) fn mulhd<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let product = signed(s.ra(i)) * signed(s.rb(i));
    let value = s.set(i, i.rt(), high(product.cast_unsigned()));
    s.finish(i, value)
}

pub(super) fn mulhdu<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let product = u128::from(s.ra(i)) * u128::from(s.rb(i));
    let value = s.set(i, i.rt(), high(product));
    s.finish(i, value)
}

pub(super) fn maddhd<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let total = (signed(s.ra(i)) * signed(s.rb(i))).wrapping_add(signed(s.third(i)));
    s.set(i, i.rt(), high(total.cast_unsigned()));
    s.next()
}

pub(super) fn maddhdu<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let total = u128::from(s.ra(i)) * u128::from(s.rb(i)) + u128::from(s.third(i));
    s.set(i, i.rt(), high(total));
    s.next()
}

pub(super) fn maddld<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let value = s.ra(i).wrapping_mul(s.rb(i)).wrapping_add(s.third(i));
    s.set(i, i.rt(), value);
    s.next()
}

fn signed_word(value: u64) -> i64 {
    low_signed(value).cast_signed()
}

fn signed(value: u64) -> i128 {
    i128::from(value.cast_signed())
}

const fn high(value: u128) -> u64 {
    (value >> 64) as u64
}
