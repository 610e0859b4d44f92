//! The plain interrupt controller: 32 lines, raised by anyone, acknowledged by the guest.
//!
//! A line is pending from the moment it is raised until it is acknowledged. The processor's external interrupt input
//! is high while a pending line is enabled: an interrupt that a guest does not acknowledge comes again.
//!
//! Two counters make a lost interrupt visible. A raise of a line that is not pending counts in COUNT: the guest's
//! handler has to see exactly one more pending line. A raise of a line that is pending already counts in MERGED: the
//! handler sees one line for both.

use crate::device::{Device, Port};
use crate::outside::Source;
use crate::register::registers;

registers! {
    /// Registers at 0x0d000000. A line is a bit; line 0 is the least significant.
    Register {
        /// Pending lines.
        Status "STATUS" 0x00 ReadOnly;
        /// Enabled lines; none after a reset.
        Enable "ENABLE" 0x04 ReadWrite;
        /// A 1 raises the line: makes it pending.
        Raise "RAISE" 0x08 WriteOnly;
        /// A 1 acknowledges the line: makes it not pending.
        Acknowledge "ACK" 0x0c WriteOnly;
        /// How many raises made a line pending, modulo 2^32.
        Count "COUNT" 0x10 ReadOnly;
        /// How many raises found their line pending already, modulo 2^32.
        Merged "MERGED" 0x14 ReadOnly;
    }
}

/// Lines of the controller.
pub const LINES: u8 = 32;

/// The device.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Interrupts {
    pending: u32,
    enabled: u32,
    count: u32,
    merged: u32,
}

impl Interrupts {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn raise(&mut self, lines: u32) {
        let merged = lines & self.pending;
        self.merged = self.merged.wrapping_add(merged.count_ones());
        self.count = self.count.wrapping_add((lines & !merged).count_ones());
        self.pending |= lines;
    }
}

impl Device for Interrupts {
    type Registers = Register;

    fn load(&mut self, register: Register, _port: &mut Port<'_>) -> u32 {
        match register {
            Register::Status => self.pending,
            Register::Enable => self.enabled,
            Register::Count => self.count,
            Register::Merged => self.merged,
            Register::Raise | Register::Acknowledge => 0,
        }
    }

    fn store(&mut self, register: Register, value: u32, port: &mut Port<'_>) {
        match register {
            Register::Enable => self.enabled = port.merge(self.enabled, value),
            Register::Raise => self.raise(value),
            Register::Acknowledge => self.pending &= !value,
            Register::Status | Register::Count | Register::Merged => {}
        }
    }

    fn asserts(&self, _lines: u32) -> bool {
        self.pending & self.enabled != 0
    }

    fn signal(&mut self, source: Source, level: bool) -> bool {
        let Source::Plain(line @ 0..LINES) = source else {
            return false;
        };
        if level {
            self.raise(1 << line);
        } else {
            self.pending &= !(1 << line);
        }
        true
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}
