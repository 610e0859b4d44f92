//! Where control goes after an instruction.

use crate::decode::Ins;
use crate::table;
use magicpage::WordSize;

/// The register an indirect branch takes its target from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// The link register.
    Lr,
    /// The count register.
    Ctr,
    /// The target address register (Power ISA 2.07 on).
    Tar,
}

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// To the next word.
    Next,
    /// To a target in the word.
    Branch {
        /// Effective address.
        target: u64,
        /// Whether it may also go on to the next word.
        conditional: bool,
        /// Whether the link register receives the next address.
        link: bool,
    },
    /// To a target in a register.
    Indirect {
        /// The register.
        via: Via,
        /// Whether it may also go on to the next word.
        conditional: bool,
        /// Whether the link register receives the next address.
        link: bool,
    },
    /// To the system-call handler, which returns to the next word.
    SystemCall,
    /// Back from an interrupt: out of this code.
    Return,
    /// To the program-check handler.
    Trap {
        /// Whether every condition is asked for, so that it always traps.
        unconditional: bool,
    },
    /// Nobody knows: not an instruction.
    Unknown,
}

impl Ins {
    /// Where control goes after the instruction at `address`. Targets wrap at the family's word size.
    pub fn flow(self, address: u64) -> Flow {
        let row = self.row();
        let link = row.has(table::LK) && self.rc();
        let conditional = row.has(table::COND) && self.rt() & 0b10100 != 0b10100;
        if !self.is_known() {
            Flow::Unknown
        } else if row.has(table::BRANCH) {
            Flow::Branch {
                target: self.target(address),
                conditional,
                link,
            }
        } else if row.has(table::TO_LR) {
            Flow::Indirect {
                via: Via::Lr,
                conditional,
                link,
            }
        } else if row.has(table::TO_CTR) {
            Flow::Indirect {
                via: Via::Ctr,
                conditional,
                link,
            }
        } else if row.has(table::TO_TAR) {
            Flow::Indirect {
                via: Via::Tar,
                conditional,
                link,
            }
        } else if row.has(table::SYSCALL) {
            Flow::SystemCall
        } else if row.has(table::RETURN) {
            Flow::Return
        } else if row.has(table::TRAP) {
            Flow::Trap {
                unconditional: self.rt() == 31,
            }
        } else {
            Flow::Next
        }
    }

    /// The target of a branch in the word, for the branch at `address`.
    pub(crate) fn target(self, address: u64) -> u64 {
        let displacement = self.branch_displacement();
        let absolute = self.word & 2 != 0;
        let target = if absolute {
            displacement
        } else {
            address.wrapping_add(displacement)
        };
        match self.family().word_size() {
            WordSize::Word32 => target & 0xffff_ffff,
            WordSize::Word64 => target,
        }
    }

    /// The sign-extended displacement of a branch in the word.
    pub(crate) fn branch_displacement(self) -> u64 {
        let unused = if self.row().has(table::COND) { 16 } else { 6 };
        i64::from((self.word & !3).cast_signed() << unused >> unused).cast_unsigned()
    }
}
