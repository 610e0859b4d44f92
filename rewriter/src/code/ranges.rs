//! Finds the ranges that hold an address.

use alloc::vec::Vec;
use core::ops::Range;

use crate::image::Patched;

/// Entries of the image's tables, sorted by one of their ranges.
pub struct Ranges<'i> {
    entries: Vec<&'i Patched>,
    range: fn(&Patched) -> &Range<u64>,
    /// Length of the longest range.
    longest: u64,
}

impl<'i> Ranges<'i> {
    /// Sorts entries by the range that `range` takes from each; empty ranges hold nothing.
    pub fn new(entries: impl Iterator<Item = &'i Patched>, range: fn(&Patched) -> &Range<u64>) -> Self {
        let mut entries: Vec<_> = entries.filter(|entry| !range(entry).is_empty()).collect();
        entries.sort_unstable_by_key(|entry| range(entry).start);
        let longest = entries
            .iter()
            .map(|entry| range(entry).end - range(entry).start)
            .max()
            .unwrap_or(0);
        Self {
            entries,
            range,
            longest,
        }
    }

    /// The entries whose range holds `address`.
    pub fn holding(&self, address: u64) -> impl Iterator<Item = &'i Patched> + '_ {
        let end = self
            .entries
            .partition_point(|entry| (self.range)(entry).start <= address);
        let near = self.entries[..end].iter().rev();
        let near = near.take_while(move |entry| address - (self.range)(entry).start < self.longest);
        near.filter(move |entry| (self.range)(entry).contains(&address))
            .copied()
    }
}
