//! What the host has mapped.
//!
//! A place is kept as its *tag*: the effective address of the page with the space in the low 12 bits, which is also
//! what the look-aside buffers compare.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use kvm_ppc::hardware::{Place, Rights, Space};

use crate::log::{Log, Position};

/// Spaces that fit into a tag; the last would make the tag that no place has.
pub(crate) const SPACES: u32 = 0xfff;

/// The offset within a page, in an address; the space, in a tag.
pub(crate) const OFFSET: u64 = 0xfff;

/// The tag of the page of an effective address.
#[inline(always)]
pub(crate) fn tag(address: u64, space: Space) -> u64 {
    address & !OFFSET | u64::from(space.0)
}

/// The tag of a place.
pub(crate) fn tag_of(place: Place) -> u64 {
    tag(place.page << 12, place.space)
}

/// What a place reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) frame: u32,
    pub(crate) rights: Rights,
}

/// One multiplication: tags are the host's, and differ in few bits.
#[derive(Clone, Copy, Default, Debug)]
struct TagHasher(u64);

impl Hasher for TagHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte) ^ self.0);
        }
    }

    fn write_u64(&mut self, value: u64) {
        let product = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }
}

/// The mappings of all spaces.
#[derive(Debug)]
pub(crate) struct Table {
    mappings: HashMap<u64, Mapping, BuildHasherDefault<TagHasher>>,
    log: Log<u64>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            mappings: HashMap::default(),
            log: Log::new(),
        }
    }

    pub(crate) fn get(&self, tag: u64) -> Option<Mapping> {
        self.mappings.get(&tag).copied()
    }

    /// Replaces a mapping. Returns whether anything changed.
    pub(crate) fn set(&mut self, tag: u64, mapping: Option<Mapping>) -> bool {
        let old = match mapping {
            Some(mapping) => self.mappings.insert(tag, mapping),
            None => self.mappings.remove(&tag),
        };
        let changed = old != mapping;
        if changed {
            self.log.push(tag);
            self.log.settle();
        }
        changed
    }

    pub(crate) fn clear(&mut self) {
        self.mappings.clear();
        self.log.restart();
    }

    /// Where a copy that is made now will have to catch up from.
    pub(crate) fn position(&self) -> Position {
        self.log.position()
    }

    /// Becomes a copy of `base`. `known` are the positions, in both, of the time when the two were equal last.
    /// `changed` is called with every tag that may be affected. Returns false if all may be.
    pub(crate) fn copy_from(
        &mut self,
        base: &Self,
        known: Option<(Position, Position)>,
        mut changed: impl FnMut(u64),
    ) -> bool {
        let changes = known.and_then(|(own, other)| Some((self.log.since(own)?, base.log.since(other)?)));
        let Some((own, other)) = changes else {
            self.mappings.clone_from(&base.mappings);
            self.log.restart();
            return false;
        };
        for tag in own.iter().chain(other).copied() {
            match base.mappings.get(&tag) {
                Some(mapping) => self.mappings.insert(tag, *mapping),
                None => self.mappings.remove(&tag),
            };
            changed(tag);
        }
        self.log.restart();
        true
    }
}

impl Clone for Table {
    fn clone(&self) -> Self {
        Self {
            mappings: self.mappings.clone(),
            log: Log::new(),
        }
    }
}
