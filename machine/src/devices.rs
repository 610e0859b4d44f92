//! What else answers at guest physical addresses.

use kvm_ppc::hardware::NothingThere;

/// The devices of a board.
///
/// The machine maps only memory; the host emulates the instruction that reaches a device, and asks here. A clone is a
/// snapshot: copies of the machine have devices of their own.
pub trait Devices: Clone {
    /// Whether a device has this physical address.
    fn is_device(&self, physical: u64) -> bool;

    /// Loads `bytes` (1, 2, 4 or 8) from a register, as a big-endian number.
    ///
    /// # Errors
    ///
    /// When there is no such register.
    fn load(&mut self, physical: u64, bytes: u8) -> Result<u64, NothingThere>;

    /// Stores the low `bytes` (1, 2, 4 or 8) of `value` to a register, as a big-endian number.
    ///
    /// # Errors
    ///
    /// When there is no such register.
    fn store(&mut self, physical: u64, bytes: u8, value: u64) -> Result<(), NothingThere>;

    /// The level of the processor's external interrupt input.
    fn line(&self) -> bool;
}

/// No devices, and an external interrupt input that somebody else drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoDevices {
    /// The level of the processor's external interrupt input.
    pub line: bool,
}

impl Devices for NoDevices {
    fn is_device(&self, _physical: u64) -> bool {
        false
    }

    fn load(&mut self, _physical: u64, _bytes: u8) -> Result<u64, NothingThere> {
        Err(NothingThere)
    }

    fn store(&mut self, _physical: u64, _bytes: u8, _value: u64) -> Result<(), NothingThere> {
        Err(NothingThere)
    }

    fn line(&self) -> bool {
        self.line
    }
}
