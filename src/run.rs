//! Guests that run: an image, under the host, on the machine in this process, with a board.
//!
//! ```text
//! file -> image -> boot -> Guest -> Runner -> Report
//!                            |         |
//!                        snapshot   trace, injected interrupts, debugger
//! ```
//!
//! - [`image`]: what an ELF file puts where;
//! - [`boot`]: memory, device tree and registers as the boot protocol wants them;
//! - [`Guest`] and [`Runner`]: those of `vm`, on the machine in this process;
//! - [`trace`]: every instruction and every decision of the host;
//! - [`snapshot`]: a whole guest in one file;
//! - [`gdb`]: a debugger's view;
//! - [`report`]: what there is to say afterwards.
//!
//! Time is the guest's own: it passes with the instructions that are executed and, while the guest sleeps, at once. So a
//! run is the same every time, and a stop from outside, for a debugger or a snapshot, is not noticed by guest or host.

pub mod boot;
pub mod gdb;
pub mod image;
pub mod report;
pub mod snapshot;
pub mod trace;

pub use vm::in_process::Devices;
pub use vm::{End, Turn, inject, peek};

/// What guests run on here.
pub type Machine = machine::Machine<Devices>;
/// A guest on it.
pub type Guest = vm::Guest<Machine>;
/// A guest that runs on it.
pub type Runner = vm::Runner<Machine>;
