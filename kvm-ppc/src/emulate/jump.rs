//! Returns from interrupts.
//!
//! Which bits of the MSR come back differs: SRR1 of Book3S also holds why the interrupt came, in bits that the MSR
//! must not take over.

use cpu::Ins;
use magicpage::{Family, layout, msr};

use super::Done;
use super::msr_moves::{bits, user_mode};
use crate::hardware::Hardware;
use crate::spr::number;
use crate::vcpu::Vcpu;

/// Bits 0, 5 to 9 and 16 to 31 of 32: those that an interrupt saves in SRR1 (MPC750 User's Manual 4.3). ILE stays as
/// it is; POW is cleared.
const RFI: u64 = 0x87c0_ffff;

/// Power ISA 2.07 III-S 3.3.1: not bits 33 to 36 and 42 to 47, which say why, nor HV, ME and those of transactions.
const RFID: u64 = bits(0, 2) | bits(4, 28) | bits(32, 32) | bits(37, 41) | bits(48, 50) | bits(52, 63);

pub(super) fn rfi(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, _: Ins) -> Done {
    let (target, saved) = standard(vcpu, hardware);
    let new = match vcpu.supervisor.model.family {
        Family::E500 => saved,
        _ => (vcpu.msr(hardware) & !RFI | saved & RFI) & !msr::POW,
    };
    back(vcpu, hardware, target, new)
}

pub(super) fn rfid(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, _: Ins) -> Done {
    let (target, saved) = standard(vcpu, hardware);
    let new = vcpu.msr(hardware) & !RFID | saved & RFID;
    back(vcpu, hardware, target, user_mode(new))
}

pub(super) fn rfci(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, _: Ins) -> Done {
    from(vcpu, hardware, number::CSRR0, number::CSRR1)
}

pub(super) fn rfmci(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, _: Ins) -> Done {
    from(vcpu, hardware, number::MCSRR0, number::MCSRR1)
}

fn standard(vcpu: &Vcpu, hardware: &dyn Hardware) -> (u64, u64) {
    let field = |field| vcpu.supervisor.field(hardware, field);
    (field(layout::SRR0), field(layout::SRR1))
}

fn from(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, address: u16, msr: u16) -> Done {
    let registers = &vcpu.supervisor.registers;
    let (target, saved) = (registers.get(address), registers.get(msr));
    back(vcpu, hardware, target, saved)
}

/// The wait state of an e500 is a bit like any other: returning to it is waiting again.
fn back(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, target: u64, msr: u64) -> Done {
    vcpu.set_msr(hardware, msr);
    vcpu.doze(msr);
    vcpu.state.pc = vcpu.narrow(target & !3);
    Done::Jumped
}
