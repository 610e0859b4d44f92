//! The interrupts that wait.

use magicpage::Family;

use super::{Interrupt, Row, rows};

/// The interrupts that wait to be taken.
///
/// A cause is latched ([`raise`](Self::raise)) until it is taken or cleared, or a level ([`set_level`](Self::set_level))
/// that asks as long as it is high. The external line has both: a device drives its level, a test raises it once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Queue {
    latched: u32,
    levels: u32,
}

const fn bit(interrupt: Interrupt) -> u32 {
    1 << interrupt as u32
}

impl Queue {
    /// Latches an interrupt. Raising one that is latched already changes nothing, as on the part.
    ///
    /// Only those of [`Interrupt::WAITING`] wait; anything else is ignored.
    pub fn raise(&mut self, interrupt: Interrupt) {
        if Interrupt::WAITING.contains(&interrupt) {
            self.latched |= bit(interrupt);
        }
    }

    /// Takes a latched interrupt back.
    pub const fn clear(&mut self, interrupt: Interrupt) {
        self.latched &= !bit(interrupt);
    }

    /// Drives an interrupt's level.
    pub const fn set_level(&mut self, interrupt: Interrupt, high: bool) {
        if high {
            self.levels |= bit(interrupt);
        } else {
            self.levels &= !bit(interrupt);
        }
    }

    /// Whether this one waits.
    pub const fn waits(&self, interrupt: Interrupt) -> bool {
        (self.latched | self.levels) & bit(interrupt) != 0
    }

    /// Whether any waits.
    pub const fn any(&self) -> bool {
        self.latched | self.levels != 0
    }

    /// The most urgent of those that a guest with this MSR lets in.
    pub fn next(&self, family: Family, msr: u64) -> Option<&'static Row> {
        if !self.any() {
            return None;
        }
        rows(family)
            .iter()
            .find(|row| self.waits(row.interrupt) && row.is_enabled(msr))
    }
}
