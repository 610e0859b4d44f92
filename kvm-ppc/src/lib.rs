//! The host.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod deferral;
pub mod emulate;
pub mod exception;
mod exit;
pub mod hardware;
mod hold;
mod hypercall;
mod interpret;
pub mod interrupt;
pub mod mmu;
pub mod model;
pub mod page;
pub mod shadow;
pub mod snapshot;
pub mod spr;
pub mod statistics;
pub mod timer;
pub mod vcpu;

pub use hold::{Ready, Stopped};
pub use vcpu::Vcpu;
