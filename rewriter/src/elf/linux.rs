//! What Linux does to its own code, by the tables that it does it with.
//!
//! A kernel overwrites parts of itself when it boots, and control reaches some instructions in ways that no
//! instruction shows. Every such place is in a table, found by its section, or by the symbols around it where the
//! linker script has merged the section into another. The tables are rows ([`rows`]); here they become
//! [`Edge`]s, [`Patched`] and pinned ranges.
//!
//! Two things are no table but matter in the same way: `patch__*` symbols, each a pointer to a word that is
//! modified, and static call trampolines (`__SCT__*`), rewritten as a whole.
//!
//! Pinned is code from which a branch to a trampoline would be wrong: the ranges of the soft-mask and restart
//! tables, where an interrupt looks at the address that it interrupted, and code that is copied and run elsewhere,
//! where a relative branch out of it would arrive at a wrong place.

mod rows;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use magicpage::Family;

use super::error::ElfError;
use super::file::{File, Kind, index};
use super::layout::Span;
use super::relocs::applied;
use super::symbols::{Names, loaded, span_at};
use crate::image::{Edge, Patched};
pub(super) use rows::{BUFFER, is_copied};
use rows::{COPIED, HYPERCALLS, Layout, ROWS, Row, UNKNOWN, VECTORS};

/// A table of this image.
pub(super) struct Table<'a> {
    row: &'static Row,
    address: u64,
    bytes: Cow<'a, [u8]>,
}

/// What the tables say.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub edges: Vec<Edge>,
    pub patched: Vec<Patched>,
    /// Code that works only where it is.
    pub pinned: Vec<Range<u64>>,
    /// Code that is only ever copied: KVM's own templates.
    pub reserved: Vec<Range<u64>>,
    /// Bytes of code in the restart table so far.
    restarts: u64,
}

/// Whether the image is Linux: a kernel (`linux_banner` and `init_task`) or a module (a version magic).
pub(super) fn is_linux(file: &File, names: &Names) -> bool {
    let module = || {
        let info = file
            .section_named(".modinfo")
            .and_then(|section| file.data(section).ok());
        info.is_some_and(|info| {
            info.split(|byte| *byte == 0)
                .any(|entry| entry.starts_with(b"vermagic="))
        })
    };
    names
        .marked("linux_banner")
        .and(names.marked("init_task"))
        .is_some()
        || module()
}

/// Finds the tables.
pub(super) fn tables<'a>(file: &File<'a>, names: &Names) -> Result<Vec<Table<'a>>, ElfError> {
    let mut tables = Vec::new();
    for row in ROWS {
        let before = tables.len();
        for (number, section) in file.sections.iter().enumerate() {
            let named = section.name == row.table || (!row.other.is_empty() && section.name == row.other);
            if named && section.is_alloc() {
                let bytes = applied(file, number)?;
                tables.push(Table {
                    row,
                    address: section.header.sh_addr,
                    bytes,
                });
            }
        }
        if tables.len() == before && file.kind == Kind::Linked {
            tables.extend(between(file, names, row)?);
        }
    }
    tables.iter().try_for_each(|table| table.check(file))?;
    Ok(tables)
}

impl Table<'_> {
    fn check(&self, file: &File) -> Result<(), ElfError> {
        let entry = self.row.layout.entry_size(index(file.long()));
        let end = self.address.checked_add(self.bytes.len() as u64);
        let why = if !self.bytes.len().is_multiple_of(entry) {
            "its size is no multiple of an entry: the file is damaged, or of a kernel too new for this program"
        } else if end.is_none_or(|end| end > file.last_address()) {
            "it does not fit the address space: the file is damaged"
        } else {
            return Ok(());
        };
        Err(ElfError::Table {
            table: self.row.table,
            address: self.address,
            why,
        })
    }
}

/// The table between two symbols.
fn between<'a>(file: &File<'a>, names: &Names, row: &'static Row) -> Result<Option<Table<'a>>, ElfError> {
    let [Some(start), Some(end)] = row.ends.map(|name| names.marked(name)) else {
        return Ok(None);
    };
    let why = "the symbols around it are not around bytes of the file: the symbol table lies";
    let bytes = loaded(file, start, end).ok_or(ElfError::Table {
        table: row.table,
        address: start,
        why,
    })?;
    Ok(Some(Table {
        row,
        address: start,
        bytes: Cow::Borrowed(bytes),
    }))
}

