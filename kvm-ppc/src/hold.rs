//! Before each entry: interrupts are taken, or the guest is held until they can be.
//!
//! [`Vcpu::prepare`] is the one place where interrupts reach the guest. Whatever happened since the last entry, it
//! looks at what waits and at the guest as it is now; nothing is remembered but the hold that a waiting interrupt
//! has on the guest. That is why none can be missed here: while one waits that the guest's MSR lets in, the guest
//! either takes it now or runs under a hold.

use magicpage::{Family, layout, msr};

use crate::deferral::Hold;
use crate::hardware::{Entry, Exit, Hardware, Shared};
use crate::interpret::Interpreted;
use crate::interrupt::{Interrupt, Row};
use crate::page::low32;
use crate::spr::number;
use crate::vcpu::{Idle, Vcpu};

/// A section may keep a machine check or a reset waiting for this many exits under a hold.
const MOST_EXITS: u32 = 256;
/// And for this many ticks of the time base: on a slow host hundreds of exits take as long.
const MOST_TICKS: u64 = 1 << 17;

/// TSR\[DIS\]: the decrementer has expired.
const EXPIRED: u64 = 0x0800_0000;

/// What is to be done with the guest now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Enter it.
    Enter(Entry),
    /// It sleeps; the time base, in ticks, at which its decrementer passes zero, `u64::MAX` where it will not.
    Idle(u64),
    /// It has stopped for good: a machine check found MSR\[ME\] clear.
    CheckStop,
}

/// Why [`Vcpu::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The hardware gave control back to the host: a deadline has passed, or it was told to stop.
    Host,
    /// The guest sleeps; the time base as in [`Ready::Idle`].
    Idle(u64),
    /// The guest's processor has stopped for good.
    CheckStop,
}

/// What to do about the interrupt that comes first.
enum Next {
    Take,
    Hold,
    LookAgain,
}

impl Vcpu {
    /// Makes an interrupt wait.
    ///
    /// Answers whether the guest's processor has such an interrupt.
    pub fn interrupt(&mut self, interrupt: Interrupt) -> bool {
        let known = Interrupt::WAITING.contains(&interrupt)
            && crate::interrupt::row(self.supervisor.model.family, interrupt).is_some();
        if known {
            self.queue.raise(interrupt);
        }
        known
    }

    /// Runs the guest until there is something for others to do.
    pub fn run(&mut self, hardware: &mut dyn Hardware) -> Stopped {
        loop {
            let entry = match self.prepare(hardware) {
                Ready::Enter(entry) => entry,
                Ready::Idle(until) => return Stopped::Idle(until),
                Ready::CheckStop => return Stopped::CheckStop,
            };
            let exit = hardware.enter(&mut self.state, &entry);
            self.handle(hardware, exit);
            if exit == Exit::Host {
                return Stopped::Host;
            }
        }
    }

    /// Takes the interrupts that can be taken and says how to go on.
    pub fn prepare(&mut self, hardware: &mut dyn Hardware) -> Ready {
        if self.stopped {
            return Ready::CheckStop;
        }
        self.update_levels(hardware);
        let family = self.supervisor.model.family;
        loop {
            let msr = self.msr(hardware);
            let Some(row) = self.queue.next(family, msr) else {
                self.release(hardware);
                break;
            };
            match self.decide(hardware, row, msr) {
                Next::Take => {
                    self.release(hardware);
                    if self.deliver(hardware, row).is_err() {
                        self.stopped = true;
                        return Ready::CheckStop;
                    }
                }
                Next::Hold => break,
                Next::LookAgain => {}
            }
        }
        let waits = u64::from(self.queue.any());
        self.supervisor.set_field(hardware, layout::INT_PENDING, waits);
        self.wake();
        match self.idle {
            Some(_) => Ready::Idle(self.supervisor.timer.deadline()),
            None => Ready::Enter(self.entry(hardware)),
        }
    }

