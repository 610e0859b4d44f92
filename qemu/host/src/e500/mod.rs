//! The e500v2, on the ppce500 machine.
//!
//! On Book E the whole of translation is the TLB, which software fills, and MSR\[IS\] and MSR\[DS\] choose one of two
//! address spaces (e500 Core Family Reference Manual chapter 12). The host keeps address space 0: three entries of
//! TLB1, memory one to one and the devices. The guest, its kernel included, is given address space 1 and problem state,
//! with entries of 4 KiB in TLB0. An interrupt goes back to address space 0 by itself, so that neither can see the
//! other's mappings at any instruction; and since the host's addresses are its own, the guest may use all of the 4 GiB.
//!
//! | real address | what |
//! |---|---|
//! | 0x1000 | [`context`]: the guest's registers, within reach of an offset |
//! | 0x10000 | vectors, then the host's code and data, stacks at the end |
//! | 0x0200_0000 | heap, 64 MiB |
//! | 0x0800_0000 | the handover, 128 MiB at most |
//! | 0x1000_0000 | guest memory, 256 MiB |
//! | 0xf_e000_0000 | devices, at effective address 0xe000_0000 |
//! | 0xc_0000_0000 | a page of the PCI bus, at effective address 0xe010_0000 |

pub mod console;
mod context;
mod enter;
mod leave;
mod mmu;
mod process;
mod spr;
mod start;
mod time;
mod tlb;
mod trap;

pub use enter::enter;
pub use leave::leave;
pub use mmu::Mmu;
pub use time::{set_timebase, timebase};

use crate::arch::Layout;

/// What lies where.
pub const LAYOUT: Layout = Layout {
    heap: 0x0200_0000..0x0600_0000,
    handover: 0x0800_0000..0x1000_0000,
    guest: 0x1000_0000..0x2000_0000,
};

/// Effective address of the devices (MPC8544E Reference Manual, memory map: configuration, control and status).
const CCSR: u32 = 0xe000_0000;

/// Effective and real address of a page through which the PCI bus can be reached.
const PCI: u32 = 0xe010_0000;
const PCI_REAL: u64 = 0xc_0000_0000;
