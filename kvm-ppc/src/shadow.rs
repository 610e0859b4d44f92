//! The mappings that the hardware has been given.
//!
//! They are a cache of what [`Supervisor::translate`] has answered, as a processor's TLB is one of its page table, and
//! they are stale where a TLB would be. Three things keep them right:
//!
//! - a mapping belongs to a [`Space`], and a space stands for all that an answer depends on and that a guest switches
//!   back and forth: mode, segment register, process ([`spaces`]). Switching drops nothing;
//! - what else an answer depends on, BATs, the page table's place and the magic page's, is compared at every entry. A
//!   change starts a new generation: all mappings are taken back. So does the end of the numbers for spaces;
//! - an instruction that invalidates drops what it names: [`Shadow::invalidate`], [`Shadow::discard`].
//!
//! The shared pages are known by all the places where they are mapped, so that stores to them can be forbidden
//! wherever they come from, and stay forbidden for mappings made later.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::hardware::{Backing, Frame, Hardware, Place, Rights, Shared, Space};
use crate::mmu::Stale;
use crate::vcpu::Supervisor;

mod regime;
mod spaces;

use regime::Regime;
pub use spaces::Spaces;
use spaces::{Numbers, Recent};

/// What the hardware has been given. Copies share their tables until one of them changes.
#[derive(Clone, Debug, Default)]
pub struct Shadow {
    table: Arc<Table>,
    recent: Recent,
    /// The shared pages that are not to be stored to.
    protected: [bool; 2],
    generation: u64,
}

#[derive(Clone, Debug, Default)]
struct Table {
    /// The rights are those of the guest's translation; a protected page is narrowed on the way to the hardware.
    entries: BTreeMap<Place, (Frame, Rights)>,
    /// Where shared pages are mapped.
    shared: Vec<Place>,
    numbers: Numbers,
    regime: Option<Regime>,
}

/// The most mappings at a time. A guest has as many addresses as it likes, the host has not as much memory.
const MOST: usize = 1 << 16;
/// The most places of shared pages at a time: each is visited whenever a page is protected.
const MOST_SHARED: usize = 64;

const DATA: Rights = Rights::READ.union(Rights::WRITE);

/// All rights of the kinds of access that some of these are for.
fn kinds(rights: Rights) -> Rights {
    let mut kinds = rights & Rights::EXECUTE;
    kinds.set(DATA, rights.intersects(DATA));
    kinds
}

impl Shadow {
    /// The spaces that a guest with this MSR runs in.
    pub fn spaces(&mut self, supervisor: &Supervisor, hardware: &mut dyn Hardware, msr: u64) -> Spaces {
        if !self
            .table
            .regime
            .as_ref()
            .is_some_and(|regime| regime.holds(supervisor))
        {
            // With no regime yet there are no mappings to take back.
            if self.table.regime.is_some() {
                self.flush(hardware);
            }
            Arc::make_mut(&mut self.table).regime = Some(Regime::new(supervisor));
        }
        spaces::of(self, supervisor, hardware, msr)
    }

