//! Code outside functions that nothing in the image refers to.
//!
//! Kernels carry assembly for processors that their configuration leaves out. Nothing leads there, so it is not known
//! to be code and is left alone; but neither can it run, so that it does not stand in the way of others.

use alloc::collections::BTreeSet;

use super::walk::pointers;
use super::{CodeMap, Unit};

/// How far before the low half of an address its high half is looked for, in words.
const PAIR_DISTANCE: u64 = 16;

impl CodeMap<'_, '_> {
    /// The fragments among these addresses' that control does not reach and that no branch, no data and no address
    /// built by code refers to, except from one another.
    pub fn orphans(&self, addresses: impl Iterator<Item = u64>) -> BTreeSet<Unit> {
        let mut orphans = BTreeSet::new();
        for unit in addresses.filter_map(|address| self.unit(address)) {
            if let Some(group) = self.isolated(unit) {
                orphans.extend(group);
            }
        }
        if !orphans.is_empty() {
            self.remove_named(&mut orphans);
        }
        orphans
    }

    /// The fragment with all those that lead to it, if none of them is reached or is part of a function.
    fn isolated(&self, unit: Unit) -> Option<BTreeSet<Unit>> {
        let mut group = BTreeSet::new();
        let mut queue = alloc::vec![unit];
        while let Some(unit) = queue.pop() {
            let reached = (unit.start..unit.end).step_by(4).any(|address| self.is_reached(address));
            if unit.sized || reached {
                return None;
            }
            if group.insert(unit) {
                queue.extend(self.runs_into(unit));
                queue.extend(self.entered_by(unit).iter().filter_map(|crossing| self.unit(crossing.source)));
            }
        }
        Some(group)
    }

    /// Takes out what data or code names; one such fragment takes all with it.
    fn remove_named(&self, orphans: &mut BTreeSet<Unit>) {
        let named = |address: u64| {
            let before = Unit { start: address, end: u64::MAX, sized: true };
            orphans.range(..=before).next_back().is_some_and(|unit| unit.contains(address))
        };
        let image = self.image;
        let by_relocation = image.referenced.iter().any(|address| named(*address));
        let by_data = || image.data.iter().flat_map(|region| pointers(image, region.bytes)).any(named);
        if by_relocation || by_data() || self.built_addresses().any(named) {
            orphans.clear();
        }
    }

    /// Every address that a pair of instructions may build: `addis` and, within a few words, `addi` or `ori`.
    fn built_addresses(&self) -> impl Iterator<Item = u64> + '_ {
        let words = self.image.regions.iter().flat_map(|region| (region.address..region.end()).step_by(4));
        words.flat_map(move |address| {
            let word = self.image.word(address).unwrap_or_default();
            let low = u64::from(word & 0xffff);
            let is_low = matches!(word >> 26, 14 | 24);
            let first = if is_low { address.saturating_sub(4 * PAIR_DISTANCE) } else { address };
            let highs = (first..address).step_by(4).filter_map(|address| self.image.word(address));
            let highs = highs.filter(|word| word >> 26 == 15).map(|word| u64::from(word & 0xffff) << 16);
            let signed = (low ^ 0x8000).wrapping_sub(0x8000);
            highs.map(move |high| (if word >> 26 == 14 { high.wrapping_add(signed) } else { high | low }) & 0xffff_ffff)
        })
    }
}
