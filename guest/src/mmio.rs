//! Registers of devices.

/// The registers of a device.
#[derive(Clone, Copy, Debug)]
pub struct Registers(usize);

impl Registers {
    /// The registers at an address.
    pub const fn at(base: usize) -> Self {
        Self(base)
    }

    /// Reads a register of 32 bits.
    pub fn read(self, offset: usize) -> u32 {
        // SAFETY: the device tree says that a device is at the base, and every register of it may be read.
        unsafe { ((self.0 + offset) as *const u32).read_volatile() }
    }

    /// Writes a register of 32 bits.
    pub fn write(self, offset: usize, value: u32) {
        // SAFETY: as above; no register makes a device touch memory.
        unsafe { ((self.0 + offset) as *mut u32).write_volatile(value) }
    }
}
