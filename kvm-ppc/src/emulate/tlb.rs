//! Invalidation and, on the e500, the TLBs themselves.

use cpu::Ins;
use magicpage::Family;

use super::Done;
use crate::hardware::Hardware;
use crate::mmu::Stale;
use crate::page::low32;
use crate::spr::number;
use crate::vcpu::Vcpu;

/// HID0\[EN_MAS7_UPDATE\]: reading and searching set MAS7 (e500 Core Family Reference Manual 2.10.1).
const MAS7_UPDATE: u64 = 0x80;

/// On 32-bit parts RB is an effective address. On 64-bit ones it is a part of a virtual page number, which many
/// effective addresses may share.
pub(super) fn tlbie(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let address = vcpu.operand(ins);
    match vcpu.supervisor.model.family {
        Family::Book3s64 => vcpu.shadow.discard(hardware, Stale::ALL),
        Family::Book3s32 | Family::E500 => vcpu.shadow.invalidate(hardware, address),
    }
    Done::Next
}

/// RB may name a whole set of this processor's TLB.
pub(super) fn tlbiel(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, _: Ins) -> Done {
    vcpu.shadow.discard(hardware, Stale::ALL);
    Done::Next
}

/// Invalidations are over before the next instruction.
pub(super) fn tlbsync(_: &mut Vcpu, _: &mut dyn Hardware, _: Ins) -> Done {
    Done::Next
}

pub(super) fn tlbwe(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, _: Ins) -> Done {
    let mas = vcpu.supervisor.mas(hardware);
    let Some(mmu) = vcpu.supervisor.mmu.e500_mut() else {
        return Done::ILLEGAL;
    };
    let stale = mmu.tlb.write(&mas);
    vcpu.shadow.discard(hardware, stale);
    Done::Next
}

pub(super) fn tlbre(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, _: Ins) -> Done {
    let mut mas = vcpu.supervisor.mas(hardware);
    let before = mas.mas7;
    let Some(mmu) = vcpu.supervisor.mmu.e500() else {
        return Done::ILLEGAL;
    };
    mmu.tlb.read(&mut mas);
    if !updates_mas7(vcpu) {
        mas.mas7 = before;
    }
    vcpu.supervisor.set_mas(hardware, &mas);
    Done::Next
}

pub(super) fn tlbsx(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let address = low32(vcpu.address(ins));
    let mut mas = vcpu.supervisor.mas(hardware);
    let before = mas.mas7;
    let Some(mmu) = vcpu.supervisor.mmu.e500() else {
        return Done::ILLEGAL;
    };
    mmu.tlb.search(&mut mas, address);
    if !updates_mas7(vcpu) {
        mas.mas7 = before;
    }
    vcpu.supervisor.set_mas(hardware, &mas);
    Done::Next
}

pub(super) fn tlbivax(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let operand = low32(vcpu.address(ins));
    let Some(mmu) = vcpu.supervisor.mmu.e500_mut() else {
        return Done::ILLEGAL;
    };
    let stale = mmu.tlb.invalidate(operand);
    vcpu.shadow.discard(hardware, stale);
    Done::Next
}

fn updates_mas7(vcpu: &Vcpu) -> bool {
    vcpu.supervisor.registers.get(number::HID0) & MAS7_UPDATE != 0
}
