//! Relocations: which words of code are not yet what they will be, and what tables hold once loaded.
//!
//! In an object every relocation section counts. In a linked image only those count that a loader applies
//! (`SHF_ALLOC`): what `--emit-relocs` keeps is done already.

mod switch;
mod types;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use goblin::elf::reloc::{Reloc, RelocSection};
use goblin::elf::section_header::{SHT_REL, SHT_RELA, SHT_SYMTAB};

use self::switch::Entries;
use self::types::{Field, Form, field, form};
use super::error::ElfError;
use super::file::{File, Kind, Section};
use super::layout::Span;
use super::linux::is_table;
use super::symbols::{Descriptors, Table, span_at};
use crate::image::Relocated;

/// `R_PPC_RELATIVE` and `R_PPC64_RELATIVE`: load address plus addend.
const RELATIVE: u32 = 22;
/// `R_PPC_REL32` and `R_PPC64_REL32`.
const REL32: u32 = 26;

/// What the relocations of an image come to.
#[derive(Debug, Default)]
pub(super) struct Relocations {
    /// Words of code, in the order of addresses.
    pub words: Vec<Relocated>,
    /// Addresses that a loader stores in data: where, and what, sorted. Only those within the ranges asked for.
    pub stored: Vec<(u64, u64)>,
    /// Addresses of code that data refers to, sorted, other than those in tables of Linux.
    pub referenced: Vec<u64>,
    /// What tells the jump tables of an object.
    switch: Entries,
}

/// A section of relocations and the section that they change.
struct Changes<'f, 'a> {
    section: &'f Section<'a>,
    relocs: RelocSection<'a>,
}

impl<'f, 'a> Changes<'f, 'a> {
    fn of(file: &'f File<'a>, section: &'f Section<'a>) -> Result<Self, ElfError> {
        let rela = section.header.sh_type == SHT_RELA;
        let entry = Reloc::size(rela, file.ctx) as u64;
        let what = || alloc::format!("section `{}`", section.name);
        if section.header.sh_entsize != entry {
            return Err(ElfError::EntrySize {
                what: what(),
                found: section.header.sh_entsize,
                expected: entry,
            });
        }
        let data = file.data(section)?;
        if !(data.len() as u64).is_multiple_of(entry) {
            return Err(ElfError::EntrySize {
                what: what(),
                found: data.len() as u64 % entry,
                expected: entry,
            });
        }
        let relocs =
            RelocSection::parse(data, 0, data.len(), rela, file.ctx).map_err(|_| ElfError::Names {
                what: what(),
                why: "the relocations cannot be read",
            })?;
        Ok(Self { section, relocs })
    }

    /// The relocated section of an object.
    fn target(&self, file: &'f File<'a>) -> Result<&'f Section<'a>, ElfError> {
        let link = self.section.header.sh_info;
        let target = file.sections.get(link as usize).filter(|_| link != 0);
        let expected = "a section to relocate";
        target.ok_or_else(|| ElfError::Link {
            section: self.section.name.into(),
            link,
            expected,
        })
    }

    fn error(&self, reloc: &Reloc, why: &'static str) -> ElfError {
        let section = self.section.name.into();
        ElfError::Relocation {
            section,
            offset: reloc.r_offset,
            kind: reloc.r_type,
            why,
        }
    }
}

fn relocation_sections<'f, 'a>(file: &'f File<'a>) -> impl Iterator<Item = &'f Section<'a>> {
    let is = |section: &&Section| [SHT_REL, SHT_RELA].contains(&section.header.sh_type);
    file.sections.iter().filter(is)
}

/// The symbols that the relocations of an object refer to.
fn symbols_of<'a>(file: &File<'a>, changes: &Changes) -> Result<Table<'a>, ElfError> {
    let link = changes.section.header.sh_link;
    let table = file
        .sections
        .get(link as usize)
        .filter(|section| section.header.sh_type == SHT_SYMTAB);
    let expected = "a symbol table";
    let table = table.ok_or_else(|| ElfError::Link {
        section: changes.section.name.into(),
        link,
        expected,
    })?;
    Table::of(file, table)
}

