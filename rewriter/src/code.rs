//! Code or data: which words control can reach.
//!
//! A word is code when a path leads to it from where control certainly enters: the entry point, interrupt vectors,
//! the start of a function, an exception fixup. Everything else is data, whatever it looks like: jump tables and
//! constant pools in text, padding, tables between functions.
//!
//! Functions whose symbols have a size are walked one by one, when asked for; all code outside them is one walk,
//! made first. Indirect transfers are followed as far as constants show where they go: jump tables that the
//! function addresses, and in code outside functions an address moved to CTR, LR, SRR0 or an IVOR.

mod bits;
mod constants;
mod orphan;
mod pointers;
mod ranges;
mod walk;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use cpu::{Flow, decode};

use constants::Constants;

use crate::image::{Image, Patched, SymbolKind};
use bits::Bits;
use ranges::Ranges;

/// A run of code that is analysed as one: a function, or what lies between two labels outside functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// Address of the first word.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// Whether it is a function whose symbol has a size: compiled code, as far as one can tell.
    pub sized: bool,
}

impl Unit {
    /// Whether the unit holds the word at `address`.
    pub fn contains(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }

    /// Number of words.
    pub fn words(&self) -> usize {
        usize::try_from((self.end - self.start) / 4).unwrap_or(usize::MAX)
    }
}

/// What is known about the words of an image.
pub struct CodeMap<'i, 'a> {
    image: &'i Image<'a>,
    units: Vec<Unit>,
    /// One bit a word, per region.
    reached: Vec<Bits>,
    walked: BTreeSet<u64>,
    /// Targets of jump tables, by the start of their function.
    tables: BTreeMap<u64, BTreeSet<u64>>,
    /// Code outside functions that is reached through an address computed or found in data.
    computed: BTreeSet<u64>,
    /// Direct branches from one unit into another.
    crossings: Vec<Crossing>,
    /// Those that leave functions for code outside, until that is walked.
    calls_out: Vec<Crossing>,
    /// Where control enters that no branch shows: roots, fixups.
    entries: Vec<u64>,
    /// Code that the kernel replaces, by the range that is replaced.
    patches: Ranges<'i>,
    /// The same, by the range that is copied.
    copies: Ranges<'i>,
}

/// A direct branch, with or without link, from one unit into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crossing {
    /// Where it goes.
    pub target: u64,
    /// Where it stands.
    pub source: u64,
    /// Whether the source lies outside every sized function.
    pub from_unsized: bool,
    /// Whether it is a call; otherwise the entered unit returns to the caller of the source's.
    pub link: bool,
}

impl<'i, 'a> CodeMap<'i, 'a> {
    /// Maps an image: finds its units and walks everything outside functions.
    pub fn new(image: &'i Image<'a>) -> Self {
        let units = units(image);
        let crossings = walk::crossings(image, &units);
        let calls_out = leaving_functions(&units, &crossings);
        let reached = image
            .regions
            .iter()
            .map(|region| Bits::new(region.bytes.len() / 4))
            .collect();
        let (walked, tables, computed) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        let replaced = image
            .patched
            .iter()
            .filter(|patched| changes_flow(image, patched));
        let patches = Ranges::new(replaced, |patched| &patched.range);
        let copies = Ranges::new(image.patched.iter(), |patched| &patched.alternative);
        let mut entries: Vec<u64> = image
            .edges
            .iter()
            .map(|edge| edge.to)
            .chain(image.roots.iter().copied())
            .collect();
        entries.sort_unstable();
        let mut map = Self {
            image,
            units,
            reached,
            walked,
            tables,
            computed,
            crossings,
            calls_out,
            entries,
            patches,
            copies,
        };
        map.walk_outside_functions();
        map
    }

    /// The image.
    pub fn image(&self) -> &'i Image<'a> {
        self.image
    }

    /// Every unit, in the order of addresses.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The unit that holds `address`.
    pub fn unit(&self, address: u64) -> Option<Unit> {
        let index = self
            .units
            .partition_point(|unit| unit.start <= address)
            .checked_sub(1)?;
        Some(self.units[index]).filter(|unit| unit.contains(address))
    }

