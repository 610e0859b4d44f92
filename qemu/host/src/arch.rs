//! The edge to the processor and to the machine that it is on.
//!
//! Each family has a module that provides what follows, and exactly one is built in. Everything above is common.
//!
//! | item | what it does |
//! |---|---|
//! | `_start` | sets up the stack and clears bss, makes the machine quiet, installs vectors, then calls [`crate::main`] |
//! | `LAYOUT` | a [`Layout`]: what lies where in the machine's memory |
//! | `console::put(byte)` | prints a byte on the machine's serial line, and waits until it is taken |
//! | `leave(success) -> !` | ends QEMU: exit status 0, or another |
//! | `timebase() -> u64`, `set_timebase(u64)` | the processor's time base |
//! | `Mmu::new(`[`Options`]`)` | translation for a guest, with no mappings |
//! | `Mmu::map(Place, real_page: u32, Rights)` | maps a page of real memory, in place of whatever was there |
//! | `Mmu::protect(Place, Rights)` | changes the rights of a mapping, if there is one |
//! | `Mmu::unmap(Place)`, `Mmu::flush()` | takes a mapping away, or all |
//! | `Mmu::mappings() -> &`[`Mappings`](crate::mappings::Mappings) | the complete list |
//! | `enter(&mut Mmu, &mut State, &`[`Run`]`) -> `[`Ran`] | runs the guest in problem state until an exception |
//!
//! The hashed page table, or the TLB, is a cache of the list of mappings. `enter` fills it from there, with no return to
//! its caller; a [`Trap::Data`] or [`Trap::Fetch`] means that the *list* does not allow the access.
//!
//! Addresses are effective where nothing else is said. A *real* address is one of the machine that the host runs on; guest
//! physical address 0 is the first byte of [`Layout::guest`].

use core::ops::Range;

use kvm_ppc::hardware::{Cause, Space};
use magicpage::Family;

use crate::step::Pages;

#[cfg(feature = "book3s-32")]
pub use crate::book3s32::{LAYOUT, Mmu, console, enter, leave, set_timebase, timebase};
#[cfg(feature = "e500")]
pub use crate::e500::{LAYOUT, Mmu, console, enter, leave, set_timebase, timebase};

/// The processor family that the host is built for, which is its guests' too.
#[cfg(feature = "book3s-32")]
pub const FAMILY: Family = Family::Book3s32;
/// The processor family that the host is built for, which is its guests' too.
#[cfg(feature = "e500")]
pub const FAMILY: Family = Family::E500;

/// Effective addresses at which stepping cannot be relied on, whole pages: instructions there are carried out by the host. QEMU
/// 7.2 does not trace a 32-bit Book3S processor between 0x100 and 0xf00, where vectors are, not even those of problem state.
#[cfg(feature = "book3s-32")]
pub const UNTRACED: Range<u32> = 0..0x1000;
/// Effective addresses at which stepping cannot be relied on: none.
#[cfg(feature = "e500")]
pub const UNTRACED: Range<u32> = 0..0;

/// What lies where in the memory of the machine: real addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The host's heap.
    pub heap: Range<usize>,
    /// Where QEMU's loader puts the handover.
    pub handover: Range<usize>,
    /// What guest memory is taken from.
    pub guest: Range<usize>,
}

/// How translation is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Changes of mappings invalidate nothing in the TLB. That is wrong, and exists so that tests can see that it is.
    pub skip_tlbie: bool,
    /// The guest may fetch from every page that it may load from, as far as the processor is concerned.
    ///
    /// A processor whose pages have no right to execute of their own is exact only at a price that most guests cannot pay: see
    /// the module of its segments. On real time such a guest lacks an exception where it fetches from a page that its own tables
    /// forbid. A guest that is stepped has it in any case, since the caller knows the pages.
    pub lenient_fetch: bool,
}

/// How the guest is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The space of each segment for fetches.
    pub fetch: &'a [Space; 16],
    /// And for loads and stores.
    pub data: &'a [Space; 16],
    /// How far.
    pub extent: Extent<'a>,
}

/// How far the guest is to be run.
#[derive(Clone, Copy, Debug)]
pub enum Extent<'a> {
    /// Until an exception, or for so many ticks of the time base: then [`Trap::Decrementer`]. With no number of ticks the
    /// host's timer is off.
    Free {
        /// Ticks of the time base.
        ticks: Option<u32>,
    },
    /// One instruction after the other, with the host's interrupts off.
    ///
    /// Before each instruction, the first included:
    ///
    /// - when [`most`](Self::Steps::most) have completed: [`Trap::Stepped`];
    /// - when [`pages`](Self::Steps::pages) does not have the page of the program counter, or when
    ///   [`step::looks`](crate::step::looks) says so of the instruction's word: [`Trap::Look`].
    Steps {
        /// How many instructions may complete.
        most: u32,
        /// The pages that may be fetched from, which the caller knows.
        pages: &'a Pages,
    },
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Why it ended.
    pub trap: Trap,
    /// How many instructions completed, with [`Extent::Steps`]; otherwise 0. A system call is not among them.
    pub steps: u32,
}

/// Why the guest no longer runs.
///
/// Unless said otherwise the program counter is at the instruction concerned, which has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// A program interrupt.
    Program(Cause),
    /// A system call. The program counter is *at* it.
    SystemCall,
    /// A load or store that the list of mappings does not allow.
    Data {
        /// Effective address of the first byte that is not allowed.
        address: u32,
        /// Whether it was a store.
        store: bool,
    },
    /// The list of mappings does not allow to fetch the instruction.
    Fetch,
    /// A load or store at an address that the processor wants aligned.
    Alignment {
        /// Effective address.
        address: u32,
    },
    /// A floating-point instruction while `State::fp` is false.
    FloatingPoint,
    /// An AltiVec or SPE instruction.
    Vector,
    /// [`Extent::Steps`]: all instructions have completed.
    Stepped,
    /// [`Extent::Steps`]: the caller is to look at the instruction.
    Look,
    /// [`Extent::Free`]: the time has come.
    Decrementer,
    /// The processor cannot run the instruction with these spaces.
    Interpret,
    /// The list of mappings allows what the instruction does, and the processor cannot do it: the caller is to carry it out.
    Unable,
}

/// Whether two lists of spaces are the same: every entry asks, so there is no branch in it.
pub fn same(one: &[Space; 16], other: &[Space; 16]) -> bool {
    let differences = one.iter().zip(other).map(|(one, other)| one.0 ^ other.0);
    differences.fold(0, |all, difference| all | difference) == 0
}
