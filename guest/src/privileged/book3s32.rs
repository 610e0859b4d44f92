//! What 32-bit Book3S alone has.

use core::arch::asm;

/// Numbers of special-purpose registers.
pub mod numbers {
    /// Status of a data storage interrupt.
    pub const DSISR: u32 = 18;
    /// Address of a data storage interrupt.
    pub const DAR: u32 = 19;
    /// Base and size of the page table.
    pub const SDR1: u32 = 25;
    /// First of the eight registers IBAT0U, IBAT0L, ...
    pub const IBAT0U: u32 = 528;
    /// First of the eight registers DBAT0U, DBAT0L, ...
    pub const DBAT0U: u32 = 536;
}

/// Writes the segment register for an address.
#[inline(always)]
pub fn mtsrin(value: u32, address: u32) {
    // SAFETY: the kernel's code and data are translated by BATs, never by segments.
    unsafe { asm!("mtsrin {0}, {1}", in(reg) value, in(reg) address, options(nostack, preserves_flags)) };
}

/// Writes a segment register by its number.
#[inline(always)]
pub fn mtsr<const NUMBER: u32>(value: u32) {
    // SAFETY: as above.
    unsafe { asm!("mtsr {1}, {0}", in(reg) value, const NUMBER, options(nostack, preserves_flags)) };
}

/// Invalidates what the TLB holds for an address.
#[inline(always)]
pub fn tlbie(address: u32) {
    // SAFETY: the TLB holds copies only.
    unsafe { asm!("tlbie {0}", in(reg) address, options(nostack, preserves_flags)) };
}

/// Waits until the TLBs of all processors have followed.
#[inline(always)]
pub fn tlbsync() {
    // SAFETY: a barrier changes nothing.
    unsafe { asm!("tlbsync", "sync", options(nostack, preserves_flags)) };
}
