//! Square roots, estimates, and tests for software that refines them (Power ISA I 4.6.6).

use rustc_apfloat::Float;

use super::fp_arith::{divided, invalid, nan};
use super::fp_result::{INFINITY, Outcome, Precision, SIGN, floating, is_nan};
use super::fp_round::{Wide, marked, rounded, wide};
use crate::fpscr::VXSQRT;

const ONE: u64 = 1023 << 52;

/// The square root, from that of an integer.
fn square_root(b: u64, precision: Precision, fpscr: u32) -> Outcome {
    if let Some(outcome) = nan(&[b], 0, precision) {
        return outcome;
    }
    if b & !SIGN == 0 || b == INFINITY {
        return Outcome::new(b, 0, precision);
    }
    if b & SIGN != 0 {
        return invalid(VXSQRT, precision);
    }
    let value = wide(b);
    // With an even exponent and 127 or 128 bits, the integer has a root of 64.
    let exponent = value.ilogb();
    let scale = (126 - exponent) & !1;
    let mut exact = true;
    let integer = value
        .scalbn(scale)
        .to_u128_r(128, rustc_apfloat::Round::TowardZero, &mut exact)
        .value;
    let root = integer.isqrt();
    let inexact = root * root != integer;
    let root = marked(Wide::from_u128(root).value.scalbn(-scale / 2), inexact);
    rounded(root, precision, fpscr)
}

/// One over the square root, which is rounded to a double in between.
fn reciprocal_root(b: u64, precision: Precision, fpscr: u32) -> Outcome {
    if let Some(outcome) = nan(&[b], 0, precision) {
        return outcome;
    }
    let root = square_root(b, Precision::Double, fpscr);
    if is_nan(root.bits) {
        return root;
    }
    let mut outcome = divided(ONE, root.bits, precision, fpscr);
    outcome.causes |= root.causes;
    outcome
}

floating! {
    fsqrt |s, i| s.deliver(i, square_root(s.fb(i), Precision::of(i), s.fpscr));
    fre |s, i| s.deliver(i, divided(ONE, s.fb(i), Precision::of(i), s.fpscr));
    frsqrte |s, i| s.deliver(i, reciprocal_root(s.fb(i), Precision::of(i), s.fpscr));
    ftdiv |s, i| {
        let field = division(s.fa(i), s.fb(i));
        s.set_cr_field(i.rt() >> 2, field);
        s.next()
    };
    ftsqrt |s, i| {
        let field = root(s.fb(i));
        s.set_cr_field(i.rt() >> 2, field);
        s.next()
    };
}

/// The exponent, unbiased.
fn exponent(value: u64) -> i64 {
    (value >> 52 & 0x7ff).cast_signed() - 1023
}

/// FL, set on processors whose estimates are good to 14 bits; FG, for an operand that is special; FE, for one that
/// an iteration may trip over.
const fn field(special: bool, hard: bool) -> u32 {
    8 | (special as u32) << 2 | (hard as u32) << 1
}

/// Whether `value` as a divisor, or under a root, is special.
const fn is_special(value: u64) -> bool {
    let magnitude = value & !SIGN;
    magnitude == INFINITY || magnitude < 1 << 52
}

const fn is_finite(value: u64) -> bool {
    value & !SIGN < INFINITY
}

fn division(a: u64, b: u64) -> u32 {
    let special = a & !SIGN == INFINITY || is_special(b);
    let (ea, eb) = (exponent(a), exponent(b));
    let hard = !is_finite(a)
        || !is_finite(b)
        || !(-1021..=1020).contains(&eb)
        || a & !SIGN != 0 && (ea - eb >= 1023 || ea - eb <= -1021 || ea <= -970);
    field(special, hard)
}

fn root(b: u64) -> u32 {
    let hard = !is_finite(b) || b & !SIGN == 0 || b & SIGN != 0 || exponent(b) <= -970;
    field(is_special(b), hard)
}
