//! External control: `eciwx` and `ecowx`, which address a device by the number in EAR.
//!
//! User mode may execute them. No such device exists here, so that an access that gets as far as the bus finds
//! nobody there.

use cpu::Ins;

use super::Done;
use crate::exception::{Exception, described};
use crate::hardware::{Access, Hardware};
use crate::spr::number;
use crate::vcpu::Vcpu;

/// EAR\[E\].
const ENABLED: u64 = 0x8000_0000;
/// DSISR: EAR\[E\] is zero (PEM 6.4.3), and it was a store.
const DISABLED: u32 = 0x0010_0000;
const STORE: u32 = 0x0200_0000;

pub(super) fn eciwx(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    control(vcpu, hardware, ins, Access::Load)
}

pub(super) fn ecowx(vcpu: &mut Vcpu, hardware: &mut dyn Hardware, ins: Ins) -> Done {
    control(vcpu, hardware, ins, Access::Store)
}

fn control(vcpu: &Vcpu, hardware: &mut dyn Hardware, ins: Ins, access: Access) -> Done {
    let address = vcpu.address(ins);
    if vcpu.supervisor.registers.get(number::EAR) & ENABLED == 0 {
        let status = DISABLED | if access == Access::Store { STORE } else { 0 };
        return Done::Raise(Exception::DataStorage { address, status });
    }
    if address & 3 != 0 {
        return Done::Raise(Exception::Alignment {
            address,
            status: described(ins.word),
        });
    }
    let msr = vcpu.msr(hardware);
    match vcpu.supervisor.translate(hardware, msr, address, access) {
        Ok(_) => Done::Raise(Exception::MachineCheck),
        Err(exception) => Done::Raise(exception),
    }
}
