//! A file in the making: bytes put over the original, and the tail.

use alloc::vec;
use alloc::vec::Vec;

use goblin::elf::section_header::{SHN_LORESERVE, SHT_NOTE, SHT_STRTAB};

use super::fields::*;
use super::{Changes, WriteError};
use crate::elf::file::{index, part};
use crate::elf::note::{self, Edit, NoteKind};
use crate::elf::read::{ElfImage, NOTE_SECTION};
use crate::plan::Plan;

/// A file in the making.
pub(super) struct Draft<'d, 'a> {
    pub image: &'d ElfImage<'a>,
    pub format: Format,
    writes: Vec<(u64, Vec<u8>)>,
    tail: Vec<u8>,
    /// The table of section headers.
    headers: Vec<u8>,
    /// The section names.
    names: Vec<u8>,
    /// Number of the section of section names.
    names_section: usize,
}

impl<'d, 'a> Draft<'d, 'a> {
    /// Starts from the file as it is.
    pub fn new(image: &'d ElfImage<'a>) -> Result<Self, WriteError> {
        let file = &image.file;
        let format = Format {
            wide: file.is_64(),
            endian: file.endian,
        };
        let entry = format.size(sizes::SECTION);
        let table = part(
            file.bytes,
            file.header.e_shoff,
            (file.sections.len() * entry) as u64,
        );
        let names = file
            .sections
            .get(file.names)
            .and_then(|section| file.data(section).ok());
        let mut draft = Self {
            image,
            format,
            writes: Vec::new(),
            tail: Vec::new(),
            headers: table.unwrap_or_default().to_vec(),
            names: names.filter(|names| !names.is_empty()).unwrap_or(&[0]).to_vec(),
            names_section: file.names,
        };
        if draft.headers.is_empty() {
            draft.headers = vec![0; entry];
        }
        if file.names == 0 {
            let fields = [(SH_TYPE, u64::from(SHT_STRTAB)), (SH_ADDRALIGN, 1)];
            draft.names_section = draft.add_section(".shstrtab", &fields)?;
        }
        Ok(draft)
    }

    /// Offset in the file of what is appended next.
    pub fn end(&self) -> u64 {
        (self.image.bytes().len() + self.tail.len()) as u64
    }

    /// Appends `bytes` at a multiple of `align`, and says where that is in the file.
    pub fn append(&mut self, align: u64, bytes: &[u8]) -> u64 {
        let offset = self.end().next_multiple_of(align);
        self.tail.resize(index(offset) - self.image.bytes().len(), 0);
        self.tail.extend_from_slice(bytes);
        offset
    }

    /// Puts `bytes` over the original's.
    pub fn put(&mut self, offset: u64, bytes: Vec<u8>) {
        self.writes.push((offset, bytes));
    }

    /// Puts an instruction word over the original's.
    pub fn put_word(&mut self, offset: u64, word: u32) {
        self.put(offset, self.format.endian.write_u32(word).to_vec());
    }

    /// Sets a field of the ELF header.
    pub fn set_header(&mut self, field: Field, value: u64) {
        let (at, bytes) = self.format.field(field, value);
        self.put(at as u64, bytes);
    }

    /// Number of sections.
    pub fn sections(&self) -> usize {
        self.headers.len() / self.format.size(sizes::SECTION)
    }

    /// Adds a section, and gives its number.
    pub fn add_section(&mut self, name: &str, fields: &[(Field, u64)]) -> Result<usize, WriteError> {
        let number = self.sections();
        if u32::try_from(number).is_err() {
            return Err(WriteError::TooMany {
                what: "sections",
                count: number as u64,
            });
        }
        let mut record = self.format.record(sizes::SECTION, fields);
        self.format.set(&mut record, 0, SH_NAME, self.names.len() as u64);
        self.names.extend_from_slice(name.as_bytes());
        self.names.push(0);
        self.headers.extend_from_slice(&record);
        Ok(number)
    }

    /// Sets a field of a section's header.
    pub fn set_section(&mut self, number: usize, field: Field, value: u64) {
        let start = number * self.format.size(sizes::SECTION);
        self.format.set(&mut self.headers, start, field, value);
    }

    /// Appends names, section headers and note.
    pub fn finish(mut self, kind: NoteKind, plan: &Plan) -> Result<Changes, WriteError> {
        let fields = [(SH_TYPE, u64::from(SHT_NOTE)), (SH_ADDRALIGN, 4)];
        let note_section = self.add_section(NOTE_SECTION, &fields)?;
        let names = core::mem::take(&mut self.names);
        let offset = self.append(1, &names);
        self.set_section(self.names_section, SH_OFFSET, offset);
        self.set_section(self.names_section, SH_SIZE, names.len() as u64);
        self.count_sections();
        let headers = core::mem::take(&mut self.headers);
        let table = self.append(8, &headers);
        self.set_header(E_SHOFF, table);
        let original = self.image.bytes();
        let edits = edits(original, core::mem::take(&mut self.writes))?;
        let target = (original.len() as u64, self.image.digest());
        let note = note::to_bytes(kind, self.format.endian, plan, target, &edits);
        let note = note.ok_or(WriteError::TooMany {
            what: "bytes of plan",
            count: u64::from(u32::MAX),
        })?;
        let offset = self.append(4, &note);
        let header = index(table) - original.len() + note_section * self.format.size(sizes::SECTION);
        self.format.set(&mut self.tail, header, SH_OFFSET, offset);
        self.format
            .set(&mut self.tail, header, SH_SIZE, note.len() as u64);
        match self.end() {
            end if self.format.fits(end) => Ok(Changes {
                size: original.len(),
                edits,
                tail: self.tail,
            }),
            value => Err(WriteError::TooLarge { value }),
        }
    }

    /// Tells the ELF header, or section 0 where the header has no room, how many sections there are.
    fn count_sections(&mut self) {
        let count = self.sections() as u64;
        self.set_header(E_SHENTSIZE, self.format.size(sizes::SECTION) as u64);
        if count < u64::from(SHN_LORESERVE) {
            self.set_header(E_SHNUM, count);
        } else {
            self.set_header(E_SHNUM, 0);
            self.set_section(0, SH_SIZE, count);
        }
        if self.image.file.names == 0 {
            self.set_header(E_SHSTRNDX, self.names_section as u64);
        }
    }
}

/// The ranges that `writes` change: sorted, disjoint, as short and as few as can be.
fn edits(original: &[u8], mut writes: Vec<(u64, Vec<u8>)>) -> Result<Vec<Edit>, WriteError> {
    writes.sort_by_key(|(offset, _)| *offset);
    let mut edits: Vec<Edit> = Vec::new();
    let mut end = 0;
    for (offset, bytes) in writes {
        let start = index(offset);
        if start < end {
            return Err(WriteError::Twice { address: offset });
        }
        end = start + bytes.len();
        let old = original.get(start..end).ok_or(WriteError::Misplaced {
            what: "a write",
            address: offset,
        })?;
        for (place, (old, new)) in (offset..).zip(old.iter().zip(bytes)) {
            if *old != new {
                add_byte(&mut edits, place, *old, new);
            }
        }
    }
    Ok(edits)
}

fn add_byte(edits: &mut Vec<Edit>, offset: u64, old: u8, new: u8) {
    match edits.last_mut() {
        Some(last) if last.offset + last.new.len() as u64 == offset => {
            last.old.push(old);
            last.new.push(new);
        }
        _ => edits.push(Edit {
            offset,
            old: vec![old],
            new: vec![new],
        }),
    }
}
