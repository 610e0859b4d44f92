//! The plain devices: the same addresses and the same meaning on every board.
//!
//! They are for guests of our own and for tests: as little as it takes to interrupt a guest, hear it, and let it end.
//! Each stands on a 4 KiB page of its own. A load or store of any width works on every register; a byte stored at the
//! register's own address counts as the number that it is.

pub mod console;
pub mod control;
pub mod interrupts;

pub(crate) use console::Console;
pub(crate) use control::Control;
pub(crate) use interrupts::Interrupts;

/// Physical address of the [interrupt controller](interrupts).
pub const INTERRUPTS: u64 = 0x0d00_0000;
/// Physical address of the [console].
pub const CONSOLE: u64 = 0x0d00_1000;
/// Physical address of the [control device](control).
pub const CONTROL: u64 = 0x0d00_2000;
