//! Code outside functions that nothing in the image refers to.
//!
//! Kernels carry assembly for processors that their configuration leaves out. Nothing leads there, so it is not known
//! to be code and is left alone; but neither can it run, so that it does not stand in the way of others.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use cpu::operand::field5;

use super::walk::pointers;
use super::{CodeMap, Crossing, Unit};
use crate::asm::NOP;

/// How far before the low half of an address its high half is looked for, in words.
const PAIR_DISTANCE: u64 = 16;

impl CodeMap<'_, '_> {
    /// The fragments that hold these addresses and that control does not reach, if no branch, no data and no address
    /// built by code refers to them or to fragments that lead to them.
    pub fn orphans(&self, addresses: impl Iterator<Item = u64>) -> BTreeSet<Unit> {
        let units: BTreeSet<Unit> = addresses.filter_map(|address| self.unit(address)).collect();
        let isolated: Vec<_> = units.into_iter().filter_map(|unit| Some((unit, self.isolated(unit)?))).collect();
        let leading: BTreeSet<Unit> = isolated.iter().flat_map(|(_, leading)| leading).copied().collect();
        let named = self.named(&leading);
        let unnamed = isolated.into_iter().filter(|(_, leading)| leading.is_disjoint(&named));
        unnamed.map(|(unit, _)| unit).collect()
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
                let entering = self.entered_by(unit).iter().filter(|crossing| !self.is_padding(crossing));
                queue.extend(entering.filter_map(|crossing| self.unit(crossing.source)));
            }
        }
        Some(group)
    }

    /// Whether a branch is the assembler's way of filling up to an alignment: it leads over nops and is not reached.
    fn is_padding(&self, crossing: &Crossing) -> bool {
        let between = (crossing.source..crossing.target).step_by(4).skip(1);
        let mut words = between.map(|address| self.image.word(address));
        !self.is_reached(crossing.source) && crossing.source < crossing.target && words.all(|word| word == Some(NOP))
    }

    /// The units that data or an address built by code names; data names code by its label.
    fn named(&self, units: &BTreeSet<Unit>) -> BTreeSet<Unit> {
        if units.is_empty() {
            return BTreeSet::new();
        }
        let image = self.image;
        let holder = |address: u64| {
            let last = Unit { start: address, end: u64::MAX, sized: true };
            units.range(..=last).next_back().filter(|unit| unit.contains(address) && address.is_multiple_of(4))
        };
        let built = self.built_addresses().chain(image.referenced.iter().copied()).filter_map(holder);
        let data = image.data.iter().flat_map(|region| pointers(image, region.bytes));
        let labelled = data.filter_map(|address| holder(address).filter(|unit| unit.start == address));
        built.chain(labelled).copied().collect()
    }

    /// Every address that a pair of instructions may build: `addis` and, within a few words, `addi` or `ori` from the
    /// same register.
    fn built_addresses(&self) -> impl Iterator<Item = u64> + '_ {
        let words = self.image.regions.iter().flat_map(|region| (region.address..region.end()).step_by(4));
        words.flat_map(move |address| {
            let word = self.image.word(address).unwrap_or_default();
            let low = u64::from(word & 0xffff);
            let is_low = matches!(word >> 26, 14 | 24);
            let first = if is_low { address.saturating_sub(4 * PAIR_DISTANCE) } else { address };
            let highs = (first..address).step_by(4).filter_map(|address| self.image.word(address));
            let source = if word >> 26 == 14 { field5(word, 16) } else { field5(word, 21) };
            let highs = highs.filter(move |high| high >> 26 == 15 && field5(*high, 21) == source);
            let highs = highs.map(|high| u64::from(high & 0xffff) << 16);
            let signed = (low ^ 0x8000).wrapping_sub(0x8000);
            highs.map(move |high| (if word >> 26 == 14 { high.wrapping_add(signed) } else { high | low }) & 0xffff_ffff)
        })
    }
}
