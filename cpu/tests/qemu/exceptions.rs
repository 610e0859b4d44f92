//! Where QEMU is no model: what it does otherwise than the manuals, each with the place that says so.

use cpu::exec::{Done, Stop, execute};
use cpu::fpscr::{
    EXCEPTIONS, FI, FPCC, FPRF, FR, FX, NI, OE, OX, UE, UX, VE, VX_ANY, VXIMZ, VXSNAN, VXVC, ZE, ZX,
};
use cpu::{Ins, State};

use crate::layout::{Buffer, Target};

/// Instructions that QEMU's user mode does otherwise, or not at all.
const EXCLUDED: &[(&str, &str)] = &[
    ("wait", "ends the program"),
    ("waitrsv", "Power ISA 3.1"),
    ("pause_short", "Power ISA 3.1"),
    ("dcbfps", "Power ISA 3.1"),
    ("dcbstps", "Power ISA 3.1"),
    ("dcbflp", "POWER9 lacks it there"),
    ("icbt", "POWER9 lacks it there"),
    ("dst", "needs a vector unit that is switched on"),
    ("dstt", "needs a vector unit that is switched on"),
    ("dstst", "needs a vector unit that is switched on"),
    ("dststt", "needs a vector unit that is switched on"),
    ("dss", "needs a vector unit that is switched on"),
    ("dssall", "needs a vector unit that is switched on"),
];

/// What the 750 lacks of its family.
const NOT_ON_750: &[&str] = &["dcba"];

pub fn is_excluded(name: &str, target: &Target) -> bool {
    EXCLUDED.iter().any(|(excluded, _)| *excluded == name)
        || target.processor == "750" && NOT_ON_750.contains(&name)
}

/// Executes an instruction as the manuals say, except where QEMU is known not to.
///
/// Stops as not implemented where the two cannot be compared.
pub fn execute_as_qemu(ins: Ins, state: &mut State, memory: &mut Buffer) -> Done {
    if ins.mnemonic() == "mtfsb1" {
        return set_bit(ins, state, memory);
    }
    if !is_arithmetic(ins) {
        return execute(ins, state, memory);
    }
    let causes = causes(ins, state, memory);
    let before = state.clone();
    let done = negated_then_rounded(ins, state, memory);
    fraction(&before, state, causes);
    exception_summary(state, causes);
    zero_by_infinity(&before, state, causes);
    denormal_single(ins, state, causes);
    from_integer(ins, &before, state, done);
    estimate_of_zero(ins, state, causes);
    if ins.mnemonic().starts_with("fcmp") {
        compared(ins, state, causes, done);
    } else if ins.rc() && done.is_ok() {
        state.set_cr_field(1, state.fpscr >> 28);
    }
    if is_unbounded_single(ins, state, causes) {
        return Err(Stop::Unimplemented);
    }
    done
}

/// Whether exceptions of the instruction are those of its operation: not so of moves to FPSCR, nor outside the
/// floating-point unit.
fn is_arithmetic(ins: Ins) -> bool {
    let name = ins.mnemonic();
    name.starts_with('f') && !["fmr", "fneg", "fabs", "fnabs", "fsel", "fcpsgn"].contains(&name)
}

/// The exceptions that the instruction causes, whether or not FPSCR holds them already.
fn causes(ins: Ins, state: &State, memory: &Buffer) -> u32 {
    let mut fresh = state.clone();
    fresh.fpscr &= !EXCEPTIONS;
    let _ = execute(ins, &mut fresh, &mut memory.clone());
    fresh.fpscr & EXCEPTIONS
}

/// Negative multiply-add rounds, then negates (Power ISA I 4.6.6.2). QEMU 7.2 negates, then rounds, though a zero gets
/// its sign first; which matters when rounding toward either infinity, and is what the other one gives.
fn negated_then_rounded(ins: Ins, state: &mut State, memory: &mut Buffer) -> Done {
    let directed = state.fpscr & 2 != 0;
    if !(directed && ins.mnemonic().starts_with("fn") && ins.operands().len() == 4) {
        return execute(ins, state, memory);
    }
    let mut other = state.clone();
    other.fpscr ^= 1;
    let done = execute(ins, &mut other, memory);
    if other.fpr[usize::from(ins.rt())] << 1 == 0 && other.fpscr & FI == 0 {
        return execute(ins, state, memory);
    }
    *state = other;
    state.fpscr ^= 1;
    if ins.rc() && done.is_ok() {
        state.set_cr_field(1, state.fpscr >> 28);
    }
    done
}

/// FPSCR\[FR\] says whether the fraction was incremented, FI whether it is inexact; every invalid operation clears
/// both (Power ISA I 4.2.2, 4.4.1.2). QEMU knows no more of FR than that invalid operations on numbers and divisions
/// by zero clear it; and an enabled exception by a NaN leaves FI as it is.
fn fraction(before: &State, after: &mut State, causes: u32) {
    let by_nan = causes & VX_ANY == VXSNAN;
    if by_nan || causes & (VX_ANY | ZX) == 0 {
        after.fpscr = after.fpscr & !FR | before.fpscr & FR;
    }
    if by_nan && after.fpscr & VE != 0 {
        after.fpscr = after.fpscr & !FI | before.fpscr & FI;
    }
}

