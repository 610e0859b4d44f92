//! What e500 alone has.

use core::arch::asm;

/// Numbers of special-purpose registers.
pub mod numbers {
    /// The process identifier.
    pub const PID: u32 = 48;
    /// Address of a data storage or TLB interrupt.
    pub const DEAR: u32 = 61;
    /// Status of an interrupt.
    pub const ESR: u32 = 62;
    /// Base of the vectors.
    pub const IVPR: u32 = 63;
    /// Timer status: bits are cleared by writing ones.
    pub const TSR: u32 = 336;
    /// Timer control.
    pub const TCR: u32 = 340;
    /// The first of the vectors' offsets.
    pub const IVOR0: u32 = 400;
    /// Offset of the first vector beyond number 15.
    pub const IVOR32: u32 = 528;
    /// MMU assist: which entry.
    pub const MAS0: u32 = 624;
    /// MMU assist: valid, process, size.
    pub const MAS1: u32 = 625;
    /// MMU assist: effective page.
    pub const MAS2: u32 = 626;
    /// MMU assist: physical page and permissions.
    pub const MAS3: u32 = 627;
    /// MMU assist: what a TLB miss puts into the others.
    pub const MAS4: u32 = 628;
    /// MMU assist: what is searched for.
    pub const MAS6: u32 = 630;
    /// MMU assist: the high bits of the physical page.
    pub const MAS7: u32 = 944;
}

/// Sets MSR\[EE\] to a constant.
#[inline(always)]
pub fn wrteei<const ENABLED: u32>() {
    // SAFETY: the kernel runs with any EE.
    unsafe { asm!("wrteei {0}", const ENABLED, options(nostack, preserves_flags)) };
}

/// Sets MSR\[EE\] to that of a value.
#[inline(always)]
pub fn wrtee(value: u32) {
    // SAFETY: the kernel runs with any EE.
    unsafe { asm!("wrtee {0}", in(reg) value, options(nostack, preserves_flags)) };
}

/// Looks for the entry of an address: the MAS registers then describe it.
#[inline(always)]
pub fn tlbsx(address: u32) {
    // SAFETY: nothing but the MAS registers changes.
    unsafe { asm!("tlbsx 0, {0}", in(reg) address, options(nostack, preserves_flags)) };
}

/// Writes the TLB entry that the MAS registers describe.
#[inline(always)]
pub fn tlbwe() {
    // SAFETY: the callers write entries of user processes, which the kernel does not use, or the kernel's with the same
    // page.
    unsafe { asm!("tlbwe", "isync", options(nostack, preserves_flags)) };
}

/// Invalidates entries by address.
#[inline(always)]
pub fn tlbivax(operand: u32) {
    // SAFETY: the kernel's own entry is protected against invalidation.
    unsafe { asm!("tlbivax 0, {0}", in(reg) operand, options(nostack, preserves_flags)) };
}

/// Waits until the TLBs of all processors have followed.
#[inline(always)]
pub fn tlbsync() {
    // SAFETY: a barrier changes nothing.
    unsafe { asm!("tlbsync", "sync", options(nostack, preserves_flags)) };
}
