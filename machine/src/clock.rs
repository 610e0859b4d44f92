//! Instructions and time.
//!
//! Time is counted in instructions: the time base advances by one tick every so many of them. So it is exact, the same
//! in every run, and known in advance: when a deadline passes is a number of instructions.

use std::num::NonZeroU32;

/// The count of instructions, and the time base that follows from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) instructions: u64,
    /// Instructions in a tick.
    pub(crate) ratio: NonZeroU32,
    /// The time base when `since` instructions had completed.
    pub(crate) ticks: u64,
    pub(crate) since: u64,
}

impl Clock {
    pub(crate) const fn new(ratio: NonZeroU32) -> Self {
        Self {
            instructions: 0,
            ratio,
            ticks: 0,
            since: 0,
        }
    }

    /// The time base after `ahead` more instructions.
    pub(crate) fn timebase(&self, ahead: u64) -> u64 {
        let elapsed = self.instructions.wrapping_add(ahead).wrapping_sub(self.since);
        self.ticks.wrapping_add(elapsed / u64::from(self.ratio.get()))
    }

    /// Sets the time base: a tick begins now.
    pub(crate) fn set(&mut self, ticks: u64) {
        (self.ticks, self.since) = (ticks, self.instructions);
    }

    /// How many instructions complete until the time base has reached `deadline`.
    pub(crate) fn until(&self, deadline: u64) -> u64 {
        if self.timebase(0) >= deadline {
            return 0;
        }
        // Multiplying cannot overflow what a run can count to; if it does, the deadline is out of reach.
        let ticks = deadline.saturating_sub(self.ticks);
        let needed = ticks.saturating_mul(self.ratio.get().into());
        needed.saturating_sub(self.instructions.wrapping_sub(self.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_reached_after_exactly_so_many_instructions() {
        for ratio in [1, 3, 8] {
            let mut clock = Clock::new(NonZeroU32::new(ratio).unwrap());
            clock.instructions = 5;
            clock.set(100);
            for done in 0..20 {
                clock.instructions = 5 + done;
                for deadline in 95..110 {
                    let needed = clock.until(deadline);
                    assert!(clock.timebase(needed) >= deadline);
                    assert!(needed == 0 || clock.timebase(needed - 1) < deadline);
                }
            }
        }
    }
}