    /// How often everything has been taken back.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Gives a mapping to the hardware, of a place in the spaces that the last question for them was answered with.
    ///
    /// What the place allows for the other kind of access, fetch or data, stays where it reaches the same frame. Where
    /// it does not, nothing is mapped, and the next question for the spaces tells the two kinds apart. Nor is anything
    /// mapped where there are too many mappings: all are taken back, and the guest asks again.
    pub fn insert(&mut self, hardware: &mut dyn Hardware, place: Place, frame: Frame, rights: Rights) {
        let elsewhere =
            matches!(frame, Frame::Memory(page) if hardware.backing(page << 12) != Backing::Memory);
        if elsewhere || self.table.regime.is_none() || !self.table.numbers.knows(place.space) {
            return;
        }
        if self.table.entries.len() >= MOST {
            return self.flush(hardware);
        }
        let mut rights = rights;
        if let Some((old_frame, old)) = self.table.entries.get(&place) {
            let beside = old.difference(kinds(rights));
            if *old_frame == frame {
                rights |= beside;
            } else if beside == *old && Arc::make_mut(&mut self.table).numbers.split(place) {
                self.recent = Recent::default();
                self.remove(hardware, &[place]);
                return;
            }
        }
        if let [oldest, ..] = self.table.shared[..]
            && self.table.shared.len() >= MOST_SHARED
            && matches!(frame, Frame::Shared(_))
        {
            self.remove(hardware, &[oldest]);
        }
        let table = Arc::make_mut(&mut self.table);
        if let Some((Frame::Shared(_), _)) = table.entries.insert(place, (frame, rights)) {
            table.shared.retain(|other| *other != place);
        }
        if matches!(frame, Frame::Shared(_)) {
            table.shared.push(place);
        }
        hardware.map(place, frame, self.granted(frame, rights));
    }

    /// Takes back every mapping, and all space numbers.
    pub fn flush(&mut self, hardware: &mut dyn Hardware) {
        self.table = Arc::default();
        self.recent = Recent::default();
        self.generation += 1;
        hardware.flush();
    }

    /// Takes back what `tlbie` names: the page at this address of every segment, in every space.
    ///
    /// Sixteen bits of page number are left of an address that leaves its segment out, or that is a virtual one.
    pub fn invalidate(&mut self, hardware: &mut dyn Hardware, address: u64) {
        const WITHIN: u64 = 0xffff;
        let page = address >> 12 & WITHIN;
        let entries = &self.table.entries;
        let places: Vec<Place> = if entries
            .last_key_value()
            .is_some_and(|(last, _)| last.page >> 20 != 0)
        {
            entries
                .keys()
                .filter(|place| place.page & WITHIN == page)
                .copied()
                .collect()
        } else {
            (0..16)
                .flat_map(|segment| self.within(segment << 16 | page, segment << 16 | page))
                .collect()
        };
        self.remove(hardware, &places);
    }

    /// Takes back what a change of the guest's translation has made stale.
    pub fn discard(&mut self, hardware: &mut dyn Hardware, stale: Stale) {
        if stale == Stale::ALL {
            return self.flush(hardware);
        }
        for (first, last) in stale.ranges() {
            let places: Vec<Place> = self.within(first, last).collect();
            self.remove(hardware, &places);
        }
    }

    /// Allows or forbids stores to a shared page, wherever it is mapped and will be.
    pub fn protect(&mut self, hardware: &mut dyn Hardware, page: Shared, writable: bool) {
        self.protected[page as usize] = !writable;
        for place in &self.table.shared {
            if let Some((frame, rights)) = self.table.entries.get(place)
                && *frame == Frame::Shared(page)
            {
                hardware.protect(*place, self.granted(*frame, *rights));
            }
        }
    }

    /// What the hardware may let the guest do, of what the guest's translation allows.
    fn granted(&self, frame: Frame, rights: Rights) -> Rights {
        match frame {
            Frame::Shared(page) if self.protected[page as usize] => rights.difference(Rights::WRITE),
            _ => rights,
        }
    }

    fn within(&self, first: u64, last: u64) -> impl Iterator<Item = Place> {
        let first = Place {
            page: first,
            space: Space(0),
        };
        let last = Place {
            page: last,
            space: Space(u32::MAX),
        };
        self.table.entries.range(first..=last).map(|(place, _)| *place)
    }

    fn remove(&mut self, hardware: &mut dyn Hardware, places: &[Place]) {
        if places.is_empty() {
            return;
        }
        let table = Arc::make_mut(&mut self.table);
        for place in places {
            if let Some((Frame::Shared(_), _)) = table.entries.remove(place) {
                table.shared.retain(|other| other != place);
            }
            hardware.unmap(*place);
        }
    }
}
