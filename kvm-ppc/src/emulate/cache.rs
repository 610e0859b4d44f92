//! Caches, which here are always coherent: what remains are the accesses that count as loads and stores, and who may
//! do what.

use cpu::{Ins, decode};
use magicpage::{Family, msr};

use super::Done;
use crate::exception::Exception;
use crate::hardware::{Access, Hardware};
use crate::interpret::Interpreted;
use crate::model::{UBLE, UCLE};
use crate::spr::number;
use crate::vcpu::Vcpu;

/// HID2\[LCE\]: a part of the data cache is locked, and `dcbz_l` exists.
const LOCKED_CACHE: u64 = 0x1000_0000;
/// ESR\[DLK\] and ESR\[ILK\]: user mode tried to lock a line (e500 Core Family Reference Manual 2.7.1.6).
const DATA_LOCKING: u32 = 0x0020_0000;
const CODE_LOCKING: u32 = 0x0010_0000;

/// Counts as a store, and leaves memory as it is: nothing is in a cache that is not in memory as well.
pub(super) fn dcbi(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let address = vcpu.address(ins);
    access(vcpu, hardware, address, Access::Store)
}

/// The executor clears the line. It moves the program counter as well, which is the caller's to move here.
pub(super) fn dcbz(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    let address = vcpu.state.pc;
    match vcpu.interpret(hardware, ins, true) {
        Interpreted::Done => {
            vcpu.state.pc = address;
            Done::Next
        }
        Interpreted::Raise(exception) => Done::Raise(exception),
        Interpreted::Device => Done::Raise(Exception::MachineCheck),
        Interpreted::Stop(_) => Done::ILLEGAL,
    }
}

/// The line is one of the locked cache and is never written to memory by itself; in memory it does no harm, since
/// what uses that cache does not use the memory behind it.
pub(super) fn dcbz_l(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    const DCBZ: u32 = 31 << 26 | 1014 << 1;
    const OPERANDS: u32 = 0x001f_f800;
    if vcpu.supervisor.registers.get(number::HID2) & LOCKED_CACHE == 0 {
        return Done::ILLEGAL;
    }
    dcbz(
        vcpu,
        hardware,
        decode(DCBZ | ins.word & OPERANDS, Family::Book3s32),
    )
}

/// No line is ever locked, and none refuses to be.
pub(super) fn lock_data(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    lock(vcpu, hardware, ins, DATA_LOCKING)
}

/// See [`lock_data`].
pub(super) fn lock_code(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    lock(vcpu, hardware, ins, CODE_LOCKING)
}

fn lock(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins, status: u32) -> Done {
    let address = vcpu.address(ins);
    let msr = vcpu.msr(hardware);
    if msr & msr::PR != 0 && msr & UCLE == 0 {
        return Done::Raise(Exception::DataStorage { address, status });
    }
    access(vcpu, hardware, address, Access::Load)
}

/// Branch prediction is not modelled.
pub(super) fn lock_branch(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, _: Ins) -> Done {
    let msr = vcpu.msr(hardware);
    if msr & msr::PR != 0 && msr & UBLE == 0 {
        Done::PRIVILEGED
    } else {
        Done::Next
    }
}

/// Nothing is ever out of order.
pub(super) fn barrier(_: &mut Vcpu, _: &mut dyn Hardware, _: Ins) -> Done {
    Done::Next
}

fn access(vcpu: &Vcpu, hardware: &mut dyn Hardware, address: u64, access: Access) -> Done {
    let msr = vcpu.msr(hardware);
    match vcpu.supervisor.translate(hardware, msr, address, access) {
        Ok(_) => Done::Next,
        Err(exception) => Done::Raise(exception),
    }
}
