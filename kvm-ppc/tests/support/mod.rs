//! A hardware for tests: flat memory, a map of what the host has mapped, and a script of exits.
//!
//! It decides nothing by itself. A test asks [`Fake::reach`] what the guest would reach, or pushes the exits that
//! [`Hardware::enter`] is to report.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod e500;
pub mod guest;
pub mod reference32;

use std::collections::{BTreeMap, VecDeque};
use std::vec::Vec;

use cpu::State;
use kvm_ppc::hardware::{
    Access, Backing, Entry, Exit, Frame, Hardware, NothingThere, Place, Rights, Shared, Space,
};
use magicpage::PAGE_SIZE;

/// What one scripted entry does: it may change the guest's state, memory and pages, and says why it came back.
pub type Step = fn(&mut Fake, &mut State) -> Exit;

/// See the [module documentation](self).
#[derive(Clone, Debug)]
pub struct Fake {
    /// Guest memory, from physical address 0.
    pub memory: Vec<u8>,
    /// What the host has mapped.
    pub mappings: BTreeMap<Place, (Frame, Rights)>,
    /// The shared pages: magic, second.
    pub pages: [[u8; PAGE_SIZE]; 2],
    /// What the next entries do. Without any an entry ends with [`Exit::Host`].
    pub script: VecDeque<Step>,
    /// The entries seen.
    pub entries: Vec<Entry>,
    /// How many spaces there are.
    pub spaces: u32,
    /// Registers of devices, by physical address.
    pub devices: BTreeMap<u64, u64>,
    /// Level of the external interrupt line.
    pub line: bool,
    /// Time base.
    pub ticks: u64,
    /// How many times everything was flushed.
    pub flushes: u32,
    /// How many times a mapping was made, changed or taken away.
    pub changes: u32,
}

impl Fake {
    /// `bytes` of zeroed memory, and a thousand spaces.
    pub fn new(bytes: usize) -> Self {
        Self {
            memory: vec![0; bytes],
            mappings: BTreeMap::new(),
            pages: [[0; PAGE_SIZE]; 2],
            script: VecDeque::new(),
            entries: Vec::new(),
            spaces: 1000,
            devices: BTreeMap::new(),
            line: false,
            ticks: 0,
            flushes: 0,
            changes: 0,
        }
    }

    /// What an access of a guest in `space` reaches, if the host has mapped it.
    pub fn reach(&self, space: Space, address: u64, access: Access) -> Option<Frame> {
        let place = Place {
            page: address >> 12,
            space,
        };
        let (frame, rights) = self.mappings.get(&place)?;
        rights.contains(access.right()).then_some(*frame)
    }

    /// Stores a big-endian word at a physical address.
    ///
    /// # Panics
    ///
    /// Where there is no memory.
    pub fn set_u32(&mut self, physical: u64, value: u32) {
        self.write(physical, &value.to_be_bytes()).expect("memory");
    }

    /// Loads a big-endian word from a physical address.
    ///
    /// # Panics
    ///
    /// Where there is no memory.
    pub fn u32(&self, physical: u64) -> u32 {
        let mut bytes = [0; 4];
        self.read(physical, &mut bytes).expect("memory");
        u32::from_be_bytes(bytes)
    }

    fn range(&self, physical: u64, bytes: usize) -> Result<std::ops::Range<usize>, NothingThere> {
        let start = usize::try_from(physical).map_err(|_| NothingThere)?;
        let end = start.checked_add(bytes).ok_or(NothingThere)?;
        if end > self.memory.len() {
            Err(NothingThere)
        } else {
            Ok(start..end)
        }
    }
}

impl Hardware for Fake {
    fn enter(&mut self, state: &mut State, entry: &Entry) -> Exit {
        self.entries.push(entry.clone());
        match self.script.pop_front() {
            Some(step) => step(self, state),
            None => Exit::Host,
        }
    }

    fn map(&mut self, place: Place, frame: Frame, rights: Rights) {
        assert!(place.space.0 < self.spaces, "the host invents a space");
        self.changes += 1;
        self.mappings.insert(place, (frame, rights));
    }

    fn protect(&mut self, place: Place, rights: Rights) {
        self.changes += 1;
        if let Some(mapping) = self.mappings.get_mut(&place) {
            mapping.1 = rights;
        }
    }

    fn unmap(&mut self, place: Place) {
        self.changes += 1;
        self.mappings.remove(&place);
    }

    fn flush(&mut self) {
        self.flushes += 1;
        self.mappings.clear();
    }

    fn spaces(&self) -> u32 {
        self.spaces
    }

    fn shared(&self, page: Shared) -> &[u8; PAGE_SIZE] {
        &self.pages[page as usize]
    }

    fn shared_mut(&mut self, page: Shared) -> &mut [u8; PAGE_SIZE] {
        &mut self.pages[page as usize]
    }

    fn backing(&self, physical: u64) -> Backing {
        if self.range(physical, 1).is_ok() {
            Backing::Memory
        } else if self
            .devices
            .keys()
            .any(|register| register >> 12 == physical >> 12)
        {
            Backing::Device
        } else {
            Backing::Nothing
        }
    }

    fn read(&self, physical: u64, bytes: &mut [u8]) -> Result<(), NothingThere> {
        let range = self.range(physical, bytes.len())?;
        bytes.copy_from_slice(&self.memory[range]);
        Ok(())
    }

    fn write(&mut self, physical: u64, bytes: &[u8]) -> Result<(), NothingThere> {
        let range = self.range(physical, bytes.len())?;
        self.memory[range].copy_from_slice(bytes);
        Ok(())
    }

    fn device_load(&mut self, physical: u64, _bytes: u8) -> Result<u64, NothingThere> {
        self.devices.get(&physical).copied().ok_or(NothingThere)
    }

    fn device_store(&mut self, physical: u64, _bytes: u8, value: u64) -> Result<(), NothingThere> {
        let register = self.devices.get_mut(&physical).ok_or(NothingThere)?;
        *register = value;
        Ok(())
    }

    fn external_line(&self) -> bool {
        self.line
    }

    fn timebase(&self) -> u64 {
        self.ticks
    }

    fn set_timebase(&mut self, ticks: u64) {
        self.ticks = ticks;
    }
}
