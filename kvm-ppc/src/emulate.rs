//! Privileged instructions, carried out for the guest.
//!
//! The guest's kernel runs in problem state, so that whatever it does that its own processor allows in supervisor
//! state alone arrives here. An instruction is a row: which models have it, the function that carries it out, and
//! where the manual describes it. A known instruction without a row for the guest's model is one that the part lacks;
//! [`offered`] has those that guests use all the same, with what their host offers.
//!
//! Sources are abbreviated as in [`crate::spr`].

use cpu::{Ins, Privilege};
use magicpage::{WordSize, msr};

use crate::exception::{Exception, Program};
use crate::hardware::Hardware;
use crate::model::Models;
use crate::vcpu::Vcpu;

mod cache;
mod external;
mod jump;
mod msr_moves;
mod offered;
mod segment;
mod slb;
mod special;
mod tlb;

/// What an emulated instruction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It has completed; the next one follows it.
    Next,
    /// It has completed and has set the program counter.
    Jumped,
    /// It has changed nothing and raises this in the guest.
    Raise(Exception),
}

impl Done {
    const ILLEGAL: Self = Self::Raise(Exception::Program(Program::Illegal));
    const PRIVILEGED: Self = Self::Raise(Exception::Program(Program::Privileged));
}

/// The function that carries out an instruction.
type Run = fn(&mut Vcpu, &mut dyn Hardware, Ins) -> Done;

/// An instruction that is carried out here.
#[derive(Debug)]
pub struct Row {
    /// The mnemonic of the decoder.
    pub mnemonic: &'static str,
    /// The models that have it.
    pub models: Models,
    /// Manual and section.
    pub source: &'static str,
    run: Run,
}

/// Rows `"mnemonic" MODELS function, "source";`.
macro_rules! rows {
    ($($mnemonic:literal $models:ident $run:expr, $source:literal;)*) => {
        &[$(Row {
            mnemonic: $mnemonic,
            models: Models::$models,
            source: $source,
            run: $run,
        }),*]
    };
}

