//! The segment look-aside buffer.

use cpu::Ins;

use super::Done;
use crate::hardware::Hardware;
use crate::mmu::{Slb, Stale};
use crate::vcpu::Vcpu;

/// CR0\[EQ\], and CR0\[SO\], which copies XER's.
const FOUND: u32 = 2;
const OVERFLOW: u32 = 1;

pub(super) fn slbmte(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let (esid, vsid) = (vcpu.operand(ins), vcpu.source(ins));
    change(vcpu, hardware, |slb| slb.write(esid, vsid))
}

pub(super) fn slbie(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let address = vcpu.operand(ins);
    change(vcpu, hardware, |slb| slb.invalidate(address))
}

pub(super) fn slbia(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, _: Ins) -> Done {
    change(vcpu, hardware, Slb::invalidate_all)
}

pub(super) fn slbmfee(vcpu: &mut Vcpu, _: &mut dyn Hardware, ins: Ins) -> Done {
    read(vcpu, ins, Slb::read_esid)
}

pub(super) fn slbmfev(vcpu: &mut Vcpu, _: &mut dyn Hardware, ins: Ins) -> Done {
    read(vcpu, ins, Slb::read_vsid)
}

pub(super) fn slbfee(vcpu: &mut Vcpu, _: &mut dyn Hardware, ins: Ins) -> Done {
    let Some(mmu) = vcpu.supervisor.mmu.book3s64() else {
        return Done::ILLEGAL;
    };
    let found = mmu.slb.find_vsid(vcpu.operand(ins));
    let overflow = if vcpu.state.xer & cpu::state::SO != 0 {
        OVERFLOW
    } else {
        0
    };
    vcpu.state
        .set_cr_field(0, overflow | if found.is_some() { FOUND } else { 0 });
    vcpu.target(ins, found.unwrap_or(0))
}

fn change(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, change: impl FnOnce(&mut Slb) -> Stale) -> Done {
    let Some(mmu) = vcpu.supervisor.mmu.book3s64_mut() else {
        return Done::ILLEGAL;
    };
    let stale = change(&mut mmu.slb);
    vcpu.shadow.discard(hardware, stale);
    Done::Next
}

fn read(vcpu: &mut Vcpu, ins: Ins, read: impl FnOnce(&Slb, u64) -> u64) -> Done {
    let Some(mmu) = vcpu.supervisor.mmu.book3s64() else {
        return Done::ILLEGAL;
    };
    let value = read(&mmu.slb, vcpu.operand(ins));
    vcpu.target(ins, value)
}
