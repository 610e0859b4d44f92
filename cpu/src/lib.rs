//! What a PowerPC instruction means.
//!
//! A word and a processor family make an [`Ins`]; everything else is asked of it:
//!
//! - [`mod@decode`]: which instruction a word is, exactly: a word with a reserved bit set is not that instruction;
//! - [`effects`]: the registers and condition-register fields it reads, may change, and certainly overwrites;
//! - [`flow`]: where control goes next;
//! - [`text`]: how GNU objdump prints it;
//! - [`mod@encode`]: the other way round, from a mnemonic and operands to the word;
//! - [`exec`]: what it does to the architected [`state`] and to [`memory`]; [`mod@fpscr`] has the rules of the
//!   floating-point status.
//!
//! General instructions are recognised by the `powerpc` crate; what it does not know (Book E, SPE, later Power ISA,
//! VSX, most privileged 64-bit instructions) by rows of our own. Either way there is one [row](table::Row)
//! per instruction, and the [operands](operand) of the row are the one source of masks, effects and text.
//!
//! A word is a number, whatever its byte order in memory. Its bits are counted from the least significant, bit 0; the
//! manuals count from the other end. Bits and fields of the condition register are counted as in the manuals: 0 is the
//! most significant.
//!
//! The crate errs on one side only. Effects are over-approximated: an unknown word reads and writes everything. An
//! instruction is privileged unless it is known not to be. Execution stops, changing nothing, at whatever it does
//! not implement.
//!
//! ```
//! use cpu::{Privilege, Regs, assemble, decode};
//! use magicpage::Family;
//!
//! let word = assemble("mtmsr r9", None, Family::Book3s32)?;
//! let ins = decode(word, Family::Book3s32);
//! assert_eq!(ins.text(None).to_string(), "mtmsr   r9");
//! assert_eq!(ins.privilege(), Privilege::Supervisor);
//! assert!(ins.effects().reads.contains(Regs::gpr(9)));
//!
//! // Book E's `wrteei` is no instruction of Book3S.
//! assert!(assemble("wrteei 1", None, Family::Book3s32).is_err());
//! # Ok::<(), cpu::EncodeError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod decode;
pub mod effects;
pub mod encode;
pub mod exec;
pub mod flow;
mod form;
pub mod fpscr;
pub mod memory;
pub mod operand;
pub mod regs;
pub mod spr;
pub mod state;
pub mod table;
pub mod text;

pub use decode::{Extension, Ins, decode};
pub use effects::Effects;
pub use encode::{EncodeError, Value, assemble, encode};
pub use exec::{Stop, execute};
pub use flow::{Flow, Via};
pub use memory::{Fault, Memory};
pub use regs::Regs;
pub use state::State;
pub use table::Privilege;
