//! Code outside functions that nothing in the image refers to.
//!
//! Kernels carry assembly for processors that their configuration leaves out. Nothing leads there, so it is not known
//! to be code and is left alone; but neither can it run, so that it does not stand in the way of others.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::pointers::{Wanted, built_addresses, pointers};
use super::{CodeMap, Crossing, Unit};
use crate::asm::NOP;

impl CodeMap<'_, '_> {
    /// The fragments that hold these addresses and that control does not reach, if no branch, no data and no address
    /// built by code refers to them or to fragments that lead to them.
    pub fn orphans(&self, addresses: impl Iterator<Item = u64>) -> BTreeSet<Unit> {
        let units: BTreeSet<Unit> = addresses.filter_map(|address| self.unit(address)).collect();
        let isolated: Vec<_> = units
            .into_iter()
            .filter_map(|unit| Some((unit, self.isolated(unit)?)))
            .collect();
        let leading: BTreeSet<Unit> = isolated
            .iter()
            .flat_map(|(_, leading)| leading)
            .copied()
            .collect();
        let named = self.named(&leading);
        let unnamed = isolated
            .into_iter()
            .filter(|(_, leading)| leading.is_disjoint(&named));
        unnamed.map(|(unit, _)| unit).collect()
    }

    /// The fragment with all those that lead to it, if none of them is reached or is part of a function.
    fn isolated(&self, unit: Unit) -> Option<BTreeSet<Unit>> {
        let mut group = BTreeSet::new();
        let mut queue = alloc::vec![unit];
        while let Some(unit) = queue.pop() {
            let reached = (unit.start..unit.end)
                .step_by(4)
                .any(|address| self.is_reached(address));
            if unit.sized || reached {
                return None;
            }
            if group.insert(unit) {
                queue.extend(self.runs_into(unit));
                let entering = self
                    .entered_by(unit)
                    .iter()
                    .filter(|crossing| !self.is_padding(crossing));
                queue.extend(entering.filter_map(|crossing| self.unit(crossing.source)));
            }
        }
        Some(group)
    }

    /// Whether a branch is the assembler's way of filling up to an alignment: it leads over nops and is not reached.
    fn is_padding(&self, crossing: &Crossing) -> bool {
        let between = (crossing.source..crossing.target).step_by(4).skip(1);
        let mut words = between.map(|address| self.image.word(address));
        !self.is_reached(crossing.source)
            && crossing.source < crossing.target
            && words.all(|word| word == Some(NOP))
    }

    /// The units that data or an address built by code names; data names code by its label.
    fn named(&self, units: &BTreeSet<Unit>) -> BTreeSet<Unit> {
        if units.is_empty() {
            return BTreeSet::new();
        }
        let image = self.image;
        let holder = |address: u64| {
            let last = Unit {
                start: address,
                end: u64::MAX,
                sized: true,
            };
            units
                .range(..=last)
                .next_back()
                .filter(|unit| unit.contains(address) && address.is_multiple_of(4))
        };
        let wanted = Wanted::new(units.iter().map(|unit| unit.start..unit.end));
        let built = built_addresses(image, &wanted);
        let built = built.chain(image.referenced.iter().copied()).filter_map(holder);
        let data = image.data.iter().flat_map(|region| pointers(image, region.bytes));
        let labelled = data.filter_map(|address| holder(address).filter(|unit| unit.start == address));
        built.chain(labelled).copied().collect()
    }
}
