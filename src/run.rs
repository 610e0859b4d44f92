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
//! - [`guest`]: a guest and its host, and the smallest step of it;
//! - [`runner`]: to the end, with stops at exact instruction counts;
//! - [`inject`] and [`watch`]: interrupts from outside, and what becomes of them;
//! - [`trace`]: every instruction and every decision of the host;
//! - [`snapshot`]: a whole guest in one file;
//! - [`gdb`]: a debugger's view;
//! - [`peek`]: looking at a guest without leaving a trace;
//! - [`report`]: what there is to say afterwards.
//!
//! Time is the guest's own: it passes with the instructions that are executed and, while the guest sleeps, at once. So a
//! run is the same every time, and a stop from outside, for a debugger or a snapshot, is not noticed by guest or host.

pub mod boot;
pub mod devices;
pub mod gdb;
pub mod guest;
pub mod image;
pub mod inject;
pub mod peek;
pub mod report;
pub mod runner;
pub mod snapshot;
pub mod trace;
pub mod watch;

pub use guest::{Guest, Turn};
pub use runner::{End, Outside, Runner};
