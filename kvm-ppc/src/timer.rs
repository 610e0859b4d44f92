//! The decrementer.
//!
//! It counts down with the time base; the host keeps the tick at which it passes zero instead of a count. On Book3S
//! the exception belongs to the passage from 0 to -1 and stays until it is taken (MPC750 User's Manual 4.5.9); on
//! 64-bit parts it lasts while the count is negative (Power ISA 2.07 III-S 6.5.11); on Book E it is a status bit (e500
//! Core Family Reference Manual 2.6).

use crate::page::low32;

/// The decrementer: the tick at which it reaches -1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timer {
    /// The time base at which the count is zero, modulo 2^64.
    zero: u64,
}

impl Default for Timer {
    fn default() -> Self {
        Self {
            zero: u64::from(u32::MAX >> 1),
        }
    }
}

impl Timer {
    /// The count at time base `now`.
    pub const fn count(&self, now: u64) -> u32 {
        low32(self.zero.wrapping_sub(now))
    }

    /// Sets the count. Returns whether that alone passes from positive to negative, which counts as an exception.
    pub fn set(&mut self, now: u64, count: u32) -> bool {
        let was_negative = self.count(now).cast_signed() < 0;
        let negative = count.cast_signed() < 0;
        self.zero = now.wrapping_add(i64::from(count.cast_signed()).cast_unsigned());
        if negative {
            // The next passage from 0 to -1 comes after a whole turn.
            self.zero = self.zero.wrapping_add(1 << 32);
        }
        negative && !was_negative
    }

    /// The time base at which the count becomes -1.
    pub const fn deadline(&self) -> u64 {
        self.zero.wrapping_add(1)
    }

    /// Whether the count has passed to -1 since the last question; the next passage is a whole turn later.
    pub fn expired(&mut self, now: u64) -> bool {
        let passed = now >= self.deadline();
        if passed {
            let turns = ((now - self.deadline()) >> 32) + 1;
            self.zero = self.zero.wrapping_add(turns << 32);
        }
        passed
    }

    /// Keeps the count when the time base is set from `before` to `after`.
    pub fn moved(&mut self, before: u64, after: u64) {
        self.zero = self.zero.wrapping_sub(before).wrapping_add(after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_down_and_expires_once_a_turn() {
        let mut timer = Timer::default();
        assert!(!timer.set(100, 10));
        assert_eq!(
            (timer.count(100), timer.count(110), timer.count(111)),
            (10, 0, u32::MAX)
        );
        assert!(!timer.expired(110));
        assert!(timer.expired(111));
        assert!(!timer.expired(112));
        assert_eq!(timer.count(111), u32::MAX);
        assert!(timer.expired(111 + (1 << 32)));
    }

    #[test]
    fn setting_a_negative_count_is_a_passage() {
        let mut timer = Timer::default();
        timer.set(0, 5);
        assert!(timer.set(0, u32::MAX));
        assert!(!timer.set(0, u32::MAX - 1));
        assert_eq!(timer.count(1), u32::MAX - 2);
    }

    #[test]
    fn a_moved_time_base_leaves_the_count() {
        let mut timer = Timer::default();
        timer.set(1000, 50);
        timer.moved(1010, 0);
        assert_eq!(timer.count(0), 40);
        assert_eq!(timer.deadline(), 41);
    }
}