/// Whether a section's addresses of code are a table's, and not pointers or jump tables.
pub(super) fn is_table(section: &str) -> bool {
    let row = |row: &Row| section == row.table || (!row.other.is_empty() && section == row.other);
    ["__bug_table", ".eh_frame", ".opd"].contains(&section) || ROWS.iter().any(row)
}

/// The ranges of data in which stored addresses are wanted, sorted.
pub(super) fn stored_ranges(tables: &[Table]) -> Vec<Range<u64>> {
    let absolute = tables.iter().filter(|table| table.row.layout.is_absolute());
    let mut ranges: Vec<_> = absolute
        .map(|table| table.address..table.address + table.bytes.len() as u64)
        .collect();
    ranges.sort_by_key(|range| range.start);
    ranges
}

/// Puts the addresses that a loader stores into the tables.
pub(super) fn store(file: &File, tables: &mut [Table], stored: &[(u64, u64)]) {
    for table in tables.iter_mut().filter(|table| table.row.layout.is_absolute()) {
        let end = table.address + table.bytes.len() as u64;
        let within = stored.partition_point(|(address, _)| *address < table.address)
            ..stored.partition_point(|(address, _)| *address < end);
        for (address, value) in &stored[within] {
            let offset = index(address - table.address);
            if file.read_long(&table.bytes, offset) == Some(*value) {
                continue;
            }
            let long = index(file.long());
            if let Some(field) = table.bytes.to_mut().get_mut(offset..offset + long) {
                let bytes = file.endian.write_u64(*value);
                let from = if file.endian == magicpage::Endian::Big {
                    8 - long
                } else {
                    0
                };
                field.copy_from_slice(&bytes[from..from + long]);
            }
        }
    }
}

/// One entry, with access to its fields.
struct Entry<'t> {
    file: &'t File<'t>,
    table: &'static str,
    address: u64,
    bytes: &'t [u8],
}

impl Entry<'_> {
    /// The long of that number.
    fn long(&self, number: usize) -> u64 {
        let long = index(self.file.long());
        self.file.read_long(self.bytes, number * long).unwrap_or_default()
    }

    /// What the long of that number points to, relative to the entry.
    fn near(&self, number: usize) -> u64 {
        self.file.wrap(self.address.wrapping_add(self.long(number)))
    }

    /// What the 32-bit word of that number points to, relative to itself.
    fn relative(&self, number: u64) -> u64 {
        let word = self
            .file
            .read_word(self.bytes, index(number * 4))
            .unwrap_or_default();
        let place = self.address.wrapping_add(number * 4);
        self.file
            .wrap(place.wrapping_add_signed(i64::from(word.cast_signed())))
    }

    fn range(&self, start: u64, end: u64) -> Result<Range<u64>, ElfError> {
        let why = "an entry ends before it starts: the file is damaged";
        if end < start {
            Err(ElfError::Table {
                table: self.table,
                address: self.address,
                why,
            })
        } else {
            Ok(start..end)
        }
    }
}

/// Reads the tables and the symbols that stand for tables.
pub(super) fn facts(
    file: &File,
    family: Family,
    names: &Names,
    tables: &[Table],
    spans: &[Span],
) -> Result<Facts, ElfError> {
    let mut facts = Facts::default();
    for table in tables {
        let size = table.row.layout.entry_size(index(file.long()));
        let mut address = table.address;
        for bytes in table.bytes.chunks_exact(size) {
            let entry = Entry {
                file,
                table: table.row.table,
                address,
                bytes,
            };
            facts.add(&entry, table.row.layout, family, spans)?;
            address = address.wrapping_add(size as u64);
        }
    }
    facts.add_symbols(file, names, spans);
    facts.edges.sort_unstable();
    facts.edges.dedup();
    facts
        .patched
        .sort_by_key(|patched| (patched.range.start, patched.range.end));
    facts.pinned.sort_by_key(|range| (range.start, range.end));
    facts.pinned.dedup();
    Ok(facts)
}

