//! Floating-point addition, subtraction, multiplication, division and their fused forms (Power ISA I 4.6.6).

use rustc_apfloat::{Float, Round, Status, StatusAnd};

use super::Done;
use super::fp_result::{DEFAULT_NAN, INFINITY, Outcome, Precision, SIGN, floating, is_nan, is_signalling};
use super::fp_round::{Wide, intermediate, rounded, wide};
use crate::decode::Ins;
use crate::fpscr::{VXIDI, VXIMZ, VXISI, VXSNAN, VXZDZ, ZX};
use crate::state::State;

/// The result if one operand is a NaN: the first that is, made quiet (Power ISA I 4.3.2). `causes` are what else is
/// wrong.
pub(super) fn nan(operands: &[u64], causes: u32, precision: Precision) -> Option<Outcome> {
    let first = *operands.iter().find(|value| is_nan(**value))?;
    let signalling = operands.iter().any(|value| is_signalling(*value));
    let causes = causes | if signalling { VXSNAN } else { 0 };
    Some(Outcome::new(precision.nan(first), causes, precision))
}

/// The result of an invalid operation on numbers.
pub(super) const fn invalid(cause: u32, precision: Precision) -> Outcome {
    Outcome::new(DEFAULT_NAN, cause, precision)
}

/// An operation on two numbers, and what makes it invalid.
struct Binary {
    operation: fn(Wide, Wide, Round) -> StatusAnd<Wide>,
    invalid: fn(Wide) -> u32,
}

const ADD: Binary = Binary {
    operation: Wide::add_r,
    invalid: |_| VXISI,
};
const SUBTRACT: Binary = Binary {
    operation: Wide::sub_r,
    invalid: |_| VXISI,
};
const MULTIPLY: Binary = Binary {
    operation: Wide::mul_r,
    invalid: |_| VXIMZ,
};
const DIVIDE: Binary = Binary {
    operation: Wide::div_r,
    invalid: |a| if a.is_zero() { VXZDZ } else { VXIDI },
};

/// Two operands to a result.
pub(super) fn divided(a: u64, b: u64, precision: Precision, fpscr: u32) -> Outcome {
    combined(&DIVIDE, a, b, precision, fpscr)
}

fn combined(how: &Binary, a: u64, b: u64, precision: Precision, fpscr: u32) -> Outcome {
    if let Some(outcome) = nan(&[a, b], 0, precision) {
        return outcome;
    }
    let (a, b) = (wide(a), wide(b));
    let StatusAnd { value, status } = intermediate(fpscr, |round| (how.operation)(a, b, round));
    if status.contains(Status::INVALID_OP) {
        return invalid((how.invalid)(a), precision);
    }
    let mut outcome = rounded(value, precision, fpscr);
    if status.contains(Status::DIV_BY_ZERO) {
        outcome.causes |= ZX;
    }
    outcome
}

fn binary(s: &mut State, i: Ins, how: &Binary, b: u64) -> Done {
    let outcome = combined(how, s.fa(i), b, Precision::of(i), s.fpscr);
    s.deliver(i, outcome)
}

floating! {
    fadd |s, i| binary(s, i, &ADD, s.fb(i));
    fsub |s, i| binary(s, i, &SUBTRACT, s.fb(i));
    fmul |s, i| binary(s, i, &MULTIPLY, s.fc(i));
    fdiv |s, i| binary(s, i, &DIVIDE, s.fb(i));
    /// All four: the last bit of the extended opcode says whether B is added, the one above whether the result is
    /// negated.
    fmadd |s, i| {
        let (add, negate) = (i.word & 2 != 0, i.word & 4 != 0);
        let mut outcome = fused([s.fa(i), s.fc(i), s.fb(i)], add, Precision::of(i), s.fpscr);
        if negate && !is_nan(outcome.bits) {
            outcome = Outcome::new(outcome.bits ^ SIGN, outcome.causes, Precision::of(i));
        }
        s.deliver(i, outcome)
    };
}

/// `a` times `c`, plus or minus `b`, rounded once.
fn fused([a, c, b]: [u64; 3], add: bool, precision: Precision, fpscr: u32) -> Outcome {
    let is_zero = |value: u64| value & !SIGN == 0;
    let is_infinite = |value: u64| value & !SIGN == INFINITY;
    let times_zero = is_infinite(a) && is_zero(c) || is_zero(a) && is_infinite(c);
    let causes = if times_zero { VXIMZ } else { 0 };
    // An addend that is a NaN comes before the other factor.
    if let Some(outcome) = nan(&[a, b, c], causes, precision) {
        return outcome;
    }
    let (a, c, b) = (wide(a), wide(c), if add { wide(b) } else { -wide(b) });
    let StatusAnd { value, status } = intermediate(fpscr, |round| a.mul_add_r(c, b, round));
    if status.contains(Status::INVALID_OP) {
        return invalid(if times_zero { VXIMZ } else { VXISI }, precision);
    }
    rounded(value, precision, fpscr)
}