/// Reads every relocation that somebody will apply. `asked` are ranges of data, sorted, whose stored addresses
/// are wanted.
pub(super) fn collect(
    file: &File,
    spans: &[Span],
    asked: &[Range<u64>],
    descriptors: Option<&Descriptors>,
) -> Result<Relocations, ElfError> {
    let mut all = Relocations::default();
    let mut code: Vec<usize> = spans.iter().filter_map(|span| span.section).collect();
    code.sort_unstable();
    for section in relocation_sections(file) {
        if file.kind == Kind::Object {
            if code.binary_search(&(section.header.sh_info as usize)).is_ok() {
                all.add_object(file, spans, Changes::of(file, section)?, descriptors)?;
            } else {
                all.add_object_data(file, spans, section)?;
            }
        } else if section.is_alloc() {
            all.add_dynamic(file, spans, asked, &Changes::of(file, section)?);
        }
    }
    all.words
        .sort_by_key(|word| (word.address, word.target.is_none()));
    all.words.dedup_by_key(|word| word.address);
    all.stored.sort_unstable();
    let switched = core::mem::take(&mut all.switch).targets()?.into_iter();
    all.referenced
        .extend(switched.filter(|address| span_at(spans, *address).is_some()));
    all.referenced.sort_unstable();
    all.referenced.dedup();
    Ok(all)
}

impl Relocations {
    fn touch(&mut self, file: &File, spans: &[Span], address: u64, kind: u32, target: Option<u64>) {
        let first = address & !3;
        let words = match field(file.is_64(), kind) {
            Field::Nothing => return,
            Field::Word | Field::Branch | Field::Absolute => 1,
            Field::Unaligned => 1 + u64::from(address != first),
            Field::Double => 2 + u64::from(address != first),
        };
        let within = (0..words).map(|word| first.wrapping_add(word * 4));
        let within = within.filter(|address| span_at(spans, *address).is_some());
        self.words.extend(within.map(|address| Relocated {
            address,
            target: target.filter(|_| address == first),
        }));
    }

    fn add_dynamic(&mut self, file: &File, spans: &[Span], asked: &[Range<u64>], changes: &Changes) {
        let symbols = file.sections.get(changes.section.header.sh_link as usize);
        let symbols = symbols.and_then(|section| Table::of(file, section).ok());
        for reloc in changes.relocs.iter() {
            let address = reloc.r_offset;
            if span_at(spans, address).is_some() || span_at(spans, address.saturating_add(7)).is_some() {
                self.touch(file, spans, address, reloc.r_type, None);
                continue;
            }
            let base = match reloc.r_type {
                RELATIVE => Some(0),
                _ => symbols
                    .as_ref()
                    .and_then(|table| table.address(file, reloc.r_sym)),
            };
            let (Some(base), Some(addend)) = (base, reloc.r_addend) else {
                continue;
            };
            let value = file.wrap(base.wrapping_add_signed(addend));
            let behind = asked.partition_point(|range| range.start <= address);
            if behind > 0 && asked[behind - 1].contains(&address) {
                self.stored.push((address, value));
            } else if span_at(spans, value).is_some() {
                self.referenced.push(value);
            }
        }
    }

    /// What the data of an object refers to.
    fn add_object_data(&mut self, file: &File, spans: &[Span], section: &Section) -> Result<(), ElfError> {
        let changes = Changes::of(file, section)?;
        let target = changes.target(file)?;
        if !target.is_alloc() || is_table(target.name) {
            return Ok(());
        }
        let symbols = symbols_of(file, &changes)?;
        for reloc in changes.relocs.iter() {
            let Some(value) = value(file, &symbols, &reloc) else {
                continue;
            };
            let relative = reloc.r_type == REL32;
            if relative {
                self.switch
                    .entries
                    .push((target.header.sh_addr.wrapping_add(reloc.r_offset), value));
            }
            let only_switch = relative && target.name.starts_with(".rodata");
            if !only_switch && span_at(spans, value).is_some() {
                self.referenced.push(value);
            }
        }
        Ok(())
    }

    fn add_object(
        &mut self,
        file: &File,
        spans: &[Span],
        changes: Changes,
        descriptors: Option<&Descriptors>,
    ) -> Result<(), ElfError> {
        let target = changes.target(file)?;
        let symbols = symbols_of(file, &changes)?;
        for reloc in changes.relocs.iter() {
            if reloc.r_offset >= target.header.sh_size {
                return Err(changes.error(&reloc, "it lies outside the section: the file is damaged"));
            }
            if reloc.r_sym >= symbols.count.max(1) {
                return Err(changes.error(
                    &reloc,
                    "it names a symbol that does not exist: the file is damaged",
                ));
            }
            let address = target.header.sh_addr + reloc.r_offset;
            let arrives = match field(file.is_64(), reloc.r_type) {
                Field::Branch | Field::Absolute => branch_target(file, &symbols, &reloc, descriptors),
                _ => {
                    self.switch.bases.extend(value(file, &symbols, &reloc));
                    None
                }
            };
            let arrives = arrives.filter(|address| span_at(spans, *address).is_some());
            self.touch(file, spans, address, reloc.r_type, arrives);
        }
        Ok(())
    }
}

