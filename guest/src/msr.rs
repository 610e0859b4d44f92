//! Bits of the machine state register, in the 32 bits that it has here.

use magicpage::msr;

/// A mask of the low word.
const fn low(mask: u64) -> u32 {
    assert!(mask >> 32 == 0, "a bit of the low word");
    mask as u32
}

/// External interrupts and the decrementer are let in.
pub const EE: u32 = low(msr::EE);
/// User mode.
pub const PR: u32 = low(msr::PR);
/// Machine checks are let in.
pub const ME: u32 = low(msr::ME);
/// The processor sleeps: POW of the 750, WE of e500.
pub const SLEEP: u32 = low(msr::POW);
/// Fetches are translated.
#[cfg(book3s32)]
pub const IR: u32 = low(msr::IR);
/// Loads and stores are translated.
#[cfg(book3s32)]
pub const DR: u32 = low(msr::DR);
/// Exceptions can be returned from.
#[cfg(book3s32)]
pub const RI: u32 = low(msr::RI);
/// Critical interrupts are let in.
#[cfg(e500)]
pub const CE: u32 = low(msr::CE);
