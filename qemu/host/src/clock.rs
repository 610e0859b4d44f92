//! Instructions and time.

use core::num::NonZeroU32;

use crate::arch;

/// How time passes for the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// By the instructions that complete: one tick of the time base every so many. The guest is stepped, and every run is the
    /// same as the in-process machine's, instruction for instruction.
    Counted(NonZeroU32),
    /// By the processor's own time base. Instructions are not counted; a tick passes for so many.
    Real(NonZeroU32),
}

/// The count of instructions, and the time base.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    pace: Pace,
    /// [`Pace::Counted`]: instructions that have completed. [`Pace::Real`]: when the time base was `ticks`.
    instructions: u64,
    /// The time base when `since` instructions had completed; [`Pace::Real`]: when the count was `instructions`.
    ticks: u64,
    since: u64,
}

impl Clock {
    /// A clock at zero.
    pub fn new(pace: Pace) -> Self {
        let mut clock = Self {
            pace,
            instructions: 0,
            ticks: 0,
            since: 0,
        };
        clock.set(0);
        clock
    }

    /// How time passes.
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// Whether instructions are counted.
    pub const fn is_counted(&self) -> bool {
        matches!(self.pace, Pace::Counted(_))
    }

    const fn ratio(&self) -> u64 {
        match self.pace {
            Pace::Counted(ratio) | Pace::Real(ratio) => ratio.get() as u64,
        }
    }

    /// The count of instructions.
    pub fn instructions(&self) -> u64 {
        match self.pace {
            Pace::Counted(_) => self.instructions,
            Pace::Real(_) => {
                let passed = arch::timebase().saturating_sub(self.ticks);
                self.instructions
                    .saturating_add(passed.saturating_mul(self.ratio()))
            }
        }
    }

    /// Sets the count of instructions. The time base stays.
    pub fn set_instructions(&mut self, instructions: u64) {
        let elapsed = self.instructions().wrapping_sub(self.since);
        if !self.is_counted() {
            self.ticks = arch::timebase();
        }
        self.since = instructions.wrapping_sub(elapsed);
        self.instructions = instructions;
    }

    /// So many instructions have completed: on real time they have counted themselves.
    pub fn advance(&mut self, instructions: u64) {
        if self.is_counted() {
            self.instructions = self.instructions.wrapping_add(instructions);
        }
    }

    /// The time base.
    pub fn timebase(&self) -> u64 {
        match self.pace {
            Pace::Counted(_) => {
                let elapsed = self.instructions.wrapping_sub(self.since);
                self.ticks.wrapping_add(divided(elapsed, self.ratio()))
            }
            Pace::Real(_) => arch::timebase(),
        }
    }

    /// Sets the time base: a tick begins now. No instruction passes by it.
    pub fn set(&mut self, ticks: u64) {
        let instructions = self.instructions();
        (self.ticks, self.since, self.instructions) = (ticks, instructions, instructions);
        if !self.is_counted() {
            arch::set_timebase(ticks);
        }
    }

    /// How many instructions complete until the time base has reached `deadline`.
    pub fn until(&self, deadline: u64) -> u64 {
        if self.timebase() >= deadline {
            return 0;
        }
        // Multiplying cannot overflow what a run can count to; if it does, the deadline is out of reach.
        let needed = deadline.saturating_sub(self.ticks).saturating_mul(self.ratio());
        needed.saturating_sub(self.instructions.wrapping_sub(self.since))
    }

    /// How many ticks pass until so many instructions have completed, on real time.
    pub fn ticks_to(&self, instructions: u64) -> u64 {
        let (left, ratio) = (instructions.saturating_sub(self.instructions()), self.ratio());
        divided(left.saturating_add(ratio - 1), ratio)
    }
}

/// A quotient. A processor of 32 bits divides small numbers at once, and large ones bit by bit.
fn divided(dividend: u64, divisor: u64) -> u64 {
    if divisor == 1 {
        return dividend;
    }
    match (u32::try_from(dividend), u32::try_from(divisor)) {
        (Ok(dividend), Ok(divisor)) => u64::from(dividend / divisor),
        _ => dividend / divisor,
    }
}
