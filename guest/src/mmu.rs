//! The MMU: the kernel is always mapped to itself and for itself, a process sees its pages only.

#[cfg(book3s32)]
mod book3s32;
#[cfg(e500)]
mod e500;

#[cfg(book3s32)]
pub use book3s32::*;
#[cfg(e500)]
pub use e500::*;
