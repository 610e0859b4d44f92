//! Moves from and to FPSCR (Power ISA I 4.6.10).

use magicpage::Family;

use super::fp_result::floating;
use super::registers::low;
use super::{Done, Stop};
use crate::decode::Ins;
use crate::fpscr::{ENABLES, EXCEPTIONS, FEX, FI, FPRF, FR, FX, NI, RESERVED, RN, VX, raised, summarised};
use crate::state::State;

/// FPSCR, in the low half of a register.
fn read(s: &mut State, i: Ins, mask: u32) {
    let value = s.fpscr & mask;
    s.set_ft(i, value.into());
}

/// Puts the bits of `value` that `mask` selects into FPSCR. VX and FEX follow from the others.
const fn write(s: &mut State, value: u32, mask: u32) {
    let mask = mask & !RESERVED;
    s.fpscr = summarised(s.fpscr & !mask | value & mask);
}

/// Completes a write: an exception bit and its enable, both 1 now, interrupt.
fn written(s: &mut State, i: Ins) -> Done {
    s.record_fp(i);
    if s.fp_exceptions && s.fpscr & FEX != 0 {
        return Err(Stop::FloatingPointException);
    }
    s.next()
}

/// The bits of the fields that an eight-bit mask selects; its first bit is field 0.
fn fields(mask: u32) -> u32 {
    (0..8)
        .filter(|field| mask >> field & 1 != 0)
        .fold(0, |bits, field| bits | 15 << (4 * field))
}

/// Whether the instruction is about the half of FPSCR that only decimal arithmetic looks at, which the state lacks.
fn is_decimal(i: Ins, bits: u32) -> bool {
    i.family() == Family::Book3s64 && i.word & bits != 0
}

/// The bit in the word, as a mask.
const fn bit(i: Ins) -> u32 {
    FX >> i.rt()
}

floating! {
    mffs |s, i| {
        read(s, i, u32::MAX);
        s.record_fp(i);
        s.next()
    };
    mffsl |s, i| {
        read(s, i, FR | FI | FPRF | ENABLES | NI | RN);
        s.next()
    };
    mffsce |s, i| {
        read(s, i, u32::MAX);
        write(s, 0, ENABLES);
        s.next()
    };
    mffscrn |s, i| {
        let mode = low(s.fb(i));
        read(s, i, ENABLES | NI | RN);
        write(s, mode, RN);
        s.next()
    };
    mffscrni |s, i| {
        read(s, i, ENABLES | NI | RN);
        write(s, u32::from(i.rb()), RN);
        s.next()
    };
    mtfsf |s, i| {
        if is_decimal(i, 1 << 25 | 1 << 16) {
            return Err(Stop::Unimplemented);
        }
        write(s, low(s.fb(i)), fields(i.word >> 17 & 0xff));
        written(s, i)
    };
    mtfsfi |s, i| {
        if is_decimal(i, 1 << 16) {
            return Err(Stop::Unimplemented);
        }
        let place = 28 - 4 * (i.word >> 23 & 7);
        write(s, (i.word >> 12 & 15) << place, 15 << place);
        written(s, i)
    };
    mtfsb0 |s, i| {
        write(s, 0, bit(i));
        s.record_fp(i);
        s.next()
    };
    /// An exception bit that is set this way is an exception (FX goes along).
    mtfsb1 |s, i| {
        let bit = bit(i) & !(FEX | VX | RESERVED);
        s.fpscr = raised(s.fpscr | bit & !EXCEPTIONS, bit & EXCEPTIONS);
        written(s, i)
    };
    /// Exception bits that were copied are cleared.
    mcrfs |s, i| {
        let place = 28 - 4 * (i.word >> 18 & 7);
        s.set_cr_field(i.rt() >> 2, s.fpscr >> place);
        write(s, 0, (15 << place) & (FX | EXCEPTIONS));
        s.next()
    };
}
