//! Translation for a guest.

use kvm_ppc::hardware::{Place, Rights, Space};

use super::hash::{self, Protection, Table};
use super::segments::{Segments, View};
use crate::arch::{Options, Run};
use crate::mappings::{Mapping, Mappings};

/// The mappings, and what the processor has of them.
#[derive(Debug)]
pub struct Mmu {
    options: Options,
    mappings: Mappings,
    pub(super) segments: Segments,
    table: Table,
}

/// What is to be done about an access that the processor has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It can be tried again.
    Again,
    /// No mapping allows it.
    Rightly,
    /// It is allowed, and the processor cannot make it.
    Unable,
}

impl Mmu {
    /// Translation with no mappings.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            mappings: Mappings::default(),
            segments: Segments::new(),
            table: Table::new(),
        }
    }

    /// The complete list of mappings.
    pub fn mappings(&self) -> &Mappings {
        &self.mappings
    }

    /// Lets `place` reach a page of real memory, in place of whatever it reached.
    pub fn map(&mut self, place: Place, real_page: u32, rights: Rights) {
        let new = Mapping { real_page, rights };
        let old = self.mappings.set(place, Some(new));
        if old.is_some_and(|old| old != new) {
            self.drop(place);
        }
    }

    /// Changes the rights of a mapping, if there is one.
    pub fn protect(&mut self, place: Place, rights: Rights) {
        let old = self.mappings.get(place);
        if old.is_some_and(|old| old.rights != rights) {
            self.mappings.protect(place, rights);
            self.drop(place);
        }
    }

    /// Takes a mapping away.
    pub fn unmap(&mut self, place: Place) {
        if self.mappings.set(place, None).is_some() {
            self.drop(place);
        }
    }

    /// Takes all mappings away.
    pub fn flush(&mut self) {
        self.mappings.clear();
        if self.segments.renew() {
            self.table.clear();
        }
    }

    /// The processor forgets a place.
    fn drop(&mut self, place: Place) {
        if !self.segments.is_known(place) {
            return;
        }
        let page = page(place);
        for view in [View::Code, View::Data] {
            let vsid = self.segments.vsid(place, view);
            self.table.remove(vsid, page);
        }
        if !self.options.skip_tlbie {
            hash::invalidate(page);
        }
    }

    /// A load or store was refused.
    pub(super) fn data_refused(&mut self, run: &Run<'_>, pc: u32, address: u32, store: bool) -> Refused {
        let place = place(run.data, address);
        let mixed = place.space != run.fetch[(address >> 28) as usize];
        let Some(mapping) = self.mappings.get(place) else {
            return Refused::Rightly;
        };
        let wanted = if store { Rights::WRITE } else { Rights::READ };
        if !mapping.rights.contains(wanted) {
            return Refused::Rightly;
        }
        if !mapping.rights.contains(Rights::READ) {
            return Refused::Unable;
        }
        if mixed {
            self.fill(place, mapping, View::Data);
            return Refused::Again;
        }
        if !self.options.lenient_fetch
            && !mapping.rights.contains(Rights::EXECUTE)
            && self.segments.view(place) == View::Code
        {
            if address >> 28 == pc >> 28 {
                return Refused::Unable;
            }
            self.segments.set_view(place, View::Data);
        }
        let view = self.segments.view(place);
        self.fill(place, mapping, view);
        Refused::Again
    }

    /// A fetch was refused.
    pub(super) fn fetch_refused(&mut self, run: &Run<'_>, address: u32) -> Refused {
        let place = place(run.fetch, address);
        match self.mappings.get(place) {
            // It is found to be so when the segment registers are loaded.
            Some(_) if place.space != run.data[(address >> 28) as usize] => Refused::Again,
            Some(mapping) if mapping.rights.contains(Rights::EXECUTE) => {
                self.segments.set_view(place, View::Code);
                self.fill(place, mapping, View::Code);
                Refused::Again
            }
            _ => Refused::Rightly,
        }
    }

    fn fill(&mut self, place: Place, mapping: Mapping, view: View) {
        let protection = if mapping.rights.contains(Rights::WRITE | Rights::READ) {
            Protection::ReadWrite
        } else {
            Protection::ReadOnly
        };
        let vsid = self.segments.vsid(place, view);
        self.table.remove(vsid, page(place));
        self.table
            .insert(vsid, page(place), mapping.real_page, protection);
    }
}

const fn place(spaces: &[Space; 16], address: u32) -> Place {
    Place {
        page: (address >> 12) as u64,
        space: spaces[(address >> 28) as usize],
    }
}

const fn page(place: Place) -> u32 {
    (place.page & 0xf_ffff) as u32
}
