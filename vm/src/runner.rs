//! Runs a guest to its end, and lets others do their part at exact points of it.

use alloc::vec::Vec;

use board::Event;
use kvm_ppc::interrupt::Interrupt;
use serde::{Deserialize, Serialize};

use crate::guest::{Guest, Turn};
use crate::inject::{Injector, Rule};
use crate::platform::Platform;
use crate::watch::{Injected, Watch};

/// Instructions after which a guest that makes no exit is looked at.
const CHUNK: u64 = 1 << 20;
/// A guest that lets an interrupt in is waited for so many instructions to take it, where nothing else is due.
const PATIENCE: u64 = 100_000;
/// So many ticks ahead nothing is due: a decrementer that is not wanted is set to its largest count.
const FAR: u64 = 1 << 30;
/// A guest is stuck when so many instructions one after the other have made exits: no program consists of such alone.
const STUCK: u64 = 1 << 20;

/// How a guest ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum End {
    /// It said so, with a status.
    Exit {
        /// 0 is success.
        code: u32,
    },
    /// It switched the power off.
    PowerOff,
    /// It asked for a reset of the board.
    Reset,
    /// It branches to itself with interrupts off.
    Halted,
    /// It sleeps, and nothing can wake it.
    Asleep,
    /// A machine check found MSR\[ME\] clear.
    CheckStop,
    /// It makes exit after exit and executes nothing.
    Stuck,
    /// An interrupt waits that the guest lets in and has not taken, and nothing is due that makes it exit: it would wait
    /// for as long as one likes to look.
    Lost,
    /// It has run as many instructions as it may.
    Limit,
    /// A debugger ended it.
    Killed,
}

impl End {
    /// Whether the guest ended as it should.
    pub const fn is_good(self) -> bool {
        matches!(
            self,
            Self::Exit { code: 0 } | Self::PowerOff | Self::Reset | Self::Halted | Self::Killed
        )
    }
}

/// Whoever is told what happens.
pub trait Outside<P> {
    /// Why it fails, which ends the run.
    type Error;