    /// Whether control reaches the word at `address`.
    pub fn is_code(&mut self, address: u64) -> bool {
        if let Some(unit) = self.unit(address) {
            self.walk_unit(unit);
        }
        self.is_reached(address)
    }

    /// Targets of jump tables and computed transfers within a unit that was walked.
    pub fn computed_targets(&self, unit: Unit) -> impl Iterator<Item = u64> + '_ {
        let tables = self.tables.get(&unit.start).into_iter().flatten();
        tables.chain(self.computed.range(unit.start..unit.end)).copied()
    }

    /// Where control may enter a unit that no branch shows: roots, fixups, what data refers to.
    pub fn entries_of(&self, unit: Unit) -> impl Iterator<Item = u64> + '_ {
        let entries = walk::within(&self.entries, unit, |entry| *entry);
        entries
            .chain(walk::within(&self.image.referenced, unit, |address| *address))
            .copied()
    }

    /// The first entry of the image's tables by which the kernel may replace the word at `address`.
    pub fn replaced_by(&self, address: u64) -> Option<&'i Patched> {
        self.patches.holding(address).next()
    }

    /// Whether the kernel may replace the word at `address` with code that is not known.
    pub fn becomes_unknown(&self, address: u64) -> bool {
        self.patches.holding(address).any(|patched| patched.unknown)
    }

    /// The first entry by which the kernel may copy the word at `address` elsewhere.
    pub fn copied_by(&self, address: u64) -> Option<&'i Patched> {
        self.copies.holding(address).next()
    }

    /// Direct branches that enter `unit` from other units.
    pub fn entered_by(&self, unit: Unit) -> &[Crossing] {
        let first = self
            .crossings
            .partition_point(|crossing| crossing.target < unit.start);
        let end = self
            .crossings
            .partition_point(|crossing| crossing.target < unit.end);
        &self.crossings[first..end]
    }

    /// Where control goes instead of executing the word at `address`, because the kernel replaces code when it boots:
    /// to the code that is copied over the word, or on behind the range that is replaced; and from behind copied code
    /// on behind the range that it is copied to.
    pub fn instead_of(&self, address: u64) -> impl Iterator<Item = u64> + '_ {
        let replaced = self.patches.holding(address).map(move |patched| {
            let copied = patched.alternative.start + (address - patched.range.start);
            if patched.alternative.contains(&copied) {
                copied
            } else {
                patched.range.end
            }
        });
        let last = address.saturating_sub(4);
        let ended = self
            .copies
            .holding(last)
            .filter(move |patched| patched.alternative.end == address);
        replaced.chain(ended.map(|patched| patched.range.end))
    }

    /// Whether copied code ends before `address`.
    pub fn ends_copy(&self, address: u64) -> bool {
        let mut copies = self.copies.holding(address.saturating_sub(4));
        copies.any(|patched| patched.alternative.end == address)
    }

    /// Addresses of the symbols within a unit.
    pub fn labels_of(&self, unit: Unit) -> impl Iterator<Item = u64> + '_ {
        walk::within(&self.image.symbols, unit, |symbol| symbol.address).map(|symbol| symbol.address & !3)
    }

    /// Whether control may come to `address` from outside every range there that the kernel replaces, so that it
    /// finds either the old code or the new one.
    pub fn enters_replaced(&self, address: u64, source: Option<u64>) -> bool {
        let mut ranges = self.patches.holding(address).map(|patched| &patched.range);
        ranges.any(|range| range.start == address || source.is_none_or(|source| !range.contains(&source)))
    }

    /// The fragment outside functions that may run on into `unit`.
    pub fn runs_into(&self, unit: Unit) -> Option<Unit> {
        let before = self
            .unit(unit.start.checked_sub(4)?)
            .filter(|before| !before.sized)?;
        let addresses = (1..=before.words() as u64).map(|distance| before.end - 4 * distance);
        let words = addresses.filter_map(|address| Some((address, self.image.word(address)?)));
        let mut code = words.skip_while(|(_, word)| *word == 0 || *word == crate::asm::NOP);
        let ends = code.next().is_some_and(|(address, word)| {
            matches!(
                decode(word, self.image.family).flow(address),
                Flow::Branch {
                    conditional: false,
                    link: false,
                    ..
                } | Flow::Indirect {
                    conditional: false,
                    link: false,
                    ..
                } | Flow::Return
                    | Flow::Unknown
            )
        });
        (!ends).then_some(before)
    }

    fn is_reached(&self, address: u64) -> bool {
        self.slot(address)
            .is_some_and(|(region, word)| self.reached[region].get(word))
    }

    /// Marks the word as reached; whether it was not before.
    fn reach(&mut self, address: u64) -> bool {
        self.slot(address)
            .is_some_and(|(region, word)| self.reached[region].set(word))
    }

    fn slot(&self, address: u64) -> Option<(usize, usize)> {
        let regions = &self.image.regions;
        let index = regions
            .partition_point(|region| region.address <= address)
            .checked_sub(1)?;
        let region = regions[index];
        let inside = region.contains(address) && address.is_multiple_of(4);
        inside.then(|| {
            (
                index,
                usize::try_from((address - region.address) / 4).unwrap_or(usize::MAX),
            )
        })
    }
}

