//! The control device: what the guest stands on, a place to keep a number, a word when its work begins and when it is
//! done, and three ways to end.

use crate::device::{Device, Port};
use crate::outside::Event;
use crate::register::registers;

registers! {
    /// Registers at 0x0d002000.
    Register {
        /// The letters "PPCV": the plain devices are here.
        Identity "ID" 0x00 ReadOnly;
        /// Version of the plain devices: 1.
        Version "VERSION" 0x04 ReadOnly;
        /// Keeps what is stored; 0 after a reset.
        Scratch "SCRATCH" 0x08 ReadWrite;
        /// A store ends the guest with this status; 0 is success.
        Exit "EXIT" 0x0c WriteOnly;
        /// A store, of anything, switches the power off.
        PowerOff "POWER_OFF" 0x10 WriteOnly;
        /// A store, of anything, resets the board.
        Reset "RESET" 0x14 WriteOnly;
        /// A store, of anything, says that what is to be measured begins.
        Begin "BEGIN" 0x18 WriteOnly;
        /// A store, of anything, says that what is to be measured has ended.
        End "END" 0x1c WriteOnly;
    }
}

/// What ID reads: "PPCV" as a big-endian number.
pub const IDENTITY: u32 = u32::from_be_bytes(*b"PPCV");
/// What VERSION reads.
pub const VERSION: u32 = 1;

/// The device.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Control {
    scratch: u32,
}

impl Control {
    pub(crate) fn new() -> Self {
        Self::default()
    }
}

impl Device for Control {
    type Registers = Register;

    fn load(&mut self, register: Register, _port: &mut Port<'_>) -> u32 {
        match register {
            Register::Identity => IDENTITY,
            Register::Version => VERSION,
            Register::Scratch => self.scratch,
            Register::Exit | Register::PowerOff | Register::Reset | Register::Begin | Register::End => 0,
        }
    }

    fn store(&mut self, register: Register, value: u32, port: &mut Port<'_>) {
        match register {
            Register::Scratch => self.scratch = port.merge(self.scratch, value),
            Register::Exit => port.outside.report(Event::Exit(port.number(value))),
            Register::PowerOff => port.outside.report(Event::PowerOff),
            Register::Reset => port.outside.report(Event::Reset),
            Register::Begin => port.outside.begin(),
            Register::End => port.outside.end(),
            Register::Identity | Register::Version => {}
        }
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}
