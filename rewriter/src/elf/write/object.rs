//! Relocatable objects: words in place, and new sections.
//!
//! The distance between two sections is the loader's to choose, so a branch from one to another becomes a
//! relocation (`REL24`) and a word with no displacement. Both ends need a symbol. A section's own symbol serves
//! where there is one. Otherwise a symbol is added, and it has to be a global one: local symbols come first in a
//! symbol table, so that another one would renumber every global symbol in every relocation of the file. It is
//! hidden, and its name holds the file's digest, so that linking several rewritten objects into one finds no
//! name twice.
//!
//! Grown tables are appended as copies; their section headers then point there.

mod symbols;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use goblin::elf::section_header::{
    SHF_ALLOC, SHF_EXECINSTR, SHF_GROUP, SHF_INFO_LINK, SHT_PROGBITS, SHT_REL, SHT_RELA,
};

use self::symbols::Symbols;
use super::draft::Draft;
use super::fields::*;
use super::{B, Block, WriteError, WriteOptions, rewrites, sort, trampolines};
use crate::elf::file::index;
use crate::elf::layout::Lifetime;
use crate::elf::read::ElfImage;
use crate::elf::symbols::span_at;
use crate::image::AreaKind;
use crate::plan::Plan;

/// `R_PPC_REL24` and `R_PPC64_REL24`.
const REL24: u64 = 10;

/// A section that code is in: one of the file's, or a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Old(usize),
    New(usize),
}

/// A new section.
struct New {
    name: &'static str,
    addresses: Range<u64>,
    bytes: Vec<u8>,
    /// Its number in the file.
    number: usize,
}

/// A branch that becomes a relocation.
struct Branch {
    offset: u64,
    target: Place,
    addend: u64,
}

struct Object<'o, 'd, 'a> {
    draft: &'o mut Draft<'d, 'a>,
    new: Vec<New>,
    /// Branches to relocate, by the section that they are in.
    branches: BTreeMap<Place, Vec<Branch>>,
}

/// Carries out a plan for a relocatable object.
pub(super) fn carry_out(draft: &mut Draft, plan: &Plan, options: &WriteOptions) -> Result<(), WriteError> {
    if options.stub.is_some() {
        return Err(WriteError::Stub {
            why: "a relocatable object has no entry point",
        });
    }
    let new = new_sections(draft.image, plan)?;
    let mut object = Object {
        draft,
        new,
        branches: BTreeMap::new(),
    };
    for (address, old, rewrite) in rewrites(plan) {
        object.put_site(address, old, rewrite.new)?;
    }
    let mut blocks = trampolines(plan);
    sort(&mut blocks)?;
    for block in &blocks {
        object.put_block(block)?;
    }
    object.append()
}

/// The sections that the plan's arenas ask for.
fn new_sections(image: &ElfImage, plan: &Plan) -> Result<Vec<New>, WriteError> {
    let areas = &image.image().areas;
    let mut new: Vec<New> = Vec::new();
    for arena in plan.arenas.iter().filter(|arena| arena.size != 0) {
        let misplaced = || WriteError::Misplaced {
            what: "a new arena",
            address: arena.address,
        };
        let area = areas
            .iter()
            .find(|area| area.kind == AreaKind::New && area.range.start == arena.address);
        let area = area
            .filter(|area| arena.size <= area.range.end - area.range.start)
            .ok_or_else(misplaced)?;
        let served = area
            .serves
            .as_ref()
            .and_then(|range| image.image().region(range.start))
            .ok_or_else(misplaced)?;
        let lifetime = Lifetime::of(served.section);
        let name = Lifetime::SECTIONS
            .iter()
            .find(|(of, _)| *of == lifetime)
            .map_or("", |(_, name)| name);
        let size = arena.size.next_multiple_of(4);
        if new.iter().any(|section| section.name == name) {
            return Err(misplaced());
        }
        let bytes = vec![0; index(size)];
        new.push(New {
            name,
            addresses: arena.address..arena.address + size,
            bytes,
            number: 0,
        });
    }
    Ok(new)
}

