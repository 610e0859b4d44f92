//! Special-purpose registers of the e500v2 that the host uses.
//!
//! Numbers are those of the e500 Core Family Reference Manual, chapter 2.

use core::arch::asm;

pub(super) const DEC: u32 = 22;
pub(super) const SRR0: u32 = 26;
pub(super) const SRR1: u32 = 27;
pub(super) const PID0: u32 = 48;
pub(super) const CSRR0: u32 = 58;
pub(super) const CSRR1: u32 = 59;
pub(super) const DEAR: u32 = 61;
pub(super) const ESR: u32 = 62;
pub(super) const IVPR: u32 = 63;
/// For reading.
pub(super) const TBL: u32 = 268;
pub(super) const TBU: u32 = 269;
/// For writing.
pub(super) const TBL_WRITE: u32 = 284;
pub(super) const TBU_WRITE: u32 = 285;
pub(super) const DBSR: u32 = 304;
pub(super) const DBCR0: u32 = 308;
pub(super) const TSR: u32 = 336;
pub(super) const TCR: u32 = 340;
pub(super) const SPEFSCR: u32 = 512;
pub(super) const MCSRR0: u32 = 570;
pub(super) const MCSRR1: u32 = 571;
pub(super) const MCSR: u32 = 572;
pub(super) const MAS0: u32 = 624;
pub(super) const MAS1: u32 = 625;
pub(super) const MAS2: u32 = 626;
pub(super) const MAS3: u32 = 627;
pub(super) const PID1: u32 = 633;
pub(super) const PID2: u32 = 634;
pub(super) const MAS7: u32 = 944;
pub(super) const HID0: u32 = 1008;

/// Reads a register.
///
/// # Safety
///
/// Reading the register has no side effect that anything relies on.
#[inline(always)]
pub(super) unsafe fn read<const NUMBER: u32>() -> u32 {
    let value;
    // SAFETY: the host runs in supervisor state; the rest is the caller's promise.
    unsafe { asm!("mfspr {}, {}", out(reg) value, const NUMBER, options(nomem, nostack, preserves_flags)) };
    value
}

/// Writes a register.
///
/// # Safety
///
/// Nothing that the host relies on depends on the register's old value.
#[inline(always)]
pub(super) unsafe fn write<const NUMBER: u32>(value: u32) {
    // SAFETY: the host runs in supervisor state; the rest is the caller's promise.
    unsafe { asm!("mtspr {}, {}", const NUMBER, in(reg) value, options(nostack, preserves_flags)) };
}
