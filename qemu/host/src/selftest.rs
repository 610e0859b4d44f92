//! What the host does without a handover: it tests the processor's edge, then says what an exit and a step cost.
//!
//! Each case is a few instructions of guest code and what is to come of them; [`cases`] has them. They are the same on every
//! family and need nothing above [`Hardware`].

use alloc::format;
use alloc::string::String;
use core::num::NonZeroU32;

use board::{Board, Model};
use cpu::State;
use kvm_ppc::hardware::{Entry, Exit, Frame, Hardware, Place, Rights, Space};
use magicpage::Endian;

use crate::arch::{FAMILY, LAYOUT, Options};
use crate::clock::Pace;
use crate::hardware::Machine;
use crate::line;
use crate::real::Memory;

mod cases;
mod code;
mod cost;

/// Where the guest's code is, in guest memory and in its addresses; its data is a page behind.
const CODE: u32 = 0x1000;
const DATA: u32 = 0x2000;
/// Bytes of guest memory.
const MEMORY: u32 = 1 << 20;

/// Loads and stores.
const RW: Rights = Rights::READ.union(Rights::WRITE);

/// Runs all cases. Answers whether all went well.
pub fn run() -> bool {
    let mut good = true;
    for (name, case) in cases::CASES {
        match case() {
            Ok(()) => line!("ok      {name}"),
            Err(why) => {
                line!("FAILED  {name}: {why}");
                good = false;
            }
        }
    }
    cost::measure();
    line!(
        "{}",
        if good {
            "self-test: good"
        } else {
            "self-test: failed"
        }
    );
    good
}

/// A guest without a host: what it runs on, its registers, and how it is entered.
struct Bench {
    machine: Machine,
    state: State,
    entry: Entry,
}

type Outcome = Result<(), String>;

impl Bench {
    /// A guest with this code, and one page of data.
    fn new(pace: Pace, options: Options, code: &[u32]) -> Self {
        let board = Board::new(Model::Plain, MEMORY.into()).unwrap_or_else(|error| panic!("{error}"));
        // SAFETY: the layout's range for guest memory is memory; the machine before this one is gone.
        let memory = unsafe { Memory::new(u32::try_from(LAYOUT.guest.start).unwrap_or(0), MEMORY) };
        let mut machine = Machine::new(FAMILY, options, memory, board, pace);
        for (at, word) in (u64::from(CODE)..).step_by(4).zip(code) {
            let written = machine.write(at, &word.to_be_bytes());
            written.unwrap_or_else(|_| panic!("no memory at {at:#x}"));
        }
        let spaces = [Space(1); 16];
        let mut bench = Self {
            machine,
            state: State::new(FAMILY),
            entry: Entry {
                fetch: spaces,
                data: spaces,
                endian: Endian::Big,
                step: false,
                deadline: None,
            },
        };
        bench.map(CODE, CODE, Rights::all());
        bench.map(DATA, DATA, RW);
        bench.state.pc = CODE.into();
        bench.state.fp = false;
        bench.set(5, DATA);
        bench
    }

    /// On the processor's time.
    fn real(code: &[u32]) -> Self {
        Self::new(Pace::Real(NonZeroU32::MIN), Options::default(), code)
    }

    /// With counted instructions, eight in a tick.
    fn counted(code: &[u32]) -> Self {
        let eight = NonZeroU32::MIN.saturating_add(7);
        Self::new(Pace::Counted(eight), Options::default(), code)
    }

    fn map(&mut self, address: u32, physical: u32, rights: Rights) {
        let frame = Frame::Memory(u64::from(physical >> 12));
        self.machine.map(place(address, 1), frame, rights);
    }

    fn set(&mut self, register: usize, value: u32) {
        self.state.gpr[register] = value.into();
    }

    fn enter(&mut self) -> Exit {
        self.machine.enter(&mut self.state, &self.entry)
    }

    /// Runs, and tells what is wrong where the exit is another, or is elsewhere.
    fn expect(&mut self, exit: Exit, pc: u32) -> Outcome {
        let found = self.enter();
        equal("exit", found, exit)?;
        equal("pc", self.state.pc, pc.into())
    }

    fn word(&self, physical: u32) -> u32 {
        let mut bytes = [0; 4];
        let read = self.machine.read(physical.into(), &mut bytes);
        read.map_or(0, |()| u32::from_be_bytes(bytes))
    }
}

const fn place(address: u32, space: u32) -> Place {
    Place {
        page: (address >> 12) as u64,
        space: Space(space),
    }
}

fn equal<T: PartialEq + core::fmt::Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} is {found:x?}, not {expected:x?}"))
    }
}
