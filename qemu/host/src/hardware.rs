//! The processor, guest memory and a board as the host's hardware.

use alloc::boxed::Box;

use board::Board;
use cpu::State;
use kvm_ppc::hardware::{
    Backing, Cause, Entry, Exit, Frame, Hardware, NothingThere, Place, Rights, Shared, Space,
};
use magicpage::{Family, PAGE_SIZE};
use vm::Platform;

use crate::arch::{self, Extent, Mmu, Options, Ran, Run, Trap};
use crate::clock::{Clock, Pace};
use crate::real::{self, Memory, Page};
use crate::reserve::Reserved;
use crate::software::{Software, advance, missing};
use crate::step::Pages;

/// The most instructions in one go, when stepping.
const GO: u64 = 1 << 30;
/// On real time: how many instructions may lie between `lwarx` and an exit, and how many times how many are stepped then.
const NEAR: u32 = 16;
const WHILE: u64 = 16;
const WHILES: u32 = 4;

/// What a guest runs on.
pub struct Machine {
    family: Family,
    mmu: Mmu,
    memory: Memory,
    shared: [Box<Page>; 2],
    board: Board,
    touched: bool,
    clock: Clock,
    /// What the clock becomes when what is to be measured begins.
    begins: Option<Pace>,
    stop_at: Option<u64>,
    /// Pages that may be fetched from in the spaces `pages_of`.
    pages: Box<Pages>,
    pages_of: [Space; 16],
    /// Runs of the guest, and instructions carried out here.
    entries: u64,
    software: u64,
    /// Instructions that have completed by stepping.
    completed: u64,
    reserved: Reserved,
    /// On real time: how often the guest is stepped a while before it runs freely.
    careful: u32,
    dice: u32,
}

impl Machine {
    /// A machine with no mappings.
    pub fn new(family: Family, options: Options, memory: Memory, board: Board, pace: Pace) -> Self {
        let options = Options {
            // Whoever steps asks the list for every page that is fetched from.
            lenient_fetch: options.lenient_fetch || matches!(pace, Pace::Counted(_)),
            ..options
        };
        Self {
            family,
            mmu: Mmu::new(options),
            memory,
            shared: [(), ()].map(|()| Box::new(Page([0; PAGE_SIZE]))),
            board,
            touched: false,
            clock: Clock::new(pace),
            begins: None,
            stop_at: None,
            pages: Box::default(),
            pages_of: [Space(0); 16],
            entries: 0,
            software: 0,
            completed: 0,
            reserved: Reserved::default(),
            careful: 0,
            dice: 0,
        }
    }

    /// Lets time pass so from when what is to be measured [begins](Platform::begin).
    #[must_use]
    pub fn counted_from_begin(self, pace: Pace) -> Self {
        Self {
            begins: Some(pace),
            ..self
        }
    }

    /// Whether time is counted in instructions.
    pub const fn is_counted(&self) -> bool {
        self.clock.is_counted()
    }

    /// How often the processor was given the guest, and how many of its instructions were carried out here.
    pub const fn entries(&self) -> (u64, u64) {
        (self.entries, self.software)
    }

    fn real_page(&self, frame: Frame) -> Option<u32> {
        match frame {
            Frame::Memory(page) => {
                let real = self.memory.real(page.checked_mul(PAGE_SIZE as u64)?, PAGE_SIZE)?;
                Some(real >> 12)
            }
            Frame::Shared(page) => Some(self.shared[page as usize].real_page()),
        }
    }

    /// The page may no longer be what it was.
    fn forget(&mut self, place: Place) {
        self.pages.remove((place.page << 12 & 0xffff_ffff) as u32);
    }

    /// Carries out the instruction at the program counter.
    fn carry_out(&mut self, state: &mut State, entry: &Entry) -> Result<(), Exit> {
        self.software += 1;
        let done = Software {
            family: self.family,
            mappings: self.mmu.mappings(),
            fetch: &entry.fetch,
            data: &entry.data,
            timebase: self.clock.timebase(),
        }
        .execute(state);
        if matches!(done, Ok(()) | Err(Exit::SystemCall)) {
            self.completed += 1;
            self.clock.advance(1);
        }
        done
    }

