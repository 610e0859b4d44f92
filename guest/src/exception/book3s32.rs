//! The vectors of 32-bit Book3S.
//!
//! An exception turns translation off and clears RI (MPC750 User's Manual table 4-6). The vector saves the state, then
//! returns to the handler with both on again. A reset or machine check while RI is clear cannot be returned from: it
//! has destroyed SRR0 and SRR1.

use super::Frame;
use crate::msr;

/// MSR of the kernel with interrupts off.
pub const KERNEL_MSR: u32 = msr::ME | msr::IR | msr::DR | msr::RI;
/// MSR of user programs.
pub const USER_MSR: u32 = KERNEL_MSR | msr::EE | msr::PR;
/// The bits that can be set before there is translation.
pub const EARLY: u32 = msr::ME | msr::RI;

/// The vectors are where the processor looks for them.
pub fn install() {}

/// What was interrupted does not sleep any more: POW is clear in what an exception saves.
pub fn awake(_: &mut Frame) {}

/// Whether what was interrupted can go on.
pub const fn is_recoverable(frame: &Frame) -> bool {
    frame.msr & msr::RI != 0
}

/// Whether a vector leaves the stacks of threads alone.
pub const fn has_own_stack(vector: u32) -> bool {
    matches!(vector, 0x100 | 0x200)
}