/// Branches from functions to code outside functions. Both lists are sorted by address.
fn leaving_functions(units: &[Unit], crossings: &[Crossing]) -> Vec<Crossing> {
    let mut outside = units.iter().filter(|unit| !unit.sized).peekable();
    let mut leaving = Vec::new();
    for crossing in crossings.iter().filter(|crossing| !crossing.from_unsized) {
        while outside.peek().is_some_and(|unit| unit.end <= crossing.target) {
            outside.next();
        }
        if outside.peek().is_some_and(|unit| unit.contains(crossing.target)) {
            leaving.push(*crossing);
        }
    }
    leaving
}

/// Whether control may go elsewhere once a range is replaced. A single word that goes on to the next and is replaced
/// by a nop or a call (a call to the function tracer, say) still does.
fn changes_flow(image: &Image, patched: &Patched) -> bool {
    let range = &patched.range;
    let one_word = range.end - range.start == 4 && patched.alternative.is_empty() && !patched.unknown;
    let flow = image
        .word(range.start)
        .map(|word| decode(word, image.family).flow(range.start));
    let goes_on = matches!(flow, Some(Flow::Next | Flow::Branch { link: true, .. }));
    !(one_word && goes_on)
}

/// Cuts what lies between two functions at its labels.
fn push_fragments(image: &Image, units: &mut Vec<Unit>, start: u64, end: u64) {
    let mut next = start;
    let first = image.symbols.partition_point(|symbol| symbol.address <= start);
    let labels = image.symbols[first..].iter().map(|symbol| symbol.address & !3);
    for label in labels.take_while(|label| *label < end).chain([end]) {
        if next < label {
            units.push(Unit {
                start: next,
                end: label,
                sized: false,
            });
            next = label;
        }
    }
}

/// The sized functions of an image, overlapping ones joined, and the fragments between them.
fn units(image: &Image) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for region in &image.regions {
        let first = image
            .symbols
            .partition_point(|symbol| symbol.address < region.address);
        let mut next = region.address;
        let functions = image.symbols[first..]
            .iter()
            .take_while(|symbol| symbol.address < region.end())
            .filter(|symbol| symbol.kind == SymbolKind::Function && symbol.size > 0);
        for function in functions {
            let start = function.address & !3;
            let end =
                (function.address.saturating_add(function.size).saturating_add(3) & !3).min(region.end());
            match units
                .last_mut()
                .filter(|last| last.sized && start < last.end && start >= region.address)
            {
                Some(last) => last.end = last.end.max(end),
                None => {
                    push_fragments(image, &mut units, next, start);
                    units.push(Unit {
                        start,
                        end,
                        sized: true,
                    });
                }
            }
            next = units.last().map_or(end, |last| last.end);
        }
        push_fragments(image, &mut units, next, region.end());
    }
    units
}
