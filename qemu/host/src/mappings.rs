//! The list of all mappings, of which the processor's tables are a cache.

use alloc::collections::BTreeMap;

use kvm_ppc::hardware::{Place, Rights};

/// What a place reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Real address shifted right by 12.
    pub real_page: u32,
    /// What is allowed.
    pub rights: Rights,
}

/// The mappings of all spaces.
#[derive(Clone, Debug, Default)]
pub struct Mappings(BTreeMap<(u32, u32), Mapping>);

/// Effective addresses have 32 bits here; the space comes second so that neighbours stay together.
fn key(place: Place) -> (u32, u32) {
    (u32::try_from(place.page).unwrap_or(u32::MAX), place.space.0)
}

impl Mappings {
    /// What a place reaches.
    pub fn get(&self, place: Place) -> Option<Mapping> {
        self.0.get(&key(place)).copied()
    }

    /// Replaces what a place reaches. Answers what it was.
    pub fn set(&mut self, place: Place, mapping: Option<Mapping>) -> Option<Mapping> {
        match mapping {
            Some(mapping) => self.0.insert(key(place), mapping),
            None => self.0.remove(&key(place)),
        }
    }

    /// Changes the rights of a mapping, if there is one. Answers it as it is now.
    pub fn protect(&mut self, place: Place, rights: Rights) -> Option<Mapping> {
        let mapping = self.0.get_mut(&key(place))?;
        mapping.rights = rights;
        Some(*mapping)
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
