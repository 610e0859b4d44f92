//! Rewrites the privileged instructions of a PowerPC kernel into loads and stores of the magic page.
//!
//! The pipeline, one module a stage:
//!
//! ```text
//! Image -> scan -> classify -> code -> analysis -> template -> arena -> Plan -> verify -> apply / revert
//! ```
//!
//! - [`scan`] finds candidate words fast; [`classify`] says exactly which instruction a word is;
//! - [`code`] says whether control can reach a word: what is not known to be code is left alone;
//! - [`analysis`] proves registers and condition register fields dead, and what a register holds;
//! - [`template`] is what an instruction may become: the chooser takes the cheapest one whose conditions are
//!   proved at the site;
//! - [`arena`] places trampolines within branch reach;
//! - [`stub`] maps the page before an image's first instruction;
//! - [`plan`] is the result as data; [`build`] runs the stages up to it;
//! - [`verify`] executes original and rewritten code side by side;
//! - [`apply`] changes words and takes them back, in a file's bytes or in running memory.
//!
//! The core needs no operating system: a guest can rewrite itself. ELF files are behind the feature `elf`.
//!
//! ```
//! use magicpage::Family;
//! use rewriter::asm::assemble;
//! use rewriter::classify::{Operation, classify};
//!
//! // What `mtmsr r9` is to this crate; `examples/own_kernel.rs` takes a whole kernel through the pipeline.
//! let word = assemble("mtmsr 9")?[0];
//! let operation = classify(word, Family::Book3s32);
//! assert!(matches!(operation, Some(Operation::WriteMsr { .. })));
//!
//! // `mtspr 272, r3` writes SPRG0, which is in the page; the count register is not.
//! assert!(classify(assemble("mtspr 272, 3")?[0], Family::Book3s32).is_some());
//! assert!(classify(assemble("mtctr 3")?[0], Family::Book3s32).is_none());
//! # Ok::<(), rewriter::asm::AsmError>(())
//! ```
//!
//! # What is assumed
//!
//! 1. Whoever interrupts code and resumes it gives back the registers and the MSR that it interrupted. A
//!    template without a critical section reads the MSR, changes EE or RI and stores it back; an interrupt handler
//!    that returned with other MSR bits than it found would have that change undone. The processor's own `mfmsr`,
//!    change, `mtmsr` has the same property.
//! 2. Callers that cannot be seen, calling through pointers, do not rely on volatile registers across a call of a
//!    function whose symbol has a size, or of assembly that is entered in no other way than by calls. Callers that can
//!    be seen are looked at.
//! 3. A label outside functions whose address is built by code or stands in a word of data, and from which every
//!    path consists of valid instructions up to an explicit end, is the start of code.
//!
//! Everything else is proved from the image; what cannot be proved is not used.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "elf"))]
extern crate std;

pub mod analysis;
pub mod apply;
pub mod arena;
pub mod asm;
pub mod build;
pub mod classify;
pub mod code;
#[cfg(feature = "elf")]
pub mod elf;
pub mod image;
pub mod plan;
pub mod scan;
pub mod stub;
pub mod template;
mod value;
pub mod verify;
