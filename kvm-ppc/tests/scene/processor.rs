//! The processor: executes what the host has mapped, and counts what the host asks of it.

use cpu::memory::{Access as Wanted, Fault, Memory, Reason};
use cpu::{State, Stop, decode};
use kvm_ppc::hardware::{
    Access, Backing, Cause, Entry, Exit, Frame, Hardware, NothingThere, Place, Rights, Shared, Space,
};
use magicpage::{Endian, Family, PAGE_SIZE, WordSize};

use crate::support::Fake;

/// How often the host has called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Mappings made, changed or taken away.
    pub mappings: u32,
    /// Everything else.
    pub others: std::cell::Cell<u32>,
}

/// See the [module documentation](self).
#[derive(Clone, Debug)]
pub struct Processor {
    /// Memory, pages and mappings.
    pub fake: Fake,
    /// Instructions that an entry runs at most.
    pub budget: u32,
    /// What the host has asked for.
    pub calls: Calls,
    /// Instructions that have completed.
    pub instructions: u64,
    family: Family,
}

impl Processor {
    /// So many bytes of memory.
    pub fn new(memory: usize, family: Family) -> Self {
        Self {
            fake: Fake::new(memory),
            budget: 1,
            calls: Calls::default(),
            instructions: 0,
            family,
        }
    }

    /// Answers whether a guest that is entered so reaches a shared page.
    pub fn reaches_a_page(&self, entry: &Entry) -> bool {
        let spaces: Vec<Space> = entry.fetch.iter().chain(&entry.data).copied().collect();
        self.fake
            .mappings
            .iter()
            .any(|(place, (frame, _))| matches!(frame, Frame::Shared(_)) && spaces.contains(&place.space))
    }

    fn counted(&self) -> &Fake {
        self.calls.others.set(self.calls.others.get() + 1);
        &self.fake
    }

    fn counted_mut(&mut self) -> &mut Fake {
        self.calls.others.set(self.calls.others.get() + 1);
        &mut self.fake
    }

    /// One instruction; the exit if it does not complete.
    fn step(&mut self, state: &mut State, entry: &Entry) -> Result<(), Exit> {
        let mut bus = Bus {
            fake: &mut self.fake,
            entry,
            width: width(state.word),
        };
        state.pc &= bus.width & !3;
        let mut bytes = [0; 4];
        for (byte, at) in bytes.iter_mut().zip(state.pc..=state.pc | 3) {
            let place = bus.find(at, Access::Fetch).ok_or(Exit::Fetch)?;
            *byte = *bus.byte(place);
        }
        let ins = decode(entry.endian.read_u32(bytes), self.family);
        cpu::execute(ins, state, &mut bus).map_err(|stop| exit(stop, state))
    }
}

const fn width(word: WordSize) -> u64 {
    match word {
        WordSize::Word32 => 0xffff_ffff,
        WordSize::Word64 => u64::MAX,
    }
}

fn exit(stop: Stop, state: &mut State) -> Exit {
    match stop {
        Stop::Privileged => Exit::Program(Cause::Privileged),
        Stop::Illegal | Stop::Unimplemented => Exit::Program(Cause::Illegal),
        Stop::Trap => Exit::Program(Cause::Trap),
        Stop::FloatingPointException => Exit::Program(Cause::FloatingPoint),
        Stop::FloatingPointUnavailable => Exit::FloatingPoint,
        Stop::SystemCall => {
            state.pc = state.pc.wrapping_add(4) & width(state.word);
            Exit::SystemCall
        }
        Stop::Fault(Fault {
            address,
            access,
            reason,
        }) => {
            let store = access == Wanted::Store;
            match reason {
                Reason::Unaligned => Exit::Alignment { address, store },
                Reason::Unmapped | Reason::Protected => Exit::Data { address, store },
            }
        }
    }
}

/// Memory through the mappings.
struct Bus<'a> {
    fake: &'a mut Fake,
    entry: &'a Entry,
    width: u64,
}

