//! A 32-bit Book3S processor on the pegasos2 machine.
//!
//! The host runs in real mode, so that no translation is its own and all sixteen segment registers are the guest's. A guest
//! instruction is fetched, and its data is found, through the hashed page table ([`hash`]); which pages are in it is
//! [`mmu`]'s to say. [`enter`] goes to problem state and comes back with what the processor said.

use crate::arch::Layout;

mod classes;
pub mod console;
mod enter;
mod hash;
mod machine;
mod mmu;
mod panic;
mod segments;
mod start;
mod switch;

pub use enter::enter;
pub use machine::{leave, set_timebase, timebase};
pub use mmu::Mmu;

/// 512 MiB: vectors, the hashed page table at 1 MiB, the host at 4 MiB with its heap behind it, the handover, guest memory.
pub const LAYOUT: Layout = Layout {
    heap: 0x0100_0000..0x0500_0000,
    handover: 0x0800_0000..0x1000_0000,
    guest: 0x1000_0000..0x2000_0000,
};
