//! Runs a guest to its end, and lets others do their part at exact points of it.

use std::io;
use std::time::Instant;

use board::Event;
use kvm_ppc::hardware::Hardware;
use serde::Serialize;

use super::guest::{Guest, Turn};
use super::inject::Injector;
use super::trace::Tracer;
use super::watch::{Injected, Watch};

/// Instructions after which a guest that makes no exit is looked at.
const CHUNK: u64 = 1 << 20;
/// The same when every instruction is traced: what is seen has to be kept so long.
const TRACED_CHUNK: u64 = 1 << 10;
/// A guest is stuck when so many instructions one after the other have made exits: no program consists of such alone.
const STUCK: u64 = 1 << 20;

/// How a guest ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
pub trait Outside {
    /// Why it fails.
    type Error: From<io::Error>;

    /// The guest has printed bytes.
    ///
    /// # Errors
    ///
    /// When they cannot be shown, which ends the run.
    fn console(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// So many instructions have run.
    fn progress(&mut self, instructions: u64);

    /// Bytes for the guest to read, if there are new ones.
    fn input(&mut self) -> Option<Vec<u8>>;

    /// The guest has come to where it is to be saved.
    ///
    /// # Errors
    ///
    /// When that fails, which ends the run.
    fn snapshot(&mut self, guest: &Guest) -> Result<(), Self::Error>;
}

/// A guest that runs.
#[derive(Debug)]
pub struct Runner {
    /// The guest.
    pub guest: Guest,
    /// Raises interrupts.
    injector: Option<(Injector, Watch)>,
    /// Ends the run at this count of instructions.
    limit: Option<u64>,
    /// Saves the guest at this count of instructions.
    snapshot: Option<u64>,
    tracer: Option<Tracer>,
    began: Instant,
    /// The count of instructions at which the guest was last looked at.
    looked: u64,
    /// Exits since the processor last completed an instruction by itself.
    idle_exits: u64,
    /// The time base to which a sleeping guest was last sent.
    slept_to: Option<u64>,
    exits: u64,
}

impl Runner {
    /// Will run a guest.
    pub fn new(guest: Guest) -> Self {
        let now = guest.instructions();
        Self {
            guest,
            injector: None,
            limit: None,
            snapshot: None,
            tracer: None,
            began: Instant::now(),
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
    pub fn injected(self, injector: Option<Injector>) -> Self {
        let watched = injector.map(|injector| {
            let watch = Watch::new(injector.interrupt);
            (injector, watch)
        });
        Self {
            injector: watched,
            ..self
        }
    }

    /// Traces every instruction.
    #[must_use]
    pub fn traced(mut self, tracer: Option<Tracer>) -> Self {
        if let Some(tracer) = &tracer {
            self.guest.machine.observe(Some(tracer.observer()));
        }
        self.tracer = tracer;
        self
    }

    /// Exits that were dealt with.
    pub const fn exits(&self) -> u64 {
        self.exits
    }

    /// Since when the guest runs.
    pub const fn began(&self) -> Instant {
        self.began
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
    pub fn run<O: Outside>(&mut self, outside: &mut O) -> Result<End, O::Error> {
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
    pub fn step<O: Outside>(&mut self, outside: &mut O, most: u64) -> Result<Option<End>, O::Error> {
        if let Some(end) = self.due(outside)? {
            return Ok(Some(end));
        }
        let mut tracer = self.tracer.take();
        if let Some(tracer) = &mut tracer {
            tracer.before(&self.guest);
        }
        let before = self.guest.instructions();
        let turn = self.guest.turn(self.until(most));
        // The instruction that makes an exit counts when the host has dealt with it.
        let by_itself = self.guest.instructions() - before > u64::from(matches!(turn, Turn::Exit(_)));
        if let Some(tracer) = &mut tracer {
            tracer.after(&self.guest, turn)?;
        }
        self.tracer = tracer;
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
    pub fn settle<O: Outside>(&mut self, outside: &mut O) -> Result<Option<End>, O::Error> {
        let end = self.due(outside)?;
        if end.is_none() {
            self.guest.settle();
        }
        Ok(end)
    }

    /// Does what is to be done before the next instruction.
    fn due<O: Outside>(&mut self, outside: &mut O) -> Result<Option<End>, O::Error> {
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
            self.inject()?;
        }
        Ok(None)
    }

    fn inject(&mut self) -> io::Result<()> {
        if let Some((injector, watch)) = &mut self.injector {
            watch.raise(&self.guest);
            injector.advance();
            self.guest.interrupt(injector.interrupt);
            if let Some(tracer) = &mut self.tracer {
                tracer.raised(&self.guest, injector.interrupt)?;
            }
        }
        Ok(())
    }

    /// The count of instructions up to which the guest may run undisturbed.
    fn until(&self, most: u64) -> u64 {
        let now = self.guest.instructions();
        let watched = self
            .injector
            .as_ref()
            .is_some_and(|(_, watch)| watch.is_waiting());
        let chunk = match (watched, &self.tracer) {
            (true, _) => 1,
            (false, Some(_)) => TRACED_CHUNK,
            (false, None) => CHUNK,
        };
        let next = self.injector.as_ref().and_then(|(injector, _)| injector.next());
        let stops = [self.limit, self.snapshot, next].into_iter().flatten();
        stops.fold(now.saturating_add(chunk.min(most)), u64::min)
    }

    fn devices<O: Outside>(&mut self, outside: &mut O, turn: Turn) -> Result<Option<End>, O::Error> {
        let devices = self.guest.machine.devices_mut();
        if devices.touched {
            devices.touched = false;
            let (output, event) = (devices.board.take_output(), devices.board.take_event());
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
        }
        let now = self.guest.instructions();
        if now.saturating_sub(self.looked) >= CHUNK {
            self.looked = now;
            outside.progress(now);
            if let Some(bytes) = outside.input() {
                self.guest.machine.devices_mut().board.push_input(&bytes);
            }
            if self.can_never_go_on() {
                return Ok(Some(End::Halted));
            }
        }
        Ok(match turn {
            Turn::Reached => None,
            Turn::Exit(_) => self.exited(),
            Turn::Idle(deadline) => self.sleep(deadline)?,
            Turn::CheckStop => Some(End::CheckStop),
        })
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
    fn sleep(&mut self, deadline: u64) -> io::Result<Option<End>> {
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
        self.inject()?;
        Ok(None)
    }
}
