//! A small kernel that runs as a guest of the host.
//!
//! It does what the host and the rewriter have to stand, and says what came of it: its privileged instructions stand in
//! the idioms that kernels use, it maps the magic page and rewrites itself while it runs, takes interrupts in the middle
//! of it all, and checks every register that an interrupt might have changed.
//!
//! ```text
//! boot -> device tree, command line -> memory, MMU, exceptions, threads -> pv -> workload -> exit status
//! ```
//!
//! - [`kernel`]: the section that holds every privileged instruction, and its table of functions: what the rewriter
//!   is shown;
//! - [`privileged`]: the instructions themselves; [`irq`]: the idioms made of them;
//! - [`exception`], [`thread`], [`user`], [`timer`], [`mmu`]: what a kernel consists of;
//! - [`pv`]: the magic page, and two ways to make use of it;
//! - [`workload`]: what there is to run, one file each.
//!
//! Physical and effective addresses are the same, so that code finds itself and its data with translation on and off.
//! One image serves with a host that is described in the device tree, with one that is not, and with none.
#![no_std]
#![no_main]

extern crate alloc;

mod assembly;
mod boot;
mod commandline;
mod console;
mod control;
mod devicetree;
mod exception;
mod hypercall;
mod idle;
mod interrupts;
mod irq;
mod kernel;
mod memory;
mod mmio;
mod mmu;
mod msr;
mod privileged;
mod pv;
mod random;
mod text;
mod thread;
mod timer;
mod user;
mod workload;
