//! Instructions carried out by the host instead of the hardware.
//!
//! Where a store traps on a shared page, where a device is reached, and where a section is carried forward, the host
//! executes the guest's own instruction on the guest's registers, with memory as the guest's translation has it. No
//! access gets past [`Supervisor::translate`], so the host reaches nothing that the guest may not.

use cpu::memory::{Access as CpuAccess, Fault, Memory, Reason};
use cpu::{Ins, Stop, decode};
use magicpage::{Endian, PAGE_SIZE};

use crate::exception::Exception;
use crate::hardware::{Access, Backing, Frame, Hardware, NothingThere};
use crate::page::{number, offset, spread};
use crate::vcpu::{Supervisor, Vcpu};

/// What an instruction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interpreted {
    /// It has completed.
    Done,
    /// It raises this in the guest.
    Raise(Exception),
    /// It touches a device, and devices were not asked for.
    Device,
    /// It is not one that this executes.
    Stop(Stop),
}

/// Memory at the guest's effective addresses.
struct View<'a> {
    supervisor: &'a Supervisor,
    hardware: &'a mut dyn Hardware,
    msr: u64,
    /// Whether devices may be reached.
    devices: bool,
    /// Why the last access failed.
    failed: Option<Interpreted>,
}

const PAGE: u64 = PAGE_SIZE as u64;

impl View<'_> {
    fn fail(&mut self, why: Interpreted, address: u64, access: CpuAccess) -> Fault {
        self.failed = Some(why);
        Fault {
            address,
            access,
            reason: Reason::Unmapped,
        }
    }

    /// Where an access goes: one place, or two where it crosses a page.
    fn places(&mut self, address: u64, bytes: u8, access: CpuAccess) -> Result<[(Frame, u64); 2], Fault> {
        let last = address.wrapping_add(u64::from(bytes) - 1);
        let first = self.place(address, access)?;
        if address / PAGE == last / PAGE {
            return Ok([first, first]);
        }
        let second = self.place(last & !(PAGE - 1), access)?;
        Ok([first, second])
    }

    fn place(&mut self, address: u64, access: CpuAccess) -> Result<(Frame, u64), Fault> {
        match self
            .supervisor
            .translate(self.hardware, self.msr, address, access.into())
        {
            Ok(to) => Ok((to.frame, to.physical)),
            Err(exception) => Err(self.fail(Interpreted::Raise(exception), address, access)),
        }
    }

    /// Reads or writes what lies in one page. `value` is in the order of memory.
    fn transfer(
        &mut self,
        at: (Frame, u64),
        value: &mut [u8],
        address: u64,
        access: CpuAccess,
    ) -> Result<(), Fault> {
        let store = access == CpuAccess::Store;
        let (frame, physical) = at;
        let done = match frame {
            Frame::Shared(page) => {
                let start = offset(physical);
                let end = start + value.len();
                if store {
                    self.hardware.shared_mut(page)[start..end].copy_from_slice(value);
                } else {
                    value.copy_from_slice(&self.hardware.shared(page)[start..end]);
                }
                Ok(())
            }
            Frame::Memory(_) => match self.hardware.backing(physical) {
                Backing::Memory if store => self.hardware.write(physical, value),
                Backing::Memory => self.hardware.read(physical, value),
                Backing::Device if !self.devices => {
                    return Err(self.fail(Interpreted::Device, address, access));
                }
                Backing::Device => self.device(physical, value, store),
                Backing::Nothing => Err(NothingThere),
            },
        };
        done.map_err(|_| self.fail(Interpreted::Raise(Exception::MachineCheck), address, access))
    }

    /// Moves bytes to or from a device, whose registers are big-endian whatever the guest is.
    fn device(&mut self, physical: u64, value: &mut [u8], store: bool) -> Result<(), NothingThere> {
        let bytes = u8::try_from(value.len()).map_err(|_| NothingThere)?;
        if store {
            return self
                .hardware
                .device_store(physical, bytes, number(value, Endian::Big));
        }
        let loaded = self.hardware.device_load(physical, bytes)?;
        spread(loaded, value, Endian::Big);
        Ok(())
    }
}

impl Memory for View<'_> {
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        let [first, second] = self.places(address, bytes, CpuAccess::Load)?;
        let mut buffer = [0; 8];
        let (head, tail) = buffer[..usize::from(bytes)].split_at_mut(in_first_page(address, bytes));
        self.transfer(first, head, address, CpuAccess::Load)?;
        if !tail.is_empty() {
            self.transfer(second, tail, address, CpuAccess::Load)?;
        }
        Ok(number(&buffer[..usize::from(bytes)], self.supervisor.endian))
    }

    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        let [first, second] = self.places(address, bytes, CpuAccess::Store)?;
        let mut buffer = [0; 8];
        spread(value, &mut buffer[..usize::from(bytes)], self.supervisor.endian);
        let (head, tail) = buffer[..usize::from(bytes)].split_at_mut(in_first_page(address, bytes));
        self.transfer(first, head, address, CpuAccess::Store)?;
        if !tail.is_empty() {
            self.transfer(second, tail, address, CpuAccess::Store)?;
        }
        Ok(())
    }
}

/// How many of the bytes at `address` lie in its page.
fn in_first_page(address: u64, bytes: u8) -> usize {
    let room = PAGE - address % PAGE;
    usize::from(bytes).min(usize::try_from(room).unwrap_or(PAGE_SIZE))
}

impl Vcpu {
    /// The instruction at the program counter.
    pub(crate) fn fetch(&mut self, hardware: &mut dyn Hardware) -> Result<Ins, Exception> {
        let msr = self.msr(hardware);
        let to = self
            .supervisor
            .translate(hardware, msr, self.state.pc, Access::Fetch)?;
        let mut bytes = [0; 4];
        match to.frame {
            Frame::Shared(page) => {
                let start = offset(to.physical) & !3;
                bytes.copy_from_slice(&hardware.shared(page)[start..start + 4]);
            }
            Frame::Memory(_) => {
                hardware
                    .read(to.physical & !3, &mut bytes)
                    .map_err(|_| Exception::MachineCheck)?;
            }
        }
        Ok(decode(
            self.supervisor.endian.read_u32(bytes),
            self.supervisor.model.family,
        ))
    }

    /// Carries out one instruction of user mode at the program counter.
    pub(crate) fn interpret(&mut self, hardware: &mut dyn Hardware, ins: Ins, devices: bool) -> Interpreted {
        let msr = self.msr(hardware);
        let mut view = View {
            supervisor: &self.supervisor,
            hardware,
            msr,
            devices,
            failed: None,
        };
        match cpu::execute(ins, &mut self.state, &mut view) {
            Ok(()) => Interpreted::Done,
            Err(Stop::Fault(_)) => view.failed.unwrap_or(Interpreted::Raise(Exception::MachineCheck)),
            Err(stop) => Interpreted::Stop(stop),
        }
    }
}
