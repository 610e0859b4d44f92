//! ELF files: kernels and kernel modules in, rewritten ones out.
//!
//! ```text
//! bytes -> ElfImage::parse -> Image -> (the core) -> Plan -> changes -> bytes -> revert -> the same bytes as before
//! ```
//!
//! [`ElfImage::parse`] reads a file into an [`Image`](crate::image::Image): code, names, and what may happen to
//! the code before it runs. [`changes`] turns a [`Plan`](crate::plan::Plan) into the bytes that differ, all of
//! them at places that the plan names or behind the end of the original, and into a [`Note`] that tells every
//! one of them. [`revert()`] needs nothing but that note.
//!
//! A file is never trusted. Every offset, size and count is held against the file's length before it is used,
//! so that a lying header costs an [`ElfError`] and not a panic or an allocation.

mod areas;
mod error;
mod family;
mod file;
mod layout;
mod linux;
mod note;
mod read;
mod relocs;
mod revert;
mod symbols;
mod vectors;
mod write;

pub use error::{ElfError, ElfErrorKind};
pub use note::{Edit, NOTE_VERSION, Note, NoteError, NoteErrorKind, NoteKind, read_note};
pub use read::{ElfImage, ReadOptions, digest};
pub use revert::{RevertError, RevertErrorKind, revert};
pub use write::{Changes, Stub, WriteError, WriteErrorKind, WriteOptions, changes, write};
