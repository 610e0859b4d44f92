//! Conversion between formats, from and to integers, and rounding to integers (Power ISA I 4.6.7).

use rustc_apfloat::ieee::Double;
use rustc_apfloat::{Float, Round, Status, StatusAnd};

use super::Done;
use super::fp_arith::nan;
use super::fp_result::{DEFAULT_NAN, Outcome, Precision, SIGN, class, floating, is_nan, is_signalling};
use super::fp_round::{Wide, bits, mode, rounded, wide};
use crate::decode::Ins;
use crate::fpscr::{FI, FR, VXCVI, VXSNAN, XX};
use crate::state::State;

/// An integer format, and what of the values that it cannot hold becomes.
#[derive(Clone, Copy)]
struct Integer {
    signed: bool,
    bits: u8,
    least: u64,
    greatest: u64,
    of_nan: u64,
}

const WORD: Integer = Integer {
    signed: true,
    bits: 32,
    least: 0xffff_ffff_8000_0000,
    greatest: 0x7fff_ffff,
    of_nan: 0x8000_0000,
};
const UNSIGNED_WORD: Integer = Integer {
    signed: false,
    bits: 32,
    least: 0,
    greatest: 0xffff_ffff,
    of_nan: 0,
};
const DOUBLEWORD: Integer = Integer {
    signed: true,
    bits: 64,
    least: 1 << 63,
    greatest: u64::MAX >> 1,
    of_nan: 1 << 63,
};
const UNSIGNED_DOUBLEWORD: Integer = Integer {
    signed: false,
    bits: 64,
    least: 0,
    greatest: u64::MAX,
    of_nan: 0,
};

/// To an integer. FPRF says that an invalid result is not a number, and stays as it is for any other.
fn to_integer(s: &mut State, i: Ins, format: Integer, round: Round) -> Done {
    let value = s.fb(i);
    let (bits, causes) = integer(value, format, round);
    let class = (causes & VXCVI != 0).then(|| class(DEFAULT_NAN, Precision::Double));
    s.deliver(i, Outcome { bits, causes, class })
}

fn integer(value: u64, format: Integer, round: Round) -> (u64, u32) {
    if is_nan(value) {
        let signalling = if is_signalling(value) { VXSNAN } else { 0 };
        return (format.of_nan, VXCVI | signalling);
    }
    let double = Double::from_bits(value.into());
    let width = usize::from(format.bits);
    let mut exact = true;
    let mut convert = |round| -> (u64, Status) {
        if format.signed {
            let StatusAnd { value, status } = double.to_i128_r(width, round, &mut exact);
            (low64(value.cast_unsigned()), status)
        } else {
            let StatusAnd { value, status } = double.to_u128_r(width, round, &mut exact);
            (low64(value), status)
        }
    };
    let (result, status) = convert(round);
    if status.contains(Status::INVALID_OP) {
        let limit = if value & SIGN != 0 {
            format.least
        } else {
            format.greatest
        };
        return (limit, VXCVI);
    }
    if !status.contains(Status::INEXACT) {
        return (result, 0);
    }
    let incremented = result != convert(Round::TowardZero).0;
    (result, XX | FI | if incremented { FR } else { 0 })
}

#[expect(clippy::cast_possible_truncation, reason = "the value fits")]
const fn low64(value: u128) -> u64 {
    value as u64
}

/// From an integer.
fn from_integer(s: &mut State, i: Ins, value: StatusAnd<Wide>) -> Done {
    let outcome = rounded(value.value, Precision::of(i), s.fpscr);
    s.deliver(i, outcome)
}

fn signed(value: u64) -> StatusAnd<Wide> {
    Wide::from_i128(value.cast_signed().into())
}

fn unsigned(value: u64) -> StatusAnd<Wide> {
    Wide::from_u128(value.into())
}

/// To an integer that stays a double: exact as far as FPSCR is concerned.
fn to_integral(s: &mut State, i: Ins, round: Round) -> Done {
    let value = s.fb(i);
    let outcome = nan(&[value], 0, Precision::Double).unwrap_or_else(|| {
        let integral = Double::from_bits(value.into()).round_to_integral(round).value;
        Outcome::new(bits(integral), 0, Precision::Double)
    });
    s.deliver(i, outcome)
}

fn to_single(value: u64, fpscr: u32) -> Outcome {
    nan(&[value], 0, Precision::Single).unwrap_or_else(|| rounded(wide(value), Precision::Single, fpscr))
}

floating! {
    frsp |s, i| s.deliver(i, to_single(s.fb(i), s.fpscr));
    fctiw |s, i| to_integer(s, i, WORD, mode(s.fpscr));
    fctiwz |s, i| to_integer(s, i, WORD, Round::TowardZero);
    fctiwu |s, i| to_integer(s, i, UNSIGNED_WORD, mode(s.fpscr));
    fctiwuz |s, i| to_integer(s, i, UNSIGNED_WORD, Round::TowardZero);
    fctid |s, i| to_integer(s, i, DOUBLEWORD, mode(s.fpscr));
    fctidz |s, i| to_integer(s, i, DOUBLEWORD, Round::TowardZero);
    fctidu |s, i| to_integer(s, i, UNSIGNED_DOUBLEWORD, mode(s.fpscr));
    fctiduz |s, i| to_integer(s, i, UNSIGNED_DOUBLEWORD, Round::TowardZero);
    fcfid |s, i| from_integer(s, i, signed(s.fb(i)));
    fcfidu |s, i| from_integer(s, i, unsigned(s.fb(i)));
    frin |s, i| to_integral(s, i, Round::NearestTiesToAway);
    friz |s, i| to_integral(s, i, Round::TowardZero);
    frip |s, i| to_integral(s, i, Round::TowardPositive);
    frim |s, i| to_integral(s, i, Round::TowardNegative);
}
