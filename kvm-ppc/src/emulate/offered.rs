//! Instructions that a guest's processor lacks and its host carries out, because guests use them with what it offers.

use cpu::{Ins, decode};
use magicpage::Family;

use super::{Done, Run, msr_moves};
use crate::hardware::Hardware;
use crate::vcpu::{Interface, Vcpu};

/// An instruction of another family.
struct Row {
    mnemonic: &'static str,
    /// The family that has it.
    of: Family,
    /// The family whose guests use it.
    guests: Family,
    /// What the host must have offered.
    with: Interface,
    run: Run,
}

const ROWS: &[Row] = &[
    // Linux's `epapr_ev_idle` (arch/powerpc/kernel/epapr_hcalls.S), which every 32-bit kernel goes to sleep with where
    // the device tree says `has-idle`, lets interrupts in with an instruction of Book E.
    Row {
        mnemonic: "wrteei",
        of: Family::E500,
        guests: Family::Book3s32,
        with: Interface::Idle,
        run: msr_moves::wrteei,
    },
];

/// Carries out an instruction that the processor lacks, if there is a row for it.
pub(super) fn run(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let (family, interface) = (vcpu.supervisor.model.family, vcpu.interface);
    let mut rows = ROWS
        .iter()
        .filter(|row| row.guests == family && row.with == interface);
    let found = rows.find_map(|row| {
        let ins = decode(ins.word, row.of);
        (ins.mnemonic() == row.mnemonic).then_some((row, ins))
    });
    found.map_or(Done::ILLEGAL, |(row, ins)| (row.run)(vcpu, hardware, ins))
}