impl Bus<'_> {
    fn find(&self, address: u64, access: Access) -> Option<(Frame, usize)> {
        let address = address & self.width;
        let segment = (address >> 28 & 15) as usize;
        let space = match access {
            Access::Fetch => self.entry.fetch[segment],
            Access::Load | Access::Store => self.entry.data[segment],
        };
        let frame = self.fake.reach(space, address, access)?;
        Some((frame, (address & 0xfff) as usize))
    }

    fn byte(&mut self, (frame, offset): (Frame, usize)) -> &mut u8 {
        match frame {
            Frame::Shared(page) => &mut self.fake.pages[page as usize][offset],
            Frame::Memory(page) => {
                let start = usize::try_from(page << 12).expect("what is mapped is memory");
                &mut self.fake.memory[start + offset]
            }
        }
    }

    /// Where each byte of an access is.
    fn places(&self, address: u64, bytes: u8, wanted: Wanted) -> Result<Vec<(Frame, usize)>, Fault> {
        let access = Access::from(wanted);
        let find = |at: u64| {
            self.find(at, access).ok_or(Fault {
                address: at & self.width,
                access: wanted,
                reason: Reason::Unmapped,
            })
        };
        (0..u64::from(bytes))
            .map(|n| find(address.wrapping_add(n)))
            .collect()
    }
}

impl Memory for Bus<'_> {
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        let mut places = self.places(address, bytes, Wanted::Load)?;
        if self.entry.endian == Endian::Little {
            places.reverse();
        }
        let join = |value: u64, place| value << 8 | u64::from(*self.byte(place));
        Ok(places.into_iter().fold(0, join))
    }

    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        let mut places = self.places(address, bytes, Wanted::Store)?;
        if self.entry.endian == Endian::Big {
            places.reverse();
        }
        for (place, byte) in places.into_iter().zip(value.to_le_bytes()) {
            *self.byte(place) = byte;
        }
        Ok(())
    }
}

impl Hardware for Processor {
    fn enter(&mut self, state: &mut State, entry: &Entry) -> Exit {
        for _ in 0..self.budget {
            if entry.deadline.is_some_and(|deadline| self.fake.ticks >= deadline) {
                break;
            }
            if let Err(exit) = self.step(state, entry) {
                return exit;
            }
            self.instructions += 1;
            self.fake.ticks = self.fake.ticks.wrapping_add(1);
            if entry.step {
                return Exit::Trace;
            }
        }
        Exit::Host
    }

    /// The host maps nothing but memory.
    fn map(&mut self, place: Place, frame: Frame, rights: Rights) {
        if let Frame::Memory(page) = frame {
            assert_eq!(
                self.fake.backing(page << 12),
                Backing::Memory,
                "{page:x} is no memory"
            );
        }
        self.calls.mappings += 1;
        self.fake.map(place, frame, rights);
    }

    fn protect(&mut self, place: Place, rights: Rights) {
        self.calls.mappings += 1;
        self.fake.protect(place, rights);
    }

    fn unmap(&mut self, place: Place) {
        self.calls.mappings += 1;
        self.fake.unmap(place);
    }

    fn flush(&mut self) {
        self.calls.mappings += 1;
        self.fake.flush();
    }

    fn spaces(&self) -> u32 {
        self.fake.spaces
    }

    fn shared(&self, page: Shared) -> &[u8; PAGE_SIZE] {
        self.counted().shared(page)
    }

    fn shared_mut(&mut self, page: Shared) -> &mut [u8; PAGE_SIZE] {
        self.counted_mut().shared_mut(page)
    }

    fn backing(&self, physical: u64) -> Backing {
        self.counted().backing(physical)
    }

    fn read(&self, physical: u64, bytes: &mut [u8]) -> Result<(), NothingThere> {
        self.counted().read(physical, bytes)
    }

    fn write(&mut self, physical: u64, bytes: &[u8]) -> Result<(), NothingThere> {
        self.counted_mut().write(physical, bytes)
    }

    fn device_load(&mut self, physical: u64, bytes: u8) -> Result<u64, NothingThere> {
        self.counted_mut().device_load(physical, bytes)
    }

    fn device_store(&mut self, physical: u64, bytes: u8, value: u64) -> Result<(), NothingThere> {
        self.counted_mut().device_store(physical, bytes, value)
    }

    fn external_line(&self) -> bool {
        self.fake.line
    }

    fn timebase(&self) -> u64 {
        self.fake.ticks
    }

    fn set_timebase(&mut self, ticks: u64) {
        self.fake.ticks = ticks;
    }
}
