//! What a device is to the board.
//!
//! A device sees whole words. A store narrower than a word reaches it with zeros in the bytes that are not meant and
//! with [`Port::lanes`] saying which are: a register that keeps its other bytes merges, a register whose store is a
//! command looks at what was stored and nothing else.

use crate::flipper::{Absent, Channel, ProcessorInterface};
use crate::outside::{Outside, Source};
use crate::plain::{Console, Control, Interrupts};
use crate::register::{Register, RegisterSet};

/// What a device can reach during an access.
pub(crate) struct Port<'a> {
    /// The board's edge.
    pub(crate) outside: &'a mut Outside,
    /// The levels that other devices drive on the processor interface, by [`Line`](crate::flipper::Line) mask.
    pub(crate) lines: u32,
    /// Ones in the bytes of the word that are meant; never 0.
    pub(crate) lanes: u32,
}

impl Port<'_> {
    /// `old` with the meant bytes taken from `value`.
    pub(crate) fn merge(&self, old: u32, value: u32) -> u32 {
        old & !self.lanes | value & self.lanes
    }

    /// The number that was stored, however narrow the store: the last meant byte is the least significant.
    pub(crate) fn number(&self, value: u32) -> u32 {
        value >> self.lanes.trailing_zeros()
    }

    /// The inverse of [`Port::number`]: places a number so that a load of any width finds it.
    pub(crate) fn place(&self, number: u32) -> u32 {
        number << self.lanes.trailing_zeros()
    }
}

/// A device: a set of registers, and lines.
pub(crate) trait Device {
    /// Its registers.
    type Registers: RegisterSet;

    /// Reads a register that its row says is readable.
    fn load(&mut self, register: Self::Registers, port: &mut Port<'_>) -> u32;

    /// Writes a register that its row says is writable.
    fn store(&mut self, register: Self::Registers, value: u32, port: &mut Port<'_>);

    /// The level of its interrupt output. `lines` are the levels of the outputs that lead to it.
    fn asserts(&self, _lines: u32) -> bool {
        false
    }

    /// Sets the level of a source from outside; false if the source is not this device's.
    fn signal(&mut self, _source: Source, _level: bool) -> bool {
        false
    }

    /// Returns to the state after power-on, apart from what a battery keeps.
    fn reset(&mut self);
}

fn load<D: Device>(device: &mut D, offset: u32, port: &mut Port<'_>) -> Option<u32> {
    let register = find::<D>(offset, |row| row.access.readable())?;
    Some(device.load(register, port))
}

fn store<D: Device>(device: &mut D, offset: u32, value: u32, port: &mut Port<'_>) -> Option<()> {
    let register = find::<D>(offset, |row| row.access.writable())?;
    device.store(register, value, port);
    Some(())
}

/// The register at an offset, if its row allows the access.
fn find<D: Device>(offset: u32, allows: impl Fn(&Register) -> bool) -> Option<D::Registers> {
    let row = D::Registers::ROWS.iter().find(|row| row.offset == offset)?;
    if allows(row) {
        D::Registers::at(offset)
    } else {
        None
    }
}

const fn rows<D: Device>() -> &'static [Register] {
    D::Registers::ROWS
}

/// Rows `Device`: the sum of all devices, and the way to each.
macro_rules! devices {
    ($($device:ident)*) => {
        /// Any device of a board.
        #[derive(Clone, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub(crate) enum AnyDevice { $($device($device)),* }

        $(impl From<$device> for AnyDevice {
            fn from(device: $device) -> Self {
                Self::$device(device)
            }
        })*

        /// The register tables, by device.
        #[allow(non_upper_case_globals)]
        pub(crate) mod registers {
            use super::*;
            $(pub(crate) const $device: &[Register] = rows::<super::$device>();)*
        }

        impl AnyDevice {
            /// Reads the word at `offset`; `None` if no readable register is there.
            pub(crate) fn load(&mut self, offset: u32, port: &mut Port<'_>) -> Option<u32> {
                match self { $(Self::$device(device) => load(device, offset, port)),* }
            }

            /// Writes the word at `offset`; `None` if no writable register is there.
            pub(crate) fn store(&mut self, offset: u32, value: u32, port: &mut Port<'_>) -> Option<()> {
                match self { $(Self::$device(device) => store(device, offset, value, port)),* }
            }

            pub(crate) fn asserts(&self, lines: u32) -> bool {
                match self { $(Self::$device(device) => device.asserts(lines)),* }
            }

            pub(crate) fn signal(&mut self, source: Source, level: bool) -> bool {
                match self { $(Self::$device(device) => device.signal(source, level)),* }
            }

            pub(crate) fn reset(&mut self) {
                match self { $(Self::$device(device) => device.reset()),* }
            }
        }
    };
}

devices! { ProcessorInterface Channel Absent Interrupts Console Control }
