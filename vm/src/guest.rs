//! A guest under its host, and the smallest step of it.

use kvm_ppc::hardware::{Entry, Exit};
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::{Ready, Vcpu};

use crate::peek;
use crate::platform::Platform;

/// What a [turn](Guest::turn) came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// As many instructions as asked for have run. The host knows nothing of this stop.
    Reached,
    /// The guest made an exit, which was dealt with.
    Exit(Exit),
    /// The guest sleeps; the time base, in ticks, at which its decrementer passes zero.
    Idle(u64),
    /// The guest's processor has stopped for good.
    CheckStop,
}

/// A guest and its host.
#[derive(Clone, Debug)]
pub struct Guest<P> {
    /// The host's view.
    pub vcpu: Vcpu,
    /// The processor, the memory and the board.
    pub machine: P,
    /// How the guest was entered when it was stopped from outside.
    ///
    /// Such a stop is none of the guest's exits. The host must not use it to look for interrupts: it would find
    /// those that a policy misses.
    entry: Option<Entry>,
}

impl<P: Platform> Guest<P> {
    /// A guest that is about to run.
    pub const fn new(vcpu: Vcpu, machine: P) -> Self {
        Self {
            vcpu,
            machine,
            entry: None,
        }
    }

    /// The same guest after a stop from outside, elsewhere: the host does not look at what waits before it goes on.
    #[must_use]
    pub fn reentered(mut self) -> Self {
        self.entry = Some(self.vcpu.entry(&mut self.machine));
        self
    }

    /// Whether the guest was stopped from outside.
    pub const fn is_entered(&self) -> bool {
        self.entry.is_some()
    }

    /// What is measured begins: instructions, time and exits count from 0, and nothing is mapped, so that what came
    /// before makes no difference to what comes.
    pub fn begin(&mut self) {
        let before = self.machine.timebase();
        self.vcpu.flush(&mut self.machine);
        self.vcpu.statistics.restart();
        self.machine.begin();
        self.vcpu.supervisor.timer.moved(before, self.machine.timebase());
        self.changed();
    }

    /// Instructions that have completed, those that the host carries out included.
    pub fn instructions(&self) -> u64 {
        self.machine.instructions()
    }

    /// Lets the guest take the interrupts that it takes now: then it stands where it will go on.
    pub fn settle(&mut self) {
        if self.entry.is_none()
            && let Ready::Enter(entry) = self.vcpu.prepare(&mut self.machine)
        {
            self.entry = Some(entry);
        }
    }

    /// Runs the guest to its next exit, which is dealt with, or until [`instructions`](Self::instructions) has come to
    /// `until`.
    pub fn turn(&mut self, until: u64) -> Turn {
        let entry = match self.entry.take() {
            Some(entry) => entry,
            None => match self.vcpu.prepare(&mut self.machine) {
                Ready::Enter(entry) => entry,
                Ready::Idle(deadline) => return Turn::Idle(deadline),
                Ready::CheckStop => return Turn::CheckStop,
            },
        };
        self.machine.stop_at(Some(until));
        let exit = self.machine.enter(&mut self.vcpu.state, &entry);
        let is_due = entry
            .deadline
            .is_some_and(|deadline| self.machine.timebase() >= deadline);
        if exit == Exit::Host && self.instructions() >= until && !is_due {
            self.entry = Some(entry);
            return Turn::Reached;
        }
        self.vcpu.handle(&mut self.machine, exit);
        Turn::Exit(exit)
    }

    /// Makes an interrupt wait; the guest is taken out of its run for it, as by a signal from another processor.
    ///
    /// Answers whether the guest's processor has such an interrupt.
    pub fn interrupt(&mut self, interrupt: Interrupt) -> bool {
        self.changed();
        self.vcpu.interrupt(interrupt)
    }

    /// Says that something has changed that the host has to look at before the guest goes on.
    pub fn changed(&mut self) {
        self.entry = None;
    }

    /// Whether an interrupt waits that the guest lets in, outside critical sections.
    pub fn lets_in(&self, interrupt: Interrupt) -> bool {
        self.vcpu.queue.waits(interrupt)
            && self.would_let_in(interrupt)
            && !self.vcpu.in_section(&self.machine)
    }

    /// Whether the guest's MSR lets this interrupt in.
    pub fn would_let_in(&self, interrupt: Interrupt) -> bool {
        let row = kvm_ppc::interrupt::row(self.vcpu.supervisor.model.family, interrupt);
        row.is_some_and(|row| row.is_enabled(self.vcpu.msr(&self.machine)))
    }

    /// The instruction word at an effective address, if it can be fetched.
    pub fn word(&self, address: u64) -> Option<u32> {
        peek::word(&self.vcpu, &self.machine, address)
    }

    /// Whether the guest branches to itself with interrupts off and nothing that it lets in waits.
    pub fn is_halted(&self) -> bool {
        const BRANCH_TO_ITSELF: u32 = 0x4800_0000;
        let family = self.vcpu.supervisor.model.family;
        let msr = self.vcpu.msr(&self.machine);
        msr & magicpage::msr::EE == 0
            && self.vcpu.queue.next(family, msr).is_none()
            && self.word(self.vcpu.state.pc) == Some(BRANCH_TO_ITSELF)
    }
}
