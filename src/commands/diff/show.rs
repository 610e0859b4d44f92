//! A comparison as text and as JSON.

use std::io::Write;

use cpu::decode;
use magicpage::Family;
use rewriter::build::symbol;
use rewriter::plan::{TemplateKind, Trampoline};
use serde::Serialize;

use super::compare::{Change, Comparison};
use crate::document::{Hex, SCHEMA_VERSION};
use crate::error::Error;
use crate::input::Input;
use crate::listing::Listing;
use crate::tables::plural;
use crate::ui::{HEADING, Ui};

/// Prints a comparison as text.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn text(
    ui: &mut Ui,
    old: &Input,
    new: &Input,
    comparison: &Comparison,
    context: u32,
) -> Result<(), Error> {
    let quiet = ui.is_quiet();
    let out = ui.out();
    writeln!(out, "{HEADING}--- {}\n+++ {}{HEADING:#}", old.name, new.name)?;
    if let (Some(was), Some(is)) = (old.entry(), new.entry())
        && was != is
    {
        writeln!(out, "entry point {was:#010x} | {is:#010x}")?;
    }
    let mut listing = Listing {
        out,
        family: comparison.old.family,
    };
    changes(&mut listing, comparison, 4 * u64::from(context))?;
    if let Some(stub) = comparison.stub {
        writeln!(listing.out, "entry stub")?;
        trampoline(&mut listing, stub)?;
    }
    for (section, address, size, is_new) in &comparison.lone_sections {
        let which = if *is_new { &new.name } else { &old.name };
        writeln!(
            listing.out,
            "only in {which}: code in {section} at {address:#010x}, {size} bytes"
        )?;
    }
    if quiet {
        Ok(())
    } else {
        summary(listing.out, comparison)
    }
}

/// The words that were asked for, each with its trampoline, and what is around them as far as `reach` bytes.
fn changes<W: Write>(listing: &mut Listing<W>, comparison: &Comparison, reach: u64) -> Result<(), Error> {
    let mut cursor = None;
    let mut changes = comparison.wanted().peekable();
    while let Some(change) = changes.next() {
        let start = change.address.saturating_sub(reach).max(cursor.unwrap_or(0));
        if reach > 0 && cursor.is_some_and(|cursor| cursor < start) {
            listing.gap()?;
        }
        around(listing, comparison, start, change.address)?;
        listing.change(change.address, &change.symbol, change.old, change.new)?;
        if let Some(words) = change.trampoline {
            trampoline(listing, words)?;
        }
        let next = changes.peek().map_or(u64::MAX, |next| next.address);
        let behind = change.address.saturating_add(4);
        let end = behind.saturating_add(reach).min(next);
        around(listing, comparison, behind, end)?;
        cursor = Some(end);
    }
    Ok(())
}

/// The words of a trampoline.
fn trampoline<W: Write>(listing: &mut Listing<W>, trampoline: &Trampoline) -> Result<(), Error> {
    for (address, word) in (trampoline.address..).step_by(4).zip(&trampoline.words) {
        listing.added(address, *word)?;
    }
    Ok(())
}

/// The words around those that were asked for.
fn around<W: Write>(
    listing: &mut Listing<W>,
    comparison: &Comparison,
    from: u64,
    to: u64,
) -> Result<(), Error> {
    for address in (from..to).step_by(4) {
        if let Some(change) = comparison.at(address) {
            listing.change(address, &change.symbol, change.old, change.new)?;
        } else if let Some(word) = comparison.old.word(address) {
            let symbol = symbol(comparison.old, address).unwrap_or_else(|| "?".into());
            listing.same(address, &symbol, word)?;
        }
    }
    Ok(())
}

fn summary(out: &mut impl Write, comparison: &Comparison) -> Result<(), Error> {
    let words = comparison.wanted().count();
    let sites = comparison
        .wanted()
        .filter(|change| change.rewrite.is_some())
        .count();
    let trampolines = comparison
        .wanted()
        .filter(|change| change.trampoline.is_some())
        .count();
    match words {
        0 => writeln!(out, "this code is the same; the files differ elsewhere")?,
        _ => {
            let (sites, trampolines) = (plural(sites, "rewritten site"), plural(trampolines, "trampoline"));
            writeln!(out, "{} differ: {sites}, {trampolines}", plural(words, "word"))?;
        }
    }
    Ok(())
}

/// A comparison as JSON.
#[derive(Serialize)]
pub struct Document<'c> {
    schema_version: u32,
    old: &'c str,
    new: &'c str,
    files_are_equal: bool,
    differences: Vec<Difference<'c>>,
}

#[derive(Serialize)]
struct Difference<'c> {
    address: Hex,
    symbol: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<TemplateKind>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trampoline: Vec<Word>,
}

#[derive(Serialize)]
struct Word {
    address: Hex,
    word: String,
    text: String,
}

impl Word {
    fn new(address: u64, word: u32, family: Family) -> Self {
        let text = decode(word, family).text(Some(address)).to_string();
        Self {
            address: Hex(address),
            word: format!("{word:#010x}"),
            text,
        }
    }
}

impl<'c> Document<'c> {
    /// Two files that are equal.
    pub fn equal(old: &'c str, new: &'c str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            old,
            new,
            files_are_equal: true,
            differences: Vec::new(),
        }
    }

    /// Two files that are not.
    pub fn new(old: &'c str, new: &'c str, comparison: &'c Comparison) -> Self {
        let family = comparison.old.family;
        let differences = comparison
            .wanted()
            .map(|change| difference(change, family))
            .collect();
        Self {
            schema_version: SCHEMA_VERSION,
            old,
            new,
            files_are_equal: false,
            differences,
        }
    }
}

fn difference<'c>(change: &'c Change, family: Family) -> Difference<'c> {
    let word = |word: Option<u32>| word.map(|word| Word::new(change.address, word, family));
    let trampoline = change.trampoline.into_iter().flat_map(|trampoline| {
        (trampoline.address..)
            .step_by(4)
            .zip(&trampoline.words)
            .map(|(address, word)| Word::new(address, *word, family))
    });
    Difference {
        address: Hex(change.address),
        symbol: &change.symbol,
        old: word(change.old),
        new: word(change.new),
        template: change.rewrite.map(|rewrite| rewrite.template),
        trampoline: trampoline.collect(),
    }
}
