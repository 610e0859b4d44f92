//! The two TLBs of the e500v2: TLB0 with 512 entries in sets of four, all of 4 KiB; TLB1 with 16 entries of 4 KiB to
//! 4 GiB.
//!
//! An entry is kept as the MAS registers hold it. Operations take and leave a [`Mas`], as the instructions of the
//! same purpose do, and answer with what they make stale (e500 Core Family Reference Manual 12.3, 12.4 and 12.7).

use alloc::sync::Arc;

use super::Stale;
use super::mas::{self, Mas};

/// Entries of TLB0.
pub const SMALL: usize = 512;
/// Ways of TLB0.
pub const WAYS: usize = 4;
/// Entries of TLB1.
pub const LARGE: usize = 16;

/// The largest MAS1\[TSIZE\]: 4 GiB.
const LARGEST: u32 = 11;

/// `tlbivax`: the TLB concerned, and whether all of it is.
const INVALIDATE_TLB1: u32 = 0x8;
const INVALIDATE_ALL: u32 = 0x4;
/// MMUCSR0: flash invalidation of TLB0 and TLB1.
const FLASH_TLB0: u32 = 0x4;
const FLASH_TLB1: u32 = 0x2;

/// One entry, as MAS1, MAS2, MAS3 and MAS7 hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    mas1: u32,
    mas2: u32,
    mas3: u32,
    mas7: u32,
}

impl Entry {
    const fn is_valid(self) -> bool {
        self.mas1 & mas::VALID != 0
    }

    const fn is_protected(self) -> bool {
        self.mas1 & mas::PROTECTED != 0
    }

    /// Bytes that it covers: 4 to the power of TSIZE KiB.
    const fn bytes(self) -> u64 {
        let size = (self.mas1 & mas::SIZE) >> mas::SIZE_SHIFT;
        1 << (10
            + 2 * match size {
                0 => 1,
                LARGEST.. => LARGEST,
                size => size,
            })
    }

    const fn covers(self, address: u32) -> bool {
        self.is_valid() && (self.mas2 & mas::PAGE ^ address) as u64 & !(self.bytes() - 1) == 0
    }

    fn matches(self, address: u32, space: bool, processes: &[u8]) -> bool {
        let process = self.mas1 & mas::PROCESS;
        self.covers(address)
            && (self.mas1 & mas::SPACE != 0) == space
            && (process == 0
                || processes
                    .iter()
                    .any(|id| u32::from(*id) << mas::PROCESS_SHIFT == process))
    }

    /// Where an address within leads, of 36 bits.
    pub(super) const fn physical(self, address: u32) -> u64 {
        let offset = self.bytes() - 1;
        let frame = ((self.mas7 & mas::HIGH_PAGE) as u64) << 32 | (self.mas3 & mas::PAGE) as u64;
        frame & !offset | address as u64 & offset
    }

    /// MAS3's permissions, moved to where user mode has them.
    pub(super) const fn permissions(self, user: bool) -> u32 {
        if user { self.mas3 } else { self.mas3 << 1 }
    }

    const fn stale(self) -> Stale {
        if self.is_valid() {
            Stale::around((self.mas2 & mas::PAGE) as u64, self.bytes())
        } else {
            Stale::NOTHING
        }
    }
}

/// The entries of both TLBs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entries {
    small: [Entry; SMALL],
    large: [Entry; LARGE],
}

impl Entries {
    fn all(&mut self, large: bool) -> &mut [Entry] {
        if large { &mut self.large } else { &mut self.small }
    }
}

/// Both TLBs. Copies share their entries until one of them changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlb {
    entries: Arc<Entries>,
    /// TLB0\[NV\]: the way to replace next.
    victim: u8,
}

impl Default for Tlb {
    fn default() -> Self {
        let none = Entry::default();
        Self {
            entries: Arc::new(Entries {
                small: [none; SMALL],
                large: [none; LARGE],
            }),
            victim: 0,
        }
    }
}

/// An entry's place: which TLB, and its number there.
#[derive(Clone, Copy)]
struct At {
    large: bool,
    index: usize,
}

