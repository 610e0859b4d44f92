//! Translation for a guest.

use kvm_ppc::hardware::{Place, Rights, Space};

use super::process::Processes;
use super::{spr, tlb};
use crate::arch::Options;
use crate::mappings::{Mapping, Mappings};

/// Translation for a guest: the list of mappings, of which TLB0 is a cache.
///
/// TLB0 holds no entry that is not in the list, unless changes are told not to invalidate.
#[derive(Debug)]
pub struct Mmu {
    mappings: Mappings,
    processes: Processes,
    /// The process that PID0 has.
    current: u8,
    /// The way that was written last.
    way: u32,
    skip_tlbie: bool,
}

impl Mmu {
    /// No mappings. The part has a right to execute for each page, so that [`Options::lenient_fetch`] saves nothing.
    pub fn new(options: Options) -> Self {
        tlb::invalidate_all();
        set_process(0);
        Self {
            mappings: Mappings::default(),
            processes: Processes::default(),
            current: 0,
            way: 0,
            skip_tlbie: options.skip_tlbie,
        }
    }

    /// The complete list.
    pub const fn mappings(&self) -> &Mappings {
        &self.mappings
    }

    /// Maps a page of real memory.
    pub fn map(&mut self, place: Place, real_page: u32, rights: Rights) {
        let mapping = Mapping { real_page, rights };
        let old = self.mappings.set(place, Some(mapping));
        if old.is_some_and(|old| old != mapping) {
            self.changed(place);
        } else if old.is_none()
            && let Ok(page) = u32::try_from(place.page)
        {
            // The guest is about to use it.
            self.write(page << 12, place.space, mapping);
        }
    }

    /// Changes the rights of a mapping, if there is one.
    pub fn protect(&mut self, place: Place, rights: Rights) {
        if self.mappings.protect(place, rights).is_some() {
            self.changed(place);
        }
    }

    /// Takes a mapping away.
    pub fn unmap(&mut self, place: Place) {
        if self.mappings.set(place, None).is_some() {
            self.changed(place);
        }
    }

    /// Takes all mappings away.
    pub fn flush(&mut self) {
        self.mappings.clear();
        if !self.skip_tlbie {
            tlb::invalidate_all();
            self.processes.clear();
        }
    }

    fn changed(&self, place: Place) {
        if let Ok(page) = u32::try_from(place.page)
            && !self.skip_tlbie
        {
            tlb::invalidate(page << 12);
        }
    }

    /// Writes the entry for an access that the TLB refused, if the list of mappings allows it. Answers whether it does.
    ///
    /// `stale` tells that there is an entry, with too few rights.
    pub(super) fn refill(&mut self, address: u32, space: Space, needed: Rights, stale: bool) -> bool {
        let place = Place {
            page: u64::from(address >> 12),
            space,
        };
        let Some(mapping) = self.mappings.get(place) else {
            return false;
        };
        if !mapping.rights.contains(needed) {
            return false;
        }
        if stale {
            tlb::invalidate(address);
        }
        self.write(address, space, mapping);
        true
    }

    /// The way is the next in turn, of whatever set: an instruction needs three entries at most, and there are four
    /// ways.
    fn write(&mut self, address: u32, space: Space, mapping: Mapping) {
        let pid = self.process(space);
        self.way = self.way.wrapping_add(1);
        tlb::write(self.way, pid, address, mapping);
    }

    /// Lets the processor use the mappings of a space.
    pub(super) fn use_space(&mut self, space: Space) {
        let pid = self.process(space);
        if pid != self.current {
            self.current = pid;
            set_process(pid);
        }
    }

    fn process(&mut self, space: Space) -> u8 {
        let (pid, over) = self.processes.of(space.0);
        if over {
            // The numbers mean other spaces now.
            tlb::invalidate_all();
        }
        pid
    }
}

fn set_process(pid: u8) {
    // SAFETY: the host's own entries are those of every process.
    unsafe { spr::write::<{ spr::PID0 }>(pid.into()) };
}
