//! What a floating-point instruction leaves behind: its result, FPSCR, field 1, and the interrupt that it asks for.

use super::{Done, Stop};
use crate::decode::Ins;
use crate::fpscr::{FI, FPRF, FR, VE, VX_ANY, ZE, ZX, enabled, raised};
use crate::operand::field5;
use crate::state::State;

/// The format of a result. In a register, either is an IEEE double.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Single,
    Double,
}

/// A double's sign.
pub(super) const SIGN: u64 = 1 << 63;
/// Plus infinity.
pub(super) const INFINITY: u64 = 0x7ff0_0000_0000_0000;
/// What makes a NaN quiet.
const QUIET: u64 = 0x0008_0000_0000_0000;
/// The NaN that an invalid operation gives (Power ISA I 4.4.1.2).
pub(super) const DEFAULT_NAN: u64 = INFINITY | QUIET;

impl Precision {
    /// Of an arithmetic instruction: primary opcode 59 is single precision, 63 double.
    pub(super) const fn of(i: Ins) -> Self {
        if i.word >> 26 == 59 {
            Self::Single
        } else {
            Self::Double
        }
    }

    /// The exponent of the smallest normal number.
    pub(super) const fn min_exponent(self) -> i32 {
        match self {
            Self::Single => -126,
            Self::Double => -1022,
        }
    }

    /// The exponent of the greatest finite number.
    pub(super) const fn max_exponent(self) -> i32 {
        1 - self.min_exponent()
    }

    /// A NaN as the format holds it.
    pub(super) const fn nan(self, nan: u64) -> u64 {
        const SINGLE_LACKS: u64 = (1 << 29) - 1;
        match self {
            Self::Single => (nan | QUIET) & !SINGLE_LACKS,
            Self::Double => nan | QUIET,
        }
    }

    /// The bits of the smallest normal number, as a double.
    const fn min_normal(self) -> u64 {
        match self {
            Self::Single => (1023 - 126) << 52,
            Self::Double => 1 << 52,
        }
    }
}

pub(super) const fn is_nan(value: u64) -> bool {
    value & !SIGN > INFINITY
}

pub(super) const fn is_signalling(value: u64) -> bool {
    is_nan(value) && value & QUIET == 0
}

/// FPRF for a result (Power ISA I 4.2.2): its class and its sign. A single-precision result is denormal if it is
/// so in single format.
pub(super) const fn class(value: u64, precision: Precision) -> u32 {
    let negative = value & SIGN != 0;
    let magnitude = value & !SIGN;
    let (plus, minus) = if magnitude == 0 {
        (0b00010, 0b10010)
    } else if magnitude < precision.min_normal() {
        (0b10100, 0b11000)
    } else if magnitude < INFINITY {
        (0b00100, 0b01000)
    } else if magnitude == INFINITY {
        (0b00101, 0b01001)
    } else {
        (0b10001, 0b10001)
    };
    (if negative { minus } else { plus }) << FPRF.trailing_zeros()
}

/// What an instruction computed.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    /// For the target register.
    pub(super) bits: u64,
    /// Exceptions, and FR and FI.
    pub(super) causes: u32,
    /// FPRF, or nothing where the instruction leaves it alone.
    pub(super) class: Option<u32>,
}

impl Outcome {
    /// A result of arithmetic.
    pub(super) const fn new(bits: u64, causes: u32, precision: Precision) -> Self {
        Self {
            bits,
            causes,
            class: Some(class(bits, precision)),
        }
    }
}

impl State {
    /// Whether floating-point instructions are available.
    pub(super) const fn floating(&self) -> Done {
        if self.fp {
            Ok(())
        } else {
            Err(Stop::FloatingPointUnavailable)
        }
    }

    pub(super) const fn fs(&self, i: Ins) -> u64 {
        self.fpr[i.rt() as usize]
    }

    pub(super) const fn fa(&self, i: Ins) -> u64 {
        self.fpr[i.ra() as usize]
    }

    pub(super) const fn fb(&self, i: Ins) -> u64 {
        self.fpr[i.rb() as usize]
    }

    pub(super) const fn fc(&self, i: Ins) -> u64 {
        self.fpr[field5(i.word, 6) as usize]
    }

    pub(super) const fn set_ft(&mut self, i: Ins, value: u64) {
        self.fpr[i.rt() as usize] = value;
    }

    /// Field 1 from the first bits of FPSCR.
    pub(super) const fn record_fp(&mut self, i: Ins) {
        if i.rc() {
            self.set_cr_field(1, self.fpscr >> 28);
        }
    }

    /// Completes an instruction that put `value` into the target and says nothing about it in FPSCR.
    pub(super) fn moved(&mut self, i: Ins, value: u64) -> Done {
        self.set_ft(i, value);
        self.record_fp(i);
        self.next()
    }

    /// Completes an instruction with a result. An enabled invalid operation or division by zero suppresses the result
    /// and leaves FPRF as it is (Power ISA I 4.4.1.2 and 4.4.2.2); FR and FI are written either way.
    pub(super) fn deliver(&mut self, i: Ins, outcome: Outcome) -> Done {
        let Outcome { bits, causes, class } = outcome;
        let suppressing =
            (causes & VX_ANY != 0 && self.fpscr & VE != 0) || (causes & ZX != 0 && self.fpscr & ZE != 0);
        let mut fpscr = self.fpscr & !(FR | FI);
        if !suppressing {
            self.set_ft(i, bits);
            if let Some(class) = class {
                fpscr = fpscr & !FPRF | class;
            }
        }
        self.fpscr = fpscr;
        self.signal(causes)?;
        self.record_fp(i);
        self.next()
    }

    /// Sets exception bits, and stops if that is to interrupt.
    pub(super) const fn signal(&mut self, causes: u32) -> Done {
        self.fpscr = raised(self.fpscr, causes);
        if self.fp_exceptions && enabled(self.fpscr, causes) {
            Err(Stop::FloatingPointException)
        } else {
            Ok(())
        }
    }
}

/// Handlers of instructions that need the floating-point unit.
macro_rules! floating {
    ($($(#[$doc:meta])* $name:ident |$s:ident, $i:ident| $body:expr;)*) => {
        $($(#[$doc])* pub(super) fn $name<M: crate::memory::Memory>(
            $s: &mut crate::state::State,
            _: &mut M,
            $i: crate::decode::Ins,
        ) -> super::Done {
            $s.floating()?;
            $body
        })*
    };
}
pub(super) use floating;