    /// Whether the guest is inside a critical section.
    pub fn in_section(&self, hardware: &dyn Hardware) -> bool {
        self.page().is_some() && {
            let msr = self.msr(hardware);
            let layout = self.supervisor.layout();
            layout.is_critical(hardware, self.section(), &self.state, msr)
        }
    }

    fn section(&self) -> Shared {
        match self.page() {
            Some(page) if page.second => self.deferral.policy.section(),
            _ => Shared::Magic,
        }
    }

    fn update_levels(&mut self, hardware: &mut dyn Hardware) {
        self.queue
            .set_level(Interrupt::External, hardware.external_line());
        let now = hardware.timebase();
        self.expire(now);
        match self.supervisor.model.family {
            Family::Book3s32 => {}
            Family::Book3s64 => {
                let negative = self.supervisor.timer.count(now).cast_signed() < 0;
                self.queue.set_level(Interrupt::Decrementer, negative);
            }
            Family::E500 => {
                let asks = self.timer_asks();
                self.queue.set_level(Interrupt::Decrementer, asks);
            }
        }
    }

    /// What a passage of the decrementer that has come by now does, if one has.
    pub(crate) fn expire(&mut self, now: u64) {
        let Some(since) = self.supervisor.timer.expired(now) else {
            return;
        };
        match self.supervisor.model.family {
            Family::Book3s32 => self.queue.raise(Interrupt::Decrementer),
            Family::Book3s64 => {}
            Family::E500 => self.set_timer_status(now, since),
        }
    }

    /// Sets TSR\[DIS\], `since` ticks after the passage, and lets the decrementer start again from DECAR where
    /// TCR\[ARE\] says so (e500 Core Family Reference Manual 2.6).
    fn set_timer_status(&mut self, now: u64, since: u64) {
        const ARE: u64 = 0x0040_0000;
        let registers = &mut self.supervisor.registers;
        registers.set(number::TSR, registers.get(number::TSR) | EXPIRED);
        let again = registers.get(number::DECAR);
        if registers.get(number::TCR) & ARE != 0 && again != 0 {
            let left = again - since % again;
            self.supervisor.timer.set(now, low32(left));
        }
    }

    /// TSR\[DIS\] and TCR\[DIE\].
    fn timer_asks(&self) -> bool {
        const DIE: u64 = 0x0400_0000;
        let registers = &self.supervisor.registers;
        registers.get(number::TSR) & EXPIRED != 0 && registers.get(number::TCR) & DIE != 0
    }

    fn decide(&mut self, hardware: &mut dyn Hardware, row: &Row, msr: u64) -> Next {
        let may_wait = row.is_maskable() || self.deferral.policy.defers_all();
        if !may_wait || !self.in_section(hardware) {
            return Next::Take;
        }
        debug_assert_eq!(msr & msr::PR, 0, "user mode is never in a section");
        let now = hardware.timebase();
        // One that the guest never looks for is not left to a guest that was trusted to look.
        let held = self.deferral.hold;
        let Some(hold) = held.filter(|hold| *hold != Hold::None || row.is_maskable()) else {
            self.deferral.since = now;
            self.deferral.exits = 0;
            let hold = self.deferral.policy.engage();
            return self.hold(hardware, hold);
        };
        let overdue =
            self.deferral.exits >= MOST_EXITS || now.wrapping_sub(self.deferral.since) >= MOST_TICKS;
        if overdue && !row.is_maskable() {
            return Next::Take;
        }
        self.hold(hardware, hold)
    }

    fn hold(&mut self, hardware: &mut dyn Hardware, hold: Hold) -> Next {
        match hold {
            Hold::Forward(limit) => {
                let over = self.forward(hardware, limit);
                match self.deferral.policy.proceed() {
                    Hold::Protect(page) if !over => self.hold_page(hardware, page),
                    next => self.deferral.hold = Some(if over { hold } else { next }),
                }
                return Next::LookAgain;
            }
            Hold::Protect(page) => self.hold_page(hardware, page),
            Hold::None | Hold::Step => self.deferral.hold = Some(hold),
        }
        Next::Hold
    }

