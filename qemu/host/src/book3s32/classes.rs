//! What stepping has to know of opcodes, in tables that assembly reads.

use crate::step::looks;

/// The processor gets it.
pub(super) const PLAIN: u8 = 0;
/// It is looked at.
pub(super) const LOOK: u8 = 1;
/// The extended opcode says more.
pub(super) const MORE: u8 = 2;
/// `b` or `bc`.
pub(super) const BRANCH: u8 = 3;
/// `bclr` or `bcctr`.
pub(super) const INDIRECT: u8 = 4;
/// `mfspr`: the number of the register says more.
pub(super) const MFSPR: u8 = 5;
/// `mtspr`: it may change LR or CTR.
pub(super) const MTSPR: u8 = 6;

/// The classes of the primary opcodes, then of the extended opcodes of 19 and 31, which do not meet.
pub(super) static CLASSES: [u8; 64 + 1024] = {
    let mut classes = [PLAIN; 64 + 1024];
    let mut number = 0;
    while number < 64 {
        classes[number as usize] = primary(number);
        number += 1;
    }
    let mut number = 0;
    while number < 1024 {
        classes[64 + number as usize] = extended(number);
        number += 1;
    }
    classes
};

const fn primary(opcode: u32) -> u8 {
    match opcode {
        16 | 18 => BRANCH,
        19 | 31 => MORE,
        _ if looks(opcode << 26) => LOOK,
        _ => PLAIN,
    }
}

const fn extended(opcode: u32) -> u8 {
    match opcode {
        16 | 528 => INDIRECT,
        339 => MFSPR,
        467 => MTSPR,
        _ if looks(19 << 26 | opcode << 1) || looks(31 << 26 | opcode << 1) => LOOK,
        _ => PLAIN,
    }
}
