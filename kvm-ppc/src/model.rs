//! Processors that a guest can have.
//!
//! A model is one part of a family: the tables of registers and instructions name the models that a row holds for, so
//! that a part answers an access to what it lacks as the real one does.

use bitflags::bitflags;
use magicpage::{Family, msr};

bitflags! {
    /// A set of models: the column of a table that says where a row holds.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Models: u8 {
        /// MPC750.
        const M750 = 1;
        /// 750CL, and Broadway, which is one.
        const M750CL = 2;
        /// e500v2.
        const E500V2 = 4;
        /// POWER8 in supervisor state, with no hypervisor state of its own.
        const POWER8 = 8;
        /// The models of 32-bit Book3S.
        const BOOK3S_32 = Self::M750.bits() | Self::M750CL.bits();
        /// The models of both server families.
        const BOOK3S = Self::BOOK3S_32.bits() | Self::POWER8.bits();
        /// Those with 32-bit registers.
        const WORD32 = Self::BOOK3S_32.bits() | Self::E500V2.bits();
        /// Every model.
        const ALL = Self::BOOK3S.bits() | Self::E500V2.bits();
    }
}

/// What a supervisor's `mfspr` or `mtspr` with the number of no register does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// An illegal instruction.
    Illegal,
    /// Nothing; a few numbers are illegal.
    Ignored,
}

/// A processor.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name on command lines.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// The set that holds just this model.
    pub set: Models,
    /// The processor version register.
    pub version: u32,
    /// The bits of the MSR that exist.
    pub msr: u64,
    /// The MSR after a reset.
    pub reset_msr: u64,
    /// The bits of HID0 of which one must be set for MSR\[POW\] to put the processor to sleep.
    pub sleep: u64,
    /// What the numbers of no register do.
    pub undefined: Undefined,
}

/// User-mode cache locking enable (bit 5, e500).
pub(crate) const UCLE: u64 = 0x0400_0000;
/// User-mode branch-buffer locking enable (bit 21, e500).
pub(crate) const UBLE: u64 = 0x0400;
/// VSX available (bit 40 of 64).
const VSX: u64 = 0x0080_0000;

/// MPC750 User's Manual table 2-4: bit 14 is reserved.
const MSR_750: u64 = msr::POW
    | msr::ILE
    | msr::EE
    | msr::PR
    | msr::FP
    | msr::ME
    | msr::FE0
    | msr::SE
    | msr::BE
    | msr::FE1
    | msr::IP
    | msr::IR
    | msr::DR
    | msr::PMM
    | msr::RI
    | msr::LE;

/// e500 Core Family Reference Manual table 2-7: the core has no floating-point registers, so that FP, FE0 and FE1 do
/// nothing there; nor has it RI.
const MSR_E500: u64 = UCLE
    | msr::VEC
    | msr::POW
    | msr::CE
    | msr::EE
    | msr::PR
    | msr::ME
    | UBLE
    | msr::DE
    | msr::IR
    | msr::DR
    | msr::PMM;

/// Power ISA 2.07 III-S 3.2.1, without the hypervisor's bits and without transactions.
const MSR_POWER: u64 = msr::SF
    | msr::VEC
    | VSX
    | msr::EE
    | msr::PR
    | msr::FP
    | msr::ME
    | msr::FE0
    | msr::SE
    | msr::BE
    | msr::FE1
    | msr::IR
    | msr::DR
    | msr::PMM
    | msr::RI
    | msr::LE;

/// DOZE, NAP and SLEEP: bits 8, 9 and 10 of HID0 on the 750 and on the e500 (MPC750 User's Manual table 2-5, e500 Core
/// Family Reference Manual 2.10.1).
const DOZE_NAP_SLEEP: u64 = 0x00e0_0000;

/// Every model.
///
/// Sources: MPC750 User's Manual 2.1.2, 750CL User's Manual 2.1, e500 Core Family Reference Manual 2.5.3, Power
/// ISA 2.07 III-S 2. Only a hypervisor can change MSR\[ME\] of a POWER8, so that it starts set.
pub const MODELS: &[Model] = &[
    Model {
        name: "750",
        family: Family::Book3s32,
        set: Models::M750,
        version: 0x0008_0301,
        msr: MSR_750,
        reset_msr: msr::IP,
        sleep: DOZE_NAP_SLEEP,
        undefined: Undefined::Illegal,
    },
    Model {
        name: "750cl",
        family: Family::Book3s32,
        set: Models::M750CL,
        version: 0x0008_7200,
        msr: MSR_750,
        reset_msr: msr::IP,
        sleep: DOZE_NAP_SLEEP,
        undefined: Undefined::Illegal,
    },
    Model {
        name: "e500v2",
        family: Family::E500,
        set: Models::E500V2,
        version: 0x8021_0030,
        msr: MSR_E500,
        reset_msr: 0,
        sleep: DOZE_NAP_SLEEP,
        undefined: Undefined::Illegal,
    },
    Model {
        name: "power8",
        family: Family::Book3s64,
        set: Models::POWER8,
        version: 0x004d_0200,
        msr: MSR_POWER,
        reset_msr: msr::SF | msr::ME,
        sleep: 0,
        undefined: Undefined::Ignored,
    },
];

impl Model {
    /// The model called `name`.
    pub fn from_name(name: &str) -> Option<&'static Self> {
        MODELS.iter().find(|model| model.name == name)
    }

    /// The model that stands for a family where none is named.
    pub fn of_family(family: Family) -> &'static Self {
        match family {
            Family::Book3s32 => &MODELS[1],
            Family::E500 => &MODELS[2],
            Family::Book3s64 => &MODELS[3],
        }
    }

    /// The general registers' bits.
    pub const fn word_mask(&self) -> u64 {
        match self.family.word_size() {
            magicpage::WordSize::Word32 => 0xffff_ffff,
            magicpage::WordSize::Word64 => u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_has_a_bit_of_its_own() {
        let mut seen = Models::empty();
        for model in MODELS {
            assert_eq!(model.set.bits().count_ones(), 1, "{}", model.name);
            assert!(!seen.intersects(model.set), "{}", model.name);
            seen |= model.set;
        }
        assert_eq!(seen, Models::ALL);
    }

    #[test]
    fn names_lead_to_models() {
        for model in MODELS {
            assert_eq!(Model::from_name(model.name), Some(model));
        }
        assert_eq!(Model::from_name("601"), None);
    }
}