    fn hold_page(&mut self, hardware: &mut dyn Hardware, page: Shared) {
        let hold = Hold::Protect(self.held_page(page));
        if self.deferral.hold != Some(hold) {
            self.release(hardware);
            self.protect(hardware, hold, false);
            self.deferral.hold = Some(hold);
        }
    }

    /// A guest that does not map the second page is held by the first.
    fn held_page(&self, page: Shared) -> Shared {
        match self.page() {
            Some(mapped) if mapped.second => page,
            _ => Shared::Magic,
        }
    }

    pub(crate) fn release(&mut self, hardware: &mut dyn Hardware) {
        if let Some(hold) = self.deferral.hold.take() {
            self.protect(hardware, hold, true);
        }
    }

    fn protect(&mut self, hardware: &mut dyn Hardware, hold: Hold, writable: bool) {
        if let Hold::Protect(page) = hold {
            self.shadow.protect(hardware, page, writable);
            self.deferral.protections += 1;
        }
    }

    /// Carries out the rest of the section. Answers whether it is over.
    fn forward(&mut self, hardware: &mut dyn Hardware, limit: u32) -> bool {
        for _ in 0..limit {
            let Ok(ins) = self.fetch(hardware) else {
                return false;
            };
            if self.interpret(hardware, ins, false) != Interpreted::Done {
                return false;
            }
            hardware.carried_out();
            if !self.in_section(hardware) {
                return true;
            }
        }
        false
    }

    /// After a store to a page that is held was carried out. A hold for a machine check or a reset lasts as long as the
    /// section: no guest looks for those.
    pub(crate) fn stored(&mut self, hardware: &mut dyn Hardware) {
        let msr = self.msr(hardware);
        let next = self.queue.next(self.supervisor.model.family, msr);
        if let Some(Hold::Protect(_)) = self.deferral.hold
            && next.is_some_and(Row::is_maskable)
            && self.in_section(hardware)
        {
            let next = self.deferral.policy.proceed();
            if !matches!(next, Hold::Protect(_)) {
                self.release(hardware);
                self.deferral.hold = Some(next);
            }
        }
    }

    fn wake(&mut self) {
        if self.idle == Some(Idle::Hypercall) && self.queue.any() {
            self.idle = None;
        }
    }

    /// How to enter the guest as it is, with no look at what waits: for a guest that goes on after a stop that was none of
    /// its exits. Everybody else asks [`prepare`](Self::prepare).
    pub fn entry(&mut self, hardware: &mut dyn Hardware) -> Entry {
        let msr = self.msr(hardware);
        let spaces = self.shadow.spaces(&self.supervisor, hardware, msr);
        let held = self.deferral.hold;
        let now = hardware.timebase();
        let mut left = self.supervisor.timer.left(now);
        let urgent = |row: &Row| !row.is_maskable();
        if held.is_some()
            && self
                .queue
                .next(self.supervisor.model.family, msr)
                .is_some_and(urgent)
        {
            left = left.min(MOST_TICKS.saturating_sub(now.wrapping_sub(self.deferral.since)));
        }
        Entry {
            fetch: spaces.fetch,
            data: spaces.data,
            endian: self.supervisor.endian,
            // Hardware compares numbers, so that the end of time is a deadline, and it is stepped over.
            step: held == Some(Hold::Step) || self.steps_itself(msr) || now == u64::MAX,
            deadline: (now != u64::MAX).then(|| now.saturating_add(left)),
        }
    }

    /// Whether the guest's MSR asks for trace interrupts, which Book3S has.
    pub(crate) const fn steps_itself(&self, msr: u64) -> bool {
        !matches!(self.supervisor.model.family, Family::E500) && msr & (msr::SE | msr::BE) != 0
    }
}
