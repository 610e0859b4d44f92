//! The contract between a PowerPC guest and the KVM host that runs it in problem state.
//!
//! The host maps one 4 KiB page into the guest's supervisor address space, at effective address -4096, so
//! that `lwz rT, -4096+offset(0)` reaches it with no base register. The page holds the supervisor registers
//! that a guest kernel touches most; the guest reads and writes them there instead of trapping.
//!
//! This crate says what both sides must agree on and nothing else:
//!
//! - [`layout`]: where each field of the page is, for both byte orders and both word sizes;
//! - [`registers`]: which register and which SPR numbers belong to which field, on which family, with which
//!   feature: the one table that the rewriter, the host and their documentation derive from;
//! - [`hypercall`]: tokens, status codes, feature bits and the instruction sequence of a call;
//! - [`msr`]: the bits of the machine state register;
//! - [`critical`]: when a guest is inside a critical section;
//! - [`family`]: the processor families the interface knows.
//!
//! Masks are ordinary numbers: bit 0 is the least significant. Bits are counted as in the manuals, from the most
//! significant, only where the text says so. Offsets and sizes are in bytes.
//!
//! ```
//! use magicpage::registers::shared_spr;
//! use magicpage::{Endian, Family, WordSize, critical, msr};
//!
//! // `mfspr rT, SRR0` of a 32-bit big-endian guest becomes `lwz rT, -4028(0)`.
//! let srr0 = shared_spr(26, Family::Book3s32).expect("SRR0 is in the page");
//! let place = srr0.field.offset_in(Endian::Big, WordSize::Word32);
//! assert_eq!((place.offset, place.bytes, place.displacement()), (0x44, 4, -4028));
//!
//! // A section lasts while `critical` equals r1, in supervisor mode.
//! assert!(critical::is_critical(0xc000_8000, 0xc000_8000, msr::EE));
//! assert!(!critical::is_critical(0xc000_8000, 0xc000_8000, msr::EE | msr::PR));
//! ```
//!
//! The facts are those of the Linux kernel's `arch/powerpc/include/uapi/asm/kvm_para.h`,
//! `uapi/asm/epapr_hcalls.h` and `uapi/linux/kvm_para.h`.
#![no_std]
#![forbid(unsafe_code)]

pub mod critical;
pub mod family;
pub mod hypercall;
pub mod layout;
pub mod msr;
pub mod registers;

pub use family::{Endian, Families, Family, WordSize};
pub use layout::{Field, PAGE_ADDRESS, PAGE_SIZE};