    fn run(&mut self, state: &mut State, entry: &Entry, extent: Option<u32>) -> Ran {
        let extent = match extent {
            None => Extent::Free {
                ticks: self.ticks(entry),
            },
            Some(most) => Extent::Steps {
                most,
                pages: &self.pages,
            },
        };
        let run = Run {
            fetch: &entry.fetch,
            data: &entry.data,
            extent,
        };
        self.entries += 1;
        let ran = arch::enter(&mut self.mmu, state, &run);
        self.completed += u64::from(ran.steps);
        self.clock.advance(ran.steps.into());
        ran
    }

    /// Ticks until the host wants control back.
    fn ticks(&self, entry: &Entry) -> Option<u32> {
        let now = self.clock.timebase();
        let deadline = entry.deadline.map(|deadline| deadline.saturating_sub(now));
        let stop = self.stop_at.map(|stop| self.clock.ticks_to(stop));
        let ticks = deadline.into_iter().chain(stop).min()?;
        Some(u32::try_from(ticks).unwrap_or(u32::MAX))
    }

    /// Whether the host wants control back now.
    fn is_due(&self, entry: &Entry) -> bool {
        self.stop_at.is_some_and(|stop| self.clock.instructions() >= stop)
            || entry
                .deadline
                .is_some_and(|deadline| self.clock.timebase() >= deadline)
    }

    /// Lets the processor run the guest at its own speed.
    ///
    /// No reservation of the processor's survives an exit, and nobody can ask it for one. So that a guest whose instructions
    /// between `lwarx` and `stwcx.` make exits gets on, it is stepped for a while after such an exit: then the reservation is in
    /// its state, and survives.
    fn run_free(&mut self, state: &mut State, entry: &Entry) -> Exit {
        let exit = loop {
            if self.is_due(entry) {
                return Exit::Host;
            }
            if self.careful > 0 {
                self.careful -= 1;
                match self.run_counted(state, entry, WHILE) {
                    Exit::Host => continue,
                    exit => break exit,
                }
            }
            state.reservation = None;
            self.reserved = Reserved::default();
            match self.run(state, entry, None).trap {
                Trap::Decrementer => {}
                Trap::Unable => {
                    if let Err(exit) = self.carry_out(state, entry) {
                        break exit;
                    }
                }
                Trap::SystemCall => {
                    advance(state);
                    break Exit::SystemCall;
                }
                trap => break self.exit(state, entry, trap),
            }
        };
        // A guest that does not get on comes by again: it is enough to look now and then, with no pattern that it could follow.
        self.dice = self.dice.wrapping_mul(0x9e37_79b1).wrapping_add(0x7f4a_7c15);
        if state.reservation.is_some() || self.dice >> 29 == 0 && self.follows_reservation(state, entry) {
            self.careful = WHILES;
        }
        exit
    }

    /// Whether one of the instructions right in front of the program counter is `lwarx`.
    fn follows_reservation(&mut self, state: &State, entry: &Entry) -> bool {
        const LWARX: u32 = 0x7c00_0028;
        self.know_spaces(entry);
        let pc = (state.pc & 0xffff_ffff) as u32;
        if self.pages.real(pc).is_none() {
            let place = Place {
                page: u64::from(pc >> 12),
                space: entry.fetch[(pc >> 28) as usize],
            };
            match self.mmu.mappings().get(place) {
                Some(mapping) if mapping.rights.contains(Rights::EXECUTE) => {
                    self.pages.insert(pc, mapping.real_page);
                }
                _ => return false,
            }
        }
        let first = pc.saturating_sub(4 * NEAR).max(pc & !0xfff);
        (first..pc).step_by(4).any(|address| {
            // SAFETY: pages that are known are guest memory or shared pages.
            let word = self.pages.real(address).map(|real| unsafe { real::word(real) });
            word.is_some_and(|word| word & 0xfc00_07fe == LWARX)
        })
    }

    /// Steps the guest: `budget` instructions, if nothing happens before. Answers [`Exit::Host`] then.
    fn run_counted(&mut self, state: &mut State, entry: &Entry, budget: u64) -> Exit {
        self.know_spaces(entry);
        let mut reserved = self.reserved;
        reserved.enter(state, |address| self.page_of(entry, address));
        let exit = self.step(state, entry, budget);
        reserved.leave(state, |address| self.page_of(entry, address));
        self.reserved = reserved;
        exit
    }