    /// The guest has printed bytes.
    ///
    /// # Errors
    ///
    /// When they cannot be shown.
    fn console(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// So many instructions have run.
    fn progress(&mut self, _instructions: u64) {}

    /// Bytes for the guest to read, if there are new ones.
    fn input(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// The guest has come to where it is to be saved.
    ///
    /// # Errors
    ///
    /// When that fails.
    fn snapshot(&mut self, _guest: &Guest<P>) -> Result<(), Self::Error> {
        Ok(())
    }

    /// The most instructions of a turn, for those who look at each.
    fn most(&self) -> u64 {
        u64::MAX
    }

    /// The guest is about to make a turn.
    fn before(&mut self, _guest: &Guest<P>) {}

    /// The guest has made a turn.
    ///
    /// # Errors
    ///
    /// When that cannot be told.
    fn after(&mut self, _guest: &Guest<P>, _turn: Turn) -> Result<(), Self::Error> {
        Ok(())
    }

    /// An interrupt is raised from outside.
    ///
    /// # Errors
    ///
    /// When that cannot be told.
    fn raised(&mut self, _guest: &Guest<P>, _interrupt: Interrupt) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Which interrupts are raised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The kind.
    pub interrupt: Interrupt,
    /// When.
    pub rule: Rule,
    /// Whether none is raised before the guest says that what is to be measured begins.
    pub from_begin: bool,
}

/// A guest that runs.
#[derive(Debug)]
pub struct Runner<P> {
    /// The guest.
    pub guest: Guest<P>,
    /// What is raised when the guest says that what is to be measured begins.
    plan: Option<Plan>,
    /// Raises interrupts.
    injector: Option<(Injector, Watch)>,
    /// Ends the run at this count of instructions.
    limit: Option<u64>,
    /// Saves the guest at this count of instructions.
    snapshot: Option<u64>,
    /// The count of instructions at which the guest was last looked at.
    looked: u64,
    /// Exits since the processor last completed an instruction by itself.
    idle_exits: u64,
    /// The time base to which a sleeping guest was last sent.
    slept_to: Option<u64>,
    exits: u64,
}

impl<P: Platform> Runner<P> {
    /// Will run a guest.
    pub fn new(guest: Guest<P>) -> Self {
        let now = guest.instructions();
        Self {
            guest,
            plan: None,
            injector: None,
            limit: None,
            snapshot: None,
            looked: now,
            idle_exits: 0,
            slept_to: None,
            exits: 0,
        }
    }

    /// Ends the run when so many instructions have run since the guest was started.
    #[must_use]
    pub fn limited(self, limit: Option<u64>) -> Self {
        Self { limit, ..self }
    }

    /// Saves the guest when so many instructions have run. One that is resumed behind that is not saved.
    #[must_use]
    pub fn saved_at(self, snapshot: Option<u64>) -> Self {
        Self { snapshot, ..self }
    }

    /// Raises interrupts.
    #[must_use]
    pub fn injected(mut self, plan: Option<Plan>) -> Self {
        let now = self.guest.instructions();
        if let Some(plan) = plan.as_ref().filter(|plan| !plan.from_begin) {
            self.raise_by(Injector::new(plan.interrupt, plan.rule.clone(), now));
        }
        Self { plan, ..self }
    }

    /// Raises interrupts with an injector that another runner has come to.
    #[must_use]
    pub fn injected_on(mut self, injector: Option<Injector>) -> Self {
        if let Some(injector) = injector {
            self.raise_by(injector);
        }
        self
    }

    fn raise_by(&mut self, injector: Injector) {
        let watch = Watch::new(injector.interrupt);
        self.injector = Some((injector, watch));
    }

    /// Exits that were dealt with.
    pub const fn exits(&self) -> u64 {
        self.exits
    }

    /// What raises interrupts, with those that are still to come.
    pub fn injector(&self) -> Option<&Injector> {
        self.injector.as_ref().map(|(injector, _)| injector)
    }

    /// What became of the injected interrupts, if there were to be any.
    pub fn injections(&self) -> Option<Injected> {
        self.injector.as_ref().map(|(_, watch)| watch.finish(&self.guest))
    }

    /// Whether the guest could be saved from here on: the point was not passed.
    pub fn snapshot_is_missing(&self) -> bool {
        self.snapshot.is_some()
    }

    /// Runs the guest to its end.
    ///
    /// # Errors
    ///
    /// What the outside failed with.
    pub fn run<O: Outside<P>>(&mut self, outside: &mut O) -> Result<End, O::Error> {
        loop {
            if let Some(end) = self.step(outside, u64::MAX)? {
                return Ok(end);
            }
        }
    }

    /// Lets the guest make one turn, of at most so many instructions. Answers how it ended, if it did.
    ///
    /// # Errors
    ///
    /// What the outside failed with.
    pub fn step<O: Outside<P>>(&mut self, outside: &mut O, most: u64) -> Result<Option<End>, O::Error> {
        if let Some(end) = self.due(outside)? {
            return Ok(Some(end));
        }
        outside.before(&self.guest);
        let before = self.guest.instructions();
        let turn = self.guest.turn(self.until(most.min(outside.most())));
        // The instruction that makes an exit counts when the host has dealt with it.
        let by_itself = self.guest.instructions() - before > u64::from(matches!(turn, Turn::Exit(_)));
        outside.after(&self.guest, turn)?;
        if let Some((_, watch)) = &mut self.injector {
            watch.look(&self.guest, turn == Turn::Reached);
        }
        if by_itself {
            self.idle_exits = 0;
        }
        self.devices(outside, turn)
    }

    /// Does what is due and lets the guest take the interrupts that it takes now. Answers how it ended, if it did.
    ///
    /// # Errors
    ///
    /// What the outside failed with.
    pub fn settle<O: Outside<P>>(&mut self, outside: &mut O) -> Result<Option<End>, O::Error> {
        let end = self.due(outside)?;
        if end.is_none() {
            self.guest.settle();
        }
        Ok(end)
    }

    /// Does what is to be done before the next instruction.
    fn due<O: Outside<P>>(&mut self, outside: &mut O) -> Result<Option<End>, O::Error> {
        let now = self.guest.instructions();
        if let Some(at) = self.snapshot.filter(|at| *at <= now) {
            self.snapshot = None;
            if at == now {
                outside.snapshot(&self.guest)?;
            }
        }
        if self.limit.is_some_and(|limit| limit <= now) {
            return Ok(Some(End::Limit));
        }
        while self
            .injector
            .as_ref()
            .is_some_and(|(injector, _)| injector.next().is_some_and(|next| next <= now))
        {
            self.inject(outside)?;
        }
        Ok(None)
    }

    fn inject<O: Outside<P>>(&mut self, outside: &mut O) -> Result<(), O::Error> {
        let Some((injector, watch)) = &mut self.injector else {
            return Ok(());
        };
        watch.raise(&self.guest);
        injector.advance();
        self.guest.interrupt(injector.interrupt);
        outside.raised(&self.guest, injector.interrupt)
    }

    /// The count of instructions up to which the guest may run undisturbed.
    fn until(&self, most: u64) -> u64 {
        let now = self.guest.instructions();
        let watched = self
            .injector
            .as_ref()
            .is_some_and(|(_, watch)| watch.is_waiting());
        let chunk = if watched { 1 } else { CHUNK };
        let next = self.injector.as_ref().and_then(|(injector, _)| injector.next());
        let stops = [self.limit, self.snapshot, next].into_iter().flatten();
        stops.fold(now.saturating_add(chunk.min(most)), u64::min)
    }

    fn devices<O: Outside<P>>(&mut self, outside: &mut O, turn: Turn) -> Result<Option<End>, O::Error> {
        if self.guest.machine.take_touched() {
            let board = self.guest.machine.board_mut();
            let (output, event, begun) = (board.take_output(), board.take_event(), board.take_begun());
            if !output.is_empty() {
                outside.console(&output)?;
            }
            if let Some(event) = event {
                return Ok(Some(match event {
                    Event::Exit(code) => End::Exit { code },
                    Event::PowerOff => End::PowerOff,
                    Event::Reset => End::Reset,
                }));
            }
            if begun {
                self.begin();
            }
        }
        let now = self.guest.instructions();
        if now.saturating_sub(self.looked) >= CHUNK {
            self.looked = now;
            outside.progress(now);
            if let Some(bytes) = outside.input() {
                self.guest.machine.board_mut().push_input(&bytes);
            }
            if self.can_never_go_on() {
                return Ok(Some(End::Halted));
            }
        }
        Ok(match turn {
            Turn::Reached => self.lost(),
            Turn::Exit(_) => self.exited(),
            Turn::Idle(deadline) => self.sleep(deadline, outside)?,
            Turn::CheckStop => Some(End::CheckStop),
        })
    }

    /// What is to be measured begins. What was raised before is not looked after any more.
    fn begin(&mut self) {
        self.guest.begin();
        (self.looked, self.idle_exits, self.slept_to, self.exits) = (0, 0, None, 0);
        if let Some(plan) = &self.plan {
            let injector = Injector::new(plan.interrupt, plan.rule.clone(), 0);
            self.raise_by(injector);
        }
    }

    /// Whether an interrupt is lost: see [`End::Lost`].
    fn lost(&self) -> Option<End> {
        let (injector, watch) = self.injector.as_ref()?;
        let left = self
            .guest
            .vcpu
            .supervisor
            .timer
            .left(self.guest.machine.timebase());
        let nothing_due = injector.next().is_none() && left > FAR;
        (watch.passed(&self.guest) > PATIENCE && nothing_due).then_some(End::Lost)
    }

    /// Whether the guest branches to itself, and no interrupt is to come that it lets in.
    fn can_never_go_on(&self) -> bool {
        let to_come = self
            .injector
            .as_ref()
            .filter(|(injector, _)| injector.next().is_some());
        self.guest.is_halted()
            && !to_come.is_some_and(|(injector, _)| self.guest.would_let_in(injector.interrupt))
    }

    fn exited(&mut self) -> Option<End> {
        self.exits += 1;
        self.slept_to = None;
        self.idle_exits += 1;
        (self.idle_exits > STUCK).then_some(End::Stuck)
    }

    /// Time passes until the decrementer wakes the guest. Where it does not, an injected interrupt may: no instruction
    /// is executed meanwhile, so it comes now.
    fn sleep<O: Outside<P>>(&mut self, deadline: u64, outside: &mut O) -> Result<Option<End>, O::Error> {
        let now = self.guest.machine.timebase();
        if self.slept_to.is_none() && deadline > now {
            self.guest.machine.skip_to(deadline);
            self.slept_to = Some(deadline);
            return Ok(None);
        }
        let to_come = self
            .injector
            .as_ref()
            .is_some_and(|(injector, _)| injector.next().is_some());
        if !to_come {
            return Ok(Some(End::Asleep));
        }
        self.slept_to = None;
        self.inject(outside)?;
        Ok(None)
    }
}
