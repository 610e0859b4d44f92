//! The host on bare metal: `kvm-ppc` on a processor of its own, which QEMU emulates.
//!
//! The machine in process and this host are two implementations of the same trait,
//! [`Hardware`](kvm_ppc::hardware::Hardware). Here a guest really runs in problem state, its addresses really are translated,
//! and an interrupt really comes between any two instructions.
//!
//! ```text
//! main        the entry
//! job         reads the handover, runs the guest, says what came of it
//! selftest    what runs without a handover
//! hardware    Hardware over what follows
//!   clock       time: the processor's, or counted in instructions
//!   software    instructions that the host carries out itself
//!   step        which those are, when the guest is stepped
//!   reserve     reservations across exits
//!   mappings    the list that the processor's tables are a cache of
//!   real        guest memory
//! arch        the edge to the processor: book3s32, e500
//! ```
#![no_std]
#![no_main]

extern crate alloc;

pub mod arch;
#[cfg(feature = "book3s-32")]
pub mod book3s32;
pub mod clock;
#[cfg(feature = "e500")]
pub mod e500;
pub mod hardware;
pub mod heap;
pub mod job;
pub mod mappings;
pub mod output;
pub mod real;
pub mod reserve;
pub mod selftest;
pub mod software;
pub mod step;

/// The host's part behind the entry: runs the guest of the handover. Without one, it tests itself.
pub fn main() -> ! {
    // SAFETY: the layout's ranges are memory that nothing is linked to, and this is the only call.
    unsafe { heap::install(arch::LAYOUT.heap) };
    match job::run() {
        Ok(Some(done)) => arch::leave(done),
        Ok(None) => arch::leave(selftest::run()),
        Err(why) => job::failed(format_args!("{why}")),
    }
}
