//! The first serial line: a 16550, which needs no set-up under QEMU.

use core::ptr;

use super::CCSR;

/// MPC8544E Reference Manual, DUART: UTHR1, and ULSR1 with its bit that the holding register is empty.
const HOLDING: *mut u8 = (CCSR + 0x4500) as *mut u8;
const STATUS: *const u8 = (CCSR + 0x4505) as *const u8;
const EMPTY: u8 = 0x20;

/// Prints a byte, and waits until it is taken.
pub fn put(byte: u8) {
    // SAFETY: `start.s` maps the registers; reading the status and writing a byte have no effect on memory.
    unsafe {
        while ptr::read_volatile(STATUS) & EMPTY == 0 {}
        ptr::write_volatile(HOLDING, byte);
    }
}