impl Facts {
    fn add(&mut self, entry: &Entry, layout: Layout, family: Family, spans: &[Span]) -> Result<(), ElfError> {
        match layout {
            Layout::Alternative => {
                let range = entry.range(entry.near(2), entry.near(3))?;
                let alternative = entry.range(entry.near(4), entry.near(5))?;
                self.patch(spans, entry.table, range, alternative);
            }
            Layout::Words([book3s, e500]) => {
                let words = if family == Family::E500 { e500 } else { book3s };
                self.patch_words(spans, entry.table, entry.near(0), words);
            }
            Layout::Span => self.patch(
                spans,
                entry.table,
                entry.range(entry.near(0), entry.near(1))?,
                0..0,
            ),
            Layout::Address(words) => self.patch_words(spans, entry.table, entry.long(0), words),
            Layout::JumpLabel => {
                self.patch_words(spans, entry.table, entry.relative(0), 1);
                self.edge(spans, entry.relative(0), entry.relative(1));
            }
            Layout::Exception => self.edge(spans, entry.relative(0), entry.relative(1)),
            Layout::SoftMask => self.pin(spans, entry.range(entry.long(0), entry.long(1))?),
            Layout::Restart => {
                let range = entry.range(entry.long(0), entry.long(1))?;
                self.pin(spans, range.clone());
                self.edges_from(entry, spans, range, entry.long(2))?;
            }
        }
        Ok(())
    }

    fn edge(&mut self, spans: &[Span], from: u64, to: u64) {
        if span_at(spans, from).is_some() {
            self.edges.push(Edge { from, to });
        }
    }

    fn edges_from(
        &mut self,
        entry: &Entry,
        spans: &[Span],
        range: Range<u64>,
        to: u64,
    ) -> Result<(), ElfError> {
        const LONGEST: u64 = 0x1_0000;
        if range.end - range.start > LONGEST || self.restarts > LONGEST {
            let why = "its ranges are longer than any kernel's: the file is damaged";
            return Err(ElfError::Table {
                table: entry.table,
                address: entry.address,
                why,
            });
        }
        let Some(span) = span_at(spans, range.start) else {
            return Ok(());
        };
        let words = (range.start & !3..range.end.min(span.addresses().end)).step_by(4);
        self.edges.extend(words.map(|from| Edge { from, to }));
        self.restarts += range.end - range.start;
        Ok(())
    }

    fn patch(&mut self, spans: &[Span], table: &'static str, range: Range<u64>, alternative: Range<u64>) {
        if span_at(spans, range.start).is_some() {
            let unknown = UNKNOWN.contains(&table);
            self.patched.push(Patched {
                table,
                range,
                alternative,
                unknown,
            });
        }
    }

    fn patch_words(&mut self, spans: &[Span], table: &'static str, start: u64, words: u64) {
        self.patch(spans, table, start..start.saturating_add(words * 4), 0..0);
    }

    fn pin(&mut self, spans: &[Span], code: Range<u64>) {
        if !code.is_empty() && span_at(spans, code.start).is_some() {
            self.pinned.push(code);
        }
    }

    fn add_symbols(&mut self, file: &File, names: &Names, spans: &[Span]) {
        for address in &names.patch_sites {
            let word = loaded(file, *address, address.saturating_add(4));
            if let Some(word) = word.and_then(|bytes| file.read_word(bytes, 0)) {
                let site = file.wrap(address.wrapping_add_signed(i64::from(word.cast_signed())));
                self.patch_words(spans, "patch_site", site, 1);
            }
        }
        for code in &names.static_calls {
            self.patch(spans, "static_call", code.clone(), 0..0);
        }
        for (name, words) in HYPERCALLS {
            if let Some(start) = names.marked(name) {
                self.patch_words(spans, name, start, words);
            }
        }
        if let (Some(start), Some(end)) = (
            names.marked("kvm_template_start"),
            names.marked("kvm_template_end"),
        ) {
            let end = names
                .marked("kvm_tmp")
                .filter(|tmp| (start..end).contains(tmp))
                .unwrap_or(end);
            self.reserved.extend((start < end).then_some(start..end));
        }
        let relocatable = file.is_64() && file.section_named(".rela.dyn").is_some();
        for ends in COPIED.iter().chain(relocatable.then_some(&VECTORS)) {
            if let [Some(start), Some(end)] = ends.map(|name| names.marked(name)) {
                self.pin(spans, start..end);
            }
        }
    }
}
