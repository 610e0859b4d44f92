//! The host: runs a PowerPC guest, its kernel included, in problem state, and misses no interrupt.
//!
//! Every privileged instruction of the guest traps and is carried out here, on a virtual processor ([`Vcpu`]) whose
//! registers are partly in the magic page that host and guest share. A guest that was rewritten reads and writes them
//! there, with no trap, in trampolines some of which have a critical section: until it ends, the host takes no
//! interrupt to the guest. How the host learns that it has ended is this crate's reason to exist; see [`deferral`].
//!
//! The crate is a state machine. It has no input or output and no clock; whatever it does to the world it does through
//! [`hardware::Hardware`], which a machine in this process implements, and a host on bare metal.
//!
//! ```text
//!         prepare                    enter                     handle
//!   Vcpu ---------> Entry, Hardware ------> Exit, hardware ----------> Vcpu
//!         interrupts are taken or           the guest's registers       an exit is found to mean nothing to
//!         the guest is held                 have changed                the guest, or an exception
//! ```
//!
//! - [`vcpu`]: what a virtual processor is; [`page`], [`spr`], [`timer`], [`mmu`] and [`interrupt`] are its parts, and
//!   [`model`] says which processor it is;
//! - [`hold`]: before each entry, the one place where interrupts reach the guest;
//! - [`exit`]: after each exit; [`emulate`] carries out privileged instructions, [`interpret`] ordinary ones that the
//!   hardware could not, [`hypercall`] answers calls; an [`exception`] is what an instruction raises in the guest;
//! - [`shadow`]: the mappings that the hardware has been given;
//! - [`statistics`]: what the guest exited for;
//! - [`snapshot`]: a virtual processor, saved and restored.
//!
//! What a processor family has is in tables: [`interrupt::rows`], [`spr::rows`], [`emulate::rows`],
//! [`model::MODELS`], [`deferral::POLICIES`].
//!
//! ```
//! use kvm_ppc::deferral::{self, Hold, Policy};
//! use kvm_ppc::hardware::Shared;
//! use kvm_ppc::model::Model;
//! use magicpage::Family;
//!
//! // An interrupt finds the guest in a section: the next store to the page is to trap, again after each that did.
//! assert_eq!(deferral::DEFAULT.engage(), Hold::Protect(Shared::Magic));
//! assert_eq!(deferral::DEFAULT.proceed(), Hold::Protect(Shared::Magic));
//! // Mainline Linux does nothing.
//! let legacy = deferral::from_name("legacy").expect("a row of POLICIES");
//! assert_eq!(legacy.engage(), Hold::None);
//! assert_eq!(Model::of_family(Family::Book3s32).family, Family::Book3s32);
//! ```
//!
//! `examples/own_hypervisor.rs` is a whole hypervisor.
//!
//! The guest is not trusted. Every byte of the page, every register and every mapping it asks for may be anything: an
//! exit costs a bounded amount of work, guest memory is reached through [`vcpu::Supervisor::translate`] only, and
//! guest user mode reaches the page by no way.
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
