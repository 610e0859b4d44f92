//! Look-aside buffers in front of the mappings.
//!
//! Direct-mapped. An entry for data has one tag for loads and one for stores: a hit is one comparison that says page,
//! space and right at once. Store tags stand only for frames that were written in the current epoch of memory and
//! have no decoded code, so that a store that hits has nothing else to do.

use crate::table::{OFFSET, tag};
use kvm_ppc::hardware::Space;

const ENTRIES: usize = 256;

/// No place has this tag.
const NONE: u64 = u64::MAX;

/// The entry for an address. Kernels map memory linearly: the upper bits keep that apart from low addresses.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low bits are meant")]
fn slot(address: u64) -> usize {
    (address >> 12 ^ address >> 26) as usize % ENTRIES
}

/// An entry for loads and stores.
#[derive(Clone, Copy, Debug)]
struct Entry {
    load: u64,
    store: u64,
    /// The position of the page's first byte in memory.
    base: u32,
}

const EMPTY: Entry = Entry {
    load: NONE,
    store: NONE,
    base: 0,
};

/// The buffer for loads and stores.
#[derive(Clone, Debug)]
pub(crate) struct DataTlb {
    entries: [Entry; ENTRIES],
    /// The space of each segment.
    spaces: [Space; 16],
    /// Entries that may have store tags, a bit each.
    stores: [u64; ENTRIES / 64],
}

impl DataTlb {
    pub(crate) fn new() -> Self {
        Self {
            entries: [EMPTY; ENTRIES],
            spaces: [Space(0); 16],
            stores: [0; ENTRIES / 64],
        }
    }

    pub(crate) fn set_spaces(&mut self, spaces: &[Space; 16]) {
        self.spaces = *spaces;
    }

    /// The tag of an effective address.
    #[inline(always)]
    pub(crate) fn tag(&self, address: u64) -> u64 {
        tag(address, self.spaces[segment(address)])
    }

    /// The position in memory of what a load reaches.
    #[inline(always)]
    pub(crate) fn load(&self, address: u64) -> Option<usize> {
        let entry = &self.entries[slot(address)];
        (entry.load == self.tag(address)).then(|| entry.base as usize + offset(address))
    }

    /// The position in memory of what a store reaches.
    #[inline(always)]
    pub(crate) fn store(&self, address: u64) -> Option<usize> {
        let entry = &self.entries[slot(address)];
        (entry.store == self.tag(address)).then(|| entry.base as usize + offset(address))
    }

    /// Lets loads of a page hit.
    pub(crate) fn allow_load(&mut self, address: u64, base: usize) {
        let tag = self.tag(address);
        let entry = self.entry(address, tag, base);
        entry.load = tag;
    }

    /// Lets stores to a page hit.
    pub(crate) fn allow_store(&mut self, address: u64, base: usize) {
        let tag = self.tag(address);
        let entry = self.entry(address, tag, base);
        entry.store = tag;
        let slot = slot(address);
        self.stores[slot / 64] |= 1 << (slot % 64);
    }

    fn entry(&mut self, address: u64, tag: u64, base: usize) -> &mut Entry {
        let entry = &mut self.entries[slot(address)];
        if entry.load != tag && entry.store != tag {
            *entry = EMPTY;
        }
        // Positions are below 4 GiB.
        entry.base = u32::try_from(base).unwrap_or(0);
        entry
    }

    /// Forgets all store tags.
    pub(crate) fn drop_stores(&mut self) {
        for (group, bits) in self.entries.chunks_mut(64).zip(&mut self.stores) {
            while *bits != 0 {
                group[bits.trailing_zeros() as usize].store = NONE;
                *bits &= *bits - 1;
            }
        }
    }

    /// Forgets a page.
    pub(crate) fn drop_page(&mut self, tag: u64) {
        let entry = &mut self.entries[slot(tag)];
        if entry.load == tag || entry.store == tag {
            *entry = EMPTY;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.entries = [EMPTY; ENTRIES];
        self.stores = [0; ENTRIES / 64];
    }
}

/// The segment of an effective address.
#[inline(always)]
fn segment(address: u64) -> usize {
    (address >> 28) as usize & 15
}

#[inline(always)]
pub(crate) fn offset(address: u64) -> usize {
    (address & OFFSET) as usize
}

/// The buffer for instruction fetches: pages of decoded code by tag.
#[derive(Clone, Debug)]
pub(crate) struct FetchTlb {
    entries: [(u64, u32); ENTRIES],
    spaces: [Space; 16],
}

impl FetchTlb {
    pub(crate) fn new() -> Self {
        Self {
            entries: [(NONE, 0); ENTRIES],
            spaces: [Space(0); 16],
        }
    }

    pub(crate) fn set_spaces(&mut self, spaces: &[Space; 16]) {
        self.spaces = *spaces;
    }

    /// The tag of an effective address.
    #[inline(always)]
    pub(crate) fn tag(&self, address: u64) -> u64 {
        tag(address, self.spaces[segment(address)])
    }

    #[inline(always)]
    pub(crate) fn get(&self, address: u64) -> Option<u32> {
        let (tag, code) = self.entries[slot(address)];
        (tag == self.tag(address)).then_some(code)
    }

    pub(crate) fn set(&mut self, address: u64, code: u32) {
        self.entries[slot(address)] = (self.tag(address), code);
    }

    /// Forgets a page.
    pub(crate) fn drop_page(&mut self, tag: u64) {
        let entry = &mut self.entries[slot(tag)];
        if entry.0 == tag {
            entry.0 = NONE;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.entries = [(NONE, 0); ENTRIES];
    }
}