    fn step(&mut self, state: &mut State, entry: &Entry, budget: u64) -> Exit {
        let end = self.completed.saturating_add(budget);
        loop {
            let left = end.saturating_sub(self.completed);
            if left == 0 {
                return Exit::Host;
            }
            let most = u32::try_from(left.min(GO)).unwrap_or(u32::MAX);
            let done = match self.run(state, entry, Some(most)).trap {
                Trap::Stepped => Ok(()),
                Trap::Look => self.look(state, entry),
                Trap::Data { address, store } => Err(Exit::Data {
                    address: address.into(),
                    store,
                }),
                Trap::Fetch => Err(Exit::Fetch),
                // What the processor says of an instruction, the software says as the in-process machine does.
                _ => self.carry_out(state, entry),
            };
            if let Err(exit) = done {
                return exit;
            }
        }
    }

    /// The real page that an address of data reaches.
    fn page_of(&self, entry: &Entry, address: u64) -> Option<u32> {
        let place = Place {
            page: address >> 12,
            space: entry.data[(address >> 28 & 15) as usize],
        };
        self.mmu.mappings().get(place).map(|mapping| mapping.real_page)
    }

    /// Pages are known of one set of spaces.
    fn know_spaces(&mut self, entry: &Entry) {
        if !arch::same(&self.pages_of, &entry.fetch) {
            self.pages_of = entry.fetch;
            self.pages.clear();
        }
    }

    /// Deals with an instruction that the processor is not to have before it was looked at: it is in a page that is not known
    /// yet, or it is carried out here.
    fn look(&mut self, state: &mut State, entry: &Entry) -> Result<(), Exit> {
        let pc = (state.pc & 0xffff_ffff) as u32;
        if self.pages.real(pc).is_some() || arch::UNTRACED.contains(&pc) {
            return self.carry_out(state, entry);
        }
        let segment = (pc >> 28) as usize;
        let place = Place {
            page: u64::from(pc >> 12),
            space: entry.fetch[segment],
        };
        match self.mmu.mappings().get(place) {
            Some(mapping) if !mapping.rights.contains(Rights::EXECUTE) => Err(Exit::Fetch),
            None => Err(Exit::Fetch),
            Some(_) if entry.fetch[segment] != entry.data[segment] => self.carry_out(state, entry),
            Some(mapping) => {
                self.pages.insert(pc, mapping.real_page);
                Ok(())
            }
        }
    }

    /// What an exit is called that the processor made.
    fn exit(&self, state: &State, entry: &Entry, trap: Trap) -> Exit {
        let instruction = || {
            Software {
                family: self.family,
                mappings: self.mmu.mappings(),
                fetch: &entry.fetch,
                data: &entry.data,
                timebase: 0,
            }
            .instruction(state.pc)
        };
        match trap {
            Trap::Program(Cause::Illegal) => match instruction() {
                Some(ins) if ins.is_known() => missing(ins, state),
                _ => Exit::Program(Cause::Illegal),
            },
            Trap::Program(cause) => Exit::Program(cause),
            Trap::Data { address, store } => Exit::Data {
                address: address.into(),
                store,
            },
            Trap::Fetch => Exit::Fetch,
            Trap::Alignment { address } => {
                let ins = instruction();
                Exit::Alignment {
                    address: address.into(),
                    store: ins.is_some_and(|ins| ins.mnemonic().starts_with("st")),
                }
            }
            Trap::FloatingPoint => Exit::FloatingPoint,
            Trap::Vector => Exit::Vector,
            Trap::Interpret => Exit::Interpret,
            Trap::SystemCall | Trap::Stepped | Trap::Look | Trap::Decrementer | Trap::Unable => Exit::Host,
        }
    }

    /// How many instructions the guest may run, when stepped.
    fn budget(&self, entry: &Entry) -> u64 {
        let stop = self
            .stop_at
            .map(|stop| stop.saturating_sub(self.clock.instructions()));
        let deadline = entry.deadline.map(|deadline| self.clock.until(deadline));
        stop.into_iter().chain(deadline).min().unwrap_or(u64::MAX)
    }
}