impl Object<'_, '_, '_> {
    /// The section at `address`, and the distance from its start.
    fn place(&self, address: u64) -> Option<(Place, u64)> {
        if let Some(number) = self
            .new
            .iter()
            .position(|section| section.addresses.contains(&address))
        {
            return Some((Place::New(number), address - self.new[number].addresses.start));
        }
        let span = span_at(&self.draft.image.spans, address)?;
        Some((Place::Old(span.section?), address - span.address))
    }

    fn put_site(&mut self, address: u64, old: u32, new: u32) -> Result<(), WriteError> {
        let missing = || WriteError::Misplaced {
            what: "a site",
            address,
        };
        let image = self.draft.image;
        let found = image.image().word(address).ok_or_else(missing)?;
        if found != old {
            return Err(WriteError::OtherWord {
                address,
                found,
                expected: old,
            });
        }
        let span = span_at(&image.spans, address).ok_or_else(missing)?;
        let word = self.relocated(address, new)?;
        self.draft.put_word(span.offset + (address - span.address), word);
        Ok(())
    }

    fn put_block(&mut self, block: &Block) -> Result<(), WriteError> {
        let misplaced = WriteError::Misplaced {
            what: block.what,
            address: block.address,
        };
        let Some((Place::New(number), start)) = self.place(block.address) else {
            return Err(misplaced);
        };
        if block.end() > self.new[number].addresses.end {
            return Err(misplaced);
        }
        let endian = self.draft.format.endian;
        let start = index(start);
        for (count, word) in block.words.iter().enumerate() {
            let word = self.relocated(block.address + count as u64 * 4, *word)?;
            let at = start + count * 4;
            self.new[number].bytes[at..at + 4].copy_from_slice(&endian.write_u32(word));
        }
        Ok(())
    }

    /// The word to store at `address`: without displacement if it branches to another section, and then the
    /// branch is noted.
    fn relocated(&mut self, address: u64, word: u32) -> Result<u32, WriteError> {
        let Some(distance) = branch_distance(word) else {
            return Ok(word);
        };
        let to = address.wrapping_add_signed(distance);
        let (place, offset) = self.place(address).ok_or(WriteError::Misplaced {
            what: "a branch",
            address,
        })?;
        let (target, addend) = self.place(to).ok_or(WriteError::Misplaced {
            what: "a branch's target",
            address: to,
        })?;
        if target == place {
            return Ok(word);
        }
        if word & 0xfc00_0000 != B {
            return Err(WriteError::LeavesSection { address, word });
        }
        self.branches.entry(place).or_default().push(Branch {
            offset,
            target,
            addend,
        });
        Ok(word & !0x03ff_fffc)
    }

    fn append(mut self) -> Result<(), WriteError> {
        for section in &mut self.new {
            let offset = self.draft.append(16, &section.bytes);
            let fields = [
                (SH_TYPE, u64::from(SHT_PROGBITS)),
                (SH_FLAGS, u64::from(SHF_ALLOC | SHF_EXECINSTR)),
                (SH_OFFSET, offset),
                (SH_SIZE, section.bytes.len() as u64),
                (SH_ADDRALIGN, 16),
            ];
            section.number = self.draft.add_section(section.name, &fields)?;
        }
        if self.branches.is_empty() {
            return Ok(());
        }
        let branches = core::mem::take(&mut self.branches);
        let mut symbols = Symbols::of(self.draft.image)?;
        for (place, branches) in branches {
            let format = self.draft.format;
            let mut records = Vec::with_capacity(branches.len());
            for branch in branches {
                let symbol = symbols.of_section(&self, branch.target)?;
                let info = if format.wide {
                    symbol << 32 | REL24
                } else {
                    symbol << 8 | REL24
                };
                let fields = [
                    (R_OFFSET, branch.offset),
                    (R_INFO, info),
                    (R_ADDEND, branch.addend),
                ];
                records.push((branch.offset, format.record(sizes::RELA, &fields)));
            }
            self.append_relocations(place, records, symbols.section)?;
        }
        symbols.append(self.draft);
        Ok(())
    }

    /// Grows the relocation section of `place`, or makes one.
    fn append_relocations(
        &mut self,
        place: Place,
        mut records: Vec<(u64, Vec<u8>)>,
        symbols: usize,
    ) -> Result<(), WriteError> {
        let file = &self.draft.image.file;
        let entry = self.draft.format.size(sizes::RELA);
        let align = if self.draft.format.wide { 8 } else { 4 };
        let Place::Old(section) = place else {
            return self.add_relocations(place, &mut records, symbols);
        };
        let name = || String::from(file.sections[section].name);
        if file.sections[section].header.sh_flags & u64::from(SHF_GROUP) != 0 {
            let why = "it belongs to a group that a linker may drop, new code elsewhere could not follow";
            return Err(WriteError::Object { section: name(), why });
        }
        let of = |kind: u32| {
            let is = |header: &goblin::elf::SectionHeader| {
                header.sh_type == kind && header.sh_info as usize == section
            };
            file.sections.iter().position(|section| is(&section.header))
        };
        if of(SHT_REL).is_some() {
            let why = "its relocations have no addends, which PowerPC does not use";
            return Err(WriteError::Object { section: name(), why });
        }
        let Some(number) = of(SHT_RELA) else {
            return self.add_relocations(place, &mut records, symbols);
        };
        let why = "its relocations are not where its header says";
        let old = file
            .data(&file.sections[number])
            .map_err(|_| WriteError::Object { section: name(), why })?;
        let offset = |record: &[u8]| file.read_long(record, 0).unwrap_or_default();
        records.extend(
            old.chunks_exact(entry)
                .map(|record| (offset(record), record.to_vec())),
        );
        let bytes = joined(&mut records);
        let place = self.draft.append(align, &bytes);
        self.draft.set_section(number, SH_OFFSET, place);
        self.draft.set_section(number, SH_SIZE, bytes.len() as u64);
        Ok(())
    }

    fn add_relocations(
        &mut self,
        place: Place,
        records: &mut Vec<(u64, Vec<u8>)>,
        symbols: usize,
    ) -> Result<(), WriteError> {
        let (name, number) = match place {
            Place::Old(number) => (self.draft.image.file.sections[number].name, number),
            Place::New(number) => (self.new[number].name, self.new[number].number),
        };
        let bytes = joined(records);
        let align = if self.draft.format.wide { 8 } else { 4 };
        let offset = self.draft.append(align, &bytes);
        let fields = [
            (SH_TYPE, u64::from(SHT_RELA)),
            (SH_FLAGS, u64::from(SHF_INFO_LINK)),
            (SH_OFFSET, offset),
            (SH_SIZE, bytes.len() as u64),
            (SH_LINK, symbols as u64),
            (SH_INFO, number as u64),
            (SH_ADDRALIGN, align),
            (SH_ENTSIZE, self.draft.format.size(sizes::RELA) as u64),
        ];
        self.draft.add_section(&format!(".rela{name}"), &fields)?;
        Ok(())
    }
}

/// Relocations in the order of the places that they change; those at one place keep their order.
fn joined(records: &mut Vec<(u64, Vec<u8>)>) -> Vec<u8> {
    records.sort_by_key(|(offset, _)| *offset);
    records.drain(..).flat_map(|(_, record)| record).collect()
}

/// How far a relative branch goes.
fn branch_distance(word: u32) -> Option<i64> {
    const ABSOLUTE: u32 = 2;
    let distance = match word >> 26 {
        _ if word & ABSOLUTE != 0 => return None,
        18 => ((word & 0x03ff_fffc) << 6).cast_signed() >> 6,
        16 => ((word & 0xfffc) << 16).cast_signed() >> 16,
        _ => return None,
    };
    Some(i64::from(distance))
}
