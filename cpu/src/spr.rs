//! Special-purpose registers: who may touch one, and which resource it is.
//!
//! Numbers are those of the manuals and the assembler; an instruction's word holds their halves exchanged.

use magicpage::Family;

use crate::regs::Regs;

/// XER.
pub const XER: u16 = 1;
/// The link register.
pub const LR: u16 = 8;
/// The count register.
pub const CTR: u16 = 9;
/// VRSAVE, or USPRG0.
pub const VRSAVE: u16 = 256;
/// SPEFSCR, on e500.
pub const SPEFSCR: u16 = 512;

/// The bit of a number that says that only the supervisor may move the register (Power ISA I 3.3.17).
pub const PRIVILEGED: u16 = 0x10;

/// The resource an SPR is, or is a part of.
pub const fn resource(number: u16, family: Family) -> Regs {
    match (number, family) {
        (XER, _) => Regs::XER,
        (LR, _) => Regs::LR,
        (CTR, _) => Regs::CTR,
        (VRSAVE, _) | (SPEFSCR, Family::E500) => Regs::VECTOR,
        _ => Regs::OTHER,
    }
}