/// Symbol plus addend.
fn value(file: &File, symbols: &Table, reloc: &Reloc) -> Option<u64> {
    let address = symbols.address(file, reloc.r_sym)?;
    Some(file.wrap(address.wrapping_add_signed(reloc.r_addend?)))
}

/// Where a relocated branch goes, when that is within the image: through the descriptor where the symbol names
/// one, and to the local entry point of a function of the second 64-bit ABI (`st_other`, bits 7-5). The addend of
/// `R_PPC_PLTREL24` is the distance of r30 from `.got2` when it is that large.
fn branch_target(
    file: &File,
    symbols: &Table,
    reloc: &Reloc,
    descriptors: Option<&Descriptors>,
) -> Option<u64> {
    const PLTREL24: u32 = 18;
    let addend = match reloc.r_addend? {
        got if !file.is_64() && reloc.r_type == PLTREL24 && got >= 0x8000 => 0,
        addend => addend,
    };
    let address = symbols.address(file, reloc.r_sym)?;
    let entry = descriptors
        .and_then(|table| table.code(file, address))
        .unwrap_or(address);
    let local = if file.is_64() {
        local_entry(symbols.get(reloc.r_sym)?.st_other)
    } else {
        0
    };
    Some(file.wrap(entry.wrapping_add_signed(addend).wrapping_add(local)))
}

/// Distance from a function's global to its local entry point (ELF V2 ABI, 3.4.1).
pub(super) fn local_entry(other: u8) -> u64 {
    match other >> 5 {
        power @ 2..=6 => 1 << power,
        _ => 0,
    }
}

/// A data section of an object with its relocations applied, or as it is in a linked image.
pub(super) fn applied<'a>(file: &File<'a>, number: usize) -> Result<Cow<'a, [u8]>, ElfError> {
    let target = &file.sections[number];
    let mut data = Cow::Borrowed(file.data(target)?);
    if file.kind == Kind::Linked {
        return Ok(data);
    }
    for section in relocation_sections(file).filter(|section| section.header.sh_info as usize == number) {
        let changes = Changes::of(file, section)?;
        let symbols = symbols_of(file, &changes)?;
        for reloc in changes.relocs.iter() {
            apply(file, target, &symbols, &changes, &reloc, data.to_mut())?;
        }
    }
    Ok(data)
}

fn apply(
    file: &File,
    target: &Section,
    symbols: &Table,
    changes: &Changes,
    reloc: &Reloc,
    data: &mut [u8],
) -> Result<(), ElfError> {
    let form = match form(file.is_64(), reloc.r_type) {
        Some(form) => form,
        None if reloc.r_type == 0 => return Ok(()),
        None => return Err(changes.error(reloc, "this program does not know it in a table of addresses")),
    };
    let Some(addend) = reloc.r_addend else {
        return Err(changes.error(reloc, "it has no addend, which PowerPC does not use"));
    };
    let start = usize::try_from(reloc.r_offset).unwrap_or(usize::MAX);
    let size = if matches!(form, Form::Long | Form::RelativeLong | Form::Ignored) {
        8
    } else {
        4
    };
    let field = start.checked_add(size).and_then(|end| data.get_mut(start..end));
    let field =
        field.ok_or_else(|| changes.error(reloc, "it lies outside the section: the file is damaged"))?;
    let place = target.header.sh_addr.wrapping_add(reloc.r_offset);
    let value = symbols
        .address(file, reloc.r_sym)
        .map_or(0, |address| address.wrapping_add_signed(addend));
    let word = |value: u64| file.endian.write_u32(low(value));
    match form {
        Form::Word => field.copy_from_slice(&word(value)),
        Form::RelativeWord => field.copy_from_slice(&word(value.wrapping_sub(place))),
        Form::Long => field.copy_from_slice(&file.endian.write_u64(value)),
        Form::RelativeLong => field.copy_from_slice(&file.endian.write_u64(value.wrapping_sub(place))),
        Form::Ignored => {}
    }
    Ok(())
}

/// The low 32 bits.
pub(super) fn low(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or_default()
}
