//! Logic, sign extension and counting of bits.

use super::Done;
use super::registers::{low, low_signed};
use crate::decode::Ins;
use crate::memory::Memory;
use crate::state::State;

/// RA <- f(RS, RB), with Rc.
macro_rules! recording {
    ($($name:ident |$s:ident, $b:ident| $value:expr;)*) => {
        $(pub(super) fn $name<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
            let ($s, $b) = (s.rs(i), s.rb(i));
            let value = s.set(i, i.ra(), $value);
            s.finish(i, value)
        })*
    };
}

/// RA <- f(RS, RB), with no Rc.
macro_rules! plain {
    ($($name:ident |$s:ident, $b:ident| $value:expr;)*) => {
        $(pub(super) fn $name<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
            let ($s, $b) = (s.rs(i), s.rb(i));
            s.set(i, i.ra(), $value);
            s.next()
        })*
    };
}

/// RA <- f(RS, immediate).
macro_rules! immediates {
    ($($name:ident |$s:ident, $ui:ident| $value:expr, $record:literal;)*) => {
        $(pub(super) fn $name<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
            let ($s, $ui) = (s.rs(i), u64::from(i.ui()));
            let value = s.set(i, i.ra(), $value);
            if $record {
                s.record(value);
            }
            s.next()
        })*
    };
}

immediates! {
    andi |s, ui| s & ui, true;
    andis |s, ui| s & ui << 16, true;
    ori |s, ui| s | ui, false;
    oris |s, ui| s | ui << 16, false;
    xori |s, ui| s ^ ui, false;
    xoris |s, ui| s ^ ui << 16, false;
}

recording! {
    and |s, b| s & b;
    andc |s, b| s & !b;
    or |s, b| s | b;
    orc |s, b| s | !b;
    xor |s, b| s ^ b;
    nand |s, b| !(s & b);
    nor |s, b| !(s | b);
    eqv |s, b| !(s ^ b);
    extsb |s, _b| i64::from(s.to_le_bytes()[0].cast_signed()).cast_unsigned();
    extsh |s, _b| (s << 48).cast_signed().wrapping_shr(48).cast_unsigned();
    extsw |s, _b| low_signed(s);
    cntlzw |s, _b| low(s).leading_zeros().into();
    cntlzd |s, _b| s.leading_zeros().into();
    cnttzw |s, _b| low(s).trailing_zeros().into();
    cnttzd |s, _b| s.trailing_zeros().into();
}

plain! {
    popcntb |s, _b| each_byte(s, |byte| byte.count_ones().to_le_bytes()[0]);
    popcntw |s, _b| each_word(s, u32::count_ones);
    popcntd |s, _b| s.count_ones().into();
    prtyw |s, _b| each_word(s & LOWEST_OF_BYTES, |word| word.count_ones() & 1);
    prtyd |s, _b| u64::from((s & LOWEST_OF_BYTES).count_ones() & 1);
    cmpb |s, b| each_byte(s ^ b, |byte| if byte == 0 { 0xff } else { 0 });
    bpermd |s, b| permuted(s, b);
}

const LOWEST_OF_BYTES: u64 = 0x0101_0101_0101_0101;

fn each_byte(value: u64, f: impl Fn(u8) -> u8) -> u64 {
    u64::from_le_bytes(value.to_le_bytes().map(f))
}

fn each_word(value: u64, f: impl Fn(u32) -> u32) -> u64 {
    u64::from(f(low(value >> 32))) << 32 | u64::from(f(low(value)))
}

/// Bit n of the result is the bit of `bits` that byte n of `selectors` names, counted from the most significant;
/// 0 where it names none.
fn permuted(selectors: u64, bits: u64) -> u64 {
    selectors
        .to_le_bytes()
        .iter()
        .enumerate()
        .fold(0, |result, (n, &selector)| {
            let bit = if selector < 64 {
                bits >> (63 - selector) & 1
            } else {
                0
            };
            result | bit << n
        })
}