impl Platform for Machine {
    fn instructions(&self) -> u64 {
        self.clock.instructions()
    }

    fn stop_at(&mut self, instructions: Option<u64>) {
        self.stop_at = instructions;
    }

    fn skip_to(&mut self, ticks: u64) {
        if ticks > self.clock.timebase() {
            self.clock.set(ticks);
        }
    }

    fn begin(&mut self) {
        let pace = self.begins.take().unwrap_or(self.clock.pace());
        self.clock = Clock::new(pace);
        self.stop_at = None;
    }

    fn board(&self) -> &Board {
        &self.board
    }

    fn board_mut(&mut self) -> &mut Board {
        &mut self.board
    }

    fn take_touched(&mut self) -> bool {
        core::mem::take(&mut self.touched)
    }
}

impl Hardware for Machine {
    fn enter(&mut self, state: &mut State, entry: &Entry) -> Exit {
        state.pc &= 0xffff_fffc;
        let counted = self.clock.is_counted();
        if !counted && !entry.step {
            return self.run_free(state, entry);
        }
        if !counted && self.is_due(entry) {
            return Exit::Host;
        }
        let budget = if counted { self.budget(entry) } else { u64::MAX };
        let steps = entry.step && budget > 0;
        let budget = if steps { 1 } else { budget };
        match self.run_counted(state, entry, budget) {
            Exit::Host if steps => Exit::Trace,
            exit => exit,
        }
    }

    /// A frame of no memory takes the mapping away.
    fn map(&mut self, place: Place, frame: Frame, rights: Rights) {
        self.forget(place);
        match self.real_page(frame) {
            Some(page) => self.mmu.map(place, page, rights),
            None => self.mmu.unmap(place),
        }
    }

    fn protect(&mut self, place: Place, rights: Rights) {
        self.forget(place);
        self.mmu.protect(place, rights);
    }

    fn unmap(&mut self, place: Place) {
        self.forget(place);
        self.mmu.unmap(place);
    }

    fn flush(&mut self) {
        self.pages.clear();
        self.mmu.flush();
    }

    fn spaces(&self) -> u32 {
        0xfff
    }

    fn shared(&self, page: Shared) -> &[u8; PAGE_SIZE] {
        &self.shared[page as usize].0
    }

    fn shared_mut(&mut self, page: Shared) -> &mut [u8; PAGE_SIZE] {
        let page = &mut self.shared[page as usize];
        self.reserved.written(page.real_page() << 12, PAGE_SIZE);
        &mut page.0
    }

    fn backing(&self, physical: u64) -> Backing {
        if self.memory.real(physical, 1).is_some() {
            Backing::Memory
        } else if self.board.is_device(physical) {
            Backing::Device
        } else {
            Backing::Nothing
        }
    }

    fn read(&self, physical: u64, bytes: &mut [u8]) -> Result<(), NothingThere> {
        self.memory
            .read(physical, bytes)
            .then_some(())
            .ok_or(NothingThere)
    }

    fn write(&mut self, physical: u64, bytes: &[u8]) -> Result<(), NothingThere> {
        let real = self.memory.real(physical, bytes.len()).ok_or(NothingThere)?;
        self.reserved.written(real, bytes.len());
        self.memory
            .write(physical, bytes)
            .then_some(())
            .ok_or(NothingThere)
    }

    fn device_load(&mut self, physical: u64, bytes: u8) -> Result<u64, NothingThere> {
        self.touched = true;
        self.board.load(physical, bytes).map_err(|_| NothingThere)
    }

    fn device_store(&mut self, physical: u64, bytes: u8, value: u64) -> Result<(), NothingThere> {
        self.touched = true;
        self.board.store(physical, bytes, value).map_err(|_| NothingThere)
    }

    fn external_line(&self) -> bool {
        self.board.line()
    }

    fn timebase(&self) -> u64 {
        self.clock.timebase()
    }

    fn carried_out(&mut self) {
        self.clock.advance(1);
    }

    fn set_timebase(&mut self, ticks: u64) {
        self.clock.set(ticks);
    }
}
