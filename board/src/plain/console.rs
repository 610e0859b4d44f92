//! The plain console: a byte out, a byte in.

use crate::device::{Device, Port};
use crate::register::registers;

registers! {
    /// Registers at 0x0d001000.
    Register {
        /// A store prints its least significant byte, a load takes the next typed byte, or 0 if there is none.
        Data "DATA" 0x00 ReadWrite;
        /// Bit 0: there is room to print. Bit 1: a typed byte waits.
        Status "STATUS" 0x04 ReadOnly;
    }
}

/// Mask of STATUS: there is room to print; without it a printed byte is lost.
pub const ROOM: u32 = 1 << 0;
/// Mask of STATUS: a typed byte waits.
pub const TYPED: u32 = 1 << 1;

/// The device; its queues are the board's.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Console;

impl Console {
    pub(crate) fn new() -> Self {
        Self
    }
}

impl Device for Console {
    type Registers = Register;

    fn load(&mut self, register: Register, port: &mut Port<'_>) -> u32 {
        let number = match register {
            Register::Data => port.outside.input.pop_front().map_or(0, u32::from),
            Register::Status => {
                let room = if port.outside.has_room() { ROOM } else { 0 };
                let typed = if port.outside.input.is_empty() { 0 } else { TYPED };
                room | typed
            }
        };
        port.place(number)
    }

    fn store(&mut self, register: Register, value: u32, port: &mut Port<'_>) {
        if register == Register::Data {
            let [.., byte] = port.number(value).to_be_bytes();
            port.outside.print(byte);
        }
    }

    fn reset(&mut self) {}
}
