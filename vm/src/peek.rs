//! Looking at a guest without leaving a trace.
//!
//! Translation is the guest's own, and a real one leaves marks: referenced bits in page tables, MAS registers at a TLB
//! miss. Whoever only looks must not: the host asks a [`Peek`], which shows the machine and drops what is written.

use alloc::boxed::Box;

use cpu::State;
use kvm_ppc::Vcpu;
use kvm_ppc::hardware::{Access, Backing, Entry, Exit, Frame, Hardware, NothingThere, Place, Rights, Shared};
use kvm_ppc::mmu::Translation;
use magicpage::PAGE_SIZE;

/// Hardware that can be read.
struct Peek<'a> {
    hardware: &'a dyn Hardware,
    /// Copies of the shared pages, once somebody wants to change them.
    pages: [Option<Box<[u8; PAGE_SIZE]>>; 2],
}

impl Hardware for Peek<'_> {
    fn enter(&mut self, _state: &mut State, _entry: &Entry) -> Exit {
        Exit::Host
    }

    fn map(&mut self, _place: Place, _frame: Frame, _rights: Rights) {}

    fn protect(&mut self, _place: Place, _rights: Rights) {}

    fn unmap(&mut self, _place: Place) {}

    fn flush(&mut self) {}

    fn spaces(&self) -> u32 {
        self.hardware.spaces()
    }

    fn shared(&self, page: Shared) -> &[u8; PAGE_SIZE] {
        match &self.pages[page as usize] {
            Some(copy) => copy,
            None => self.hardware.shared(page),
        }
    }

    fn shared_mut(&mut self, page: Shared) -> &mut [u8; PAGE_SIZE] {
        self.pages[page as usize].get_or_insert_with(|| Box::new(*self.hardware.shared(page)))
    }

    fn backing(&self, physical: u64) -> Backing {
        self.hardware.backing(physical)
    }

    fn read(&self, physical: u64, bytes: &mut [u8]) -> Result<(), NothingThere> {
        self.hardware.read(physical, bytes)
    }

    fn write(&mut self, _physical: u64, _bytes: &[u8]) -> Result<(), NothingThere> {
        Ok(())
    }

    fn device_load(&mut self, _physical: u64, _bytes: u8) -> Result<u64, NothingThere> {
        Err(NothingThere)
    }

    fn device_store(&mut self, _physical: u64, _bytes: u8, _value: u64) -> Result<(), NothingThere> {
        Err(NothingThere)
    }

    fn external_line(&self) -> bool {
        self.hardware.external_line()
    }

    fn timebase(&self) -> u64 {
        self.hardware.timebase()
    }

    fn set_timebase(&mut self, _ticks: u64) {}
}

/// Where an effective address leads the guest as it is now, if it leads anywhere.
pub fn translate(vcpu: &Vcpu, hardware: &dyn Hardware, address: u64, access: Access) -> Option<Translation> {
    let mut peek = Peek {
        hardware,
        pages: [None, None],
    };
    let msr = vcpu.msr(hardware);
    vcpu.supervisor.translate(&mut peek, msr, address, access).ok()
}

/// Copies what an effective address reaches into `bytes`, which lie in one page.
///
/// Answers nothing where the address leads nowhere or to a device, which is not read.
pub fn read(
    vcpu: &Vcpu,
    hardware: &dyn Hardware,
    address: u64,
    access: Access,
    bytes: &mut [u8],
) -> Option<()> {
    let to = translate(vcpu, hardware, address, access)?;
    match to.frame {
        Frame::Shared(page) => {
            let start = usize::try_from(to.physical).ok()? % PAGE_SIZE;
            bytes.copy_from_slice(hardware.shared(page).get(start..start + bytes.len())?);
            Some(())
        }
        Frame::Memory(_) => hardware.read(to.physical, bytes).ok(),
    }
}

/// The instruction word at an effective address, if it can be fetched.
pub fn word(vcpu: &Vcpu, hardware: &dyn Hardware, address: u64) -> Option<u32> {
    let mut bytes = [0; 4];
    read(vcpu, hardware, address & !3, Access::Fetch, &mut bytes)?;
    Some(vcpu.supervisor.endian.read_u32(bytes))
}
