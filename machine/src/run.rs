//! The run loop.
//!
//! The loop stays within a page of decoded instructions by index. For each it counts, indexes and calls, and that is
//! all: everything else is found out beforehand, as the number of instructions until somebody wants control back, or
//! afterwards, from an instruction that did not complete. Among those are the ones that never were decoded, and the
//! loads and stores that the look-aside buffer does not know.

use cpu::memory::{Access, Reason};
use cpu::{Ins, Regs, State, Stop};
use kvm_ppc::hardware::{Cause, Entry, Exit, Rights};
use magicpage::WordSize;

use crate::align::effective;
use crate::bus::{Bus, Slowly};
use crate::code::Page;
use crate::devices::Devices;
use crate::machine::{Machine, Observe};
use crate::reserve;
use crate::table::OFFSET;
use crate::tlb::offset;

/// The time base, lower and upper half, as user mode reads it.
const TIME_BASE: u16 = 268;
const TIME_BASE_UPPER: u16 = 269;

/// What becomes of an instruction that did not complete at once.
enum Outcome {
    /// It is to be tried again.
    Again,
    /// It has completed now.
    Done,
    /// The guest no longer runs.
    Exit(Exit),
}

impl<D: Devices> Machine<D> {
    /// Runs the guest until something needs the host.
    pub(crate) fn run(&mut self, state: &mut State, entry: &Entry) -> Exit {
        self.prepare(state, entry);
        let mut budget = self
            .stop_at
            .map_or(u64::MAX, |stop| stop.saturating_sub(self.clock.instructions));
        if let Some(deadline) = entry.deadline {
            budget = budget.min(self.clock.until(deadline));
        }
        let steps = entry.step && budget > 0;
        if steps {
            budget = 1;
        }
        let mut left = budget;
        let exit = match self.observer.take() {
            None => self.run_loop::<false>(state, budget, &mut left, &mut |_, _, _| {}),
            Some(mut observer) => {
                let exit = self.run_loop::<true>(state, budget, &mut left, &mut *observer);
                self.observer = Some(observer);
                exit
            }
        };
        self.clock.instructions += budget - left;
        reserve::leave(&mut self.reserved, state, &self.bus);
        match exit {
            Exit::Host if steps => Exit::Trace,
            exit => exit,
        }
    }

    fn prepare(&mut self, state: &mut State, entry: &Entry) {
        self.bus.width = match state.word {
            WordSize::Word32 => 0xffff_ffff,
            WordSize::Word64 => u64::MAX,
        };
        state.pc &= self.bus.width & !3;
        self.bus.tlb.set_spaces(&entry.data);
        self.fetch.set_spaces(&entry.fetch);
        self.bus.little = entry.endian == magicpage::Endian::Little;
        if self.code.endian() != entry.endian {
            self.drop_code();
            self.code.set_endian(entry.endian);
        }
        reserve::enter(&mut self.reserved, state, &self.bus);
    }

    /// Runs until an exit. What is left of `budget` then is in `left`.
    fn run_loop<const OBSERVED: bool>(
        &mut self,
        state: &mut State,
        budget: u64,
        left: &mut u64,
        observer: &mut Observe,
    ) -> Exit {
        loop {
            let Some(index) = self.fetch(state.pc) else {
                return if *left == 0 { Exit::Host } else { Exit::Fetch };
            };
            let page = self.code.page(index);
            let stop = run_page::<OBSERVED>(&mut self.bus, page, state, left, observer);
            let Some(stop) = stop else {
                if *left == 0 {
                    return Exit::Host;
                }
                continue;
            };
            match self.stopped(index, state, stop, budget - *left) {
                Outcome::Again => {}
                Outcome::Done => *left -= 1,
                Outcome::Exit(exit) => {
                    // A system call is complete.
                    *left -= u64::from(exit == Exit::SystemCall);
                    return exit;
                }
            }
        }
    }

    /// The decoded page of an address, if the address may be fetched.
    #[inline(always)]
    fn fetch(&mut self, pc: u64) -> Option<u32> {
        self.fetch.get(pc).or_else(|| self.fetch_slowly(pc))
    }

    #[cold]
    #[inline(never)]
    fn fetch_slowly(&mut self, pc: u64) -> Option<u32> {
        let mapping = self.bus.table.get(self.fetch.tag(pc))?;
        if !mapping.rights.contains(Rights::EXECUTE) {
            return None;
        }
        let frame = mapping.frame;
        let index = self.code.find_or_add(frame).or_else(|| {
            self.drop_code();
            self.code.find_or_add(frame)
        })?;
        if self.code.is_coherent() && !self.bus.ram.has_code(frame) {
            self.bus.ram.set_code(frame, true);
            self.bus.tlb.drop_stores();
        }
        self.fetch.set(pc, index);
        Some(index)
    }

    /// Finds out what to do about the instruction at the program counter, in the page with this index, which stopped
    /// after `done` instructions of this run.
    #[cold]
    #[inline(never)]
    fn stopped(&mut self, index: u32, state: &mut State, stop: Stop, done: u64) -> Outcome {
        let ins = self.code.page(index).ops[offset(state.pc) / 4].ins;
        match stop {
            Stop::Unimplemented => {
                let bytes = self.bus.ram.page(self.code.frame(index));
                if self.code.fill(index, offset(state.pc), bytes) {
                    return Outcome::Again;
                }
                self.unimplemented(ins, state, done)
            }
            Stop::Fault(fault) if fault.reason != Reason::Unaligned => self.slowly(ins, state),
            stop => Outcome::Exit(exit(stop, ins, state)),
        }
    }

