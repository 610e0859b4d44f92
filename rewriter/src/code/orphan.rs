//! Code outside functions that nothing in the image refers to.
//!
//! Kernels carry assembly for processors that their configuration leaves out. Nothing leads there, so it is not known
//! to be code and is left alone; but neither can it run, so that it does not stand in the way of others.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use cpu::operand::field5;
use cpu::{Regs, decode};
use magicpage::WordSize;

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
        let built = self.built_addresses(units).chain(image.referenced.iter().copied()).filter_map(holder);
        let data = image.data.iter().flat_map(|region| pointers(image, region.bytes));
        let labelled = data.filter_map(|address| holder(address).filter(|unit| unit.start == address));
        built.chain(labelled).copied().collect()
    }

    /// The addresses within these units that a pair of instructions builds: `addis`, from nothing or from the TOC
    /// pointer, and within a few words `addi` or `ori` from the register it wrote.
    fn built_addresses<'u>(&'u self, units: &'u BTreeSet<Unit>) -> impl Iterator<Item = u64> + 'u {
        let words = self.image.regions.iter().flat_map(|region| (region.address..region.end()).step_by(4));
        let bases = [0, self.image.abi.toc.unwrap_or(0)];
        words.filter_map(move |address| {
            let low = self.image.word(address)?;
            let is_low = matches!(low >> 26, ADDI | ORI) && bases.iter().any(|base| {
                units.iter().any(|unit| may_end_in(*unit, base.wrapping_add(u64::from(low & 0xffff))))
            });
            if is_low { self.built_at(address, low) } else { None }
        })
    }

    fn built_at(&self, address: u64, low: u32) -> Option<u64> {
        let immediate = u64::from(low & 0xffff);
        let (source, offset) = match low >> 26 {
            ADDI => (field5(low, 16), (immediate ^ 0x8000).wrapping_sub(0x8000)),
            _ => (field5(low, 21), immediate),
        };
        let before = (1..=PAIR_DISTANCE).map_while(|distance| self.image.word(address.checked_sub(4 * distance)?));
        let family = self.image.family;
        let mut writers = before.filter(|word| decode(*word, family).effects().writes.contains(Regs::gpr(source)));
        let high = writers.next().filter(|word| word >> 26 == ADDIS)?;
        let base = match field5(high, 16) {
            0 => 0,
            2 => self.image.abi.toc?,
            _ => return None,
        };
        let shifted = (u64::from(high & 0xffff) << 16 ^ 0x8000_0000).wrapping_sub(0x8000_0000);
        let built = base.wrapping_add(shifted).wrapping_add(offset);
        Some(match family.word_size() {
            WordSize::Word32 => built & 0xffff_ffff,
            WordSize::Word64 => built,
        })
    }
}

const ADDI: u32 = 14;
const ADDIS: u32 = 15;
const ORI: u32 = 24;

/// Whether some address within the unit has the low half of `sum`.
fn may_end_in(unit: Unit, sum: u64) -> bool {
    sum.wrapping_sub(unit.start) & 0xffff < unit.end - unit.start
}