/// A comparison leaves FPSCR\[FI\] and the C of FPRF alone; a signalling NaN makes an ordered one invalid twice if
/// that does not interrupt (Power ISA I 4.6.8). In QEMU a comparison that completes is exact, and an ordered one with
/// any NaN sets C and, with a signalling one, is always invalid twice.
fn compared(ins: Ins, after: &mut State, causes: u32, done: Done) {
    if done.is_ok() || causes & VXSNAN == 0 {
        after.fpscr &= !FI;
    }
    if ins.mnemonic() == "fcmpo" && causes & VXSNAN != 0 {
        after.fpscr |= VXVC;
    }
    if ins.mnemonic() == "fcmpo" && causes != 0 {
        after.fpscr |= FPRF & !FPCC;
    }
}

/// `mtfsb1` of an exception bit sets FPSCR\[FX\], and it sets NI like any other bit (Power ISA I 4.2.2, 4.6.10). In
/// QEMU 7.2 it does neither.
fn set_bit(ins: Ins, state: &mut State, memory: &mut Buffer) -> Done {
    let before = state.fpscr;
    let done = execute(ins, state, memory);
    if ins.rt() != 0 {
        state.fpscr = state.fpscr & !FX | before & FX;
    }
    state.fpscr = state.fpscr & !NI | before & NI;
    if ins.rc() {
        state.set_cr_field(1, state.fpscr >> 28);
    }
    done
}

/// The estimated reciprocal of zero is an infinity (Power ISA I 4.6.6.1, PEM 8.2); QEMU's is a half.
fn estimate_of_zero(ins: Ins, after: &mut State, causes: u32) {
    if causes & ZX == 0 || after.fpscr & ZE != 0 || !["fre", "fres"].contains(&ins.mnemonic()) {
        return;
    }
    let result = &mut after.fpr[usize::from(ins.rt())];
    *result = *result & 1 << 63 | 0.5f64.to_bits();
    let class = if *result >> 63 != 0 { 0b01000 } else { 0b00100 };
    after.fpscr = after.fpscr & !FPRF | class << 12;
}

/// FPSCR\[FX\] is set when an exception bit changes from 0 to 1 (Power ISA I 4.2.2); by QEMU at every exception.
fn exception_summary(after: &mut State, causes: u32) {
    if causes != 0 {
        after.fpscr |= FX;
    }
}

/// An addend that is a signalling NaN makes a multiply-add invalid, whatever the product (Power ISA I 4.4.1). QEMU 7.2
/// does not look at it if the product is that of zero and infinity.
fn zero_by_infinity(before: &State, after: &mut State, causes: u32) {
    if causes & VXIMZ != 0 {
        after.fpscr = after.fpscr & !VXSNAN | before.fpscr & VXSNAN;
    }
}

fn is_single(ins: Ins) -> bool {
    ins.word >> 26 == 59 || ins.mnemonic() == "frsp"
}

/// FPRF calls a single-precision result denormal that is so in single format (Power ISA I A.1). QEMU 7.2 takes every
/// result for a double.
fn denormal_single(ins: Ins, after: &mut State, causes: u32) {
    let suppressed =
        causes & VX_ANY != 0 && after.fpscr & VE != 0 || causes & ZX != 0 && after.fpscr & ZE != 0;
    let result = after.fpr[usize::from(ins.rt())];
    if !is_single(ins) || suppressed || !f64::from_bits(result).is_normal() {
        return;
    }
    let class = if result >> 63 != 0 { 0b01000 } else { 0b00100 };
    after.fpscr = after.fpscr & !FPRF | class << 12;
}

/// Conversion from an integer sets FPRF, and delivers its result with an inexact exception (Power ISA I 4.6.7.2,
/// 4.4.5). QEMU 7.2 leaves FPRF alone, except at `fcfid`, and the target if the exception interrupts.
fn from_integer(ins: Ins, before: &State, after: &mut State, done: Done) {
    if !ins.mnemonic().starts_with("fcfid") {
        return;
    }
    if ins.mnemonic() != "fcfid" || done.is_err() {
        after.fpscr = after.fpscr & !FPRF | before.fpscr & FPRF;
    }
    if done.is_err() {
        after.fpr = before.fpr;
    }
}

/// With its overflow or underflow enabled, rounding to single adds 192 to the exponent or takes it off, and the
/// result is a double (Power ISA I A.1). QEMU 7.2 makes that of `frsp` a single, whose exponent may be too narrow;
/// and where operands that are no singles make it no normal single either, the architecture defines nothing.
fn is_unbounded_single(ins: Ins, after: &State, causes: u32) -> bool {
    let moved = causes & OX != 0 && after.fpscr & OE != 0 || causes & UX != 0 && after.fpscr & UE != 0;
    let exponent = after.fpr[usize::from(ins.rt())] >> 52 & 0x7ff;
    let fits = if ins.mnemonic() == "frsp" {
        897..=1150
    } else {
        897..=2046
    };
    is_single(ins) && moved && !fits.contains(&exponent)
}
