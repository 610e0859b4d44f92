//! The time base, and the host's decrementer.

use super::spr;

/// TSR\[DIS\] (E500 2.6.2): the decrementer has passed zero; written as 1 to clear.
const PASSED: u32 = 0x0800_0000;

/// QEMU raises the interrupt at once, and without TSR\[DIS\], for a decrementer that is set to less.
const LEAST: u32 = 3;

/// The time base.
pub fn timebase() -> u64 {
    // SAFETY: the time base can be read at any time.
    let half = || unsafe { (spr::read::<{ spr::TBU }>(), spr::read::<{ spr::TBL }>()) };
    loop {
        let (upper, lower) = half();
        // The lower half may have passed between the two.
        if half().0 == upper {
            return u64::from(upper) << 32 | u64::from(lower);
        }
    }
}

/// Sets the time base.
pub fn set_timebase(ticks: u64) {
    let [a, b, c, d, e, f, g, h] = ticks.to_be_bytes();
    // SAFETY: nothing relies on the time base but its users. A lower half of 0 does not carry before the upper is
    // written.
    unsafe {
        spr::write::<{ spr::TBL_WRITE }>(0);
        spr::write::<{ spr::TBU_WRITE }>(u32::from_be_bytes([a, b, c, d]));
        spr::write::<{ spr::TBL_WRITE }>(u32::from_be_bytes([e, f, g, h]));
    }
}

/// Lets the decrementer interrupt the guest after so many ticks.
///
/// TCR\[DIE\] is always on: whether it interrupts is for MSR\[EE\] to say, which the host never sets for itself. One
/// that has passed in the meantime is dropped.
pub(super) fn arm(ticks: u32) {
    // SAFETY: it is the guest that is interrupted.
    unsafe {
        if spr::read::<{ spr::TSR }>() & PASSED != 0 {
            spr::write::<{ spr::TSR }>(PASSED);
        }
        spr::write::<{ spr::DEC }>(ticks.max(LEAST));
    }
}