impl At {
    /// What MAS0 and MAS2 select.
    const fn selected(mas: &Mas) -> Self {
        let entry = ((mas.mas0 & mas::ENTRY) >> mas::ENTRY_SHIFT) as usize;
        if mas.mas0 & mas::TLB1 != 0 {
            Self {
                large: true,
                index: entry,
            }
        } else {
            Self {
                large: false,
                index: set(mas.mas2) + entry % WAYS,
            }
        }
    }

    /// MAS0 for it.
    const fn mas0(self) -> u32 {
        // Ways and entries of TLB1 are below 16.
        #[expect(clippy::cast_possible_truncation, reason = "masked")]
        let entry = (self.index & if self.large { LARGE - 1 } else { WAYS - 1 }) as u32;
        entry << mas::ENTRY_SHIFT | if self.large { mas::TLB1 } else { 0 }
    }
}

/// The first entry of the set that an address belongs to: bits 45 to 51 choose.
const fn set(address: u32) -> usize {
    (address >> 12) as usize % (SMALL / WAYS) * WAYS
}

impl Tlb {
    /// The entry that translates an address in an address space, for a set of process identifiers.
    ///
    /// `space` is MSR\[IS\] for a fetch, MSR\[DS\] for a load or store.
    pub fn find(&self, address: u32, space: bool, processes: &[u8]) -> Option<Entry> {
        self.locate(address, space, processes).map(|at| self.entry(at))
    }

    fn locate(&self, address: u32, space: bool, processes: &[u8]) -> Option<At> {
        let matches = |entry: &Entry| entry.matches(address, space, processes);
        let large = self
            .entries
            .large
            .iter()
            .position(matches)
            .map(|index| At { large: true, index });
        large.or_else(|| {
            let first = set(address);
            let way = self.entries.small[first..first + WAYS].iter().position(matches)?;
            Some(At {
                large: false,
                index: first + way,
            })
        })
    }

    fn entry(&self, at: At) -> Entry {
        if at.large {
            self.entries.large[at.index]
        } else {
            self.entries.small[at.index]
        }
    }

    /// `tlbwe`: the entry that MAS0 selects becomes what MAS1, MAS2, MAS3 and MAS7 say. Entries of TLB0 are of 4 KiB
    /// and unprotected whatever MAS1 says.
    pub fn write(&mut self, mas: &Mas) -> Stale {
        let at = At::selected(mas);
        let mut mas1 = mas.mas1 & (mas::VALID | mas::PROTECTED | mas::PROCESS | mas::SPACE | mas::SIZE);
        if !at.large {
            mas1 = mas1 & !(mas::SIZE | mas::PROTECTED) | 1 << mas::SIZE_SHIFT;
            self.victim = (mas.mas0 & mas::NEXT_VICTIM) as u8;
        }
        let entry = Entry {
            mas1,
            mas2: mas.mas2 & (mas::PAGE | mas::ATTRIBUTES),
            mas3: mas.mas3 & !0xc00,
            mas7: mas.mas7 & mas::HIGH_PAGE,
        };
        let place = &mut Arc::make_mut(&mut self.entries).all(at.large)[at.index];
        let before = core::mem::replace(place, entry);
        before.stale().and(entry.stale())
    }

    /// `tlbre`: MAS0 and MAS2 select an entry, which MAS1, MAS2, MAS3 and MAS7 then hold.
    pub fn read(&self, mas: &mut Mas) {
        let at = At::selected(mas);
        self.load(mas, at);
        mas.mas0 = mas.mas0 & !mas::NEXT_VICTIM | u32::from(self.victim);
    }

    /// `tlbsx`: looks an address up for MAS6\[SPID0\] and MAS6\[SAS\]. MAS1\[V\] tells whether it was found; where it
    /// was not, the defaults of MAS4 are set up for an entry to be written.
    pub fn search(&self, mas: &mut Mas, address: u32) {
        let process = ((mas.mas6 & mas::PROCESS) >> mas::PROCESS_SHIFT) as u8;
        let space = mas.mas6 & mas::SEARCH_SPACE != 0;
        if let Some(at) = self.locate(address, space, &[process]) {
            mas.mas0 = at.mas0() | u32::from(self.victim);
            self.load(mas, at);
        } else {
            self.set_up(mas, process, space);
            mas.mas2 = mas.mas4 & mas::ATTRIBUTES;
        }
    }

