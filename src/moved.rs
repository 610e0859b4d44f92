//! Where the words of an image are in an image that was made from it.
//!
//! In a linked image nothing moves. In a relocatable object the reader gives the addresses, section after section, and
//! new sections come between the old ones: there sections go by name.

use std::ops::Range;

use rewriter::elf::ElfImage;
use rewriter::image::{AreaKind, Region};
use rewriter::plan::{Arena, Plan};

/// Ranges of the old image, and where they start in the new one.
pub struct Moved {
    ranges: Vec<(Range<u64>, u64)>,
}

impl Moved {
    /// Compares the sections of two images, and the plan's arenas with what is new.
    pub fn new(old: &ElfImage, new: &ElfImage, plan: Option<&Plan>) -> Self {
        let arenas = plan.map_or(&[][..], |plan| &plan.arenas);
        let ranges = if old.is_object() {
            by_name(old, new, arenas)
        } else {
            in_place(old, new, arenas)
        };
        Self { ranges }
    }

    /// Where the word at an address of the old image is in the new one.
    pub fn to_new(&self, address: u64) -> Option<u64> {
        let (range, start) = self.ranges.iter().find(|(range, _)| range.contains(&address))?;
        Some(start + (address - range.start))
    }

    /// Whether a section of the new image has a counterpart in the old one, or in the plan.
    pub fn reaches(&self, region: &Region) -> bool {
        self.ranges.iter().any(|(_, start)| region.contains(*start))
    }
}

fn in_place(old: &ElfImage, new: &ElfImage, arenas: &[Arena]) -> Vec<(Range<u64>, u64)> {
    let regions = old
        .image()
        .regions
        .iter()
        .filter(|region| new.image().region(region.address).is_some());
    let regions = regions.map(|region| region.address..region.end());
    let arenas = arenas.iter().map(range);
    regions
        .chain(arenas)
        .map(|range| (range.clone(), range.start))
        .collect()
}

fn by_name(old: &ElfImage, new: &ElfImage, arenas: &[Arena]) -> Vec<(Range<u64>, u64)> {
    let mut rest: Vec<&Region> = new.image().regions.iter().collect();
    let mut ranges = Vec::new();
    for region in &old.image().regions {
        if let Some(index) = rest.iter().position(|other| other.section == region.section) {
            ranges.push((region.address..region.end(), rest.remove(index).address));
        }
    }
    let arenas = arenas.iter().filter(|arena| arena.kind == AreaKind::New);
    ranges.extend(
        arenas
            .zip(rest)
            .map(|(arena, region)| (range(arena), region.address)),
    );
    ranges
}

fn range(arena: &Arena) -> Range<u64> {
    arena.address..arena.address.saturating_add(arena.size)
}
