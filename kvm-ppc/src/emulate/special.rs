//! Moves to and from special-purpose registers.

use cpu::Ins;
use cpu::operand::split10;

use super::Done;
use crate::hardware::Hardware;
use crate::model::Undefined;
use crate::spr::{Bank, Row, find};
use crate::vcpu::Vcpu;

/// Which way a value is moved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    From,
    To,
}

pub(super) fn mfspr(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    match register(vcpu, Bank::Special, ins, Way::From) {
        Some(row) => load(vcpu, hardware, ins, &row),
        None => undefined(vcpu, hardware, ins, Way::From),
    }
}

pub(super) fn mtspr(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    match register(vcpu, Bank::Special, ins, Way::To) {
        Some(row) => store(vcpu, hardware, ins, &row),
        None => undefined(vcpu, hardware, ins, Way::To),
    }
}

/// The decoder has seen to it that the number is one of the time base.
pub(super) fn mftb(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    mfspr(vcpu, hardware, ins)
}

pub(super) fn mfpmr(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    match register(vcpu, Bank::Performance, ins, Way::From) {
        Some(row) => load(vcpu, hardware, ins, &row),
        None => Done::ILLEGAL,
    }
}

pub(super) fn mtpmr(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    match register(vcpu, Bank::Performance, ins, Way::To) {
        Some(row) => store(vcpu, hardware, ins, &row),
        None => Done::ILLEGAL,
    }
}

fn register(vcpu: &Vcpu, bank: Bank, ins: Ins, way: Way) -> Option<Row> {
    let row = find(bank, vcpu.supervisor.model, split10(ins.word))?;
    let allowed = match way {
        Way::From => row.access.reads(),
        Way::To => row.access.writes(),
    };
    allowed.then_some(row)
}

fn load(vcpu: &mut Vcpu, hardware: &dyn Hardware, ins: Ins, row: &Row) -> Done {
    let value = vcpu.supervisor.read(hardware, row);
    vcpu.target(ins, value)
}

fn store(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins, row: &Row) -> Done {
    let value = vcpu.source(ins);
    vcpu.write(hardware, row, value);
    Done::Next
}

/// A number that is no register's, or that is not moved this way. In user mode it is one that user mode might move:
/// others are privileged, registers or not (PEM 8.2, `mfspr` and `mtspr`).
///
/// A 64-bit server processor in supervisor state does nothing then, but for the numbers that older software took for
/// MQ, RTCU, RTCL and DEC (Power ISA 2.07 III-S 4.4.4).
fn undefined(vcpu: &Vcpu, hardware: &dyn Hardware, ins: Ins, way: Way) -> Done {
    let illegal = match vcpu.supervisor.model.undefined {
        Undefined::Illegal => true,
        Undefined::Ignored => {
            let number = split10(ins.word);
            number == 0 || way == Way::From && matches!(number, 4..=6) || vcpu.is_user(hardware)
        }
    };
    if illegal { Done::ILLEGAL } else { Done::Next }
}
