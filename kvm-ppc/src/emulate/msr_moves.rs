//! Moves to and from the machine state register.

use cpu::Ins;
use magicpage::{Family, msr};

use super::Done;
use crate::hardware::Hardware;
use crate::page::low32;
use crate::spr::number;
use crate::vcpu::{Idle, Vcpu};

/// L: only EE and RI are moved.
const L: u32 = 1 << 16;

/// Bits `first` to `last`, counted from the left of 64.
pub(super) const fn bits(first: u32, last: u32) -> u64 {
    u64::MAX >> first & u64::MAX << (63 - last)
}

/// The bits that `mtmsrd` moves: not HV, ME and LE, nor those of transactions (Power ISA 2.07 III-S 4.4.4).
const MTMSRD: u64 = bits(0, 2) | bits(4, 28) | bits(32, 40) | bits(42, 50) | bits(52, 62);

pub(super) fn mfmsr(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    // The page may have bits set that the processor lacks: a guest's store knows no mask.
    let value = vcpu.msr(hardware) & vcpu.supervisor.model.msr;
    vcpu.target(ins, value)
}

pub(super) fn mtmsr(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let value = vcpu.source(ins);
    match vcpu.supervisor.model.family {
        // The wait ends with an interrupt, which clears the bit: nobody ever sees it set.
        Family::Book3s32 => {
            vcpu.set_msr(hardware, value & !msr::POW);
            vcpu.doze(value);
        }
        // The interrupt that ends the wait saves the bit with the others.
        Family::E500 => {
            vcpu.set_msr(hardware, value);
            vcpu.doze(value);
        }
        Family::Book3s64 => move_wide(vcpu, hardware, ins, MTMSRD & u64::from(u32::MAX)),
    }
    Done::Next
}

pub(super) fn mtmsrd(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    move_wide(vcpu, hardware, ins, MTMSRD);
    Done::Next
}

fn move_wide(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins, mask: u64) {
    let (old, value) = (vcpu.msr(hardware), vcpu.source(ins));
    let new = if ins.word & L != 0 {
        old & !msr::GUEST_OWNED | value & msr::GUEST_OWNED
    } else {
        user_mode(old & !mask | value & mask)
    };
    vcpu.set_msr(hardware, new);
}

/// User mode of a 64-bit processor comes with interrupts and translation on.
pub(super) const fn user_mode(value: u64) -> u64 {
    if value & msr::PR != 0 {
        value | msr::EE | msr::IR | msr::DR
    } else {
        value
    }
}

pub(super) fn wrtee(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let value = vcpu.source(ins);
    write_enable(vcpu, hardware, value)
}

/// E stands where EE does.
pub(super) fn wrteei(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    write_enable(vcpu, hardware, ins.word.into())
}

fn write_enable(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, value: u64) -> Done {
    let old = vcpu.msr(hardware);
    vcpu.set_msr(hardware, old & !msr::EE | value & msr::EE);
    Done::Next
}

impl Vcpu {
    /// Sleeps, if this MSR and HID0 say so (MPC750 User's Manual 10.2, e500 Core Family Reference Manual 2.10.1).
    pub(super) fn doze(&mut self, msr: u64) {
        let modes = self.supervisor.registers.get(number::HID0) & self.supervisor.model.sleep;
        if low32(msr & msr::POW) != 0 && modes != 0 {
            self.idle = Some(Idle::Power);
        }
    }
}