    /// Runs an instruction again that needs more than the look-aside buffer knows.
    fn slowly(&mut self, ins: Ins, state: &mut State) -> Outcome {
        let done = cpu::execute(ins, state, &mut Slowly(&mut self.bus));
        if !self.bus.code_stores.is_empty() {
            self.follow_code_stores();
        }
        match done {
            Ok(()) => Outcome::Done,
            Err(stop) => Outcome::Exit(exit(stop, ins, state)),
        }
    }

    /// Drops the decoded instructions that stores have hit.
    fn follow_code_stores(&mut self) {
        let mut stores = std::mem::take(&mut self.bus.code_stores);
        for store in stores.drain(..) {
            self.code.drop_bytes(store.frame, store.offset, store.bytes);
            if self.code.count_store(store.frame) {
                self.drop_code_of(store.frame);
            }
        }
        self.bus.code_stores = stores;
    }

    /// What the processor has and `cpu` does not: the time base and the instruction cache.
    fn unimplemented(&mut self, ins: Ins, state: &mut State, done: u64) -> Outcome {
        if ins.mnemonic() == "icbi" {
            return self.invalidate_line(ins, state);
        }
        let value = match time_base_half(ins) {
            Some(TIME_BASE) => self.clock.timebase(done),
            Some(TIME_BASE_UPPER) => self.clock.timebase(done) >> 32,
            _ => return Outcome::Exit(exit(Stop::Unimplemented, ins, state)),
        };
        let register = match ins.family().word_size() {
            WordSize::Word32 => value & 0xffff_ffff,
            WordSize::Word64 => value,
        };
        state.gpr[usize::from(ins.rt())] = register;
        advance(state);
        Outcome::Done
    }

    /// `icbi` on a stale cache: it is a load as far as translation goes.
    fn invalidate_line(&mut self, ins: Ins, state: &mut State) -> Outcome {
        let address = effective(ins, state);
        if let Err(stop) = cpu::execute(ins, state, &mut Slowly(&mut self.bus)) {
            return Outcome::Exit(exit(stop, ins, state));
        }
        if let Some(frame) = self.bus.frame(address) {
            self.code.drop_bytes(frame, offset(address), 1);
        }
        Outcome::Done
    }

    /// Forgets the decoded instructions of a frame.
    pub(crate) fn drop_code_of(&mut self, frame: u32) {
        self.code.drop_frame(frame);
        self.bus.ram.set_code(frame, false);
        self.fetch.clear();
    }

    /// Forgets all decoded instructions.
    pub(crate) fn drop_code(&mut self) {
        let ram = &mut self.bus.ram;
        self.code.clear(|frame| ram.set_code(frame, false));
        self.fetch.clear();
    }
}

/// Runs instructions of one page until control leaves it, nothing is left to run, or one stops.
#[inline(always)]
fn run_page<const OBSERVED: bool>(
    bus: &mut Bus,
    page: &Page,
    state: &mut State,
    left: &mut u64,
    observer: &mut Observe,
) -> Option<Stop> {
    let base = state.pc & !OFFSET;
    let mut rest = *left;
    let stop = loop {
        let distance = state.pc.wrapping_sub(base);
        if distance > OFFSET || rest == 0 {
            break None;
        }
        let op = &page.ops[offset(distance) / 4];
        if OBSERVED {
            if !page.is_filled(offset(distance)) {
                break Some(Stop::Unimplemented);
            }
            observer(state.pc, op.ins.word, state);
        }
        if let Err(stop) = (op.run)(state, bus, op.ins) {
            break Some(stop);
        }
        rest -= 1;
    };
    *left = rest;
    stop
}

/// The number of the half of the time base that an instruction reads.
fn time_base_half(ins: Ins) -> Option<u16> {
    let number = match ins.mnemonic() {
        "mfspr" => ins.spr()?,
        "mftb" => u16::from(ins.rb()) << 5 | u16::from(ins.ra()),
        _ => return None,
    };
    Some(number)
}

fn advance(state: &mut State) {
    let next = state.pc.wrapping_add(4);
    state.pc = match state.word {
        WordSize::Word32 => next & 0xffff_ffff,
        WordSize::Word64 => next,
    };
}

/// What the host hears of an instruction that stopped.
fn exit(stop: Stop, ins: Ins, state: &mut State) -> Exit {
    match stop {
        Stop::Privileged => Exit::Program(Cause::Privileged),
        Stop::SystemCall => {
            advance(state);
            Exit::SystemCall
        }
        Stop::Trap => Exit::Program(Cause::Trap),
        Stop::Illegal => Exit::Program(Cause::Illegal),
        Stop::FloatingPointUnavailable => Exit::FloatingPoint,
        Stop::FloatingPointException => Exit::Program(Cause::FloatingPoint),
        Stop::Unimplemented => missing(ins, state),
        Stop::Fault(fault) => {
            let (address, store) = (fault.address, fault.access == Access::Store);
            match fault.reason {
                Reason::Unaligned => Exit::Alignment { address, store },
                Reason::Unmapped | Reason::Protected => Exit::Data { address, store },
            }
        }
    }
}

/// An instruction that exists and that this processor does not have.
fn missing(ins: Ins, state: &State) -> Exit {
    let effects = ins.effects();
    let touches = |what: Regs| effects.reads.union(effects.writes).intersects(what);
    if touches(Regs::VECTOR) {
        Exit::Vector
    } else if touches(Regs::FPU) && !state.fp {
        Exit::FloatingPoint
    } else {
        Exit::Program(Cause::Illegal)
    }
}
