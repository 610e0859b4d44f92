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
    /// An interrupt waits that the guest lets in and has not taken, and nothing is due that makes it exit: it would
    /// wait for as long as one likes to look.
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

    /// So many instructions have run in all. Told about every million instructions.
    fn progress(&mut self, _instructions: u64) {}

    /// Bytes for the guest to read, if there are new ones. Asked as often as [`progress`](Self::progress) is told.
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
    /// The kinds, each by the rule for itself.
    pub interrupts: Vec<Interrupt>,
    /// When.
    pub rule: Rule,
    /// Whether none is raised before the guest says that what is to be measured begins.
    pub from_begin: bool,
}

impl Plan {
    /// What raises them in a guest that has run `instructions`.
    fn injectors(&self, instructions: u64) -> impl Iterator<Item = Injector> + '_ {
        let kinds = (0..).zip(&self.interrupts);
        kinds.map(move |(number, kind)| Injector::new(*kind, self.rule.of_kind(number), instructions))
    }
}

/// Raises interrupts of one kind, and watches them.
#[derive(Debug)]
struct Injection {
    injector: Injector,
    watch: Watch,
}

impl Injection {
    fn new(injector: Injector) -> Self {
        let watch = Watch::new(injector.interrupt);
        Self { injector, watch }
    }
}

/// What had happened when the guest said that what is to be measured has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Instructions that had completed.
    pub instructions: u64,
    /// The time base.
    pub timebase: u64,
    /// Interrupts that had been taken, where there were any of the kind.
    pub taken: Vec<(Interrupt, u64)>,
}

/// A guest that runs.
#[derive(Debug)]
pub struct Runner<P> {
    /// The guest.
    pub guest: Guest<P>,
    /// What is raised when the guest says that what is to be measured begins.
    plan: Option<Plan>,
    /// Raise interrupts, one for each kind.
    injections: Vec<Injection>,
    measured: Option<Measured>,
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
            injections: Vec::new(),
            measured: None,
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
            self.injections = plan.injectors(now).map(Injection::new).collect();
        }
        Self { plan, ..self }
    }

    /// Raises interrupts with injectors that another runner has come to.
    #[must_use]
    pub fn injected_on(self, injectors: impl IntoIterator<Item = Injector>) -> Self {
        let injections = injectors.into_iter().map(Injection::new).collect();
        Self { injections, ..self }
    }

    /// Exits that were dealt with.
    pub const fn exits(&self) -> u64 {
        self.exits
    }

    /// What raises interrupts, with those that are still to come.
    pub fn injectors(&self) -> impl Iterator<Item = &Injector> {
        self.injections.iter().map(|injection| &injection.injector)
    }

    /// What became of the injected interrupts, by kind.
    pub fn injected_kinds(&self) -> impl Iterator<Item = (Interrupt, Injected)> + '_ {
        let injections = self.injections.iter();
        injections.map(|Injection { injector, watch }| (injector.interrupt, watch.finish(&self.guest)))
    }

    /// What became of the injected interrupts of all kinds, if there were to be any.
    pub fn injections(&self) -> Option<Injected> {
        self.injected_kinds()
            .map(|(_, injected)| injected)
            .reduce(Injected::and)
    }

    /// What had happened when the guest said that what is to be measured has ended, if it has said so.
    pub const fn measured(&self) -> Option<&Measured> {
        self.measured.as_ref()
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
        for Injection { watch, .. } in &mut self.injections {
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
        for at in 0..self.injections.len() {
            while self.injections[at]
                .injector
                .next()
                .is_some_and(|next| next <= now)
            {
                self.inject(at, outside)?;
            }
        }
        Ok(None)
    }

    fn inject<O: Outside<P>>(&mut self, at: usize, outside: &mut O) -> Result<(), O::Error> {
        let Injection { injector, watch } = &mut self.injections[at];
        watch.raise(&self.guest);
        injector.advance();
        let interrupt = injector.interrupt;
        self.guest.interrupt(interrupt);
        outside.raised(&self.guest, interrupt)
    }

    /// The injection that is due next, and when.
    fn next_injection(&self) -> Option<(usize, u64)> {
        let next = self.injections.iter().map(|injection| injection.injector.next());
        let due = next.enumerate().filter_map(|(at, next)| Some((at, next?)));
        due.min_by_key(|(_, next)| *next)
    }

    /// The count of instructions up to which the guest may run undisturbed.
    fn until(&self, most: u64) -> u64 {
        let now = self.guest.instructions();
        let watched = self
            .injections
            .iter()
            .any(|injection| injection.watch.is_waiting());
        let chunk = if watched { 1 } else { CHUNK };
        let next = self.next_injection().map(|(_, next)| next);
        let stops = [self.limit, self.snapshot, next].into_iter().flatten();
        stops.fold(now.saturating_add(chunk.min(most)), u64::min)
    }

    fn devices<O: Outside<P>>(&mut self, outside: &mut O, turn: Turn) -> Result<Option<End>, O::Error> {
        if self.guest.machine.take_touched() {
            let board = self.guest.machine.board_mut();
            let (output, event) = (board.take_output(), board.take_event());
            let (begun, ended) = (board.take_begun(), board.take_ended());
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
            if ended {
                self.end();
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
            self.injections = plan.injectors(0).map(Injection::new).collect();
        }
    }

    /// What is to be measured has ended: no more interrupts are raised from outside.
    fn end(&mut self) {
        let statistics = &self.guest.vcpu.statistics;
        let taken = Interrupt::WAITING.map(|interrupt| (interrupt, statistics.taken(interrupt)));
        self.measured = Some(Measured {
            instructions: self.guest.instructions(),
            timebase: self.guest.machine.timebase(),
            taken: taken.into_iter().filter(|(_, count)| *count > 0).collect(),
        });
        for injection in &mut self.injections {
            injection.injector.stop();
        }
    }

    /// Whether an interrupt is lost: see [`End::Lost`].
    fn lost(&self) -> Option<End> {
        let left = self
            .guest
            .vcpu
            .supervisor
            .timer
            .left(self.guest.machine.timebase());
        let mut watches = self.injections.iter().map(|injection| &injection.watch);
        let nothing_due = || self.next_injection().is_none() && left > FAR;
        (watches.any(|watch| watch.passed(&self.guest) > PATIENCE) && nothing_due()).then_some(End::Lost)
    }

    /// Whether the guest branches to itself, and no interrupt is to come that it lets in.
    fn can_never_go_on(&self) -> bool {
        let mut to_come = self.injectors().filter(|injector| injector.next().is_some());
        self.guest.is_halted() && !to_come.any(|injector| self.guest.would_let_in(injector.interrupt))
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
        let Some((at, _)) = self.next_injection() else {
            return Ok(Some(End::Asleep));
        };
        self.slept_to = None;
        self.inject(at, outside)?;
        Ok(None)
    }
}
