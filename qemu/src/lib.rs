//! The bare-metal host in QEMU: from a handover to what the host said.
//!
//! ```text
//! images -> handover -> Machine -> Qemu (a process) -> records, exit status
//! ```
//!
//! - [`machine`]: the machines that QEMU emulates, one row a family;
//! - [`image`]: the guest and the host, built for bare metal;
//! - [`find`]: QEMU itself;
//! - [`run()`]: one run, with a time limit; what was started is stopped, and nothing else;
//! - [`packages`] and [`process`]: Debian packages, and other programs;
//! - [`cache`]: where made kernels are kept.

pub mod cache;
pub mod find;
pub mod image;
pub mod machine;
pub mod packages;
pub mod process;
pub mod run;

pub use machine::Machine;
pub use run::{Outcome, Spec, run};
