//! What the host needs of the processor and the memory that it runs on.
//!
//! The in-process machine implements [`Hardware`], and so does a host on bare metal. The verbs are those of a
//! processor that runs the guest in problem state: enter it, and change what its effective addresses reach.
//! Pages are 4 KiB, whatever the guest's own page size.

use cpu::State;
use magicpage::{Endian, PAGE_SIZE};

/// What the effective addresses of one 256 MiB segment mean: a number that the host gives out and the hardware
/// tells apart. On Book3S a virtual segment identifier, on Book E a process identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Space(pub u32);

/// One page of effective addresses of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Effective address shifted right by 12.
    pub page: u64,
    /// The space.
    pub space: Space,
}

/// A page that host and guest share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Shared {
    /// The magic page.
    Magic,
    /// The second page of the split-critical and the notification policy.
    Second,
}

/// What a page of effective addresses reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frame {
    /// Guest memory: guest physical address shifted right by 12.
    Memory(u64),
    /// A shared page.
    Shared(Shared),
}

bitflags::bitflags! {
    /// What a mapping allows.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Rights: u8 {
        /// Loads.
        const READ = 1;
        /// Stores.
        const WRITE = 2;
        /// Instruction fetches.
        const EXECUTE = 4;
    }
}

/// What an access to memory wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// To read.
    Load,
    /// To write.
    Store,
    /// To fetch an instruction.
    Fetch,
}

impl Access {
    /// The right the access needs.
    pub const fn right(self) -> Rights {
        match self {
            Self::Load => Rights::READ,
            Self::Store => Rights::WRITE,
            Self::Fetch => Rights::EXECUTE,
        }
    }
}

impl From<cpu::memory::Access> for Access {
    fn from(access: cpu::memory::Access) -> Self {
        match access {
            cpu::memory::Access::Load => Self::Load,
            cpu::memory::Access::Store => Self::Store,
        }
    }
}

/// How the guest is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The space of each segment for instruction fetches: by effective address bits 28 to 31, counted from the
    /// least significant.
    pub fetch: [Space; 16],
    /// The same for loads and stores. It differs from `fetch` where only one of the two is translated.
    pub data: [Space; 16],
    /// Byte order of loads, stores and fetches.
    pub endian: Endian,
    /// Whether to come back after one instruction, with [`Exit::Trace`].
    pub step: bool,
    /// The time base, in ticks, at or behind which the host wants control back.
    pub deadline: Option<u64>,
}

/// Why a program exit happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A privileged instruction.
    Privileged,
    /// No instruction of the processor.
    Illegal,
    /// A trap instruction whose condition held.
    Trap,
    /// An enabled floating-point exception.
    FloatingPoint,
}

/// Why the guest no longer runs.
///
/// Unless said otherwise the program counter is at the instruction concerned, which has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A program interrupt.
    Program(Cause),
    /// A system call. The program counter is behind it.
    SystemCall,
    /// A load or store that no mapping allows.
    Data {
        /// Effective address of the access.
        address: u64,
        /// Whether it was a store.
        store: bool,
    },
    /// No mapping allows to fetch the instruction at the program counter.
    Fetch,
    /// A load or store at an address that the hardware wants aligned.
    Alignment {
        /// Effective address of the access.
        address: u64,
        /// Whether it was a store.
        store: bool,
    },
    /// A floating-point instruction while [`State::fp`] is false.
    FloatingPoint,
    /// An AltiVec or SPE instruction.
    Vector,
    /// One instruction has completed, after an entry with [`Entry::step`]. The program counter is behind it.
    Trace,
    /// The host wanted control back: the deadline, or its own business. Between two instructions.
    Host,
    /// The hardware cannot run the instruction at the program counter as the entry asks; the host is to
    /// interpret it.
    Interpret,
}

/// What answers at a guest physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backing {
    /// Memory.
    Memory,
    /// A device.
    Device,
    /// Nothing.
    Nothing,
}

/// The address is not one of memory, or of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NothingThere;

/// The processor and the memory that a guest runs on.
///
/// The host trusts it; the guest cannot reach it but through the mappings.
pub trait Hardware {
    /// Runs the guest in problem state until something needs the host.
    ///
    /// `state` is the guest's and is changed as the guest runs. A reservation in it survives exits.
    fn enter(&mut self, state: &mut State, entry: &Entry) -> Exit;

    /// Lets `place` reach `frame`, in place of whatever it reached.
    fn map(&mut self, place: Place, frame: Frame, rights: Rights);

    /// Changes the rights of a mapping. A place with no mapping stays so.
    fn protect(&mut self, place: Place, rights: Rights);

    /// Takes a mapping away.
    fn unmap(&mut self, place: Place);

    /// Takes all mappings of all spaces away.
    fn flush(&mut self);

    /// How many spaces it tells apart, at least 64: valid numbers are below that.
    fn spaces(&self) -> u32;

    /// The bytes of a shared page.
    fn shared(&self, page: Shared) -> &[u8; PAGE_SIZE];

    /// The bytes of a shared page, to be changed.
    fn shared_mut(&mut self, page: Shared) -> &mut [u8; PAGE_SIZE];

    /// What answers at a guest physical address.
    fn backing(&self, physical: u64) -> Backing;

    /// Copies guest memory at `physical` into `bytes`.
    ///
    /// # Errors
    ///
    /// When not all of it is memory; nothing is copied then.
    fn read(&self, physical: u64, bytes: &mut [u8]) -> Result<(), NothingThere>;

    /// Copies `bytes` into guest memory at `physical`.
    ///
    /// # Errors
    ///
    /// When not all of it is memory; nothing is copied then.
    fn write(&mut self, physical: u64, bytes: &[u8]) -> Result<(), NothingThere>;

    /// Loads `bytes` from a device register, as a big-endian number, whatever the guest's byte order.
    ///
    /// `bytes` is 1, 2, 4 or 8; where an access crosses into another page it is what lies in this one, 1 to 7.
    ///
    /// # Errors
    ///
    /// When no device has such a register.
    fn device_load(&mut self, physical: u64, bytes: u8) -> Result<u64, NothingThere>;

    /// Stores the low `bytes` of `value` to a device register; size and byte order as for
    /// [`device_load`](Self::device_load).
    ///
    /// # Errors
    ///
    /// When no device has such a register.
    fn device_store(&mut self, physical: u64, bytes: u8, value: u64) -> Result<(), NothingThere>;

    /// The level of the external interrupt line that the board's devices drive: true while one asks.
    fn external_line(&self) -> bool;

    /// The time base, in ticks.
    fn timebase(&self) -> u64;

    /// The host has carried out an instruction of the guest, or has taken an exception for it.
    ///
    /// Hardware whose time does not pass by itself lets as much pass as an instruction takes: otherwise a guest that does
    /// nothing but trap would stop time.
    fn carried_out(&mut self) {}

    /// Sets the time base, in ticks.
    fn set_timebase(&mut self, ticks: u64);
}
