//! What a host says about a run: one JSON document a line, so that a program can read it from a serial line with other
//! things on it.

use alloc::string::String;
use alloc::vec::Vec;

use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::statistics::Reason;
use kvm_ppc::vcpu::Taken;
use magicpage::PAGE_SIZE;
use serde::{Deserialize, Serialize};

use crate::guest::{Guest, Turn};
use crate::platform::Platform;
use crate::runner::{End, Outside, Runner};
use crate::sweep::{Found, Undisturbed};
use crate::watch::Injected;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The guest has printed this.
    Console(String),
    /// The guest has taken an interrupt.
    Taken {
        /// Which.
        interrupt: Interrupt,
        /// Effective address at which it was.
        address: u64,
        /// The time base, in ticks.
        time: u64,
    },
    /// The guest has ended.
    Ended(Ended),
    /// A case of a sweep begins; this is its end when nothing interrupts it.
    Undisturbed(Undisturbed),
    /// So many interrupts of a sweep had this end.
    Found {
        /// Which.
        found: Found,
        /// How many.
        times: u32,
    },
    /// A sweep has ended.
    Swept {
        /// How many interrupts were raised.
        injections: u64,
    },
    /// The host has failed.
    Failed(String),
}

/// A guest that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub end: End,
    /// Effective address at which it stands.
    pub address: u64,
    /// Instructions that have completed; ticks of the time base where instructions are not counted.
    pub instructions: u64,
    /// The time base, in ticks.
    pub timebase: u64,
    /// Exits, where there were any for the reason.
    pub exits: Vec<(Reason, u64)>,
    /// Interrupts taken, where there were any of the kind.
    pub taken: Vec<(Interrupt, u64)>,
    /// What became of the interrupts that were raised from outside.
    pub injected: Option<Injected>,
    /// Changes of a shared page's protection.
    pub protections: u64,
    /// A sum (FNV-1a) over the general and floating-point registers, the program counter, LR, CTR, CR, XER and memory.
    pub sum: u64,
}

impl Ended {
    /// What there is to say of a runner whose guest has ended.
    pub fn of<P: Platform>(runner: &Runner<P>, end: End) -> Self {
        let guest = &runner.guest;
        let statistics = &guest.vcpu.statistics;
        let exits = Reason::ALL.iter().map(|reason| (*reason, statistics.of(*reason)));
        let taken = Interrupt::WAITING.map(|interrupt| (interrupt, statistics.taken(interrupt)));
        Self {
            end,
            address: guest.vcpu.state.pc,
            instructions: guest.instructions(),
            timebase: guest.machine.timebase(),
            exits: exits.filter(|(_, count)| *count > 0).collect(),
            taken: taken.into_iter().filter(|(_, count)| *count > 0).collect(),
            injected: runner.injections(),
            protections: guest.vcpu.deferral.protections(),
            sum: sum(guest),
        }
    }

    /// Whether the guest ended as it should and no interrupt that was raised from outside was missed or late.
    pub fn is_good(&self) -> bool {
        let sound = |injected: Injected| injected.missed == 0 && injected.late == 0;
        self.end.is_good() && self.injected.is_none_or(sound)
    }
}

/// A sum in which every bit counts (FNV-1a over words).
fn sum<P: Platform>(guest: &Guest<P>) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    let add = |sum: u64, value: u64| (sum ^ value).wrapping_mul(0x0000_0100_0000_01b3);
    let state = &guest.vcpu.state;
    let single = [state.pc, state.lr, state.ctr, state.cr.into(), state.xer.into()];
    let registers = state.gpr.into_iter().chain(state.fpr).chain(single);
    let mut sum = registers.fold(BASIS, add);
    let mut bytes = [0; PAGE_SIZE];
    let mut page = 0;
    while guest.machine.read(page, &mut bytes).is_ok() {
        let (words, _) = bytes.as_chunks();
        for (at, word) in (page..).step_by(4).zip(words) {
            let word = u32::from_be_bytes(*word);
            if word != 0 {
                sum = add(sum, at << 32 | u64::from(word));
            }
        }
        page += PAGE_SIZE as u64;
    }
    sum
}

/// The outside of a guest that is recorded.
#[derive(Debug)]
pub struct Recorder<W> {
    write: W,
    taken: Option<Taken>,
}

impl<W: FnMut(Record)> Recorder<W> {
    /// Writes records with a function.
    pub const fn new(write: W) -> Self {
        Self { write, taken: None }
    }

    /// Runs a guest to its end.
    pub fn run<P: Platform>(mut self, runner: &mut Runner<P>) {
        match runner.run(&mut self) {
            Ok(end) => (self.write)(Record::Ended(Ended::of(runner, end))),
            Err(never) => match never {},
        }
    }
}

impl<P: Platform, W: FnMut(Record)> Outside<P> for Recorder<W> {
    type Error = core::convert::Infallible;

    fn console(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        (self.write)(Record::Console(String::from_utf8_lossy(bytes).into_owned()));
        Ok(())
    }

    fn before(&mut self, guest: &Guest<P>) {
        self.taken = guest.vcpu.taken;
    }

    fn after(&mut self, guest: &Guest<P>, _turn: Turn) -> Result<(), Self::Error> {
        if let Some(taken) = guest.vcpu.taken.filter(|taken| self.taken != Some(*taken)) {
            (self.write)(Record::Taken {
                interrupt: taken.interrupt,
                address: taken.address,
                time: taken.time,
            });
        }
        Ok(())
    }
}
