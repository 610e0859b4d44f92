//! Rounding, as the architecture defines it: of an intermediate result that is as good as exact.
//!
//! Arithmetic happens in [`Wide`], whose 64 bits of significand and 15 of exponent hold every result of doubles
//! without overflow or underflow. It is truncated there, and a result that is not exact gets its last bit set: such a
//! value lies on the same side of every double, and of every midpoint between doubles, as the exact one, since the
//! format has more than two bits to spare. Hence one rounding from there is the one rounding of the exact result, and
//! whether the result is tiny (before rounding, Power ISA I 4.4.4.1), by how much an enabled exception moves the
//! exponent, and whether the fraction was incremented can be seen from it.

use rustc_apfloat::ieee::{Double, Single, X87DoubleExtended};
use rustc_apfloat::{Float, FloatConvert, Round, Status, StatusAnd};

use super::fp_result::{Outcome, Precision};
use crate::fpscr::{FI, FR, OE, OX, RN, UE, UX, XX};

/// The format of intermediate results.
pub(super) type Wide = X87DoubleExtended;

/// FPSCR\[RN\].
pub(super) const fn mode(fpscr: u32) -> Round {
    const MODES: [Round; 4] = [
        Round::NearestTiesToEven,
        Round::TowardZero,
        Round::TowardPositive,
        Round::TowardNegative,
    ];
    MODES[(fpscr & RN) as usize]
}

/// A register's value.
pub(super) fn wide(bits: u64) -> Wide {
    Double::from_bits(bits.into()).convert(&mut false).value
}

/// A double's bits.
#[expect(clippy::cast_possible_truncation, reason = "a double has 64 bits")]
pub(super) fn bits(value: Double) -> u64 {
    value.to_bits() as u64
}

/// The intermediate result of an operation, and its status: truncated and marked as the module says. Zero has the
/// sign that the rounding mode gives it.
pub(super) fn intermediate(fpscr: u32, operation: impl Fn(Round) -> StatusAnd<Wide>) -> StatusAnd<Wide> {
    let StatusAnd { value, status } = operation(Round::TowardZero);
    if value.is_zero() {
        operation(mode(fpscr))
    } else {
        status.and(marked(value, status.contains(Status::INEXACT)))
    }
}

/// A truncated value, its last bit set if it is not exact.
pub(super) fn marked(value: Wide, inexact: bool) -> Wide {
    if inexact {
        Wide::from_bits(value.to_bits() | 1)
    } else {
        value
    }
}

impl Precision {
    fn narrow(self, value: Wide, mode: Round) -> StatusAnd<Double> {
        match self {
            Self::Double => value.convert_r(mode, &mut false),
            Self::Single => {
                let single: StatusAnd<Single> = value.convert_r(mode, &mut false);
                single.status.and(single.value.convert(&mut false).value)
            }
        }
    }

    /// By how much an enabled overflow or underflow moves the exponent (Power ISA I 4.4.3.2 and 4.4.4.2).
    const fn adjustment(self) -> i32 {
        match self {
            Self::Single => 192,
            Self::Double => 1536,
        }
    }
}

/// An intermediate result in its final format, and what that causes.
pub(super) fn rounded(value: Wide, to: Precision, fpscr: u32) -> Outcome {
    let mode = mode(fpscr);
    let natural = to.narrow(value, mode);
    if !value.is_finite_non_zero() {
        return Outcome::new(bits(natural.value), 0, to);
    }
    let exponent = value.ilogb();
    let tiny = exponent < to.min_exponent();
    // Overflow that gives the greatest finite number has no status of its own.
    let overflow = natural.status.contains(Status::OVERFLOW) || exponent > to.max_exponent();
    let adjustment = match (overflow, tiny) {
        (true, _) if fpscr & OE != 0 => -to.adjustment(),
        (_, true) if fpscr & UE != 0 => to.adjustment(),
        _ => {
            let inexact = natural.status.contains(Status::INEXACT);
            let causes = inexactness(natural, value)
                | if overflow { OX } else { 0 }
                | if tiny && inexact { UX } else { 0 };
            return Outcome::new(bits(natural.value), causes, to);
        }
    };
    // Rounded as if the exponent had no bounds, then moved.
    let centred = value.scalbn(-exponent);
    let result = to.narrow(centred, mode);
    let causes = inexactness(result, centred) | if overflow { OX } else { UX };
    Outcome::new(bits(result.value.scalbn(exponent + adjustment)), causes, to)
}

/// FI with XX, and FR if the result is greater than what it was rounded from.
fn inexactness(result: StatusAnd<Double>, from: Wide) -> u32 {
    if !result.status.contains(Status::INEXACT) {
        return 0;
    }
    let result: Wide = result.value.convert(&mut false).value;
    let incremented = result.abs() > from.abs();
    XX | FI | if incremented { FR } else { 0 }
}
