//! Every instruction, and what the host decided between them.
//!
//! ```text
//!          3 00000108 <_start+0x8>                         mtmsr   r3
//!          4          -- exit: privileged, on at 0000010c
//! ```
//!
//! The number is the count of instructions that have completed before. An instruction that the host lets the guest try again,
//! because a mapping was missing, is shown once.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use cpu::{State, decode};
use kvm_ppc::deferral::Hold;
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::statistics::Reason;
use kvm_ppc::vcpu::Taken;
use machine::Observe;

use super::image::Image;
use super::{Guest, Turn};

/// Columns of a symbol, with its brackets.
const NAME: usize = 36;

/// Instructions that the processor has tried: address and word.
type Seen = Arc<Mutex<Vec<(u64, u32)>>>;

/// What is compared before and after a turn.
#[derive(Clone, Debug, Default)]
struct Before {
    instructions: u64,
    counts: Vec<u64>,
    taken: Option<Taken>,
    hold: Option<Hold>,
}

/// Writes a trace.
pub struct Tracer {
    out: Box<dyn Write + Send>,
    names: Image,
    seen: Seen,
    before: Before,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer")
            .field("before", &self.before)
            .finish_non_exhaustive()
    }
}

fn counts(guest: &Guest) -> Vec<u64> {
    Reason::ALL
        .iter()
        .map(|reason| guest.vcpu.statistics.of(*reason))
        .collect()
}

impl Tracer {
    /// Traces to `out`, with the image's names.
    pub fn new(out: Box<dyn Write + Send>, image: &Image) -> Self {
        Self {
            out,
            names: image.names(),
            seen: Seen::default(),
            before: Before::default(),
        }
    }

    /// What the machine is to show its instructions to.
    pub fn observer(&self) -> Box<Observe> {
        let seen = Arc::clone(&self.seen);
        Box::new(move |address: u64, word: u32, _: &State| {
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((address, word));
        })
    }

    /// The guest is about to make a turn.
    pub fn before(&mut self, guest: &Guest) {
        self.before = Before {
            instructions: guest.instructions(),
            counts: counts(guest),
            taken: guest.vcpu.taken,
            hold: guest.vcpu.deferral.hold(),
        };
    }

    /// An interrupt was raised from outside.
    ///
    /// # Errors
    ///
    /// When the trace cannot be written; so of [`Tracer::after`].
    pub fn raised(&mut self, guest: &Guest, interrupt: Interrupt) -> io::Result<()> {
        let count = guest.instructions();
        writeln!(self.out, "{count:10}          -- raised: {}", interrupt.name())
    }

    /// The guest has made a turn.
    ///
    /// # Errors
    ///
    /// See [`Tracer::raised`].
    pub fn after(&mut self, guest: &Guest, turn: Turn) -> io::Result<()> {
        self.taken(guest)?;
        self.held(guest)?;
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let reason = self.reason(guest);
        if reason == Some(Reason::Shadow)
            && seen
                .last()
                .is_some_and(|(address, _)| *address == guest.vcpu.state.pc)
        {
            seen.pop();
        }
        let family = guest.vcpu.supervisor.model.family;
        for (count, (address, word)) in (self.before.instructions..).zip(seen) {
            let name = self
                .names
                .name(address)
                .map_or_else(String::new, |name| format!("<{name}>"));
            let text = decode(word, family).text(Some(address)).to_string();
            writeln!(self.out, "{count:10} {address:08x} {name:<NAME$} {text}")?;
        }
        let count = guest.instructions();
        match (turn, reason) {
            (Turn::Idle(until), _) => {
                writeln!(self.out, "{count:10}          -- asleep until time base {until}")
            }
            (Turn::CheckStop, _) => writeln!(self.out, "{count:10}          -- check stop"),
            (_, Some(reason)) => {
                let to = guest.vcpu.state.pc;
                writeln!(
                    self.out,
                    "{count:10}          -- exit: {}, on at {to:08x}",
                    reason.name()
                )
            }
            _ => Ok(()),
        }
    }

    /// The interrupt that was taken before the guest was entered.
    fn taken(&mut self, guest: &Guest) -> io::Result<()> {
        let Some(taken) = guest.vcpu.taken.filter(|taken| Some(*taken) != self.before.taken) else {
            return Ok(());
        };
        let (count, name, address) = (self.before.instructions, taken.interrupt.name(), taken.address);
        writeln!(self.out, "{count:10}          -- taken: {name}, at {address:08x}")
    }

    fn held(&mut self, guest: &Guest) -> io::Result<()> {
        let now = guest.vcpu.deferral.hold();
        if now == self.before.hold {
            return Ok(());
        }
        let count = self.before.instructions;
        writeln!(self.out, "{count:10}          -- {}", Hold::decision(now))
    }

    /// Why the guest exited.
    fn reason(&self, guest: &Guest) -> Option<Reason> {
        let now = counts(guest);
        let mut changed = Reason::ALL.iter().zip(now.iter().zip(&self.before.counts));
        changed
            .find(|(_, (now, before))| now != before)
            .map(|(reason, _)| *reason)
    }
}
