//! The symbols that relocations between sections need.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use goblin::elf::header::EM_PPC64;
use goblin::elf::section_header::{SHN_LORESERVE, SHT_SYMTAB, SHT_SYMTAB_SHNDX};
use goblin::elf::sym::{STB_GLOBAL, STT_NOTYPE, STT_SECTION, STV_HIDDEN};

use super::super::WriteError;
use super::super::draft::Draft;
use super::super::fields::*;
use super::{New, Object, Place};
use crate::elf::read::ElfImage;
use crate::elf::symbols::Table;

/// The symbol table, growing.
pub(super) struct Symbols<'a> {
    /// Number of its section.
    pub section: usize,
    /// Number of the section of its names.
    strings: usize,
    table: Table<'a>,
    bytes: Vec<u8>,
    names: Vec<u8>,
    known: BTreeMap<Place, u64>,
    old_names: &'a [u8],
}

impl<'a> Symbols<'a> {
    /// The object's symbol table.
    pub fn of(image: &ElfImage<'a>) -> Result<Self, WriteError> {
        let file = &image.file;
        let of = |kind: u32| {
            file.sections
                .iter()
                .position(|section| section.header.sh_type == kind)
        };
        let error = |why| WriteError::Object {
            section: ".symtab".into(),
            why,
        };
        let number = of(SHT_SYMTAB).ok_or(error("there is no symbol table, and new branches need one"))?;
        if of(SHT_SYMTAB_SHNDX).is_some() {
            return Err(error(
                "it has extended section numbers, which this program does not write",
            ));
        }
        let section = &file.sections[number];
        let unreadable = |_| error("it cannot be read");
        let table = Table::of(file, section).map_err(unreadable)?;
        let old_names = file.strings_of(section).map_err(unreadable)?;
        let strings = section.header.sh_link as usize;
        let names = if old_names.is_empty() { vec![0] } else { Vec::new() };
        Ok(Self {
            section: number,
            strings,
            table,
            bytes: Vec::new(),
            names,
            known: BTreeMap::new(),
            old_names,
        })
    }

    /// Number of a symbol that stands at a section's start.
    pub fn of_section(&mut self, object: &Object, place: Place) -> Result<u64, WriteError> {
        if let Some(number) = self.known.get(&place) {
            return Ok(*number);
        }
        let number = match place {
            Place::Old(section) => match self.own(section) {
                Some(number) => number,
                None => self.add(object, section, &format!("section_{section}"))?,
            },
            Place::New(new) => {
                let New { name, number, .. } = &object.new[new];
                let name: String = name
                    .trim_start_matches('.')
                    .trim_end_matches(".ppcpv")
                    .replace('.', "_");
                self.add(object, *number, &name)?
            }
        };
        self.known.insert(place, number);
        Ok(number)
    }

    /// A section's own symbol.
    fn own(&self, section: usize) -> Option<u64> {
        let is = |number: &usize| {
            let symbol = self.table.get(*number);
            symbol.is_some_and(|symbol| {
                symbol.st_type() == STT_SECTION && symbol.st_shndx == section && symbol.st_value == 0
            })
        };
        (1..self.table.count).find(is).map(|number| number as u64)
    }

    fn add(&mut self, object: &Object, section: usize, name: &str) -> Result<u64, WriteError> {
        let format = object.draft.format;
        let size = format.size(sizes::SYMBOL);
        let number = (self.table.count + self.bytes.len() / size) as u64;
        let limit = if object.draft.image.file.header.e_machine == EM_PPC64 {
            u64::from(u32::MAX)
        } else {
            0xff_ffff
        };
        if section >= SHN_LORESERVE as usize || number > limit {
            return Err(WriteError::TooMany {
                what: "sections or symbols",
                count: number,
            });
        }
        let digest = object.draft.image.digest();
        let name = format!("__ppcpv_{name}_{}", &digest[..16]);
        let fields = [
            (ST_NAME, (self.old_names.len() + self.names.len()) as u64),
            (ST_INFO, u64::from(STB_GLOBAL << 4 | STT_NOTYPE)),
            (ST_OTHER, u64::from(STV_HIDDEN)),
            (ST_SHNDX, section as u64),
        ];
        self.bytes
            .extend_from_slice(&format.record(sizes::SYMBOL, &fields));
        self.names.extend_from_slice(name.as_bytes());
        self.names.push(0);
        Ok(number)
    }

    /// Appends the grown table and its names, if a symbol was added.
    pub fn append(self, draft: &mut Draft) {
        if self.bytes.is_empty() {
            return;
        }
        let file = &draft.image.file;
        let old = file.data(&file.sections[self.section]).unwrap_or_default();
        let align = if draft.format.wide { 8 } else { 4 };
        for (number, align, old, new) in [
            (self.section, align, old, self.bytes),
            (self.strings, 1, self.old_names, self.names),
        ] {
            let size = old.len() + new.len();
            let mut bytes = Vec::with_capacity(size);
            bytes.extend_from_slice(old);
            bytes.extend_from_slice(&new);
            let offset = draft.append(align, &bytes);
            draft.set_section(number, SH_OFFSET, offset);
            draft.set_section(number, SH_SIZE, size as u64);
        }
    }
}
