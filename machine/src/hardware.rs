//! The machine as the host's hardware.

use cpu::State;
use kvm_ppc::hardware::{Backing, Entry, Exit, Frame, Hardware, NothingThere, Place, Rights, Shared};
use magicpage::PAGE_SIZE;

use crate::devices::Devices;
use crate::machine::Machine;
use crate::table::{Mapping, SPACES, tag_of};
use crate::tlb::offset;

impl<D: Devices> Machine<D> {
    fn set_mapping(&mut self, tag: u64, mapping: Option<Mapping>) {
        if self.bus.table.set(tag, mapping) {
            self.bus.tlb.drop_page(tag);
            self.fetch.drop_page(tag);
        }
    }

    fn shared_frame(&self, page: Shared) -> u32 {
        // The frames of shared pages exist in every memory.
        self.bus.ram.frame(Frame::Shared(page)).unwrap_or(0)
    }

    /// The host is about to write to bytes of a frame.
    fn host_writes(&mut self, frame: u32, start: usize, bytes: usize) {
        self.bus.touch(frame);
        self.code.drop_bytes(frame, start, bytes);
        if let Some(reserved) = &mut self.reserved {
            reserved.written(frame, start, bytes);
        }
    }

    /// The position in guest memory of `bytes` bytes at a physical address.
    fn range(&self, physical: u64, bytes: usize) -> Result<std::ops::Range<usize>, NothingThere> {
        let start = usize::try_from(physical).map_err(|_| NothingThere)?;
        let end = start.checked_add(bytes).ok_or(NothingThere)?;
        if end <= self.bus.ram.guest().len() {
            Ok(start..end)
        } else {
            Err(NothingThere)
        }
    }
}

impl<D: Devices> Hardware for Machine<D> {
    fn enter(&mut self, state: &mut State, entry: &Entry) -> Exit {
        self.run(state, entry)
    }

    /// A frame of no memory takes the mapping away.
    fn map(&mut self, place: Place, frame: Frame, rights: Rights) {
        let frame = self.bus.ram.frame(frame);
        let mapping = frame.map(|frame| Mapping { frame, rights });
        self.set_mapping(tag_of(place), mapping);
    }

    fn protect(&mut self, place: Place, rights: Rights) {
        let tag = tag_of(place);
        if let Some(old) = self.bus.table.get(tag) {
            self.set_mapping(tag, Some(Mapping { rights, ..old }));
        }
    }

    fn unmap(&mut self, place: Place) {
        self.set_mapping(tag_of(place), None);
    }

    fn flush(&mut self) {
        self.bus.table.clear();
        self.bus.tlb.clear();
        self.fetch.clear();
    }

    fn spaces(&self) -> u32 {
        SPACES
    }

    fn shared(&self, page: Shared) -> &[u8; PAGE_SIZE] {
        self.bus.ram.page(self.shared_frame(page))
    }

    fn shared_mut(&mut self, page: Shared) -> &mut [u8; PAGE_SIZE] {
        let frame = self.shared_frame(page);
        self.host_writes(frame, 0, PAGE_SIZE);
        self.bus.ram.page_mut(frame)
    }

    fn backing(&self, physical: u64) -> Backing {
        if self.range(physical, 1).is_ok() {
            Backing::Memory
        } else if self.devices.is_device(physical) {
            Backing::Device
        } else {
            Backing::Nothing
        }
    }

    fn read(&self, physical: u64, bytes: &mut [u8]) -> Result<(), NothingThere> {
        let range = self.range(physical, bytes.len())?;
        bytes.copy_from_slice(&self.bus.ram.guest()[range]);
        Ok(())
    }

    fn write(&mut self, physical: u64, bytes: &[u8]) -> Result<(), NothingThere> {
        self.range(physical, bytes.len())?;
        let (mut address, mut rest) = (physical, bytes);
        while !rest.is_empty() {
            let start = offset(address);
            let (now, later) = rest.split_at(rest.len().min(PAGE_SIZE - start));
            let frame = self
                .bus
                .ram
                .frame(Frame::Memory(address >> 12))
                .ok_or(NothingThere)?;
            self.host_writes(frame, start, now.len());
            self.bus.ram.page_mut(frame)[start..start + now.len()].copy_from_slice(now);
            address += now.len() as u64;
            rest = later;
        }
        Ok(())
    }

    fn device_load(&mut self, physical: u64, bytes: u8) -> Result<u64, NothingThere> {
        self.devices.load(physical, bytes)
    }

    fn device_store(&mut self, physical: u64, bytes: u8, value: u64) -> Result<(), NothingThere> {
        self.devices.store(physical, bytes, value)
    }

    fn external_line(&self) -> bool {
        self.devices.line()
    }

    fn timebase(&self) -> u64 {
        self.clock.timebase(0)
    }

    fn carried_out(&mut self) {
        self.clock.instructions += 1;
    }

    fn set_timebase(&mut self, ticks: u64) {
        self.clock.set(ticks);
    }
}
