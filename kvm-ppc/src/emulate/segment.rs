//! Segment registers. They are in the page, where the guest also stores them with no exit; the next entry finds out
//! what has changed.

use cpu::Ins;

use super::Done;
use crate::hardware::{Hardware, Shared};
use crate::page::low32;
use crate::vcpu::Vcpu;

/// The SR field.
const fn named(ins: Ins) -> u8 {
    ins.ra() & 15
}

/// The segment of the address in RB.
fn indexed(vcpu: &Vcpu, ins: Ins) -> u8 {
    low32(vcpu.operand(ins)).to_be_bytes()[0] >> 4
}

pub(super) fn mfsr(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    load(vcpu, hardware, ins, named(ins))
}

pub(super) fn mfsrin(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let index = indexed(vcpu, ins);
    load(vcpu, hardware, ins, index)
}

pub(super) fn mtsr(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    store(vcpu, hardware, ins, named(ins))
}

pub(super) fn mtsrin(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let index = indexed(vcpu, ins);
    store(vcpu, hardware, ins, index)
}

fn load(vcpu: &mut Vcpu, hardware: &dyn Hardware, ins: Ins, index: u8) -> Done {
    let value = vcpu
        .supervisor
        .layout()
        .segment(hardware.shared(Shared::Magic), index);
    vcpu.target(ins, value.into())
}

fn store(vcpu: &Vcpu, hardware: &mut dyn Hardware, ins: Ins, index: u8) -> Done {
    let value = low32(vcpu.source(ins));
    vcpu.supervisor
        .layout()
        .set_segment(hardware.shared_mut(Shared::Magic), index, value);
    Done::Next
}
