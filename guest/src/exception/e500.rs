//! The vectors of e500.
//!
//! An exception turns nothing off but EE: everything is always translated. Critical interrupts and machine checks have
//! save registers of their own, so that they may come in the middle of another vector (e500 Core Family Reference Manual
//! 5.1); they get scratch registers and stacks of their own too.

use super::Frame;
use crate::kernel::kernel;
use crate::msr;
use crate::privileged::{mtspr, spr};

/// MSR of the kernel with interrupts off.
pub const KERNEL_MSR: u32 = msr::ME | msr::CE;
/// MSR of user programs.
pub const USER_MSR: u32 = KERNEL_MSR | msr::EE | msr::PR;
/// The bits that can be set at once.
pub const EARLY: u32 = KERNEL_MSR;

/// Where the vector of each IVOR stands (e500 Core Family Reference Manual table 5-2): those that 32-bit Book3S has too
/// stand where it has them. Those that nothing here can raise share one.
macro_rules! ivors {
    ($($number:literal $offset:literal;)*) => {
        kernel! {
            /// Tells the processor where the vectors are.
            pub fn install() {
                mtspr::<{ spr::IVPR }>(0);
                $(mtspr::<{ if $number < 16 { spr::IVOR0 + $number } else { spr::IVOR32 + $number - 32 } }>($offset);)*
            }
        }
    };
}

ivors! {
    0 0x100;    // critical input
    1 0x200;    // machine check
    2 0x300;    // data storage
    3 0x400;    // instruction storage
    4 0x500;    // external input
    5 0x600;    // alignment
    6 0x700;    // program
    7 0x800;    // floating-point unavailable
    8 0xc00;    // system call
    9 0xf00;    // auxiliary processor unavailable
    10 0x900;   // decrementer
    11 0x1000;  // fixed-interval timer
    12 0x1300;  // watchdog
    13 0x1100;  // data TLB error
    14 0x1200;  // instruction TLB error
    15 0xd00;   // debug
    32 0xf00;   // SPE unavailable
    33 0xf00;   // embedded floating-point data
    34 0xf00;   // embedded floating-point round
    35 0xf00;   // performance monitor
}

/// What was interrupted does not go back to sleep: WE is saved like any other bit.
pub const fn awake(frame: &mut Frame) {
    frame.msr &= !msr::SLEEP;
}

/// What was interrupted can always go on.
pub const fn is_recoverable(_: &Frame) -> bool {
    true
}

/// Whether a vector leaves the stacks of threads alone.
pub const fn has_own_stack(vector: u32) -> bool {
    matches!(vector, 0x100 | 0x200 | 0xd00 | 0x1300)
}