    /// What a TLB error leaves in the MAS registers: the defaults of MAS4 for an entry that would have translated
    /// `address` in `space`. `processes` are PID0 to PID2.
    pub fn miss(&self, mas: &mut Mas, address: u32, space: bool, processes: [u8; 3]) {
        let which = (mas.mas4 & mas::PROCESS_DEFAULT) >> mas::PROCESS_SHIFT;
        let process = processes.get(which as usize).copied().unwrap_or(0);
        self.set_up(mas, process, space);
        mas.mas1 |= mas::VALID;
        mas.mas2 = address & mas::PAGE | mas.mas4 & mas::ATTRIBUTES;
        mas.mas6 = u32::from(processes[0]) << mas::PROCESS_SHIFT | u32::from(space);
    }

    /// Every entry, those of TLB0 first, and the way of TLB0 to replace next.
    pub fn entries(&self) -> (impl Iterator<Item = Entry> + '_, u8) {
        let Entries { small, large } = &*self.entries;
        (small.iter().chain(large).copied(), self.victim)
    }

    /// The TLBs with these entries, in the order of [`entries`](Self::entries), if they are as many as there are.
    pub fn with_entries(entries: &[Entry], victim: u8) -> Option<Self> {
        let (small, large) = entries.split_at_checked(SMALL)?;
        let entries = Entries {
            small: small.try_into().ok()?,
            large: large.try_into().ok()?,
        };
        Some(Self {
            entries: Arc::new(entries),
            victim: victim % 4,
        })
    }

    /// `tlbivax`: invalidates entries by the operand, whatever their process and address space.
    ///
    /// The operand is the effective address of the instruction. Counted from the least significant, bit 3 chooses TLB1
    /// instead of TLB0, bit 2 all entries instead of those of one page, and bits 12 to 31 are the page. Protected
    /// entries stay.
    pub fn invalidate(&mut self, operand: u32) -> Stale {
        let large = operand & INVALIDATE_TLB1 != 0;
        if operand & INVALIDATE_ALL != 0 {
            return self.invalidate_where(large, |_| true);
        }
        self.invalidate_where(large, |entry| entry.covers(operand & mas::PAGE))
    }

    /// MMUCSR0: invalidates the TLBs that the bits written name; protected entries stay.
    ///
    /// Counted from the least significant, bit 2 is TLB0's and bit 1 TLB1's.
    pub fn flash(&mut self, control: u32) -> Stale {
        let mut stale = Stale::NOTHING;
        for (bit, large) in [(FLASH_TLB0, false), (FLASH_TLB1, true)] {
            if control & bit != 0 {
                stale = stale.and(self.invalidate_where(large, |_| true));
            }
        }
        stale
    }

    fn invalidate_where(&mut self, large: bool, which: impl Fn(Entry) -> bool) -> Stale {
        let mut stale = Stale::NOTHING;
        for entry in Arc::make_mut(&mut self.entries).all(large) {
            if entry.is_valid() && !entry.is_protected() && which(*entry) {
                stale = stale.and(entry.stale());
                entry.mas1 &= !mas::VALID;
            }
        }
        stale
    }

    fn load(&self, mas: &mut Mas, at: At) {
        let entry = self.entry(at);
        (mas.mas1, mas.mas2, mas.mas3, mas.mas7) = (entry.mas1, entry.mas2, entry.mas3, entry.mas7);
    }

    /// The next victim of TLB0 becomes the entry to write, and the one after it the next.
    fn set_up(&self, mas: &mut Mas, process: u8, space: bool) {
        let large = mas.mas4 & mas::TLB1 != 0;
        let victim = u32::from(self.victim);
        mas.mas0 = if large {
            mas::TLB1
        } else {
            victim << mas::ENTRY_SHIFT | (victim + 1) & mas::NEXT_VICTIM
        };
        let space = if space { mas::SPACE } else { 0 };
        mas.mas1 = u32::from(process) << mas::PROCESS_SHIFT | space | mas.mas4 & mas::SIZE;
        mas.mas3 = 0;
        mas.mas7 = 0;
    }
}
