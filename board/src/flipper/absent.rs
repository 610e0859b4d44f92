//! A device that is not implemented: a window without registers.

use crate::device::{Device, Port};
use crate::register::NoRegister;

/// Reads as 0, ignores stores; the board counts both.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Absent;

impl Absent {
    pub(crate) fn new() -> Self {
        Self
    }
}

impl Device for Absent {
    type Registers = NoRegister;

    fn load(&mut self, register: NoRegister, _port: &mut Port<'_>) -> u32 {
        match register {}
    }

    fn store(&mut self, register: NoRegister, _value: u32, _port: &mut Port<'_>) {
        match register {}
    }

    fn reset(&mut self) {}
}