#[rustfmt::skip]
const ROWS: &[Row] = rows! {
    "mfmsr"    ALL       msr_moves::mfmsr,   "PEM 8.2";
    "mtmsr"    ALL       msr_moves::mtmsr,   "PEM 8.2";
    "mtmsrd"   POWER8    msr_moves::mtmsrd,  "III-S 4.4.4";
    "wrtee"    E500V2    msr_moves::wrtee,   "E500 3.8.1";
    "wrteei"   E500V2    msr_moves::wrteei,  "E500 3.8.1";

    "rfi"      WORD32    jump::rfi,          "PEM 8.2";
    "rfid"     POWER8    jump::rfid,         "III-S 3.3.1";
    "rfci"     E500V2    jump::rfci,         "E500 3.8.1";
    "rfmci"    E500V2    jump::rfmci,        "E500 3.8.1";

    "mfspr"    ALL       special::mfspr,     "PEM 8.2";
    "mtspr"    ALL       special::mtspr,     "PEM 8.2";
    "mftb"     BOOK3S    special::mftb,      "PEM 8.2";
    "mfpmr"    E500V2    special::mfpmr,     "E500 3.8.7";
    "mtpmr"    E500V2    special::mtpmr,     "E500 3.8.7";

    "mfsr"     BOOK3S_32 segment::mfsr,      "PEM 8.2";
    "mfsrin"   BOOK3S_32 segment::mfsrin,    "PEM 8.2";
    "mtsr"     BOOK3S_32 segment::mtsr,      "PEM 8.2";
    "mtsrin"   BOOK3S_32 segment::mtsrin,    "PEM 8.2";

    "tlbie"    BOOK3S    tlb::tlbie,         "PEM 8.2";
    "tlbiel"   POWER8    tlb::tlbiel,        "III-S 5.9.3.3";
    "tlbsync"  ALL       tlb::tlbsync,       "PEM 8.2";
    "tlbwe"    E500V2    tlb::tlbwe,         "E500 12.4.2";
    "tlbre"    E500V2    tlb::tlbre,         "E500 12.4.1";
    "tlbsx"    E500V2    tlb::tlbsx,         "E500 12.4.3";
    "tlbivax"  E500V2    tlb::tlbivax,       "E500 12.4.4";

    "slbmte"   POWER8    slb::slbmte,        "III-S 5.9.3.1";
    "slbmfee"  POWER8    slb::slbmfee,       "III-S 5.9.3.1";
    "slbmfev"  POWER8    slb::slbmfev,       "III-S 5.9.3.1";
    "slbfee."  POWER8    slb::slbfee,        "III-S 5.9.3.1";
    "slbie"    POWER8    slb::slbie,         "III-S 5.9.3.1";
    "slbia"    POWER8    slb::slbia,         "III-S 5.9.3.1";

    "dcbi"     WORD32    cache::dcbi,        "PEM 8.2";
    "dcbz"     ALL       cache::dcbz,        "PEM 8.2";
    "dcbz_l"   M750CL    cache::dcbz_l,      "750CL 12.1";
    "dcbtls"   E500V2    cache::lock_data,   "E500 3.8.5";
    "dcbtstls" E500V2    cache::lock_data,   "E500 3.8.5";
    "dcblc"    E500V2    cache::lock_data,   "E500 3.8.5";
    "icbtls"   E500V2    cache::lock_code,   "E500 3.8.5";
    "icblc"    E500V2    cache::lock_code,   "E500 3.8.5";
    "bblels"   E500V2    cache::lock_branch, "E500 3.8.6";
    "bbelr"    E500V2    cache::lock_branch, "E500 3.8.6";
    "sync"     ALL       cache::barrier,     "II 4.4.3";
    "mbar"     E500V2    cache::barrier,     "E500 3.3.1.6";

    "eciwx"    BOOK3S_32 external::eciwx,    "PEM 8.2";
    "ecowx"    BOOK3S_32 external::ecowx,    "PEM 8.2";

    "hrfid"    POWER8    hypervisor,         "III-S 3.3.1";
    "doze"     POWER8    hypervisor,         "III-S 3.3.2";
    "nap"      POWER8    hypervisor,         "III-S 3.3.2";
    "sleep"    POWER8    hypervisor,         "III-S 3.3.2";
    "rvwinkle" POWER8    hypervisor,         "III-S 3.3.2";
    "msgsnd"   POWER8    hypervisor,         "III-S 11.3";
    "msgclr"   POWER8    hypervisor,         "III-S 11.3";
    "lbzcix"   POWER8    hypervisor,         "III-S 4.4.1";
    "lhzcix"   POWER8    hypervisor,         "III-S 4.4.1";
    "lwzcix"   POWER8    hypervisor,         "III-S 4.4.1";
    "ldcix"    POWER8    hypervisor,         "III-S 4.4.1";
    "stbcix"   POWER8    hypervisor,         "III-S 4.4.1";
    "sthcix"   POWER8    hypervisor,         "III-S 4.4.1";
    "stwcix"   POWER8    hypervisor,         "III-S 4.4.1";
    "stdcix"   POWER8    hypervisor,         "III-S 4.4.1";
};

/// No row.
const NONE: u8 = u8::MAX;

/// The row for each of the decoder's instructions.
static BY_INSTRUCTION: [u8; cpu::table::COUNT] = {
    let mut rows = [NONE; cpu::table::COUNT];
    let mut at = 1;
    while at < rows.len() {
        let wanted = hash(cpu::table::mnemonic(at));
        let mut row = 0;
        while row < ROWS.len() {
            if HASHES[row] == wanted {
                #[expect(clippy::cast_possible_truncation, reason = "there are less than a hundred")]
                let number = row as u8;
                rows[at] = number;
            }
            row += 1;
        }
        at += 1;
    }
    rows
};

