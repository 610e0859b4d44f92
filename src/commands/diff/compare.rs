//! Which words differ, and which of them a plan explains.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rewriter::build::symbol;
use rewriter::elf::{ElfImage, Note, NoteKind};
use rewriter::image::{Image, Region};
use rewriter::plan::{Arena, Plan, Rewrite, Trampoline};

use crate::moved::Moved;

/// A word that differs.
pub struct Change<'p> {
    /// Its address.
    pub address: u64,
    /// Nearest symbol.
    pub symbol: String,
    /// The old word.
    pub old: Option<u32>,
    /// The new word.
    pub new: Option<u32>,
    /// What the plan says of it.
    pub rewrite: Option<&'p Rewrite>,
    /// The trampoline, at the first wanted site that leads to it.
    pub trampoline: Option<&'p Trampoline>,
    /// Whether it was asked for, not only what surrounds it.
    pub is_wanted: bool,
}

/// Two images, compared.
pub struct Comparison<'c, 'a> {
    /// The old image.
    pub old: &'c Image<'a>,
    /// Every word that differs, in the order of addresses.
    changes: Vec<Change<'c>>,
    /// The entry stub.
    pub stub: Option<&'c Trampoline>,
    /// Sections with code that only one of the images has, the plan's own aside: name, address, bytes, in the new one.
    pub lone_sections: Vec<(&'a str, u64, usize, bool)>,
}

impl<'c, 'a> Comparison<'c, 'a> {
    /// Compares; with ranges, only words in them are wanted.
    pub fn new(
        old: &'c ElfImage<'a>,
        new: &'c ElfImage<'a>,
        note: Option<&'c Note>,
        only: &[Range<u64>],
    ) -> Self {
        let plan = note
            .filter(|note| note.kind == NoteKind::Rewritten)
            .map(|note| &note.plan);
        let moved = Moved::new(old, new, plan);
        let (old, new) = (old.image(), new.image());
        let mut changes: BTreeMap<u64, Change> = BTreeMap::new();
        if let Some(plan) = plan {
            changes.extend(planned(old, plan).map(|change| (change.address, change)));
        }
        let arenas: Vec<Range<u64>> = plan
            .iter()
            .flat_map(|plan| plan.arenas.iter().map(range))
            .collect();
        let mut add = |address, words: (Option<u32>, Option<u32>)| {
            if !arenas.iter().any(|arena| arena.contains(&address)) {
                changes
                    .entry(address)
                    .or_insert_with(|| plain(old, address, words));
            }
        };
        for region in &old.regions {
            differing(old, new, &moved, region, &mut add);
        }
        let mut changes: Vec<Change> = changes.into_values().collect();
        let mut shown = BTreeSet::new();
        for change in &mut changes {
            change.is_wanted = only.is_empty() || only.iter().any(|range| range.contains(&change.address));
            let is_first = |trampoline: &&Trampoline| change.is_wanted && shown.insert(trampoline.address);
            change.trampoline = change.trampoline.filter(is_first);
        }
        let stub = plan
            .and_then(|plan| plan.stub.as_ref())
            .filter(|_| only.is_empty());
        Self {
            old,
            changes,
            stub,
            lone_sections: lone_sections(old, new, &moved),
        }
    }

    /// The words that were asked for.
    pub fn wanted(&self) -> impl Iterator<Item = &Change<'c>> {
        self.changes.iter().filter(|change| change.is_wanted)
    }

    /// What differs at an address.
    pub fn at(&self, address: u64) -> Option<&Change<'c>> {
        let index = self
            .changes
            .binary_search_by_key(&address, |change| change.address)
            .ok()?;
        Some(&self.changes[index])
    }
}

/// The addresses of an arena.
fn range(arena: &Arena) -> Range<u64> {
    arena.address..arena.address.saturating_add(arena.size)
}

fn planned<'c>(old: &'c Image, plan: &'c Plan) -> impl Iterator<Item = Change<'c>> {
    plan.sites.iter().filter_map(|site| {
        let rewrite = site.rewrite()?;
        Some(Change {
            address: site.address,
            symbol: site.symbol.clone().unwrap_or_else(|| "?".into()),
            old: old.word(site.address),
            new: Some(rewrite.new),
            rewrite: Some(rewrite),
            trampoline: rewrite.trampoline.as_ref(),
            is_wanted: false,
        })
    })
}

fn plain<'c>(old: &Image, address: u64, (was, is): (Option<u32>, Option<u32>)) -> Change<'c> {
    let symbol = symbol(old, address).unwrap_or_else(|| "?".into());
    Change {
        address,
        symbol,
        old: was,
        new: is,
        rewrite: None,
        trampoline: None,
        is_wanted: false,
    }
}

/// The words of a region that the new image has otherwise, or not at all.
fn differing(
    old: &Image,
    new: &Image,
    moved: &Moved,
    region: &Region,
    add: &mut impl FnMut(u64, (Option<u32>, Option<u32>)),
) {
    let Some(start) = moved.to_new(region.address) else {
        return;
    };
    let same_place = new.region(start).filter(|other| other.address == start);
    if same_place.is_some_and(|other| other.bytes == region.bytes) {
        return;
    }
    for (address, to) in (region.address..region.end())
        .step_by(4)
        .zip((start..).step_by(4))
    {
        let words = (old.word(address), new.word(to));
        if words.0 != words.1 {
            add(address, words);
        }
    }
}

fn lone_sections<'a>(old: &Image<'a>, new: &Image<'a>, moved: &Moved) -> Vec<(&'a str, u64, usize, bool)> {
    let lone = |region: &Region<'a>, is_new| (region.section, region.address, region.bytes.len(), is_new);
    let gone = old
        .regions
        .iter()
        .filter(|region| moved.to_new(region.address).is_none());
    let come = new.regions.iter().filter(|region| !moved.reaches(region));
    gone.map(|region| lone(region, false))
        .chain(come.map(|region| lone(region, true)))
        .collect()
}
