//! The decrementer.
//!
//! It counts down with the time base; the host keeps the tick at which it comes to zero instead of a count. On Book3S
//! the exception belongs to the passage from 0 to -1 and stays until it is taken (MPC750 User's Manual 4.5.9); on
//! 64-bit parts it lasts while the count is negative (Power ISA 2.07 III-S 6.5.11). On Book E it is a status bit, set by
//! the decrement from 1 to 0, where the count stops (e500 Core Family Reference Manual 2.6).
//!
//! The time base is one of 64 bits that wraps, and a guest may set it to whatever it likes: times are compared by their
//! distance. Times and counts are in ticks of the time base; a turn of the count is 2^32 of them.

use magicpage::Family;

use crate::page::low32;

/// The decrementer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timer {
    /// The time base at which the count is zero, modulo 2^64; nothing where it has stopped there.
    zero: Option<u64>,
    /// Whether it stops at zero, as Book E's does.
    stops: bool,
}

impl Timer {
    /// The decrementer of a family, with the largest positive count at time base 0.
    pub const fn new(family: Family) -> Self {
        Self {
            zero: Some((u32::MAX >> 1) as u64),
            stops: matches!(family, Family::E500),
        }
    }

    /// The count at time base `now`.
    pub const fn count(&self, now: u64) -> u32 {
        match self.zero {
            Some(_) if self.stops && self.left(now) == 0 => 0,
            Some(zero) => low32(zero.wrapping_sub(now)),
            None => 0,
        }
    }

    /// Sets the count at time base `now`. Returns whether that alone passes from positive to negative, which counts as
    /// an exception.
    pub fn set(&mut self, now: u64, count: u32) -> bool {
        if self.stops {
            self.zero = (count != 0).then(|| now.wrapping_add(count.into()));
            return false;
        }
        let was_negative = self.count(now).cast_signed() < 0;
        let negative = count.cast_signed() < 0;
        let mut zero = now.wrapping_add(i64::from(count.cast_signed()).cast_unsigned());
        if negative {
            // The next passage from 0 to -1 comes after a whole turn.
            zero = zero.wrapping_add(1 << 32);
        }
        self.zero = Some(zero);
        negative && !was_negative
    }

    /// The time base of the passage that makes the exception; `u64::MAX` where none will come.
    pub const fn deadline(&self) -> u64 {
        match self.zero {
            Some(zero) if self.stops => zero,
            Some(zero) => zero.wrapping_add(1),
            None => u64::MAX,
        }
    }

    /// The ticks from `now` to the passage, zero where it has come, `u64::MAX` where none will.
    pub const fn left(&self, now: u64) -> u64 {
        if self.zero.is_none() {
            return u64::MAX;
        }
        let left = self.deadline().wrapping_sub(now).cast_signed();
        if left > 0 { left.cast_unsigned() } else { 0 }
    }

    /// How many ticks ago the passage came, if it has since the last question. The next one is a whole turn later, or
    /// comes when the count is set again.
    pub fn expired(&mut self, now: u64) -> Option<u64> {
        let zero = self.zero.filter(|_| self.left(now) == 0)?;
        let since = now.wrapping_sub(self.deadline());
        self.zero = if self.stops {
            None
        } else {
            let turns = (since >> 32) + 1;
            Some(zero.wrapping_add(turns << 32))
        };
        Some(since)
    }

    /// Keeps the count when the time base is set from `before` to `after`.
    pub fn moved(&mut self, before: u64, after: u64) {
        self.zero = self
            .zero
            .map(|zero| zero.wrapping_sub(before).wrapping_add(after));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_down_and_expires_once_a_turn() {
        let mut timer = Timer::new(Family::Book3s32);
        assert!(!timer.set(100, 10));
        assert_eq!(
            (timer.count(100), timer.count(110), timer.count(111)),
            (10, 0, u32::MAX)
        );
        assert_eq!(timer.expired(110), None);
        assert_eq!(timer.expired(112), Some(1));
        assert_eq!(timer.expired(112), None);
        assert_eq!(timer.count(111), u32::MAX);
        assert_eq!(timer.expired(111 + (1 << 32)), Some(0));
    }

    #[test]
    fn stops_at_zero_on_book_e() {
        let mut timer = Timer::new(Family::E500);
        timer.set(100, 10);
        assert_eq!((timer.count(109), timer.count(110), timer.count(111)), (1, 0, 0));
        assert_eq!(timer.expired(109), None);
        assert_eq!(timer.expired(113), Some(3));
        assert_eq!((timer.expired(u64::MAX), timer.left(0)), (None, u64::MAX));
    }

    #[test]
    fn setting_a_negative_count_is_a_passage() {
        let mut timer = Timer::new(Family::Book3s32);
        timer.set(0, 5);
        assert!(timer.set(0, u32::MAX));
        assert!(!timer.set(0, u32::MAX - 1));
        assert_eq!(timer.count(1), u32::MAX - 2);
    }

    #[test]
    fn a_moved_time_base_leaves_the_count() {
        let mut timer = Timer::new(Family::Book3s32);
        timer.set(1000, 50);
        timer.moved(1010, 0);
        assert_eq!(timer.count(0), 40);
        assert_eq!(timer.deadline(), 41);
    }
}
