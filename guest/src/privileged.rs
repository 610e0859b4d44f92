//! The privileged instructions, one function each.
//!
//! They are inlined wherever they are used, and are used in functions of [`crate::kernel`]'s section only.

use core::arch::asm;

#[cfg(book3s32)]
mod book3s32;
#[cfg(e500)]
mod e500;

#[cfg(book3s32)]
pub use book3s32::*;
#[cfg(e500)]
pub use e500::*;

/// Numbers of special-purpose registers: 32-bit Programming Environments Manual 8.2 (`mtspr`), e500 Core Family
/// Reference Manual 2.2.
pub mod spr {
    #[cfg(book3s32)]
    pub use super::book3s32::numbers::*;
    #[cfg(e500)]
    pub use super::e500::numbers::*;

    /// The decrementer.
    pub const DEC: u32 = 22;
    /// Where an interrupt came.
    pub const SRR0: u32 = 26;
    /// The MSR that an interrupt found.
    pub const SRR1: u32 = 27;
    /// For the kernel's use.
    pub const SPRG0: u32 = 272;
    /// For the kernel's use.
    pub const SPRG1: u32 = 273;
    /// For the kernel's use.
    pub const SPRG2: u32 = 274;
    /// For the kernel's use.
    pub const SPRG3: u32 = 275;
    /// Hardware implementation register: which power saving mode.
    pub const HID0: u32 = 1008;
}

/// Reads the machine state register.
#[inline(always)]
pub fn mfmsr() -> u32 {
    let value;
    // SAFETY: reads a register.
    unsafe { asm!("mfmsr {0}", out(reg) value, options(nostack, preserves_flags)) };
    value
}

/// Writes the machine state register. The caller says what is to hold afterwards.
#[inline(always)]
pub fn mtmsr(value: u32) {
    // SAFETY: the kernel runs with any EE and RI; its callers change other bits only where both states reach the code
    // that follows. `isync` makes the new state hold for it.
    unsafe { asm!("mtmsr {0}", "isync", in(reg) value, options(nostack, preserves_flags)) };
}

/// Reads a special-purpose register.
#[inline(always)]
pub fn mfspr<const NUMBER: u32>() -> u32 {
    let value;
    // SAFETY: reading a register changes nothing.
    unsafe { asm!("mfspr {0}, {1}", out(reg) value, const NUMBER, options(nostack, preserves_flags)) };
    value
}

/// Writes a special-purpose register.
#[inline(always)]
pub fn mtspr<const NUMBER: u32>(value: u32) {
    // SAFETY: the callers know what the register does; none of them takes memory from under running code.
    unsafe { asm!("mtspr {1}, {0}", in(reg) value, const NUMBER, options(nostack, preserves_flags)) };
}

/// The low half of the time base; no privilege is needed.
#[inline(always)]
pub fn time() -> u32 {
    let value;
    // SAFETY: reads a register.
    unsafe {
        #[cfg(book3s32)]
        asm!("mftb {0}", out(reg) value, options(nostack, preserves_flags));
        #[cfg(e500)]
        asm!("mfspr {0}, 268", out(reg) value, options(nostack, preserves_flags));
    }
    value
}

/// Waits until changes of the MMU hold.
#[inline(always)]
pub fn synchronise() {
    // SAFETY: barriers change nothing.
    unsafe { asm!("sync", "isync", options(nostack, preserves_flags)) };
}
