//! The machine, watched.

use std::cell::Cell;
use std::collections::BTreeMap;

use kvm_ppc::hardware::{Backing, Entry, Exit, Frame, Hardware, NothingThere, Place, Rights, Shared, Space};
use machine::{Config, Machine};
use magicpage::{Family, PAGE_SIZE};

/// Bytes of guest memory.
const MEMORY: usize = 0x1_0000;
const MOST_MAPPINGS: usize = 1 << 16;

/// A machine that counts what the host asks of it, and that refuses what no host may ask.
pub struct Watched {
    pub machine: Machine,
    shared: BTreeMap<Place, Shared>,
    /// How many mappings have been made since the last flush.
    pub mapped: usize,
    /// Calls, mappings left out.
    pub calls: Cell<u32>,
    /// Changes of mappings.
    pub changes: u32,
    /// The external interrupt line.
    pub line: bool,
}

impl Watched {
    /// With zeroed memory.
    pub fn new(family: Family) -> Self {
        let machine = Machine::new(Config::new(family, MEMORY)).expect("the size is allowed");
        Self {
            machine,
            shared: BTreeMap::new(),
            mapped: 0,
            calls: Cell::new(0),
            changes: 0,
            line: false,
        }
    }

    fn machine(&self) -> &Machine {
        self.calls.set(self.calls.get() + 1);
        &self.machine
    }

    fn machine_mut(&mut self) -> &mut Machine {
        self.calls.set(self.calls.get() + 1);
        &mut self.machine
    }

    /// Whether a guest that is entered so reaches no shared page.
    pub fn is_private(&self, entry: &Entry) -> bool {
        let spaces: Vec<Space> = entry.fetch.iter().chain(&entry.data).copied().collect();
        !self.shared.keys().any(|place| spaces.contains(&place.space))
    }
}

impl Hardware for Watched {
    fn enter(&mut self, state: &mut cpu::State, entry: &Entry) -> Exit {
        self.machine.enter(state, entry)
    }

    fn map(&mut self, place: Place, frame: Frame, rights: Rights) {
        self.changes += 1;
        self.mapped += 1;
        match frame {
            Frame::Memory(page) => {
                assert!(page < (MEMORY / PAGE_SIZE) as u64, "{page:x} is no memory");
                self.shared.remove(&place);
            }
            Frame::Shared(page) => {
                self.shared.insert(place, page);
            }
        }
        assert!(place.space.0 < self.machine.spaces(), "an invented space");
        assert!(self.mapped <= MOST_MAPPINGS && self.shared.len() <= 64);
        self.machine.map(place, frame, rights);
    }

    fn protect(&mut self, place: Place, rights: Rights) {
        self.changes += 1;
        self.machine.protect(place, rights);
    }

    fn unmap(&mut self, place: Place) {
        self.changes += 1;
        self.shared.remove(&place);
        self.machine.unmap(place);
    }

    fn flush(&mut self) {
        self.changes += 1;
        self.mapped = 0;
        self.shared.clear();
        self.machine.flush();
    }

    fn spaces(&self) -> u32 {
        self.machine.spaces()
    }

    fn shared(&self, page: Shared) -> &[u8; PAGE_SIZE] {
        self.machine().shared(page)
    }

    fn shared_mut(&mut self, page: Shared) -> &mut [u8; PAGE_SIZE] {
        self.machine_mut().shared_mut(page)
    }

    fn backing(&self, physical: u64) -> Backing {
        self.machine().backing(physical)
    }

    fn read(&self, physical: u64, bytes: &mut [u8]) -> Result<(), NothingThere> {
        self.machine().read(physical, bytes)
    }

    fn write(&mut self, physical: u64, bytes: &[u8]) -> Result<(), NothingThere> {
        self.machine_mut().write(physical, bytes)
    }

    fn device_load(&mut self, physical: u64, bytes: u8) -> Result<u64, NothingThere> {
        self.machine_mut().device_load(physical, bytes)
    }

    fn device_store(&mut self, physical: u64, bytes: u8, value: u64) -> Result<(), NothingThere> {
        self.machine_mut().device_store(physical, bytes, value)
    }

    fn external_line(&self) -> bool {
        self.line
    }

    fn timebase(&self) -> u64 {
        self.machine.timebase()
    }

    fn set_timebase(&mut self, ticks: u64) {
        self.machine.set_timebase(ticks);
    }
}
