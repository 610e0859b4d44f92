//! What the machine has besides its processor, and the time base.

use core::arch::asm;

/// The registers of the two interrupt controllers that mask their inputs.
const MASKS: [usize; 2] = [0xfe00_0021, 0xfe00_00a1];
/// The power management control of the VT8231.
const POWER: usize = 0xfe00_0f04;
/// Soft off, little-endian.
const OFF: u16 = 0x2000;

/// Reads a device's register.
pub(super) fn load(address: usize) -> u8 {
    let value;
    // SAFETY: the callers name device registers of the machine, which are no memory of Rust's.
    unsafe { asm!("lbz {}, 0({})", "eieio", out(reg) value, in(reg_nonzero) address) };
    value
}

/// Writes a device's register.
pub(super) fn store(address: usize, value: u8) {
    // SAFETY: as above.
    unsafe { asm!("stb {}, 0({})", "eieio", in(reg) value, in(reg_nonzero) address) };
}

/// Nothing interrupts but the processor's own decrementer.
pub(super) fn quiet() {
    for mask in MASKS {
        store(mask, 0xff);
    }
}

/// Ends QEMU: with status 0, or with another where it was given `-device pvpanic-pci -action panic=exit-failure`.
///
/// Without that device a failure ends QEMU too, with status 0: the last line on the console is then what tells.
pub fn leave(success: bool) -> ! {
    if !success {
        super::panic::report();
    }
    // SAFETY: as above; a halfword, least significant byte first.
    unsafe { asm!("sthbrx {}, 0, {}", "eieio", in(reg) OFF, in(reg) POWER) };
    loop {
        core::hint::spin_loop();
    }
}

/// The processor's time base (MPC750 User's Manual 2.1.1, TBU and TBL).
pub fn timebase() -> u64 {
    let (mut upper, mut lower, mut again): (u32, u32, u32);
    loop {
        // SAFETY: reads registers.
        unsafe {
            asm!("mftbu {}", "mftb {}", "mftbu {}", out(reg) upper, out(reg) lower, out(reg) again,
                options(nomem, nostack));
        }
        if upper == again {
            return u64::from(upper) << 32 | u64::from(lower);
        }
    }
}

/// Sets the processor's time base, with no carry from the lower half to the upper in between.
pub fn set_timebase(ticks: u64) {
    let [a, b, c, d, e, f, g, h] = ticks.to_be_bytes();
    let (upper, lower) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    // SAFETY: the time base is nobody's memory.
    unsafe {
        asm!("mttbl {zero}", "mttbu {upper}", "mttbl {lower}",
            zero = in(reg) 0, upper = in(reg) upper, lower = in(reg) lower, options(nomem, nostack));
    }
}
