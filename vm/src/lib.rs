//! A guest as a whole: processor, memory, board, time, and the interrupts that are raised from outside.
//!
//! ```text
//! Guest -> Runner -> End, Injected
//!   |        |
//! Start    Outside
//! ```
//!
//! - [`platform`]: what a guest runs on: the machine in this process, or a processor on bare metal;
//! - [`guest`]: a guest and its host, and the smallest step of it;
//! - [`runner`]: to the end, with stops at exact instruction counts;
//! - [`inject`] and [`watch`]: interrupts from outside, and what becomes of them;
//! - [`peek`]: looking at a guest without leaving a trace;
//! - [`start`]: a guest between two instructions, to be taken elsewhere;
//! - [`handover`] and [`record`]: what a host on bare metal is told, and what it says;
//! - [`mod@sweep`]: interrupts at every boundary of short courses;
//! - [`mod@serve`]: all of it for a host on bare metal.
//!
//! Nothing here depends on where the guest runs: the same runner, with the same rules, drives it in process and on bare
//! metal, so that both can be compared instruction by instruction.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod guest;
pub mod handover;
#[cfg(feature = "machine")]
pub mod in_process;
pub mod inject;
pub mod peek;
pub mod platform;
pub mod record;
pub mod runner;
pub mod serve;
pub mod start;
pub mod sweep;
pub mod watch;

pub use guest::{Guest, Turn};
pub use platform::Platform;
pub use runner::{End, Outside, Runner};