const HASHES: [u32; ROWS.len()] = {
    let mut hashes = [0; ROWS.len()];
    let mut row = 0;
    while row < ROWS.len() {
        hashes[row] = hash(ROWS[row].mnemonic);
        row += 1;
    }
    hashes
};

/// FNV-1a. That no mnemonic is taken for another is tested.
const fn hash(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let mut hash = 0x811c_9dc5u32;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}

/// The row of an instruction, if the guest's processor has it.
fn find(vcpu: &Vcpu, ins: Ins) -> Option<&'static Row> {
    let row = ROWS.get(usize::from(BY_INSTRUCTION[ins.row_number()]))?;
    row.models.intersects(vcpu.supervisor.model.set).then_some(row)
}

/// Every instruction that is carried out here.
pub fn rows() -> &'static [Row] {
    ROWS
}

/// Carries out an instruction that trapped in supervisor mode.
///
/// The program counter is at the instruction and is not moved, unless the instruction is a jump.
pub fn privileged(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    match find(vcpu, ins) {
        Some(row) => (row.run)(vcpu, hardware, ins),
        None => offered::run(vcpu, hardware, ins),
    }
}

/// Carries out an instruction that trapped in user mode, though the guest's processor may allow it there; otherwise
/// says which program exception it is.
///
/// The program counter is treated as by [`privileged`].
pub fn user(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    match find(vcpu, ins) {
        Some(_) if ins.privilege() == Privilege::Supervisor => Done::PRIVILEGED,
        Some(row) => (row.run)(vcpu, hardware, ins),
        None => Done::ILLEGAL,
    }
}

/// What a hypervisor alone may do, in supervisor state.
fn hypervisor(_: &mut Vcpu, _: &mut dyn Hardware, _: Ins) -> Done {
    Done::PRIVILEGED
}

impl Vcpu {
    /// The register in the RS field.
    fn source(&self, ins: Ins) -> u64 {
        self.state.gpr[usize::from(ins.rt())]
    }

    /// The register in the RB field.
    fn operand(&self, ins: Ins) -> u64 {
        self.state.gpr[usize::from(ins.rb())]
    }

    /// Puts a value into the register in the RT field.
    fn target(&mut self, ins: Ins, value: u64) -> Done {
        self.state.gpr[usize::from(ins.rt())] = value & self.supervisor.model.word_mask();
        Done::Next
    }

    /// The effective address of an indexed instruction.
    fn address(&self, ins: Ins) -> u64 {
        let base = match ins.ra() {
            0 => 0,
            base => self.state.gpr[usize::from(base)],
        };
        self.narrow(base.wrapping_add(self.operand(ins)))
    }

    /// An address in the guest's mode.
    const fn narrow(&self, address: u64) -> u64 {
        match self.state.word {
            WordSize::Word32 => address & 0xffff_ffff,
            WordSize::Word64 => address,
        }
    }

    fn is_user(&self, hardware: &dyn Hardware) -> bool {
        self.msr(hardware) & msr::PR != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_mnemonics_alone() {
        for (at, row) in BY_INSTRUCTION.iter().enumerate().skip(1) {
            let mnemonic = cpu::table::mnemonic(at);
            let found = ROWS.get(usize::from(*row)).map(|row| row.mnemonic);
            let expected = ROWS.iter().map(|row| row.mnemonic).find(|name| *name == mnemonic);
            assert_eq!(found, expected, "{mnemonic}");
        }
        for (at, row) in ROWS.iter().enumerate() {
            assert!(
                BY_INSTRUCTION.iter().any(|found| usize::from(*found) == at),
                "{}",
                row.mnemonic
            );
            assert!(!row.source.is_empty());
        }
        assert_eq!(BY_INSTRUCTION[0], NONE, "unknown words");
    }
}
