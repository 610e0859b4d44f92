//! What becomes of injected interrupts: taken in time, late, or missed.
//!
//! While one waits, the guest is looked at after every instruction, without the host's noticing. An interrupt is late
//! by the instructions that have run since the guest first could have taken it.

use kvm_ppc::interrupt::Interrupt;
use serde::{Deserialize, Serialize};

use crate::guest::Guest;
use crate::platform::Platform;

/// A trampoline that lets interrupts in looks at `int_pending` and traps within so many instructions.
///
/// The store that lets them in and the instruction that traps are counted: an interrupt that is taken there is in time.
/// The longest of the rewriter's keeps two registers in others and gets them back first.
pub const LOOK: u64 = 9;

/// Sums over the injected interrupts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// How many were raised.
    pub raised: u64,
    /// Of those, how many found one waiting already: the guest sees one for both.
    pub merged: u64,
    /// How many the guest has taken.
    pub taken: u64,
    /// How many wait, because the guest has not let them in so far.
    pub waiting: u64,
    /// How many wait although the guest has let them in.
    pub missed: u64,
    /// How many were taken more than [`LOOK`] instructions after the guest could have.
    pub late: u64,
    /// The most instructions from when the guest could have taken one to when it did.
    pub late_max: u64,
    /// The most instructions from when one was raised to when the guest took it, masked or not.
    pub latency_max: u64,
}

impl Injected {
    /// The sums over these and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            raised: self.raised + other.raised,
            merged: self.merged + other.merged,
            taken: self.taken + other.taken,
            waiting: self.waiting + other.waiting,
            missed: self.missed + other.missed,
            late: self.late + other.late,
            late_max: self.late_max.max(other.late_max),
            latency_max: self.latency_max.max(other.latency_max),
        }
    }
}

/// Watches an interrupt from when it is raised.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    interrupt: Interrupt,
    /// Counts of instructions.
    waiting: Option<Waiting>,
    /// The sums so far.
    pub sums: Injected,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    raised: u64,
    allowed: Option<u64>,
    taken_before: u64,
    /// How many were taken of those that go before it.
    ahead: u64,
}

impl Watch {
    /// Watches interrupts of one kind.
    pub fn new(interrupt: Interrupt) -> Self {
        Self {
            interrupt,
            waiting: None,
            sums: Injected::default(),
        }
    }

    /// Whether one waits, so that the guest must be looked at after every instruction.
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// One is about to be raised.
    pub fn raise<P: Platform>(&mut self, guest: &Guest<P>) {
        self.sums.raised += 1;
        if guest.vcpu.queue.waits(self.interrupt) {
            self.sums.merged += 1;
            return;
        }
        let taken_before = guest.vcpu.statistics.taken(self.interrupt);
        self.waiting = Some(Waiting {
            raised: guest.instructions(),
            allowed: None,
            taken_before,
            ahead: ahead(self.interrupt, guest),
        });
    }

    /// Instructions that have run since the guest let in the one that waits.
    pub fn passed<P: Platform>(&self, guest: &Guest<P>) -> u64 {
        let allowed = self.waiting.and_then(|waiting| waiting.allowed);
        allowed.map_or(0, |allowed| guest.instructions() - allowed)
    }

    /// The guest has made a turn. `reached`: nobody but us has stopped it.
    pub fn look<P: Platform>(&mut self, guest: &Guest<P>, reached: bool) {
        let Some(waiting) = &mut self.waiting else { return };
        let now = guest.instructions();
        let ahead = ahead(self.interrupt, guest);
        if waiting.ahead != ahead {
            waiting.ahead = ahead;
            // One that goes before it was taken in its place. Where it was late by then, it stays late.
            waiting.allowed = waiting.allowed.filter(|allowed| now - allowed > LOOK);
        }
        if guest.vcpu.statistics.taken(self.interrupt) != waiting.taken_before {
            let late = waiting.allowed.map_or(0, |allowed| now - allowed);
            self.sums.taken += 1;
            self.sums.late_max = self.sums.late_max.max(late);
            self.sums.late += u64::from(late > LOOK);
            self.sums.latency_max = self.sums.latency_max.max(now - waiting.raised);
            self.waiting = None;
        } else if reached && waiting.allowed.is_none() && guest.lets_in(self.interrupt) {
            waiting.allowed = Some(now);
        }
    }

    /// The sums when the guest has ended.
    pub fn finish<P: Platform>(&self, guest: &Guest<P>) -> Injected {
        let mut sums = self.sums;
        if let Some(waiting) = self.waiting {
            let now = guest.instructions();
            let missed = waiting.allowed.is_some_and(|allowed| now - allowed > LOOK);
            if missed {
                sums.missed += 1
            } else {
                sums.waiting += 1
            }
        }
        sums
    }
}

/// How many interrupts the guest has taken that go before this one when both wait.
fn ahead<P: Platform>(interrupt: Interrupt, guest: &Guest<P>) -> u64 {
    let before = Interrupt::WAITING.iter().take_while(|kind| **kind != interrupt);
    before.map(|kind| guest.vcpu.statistics.taken(*kind)).sum()
}
