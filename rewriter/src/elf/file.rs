//! The outer form of a file: header, sections, segments, each held against the file's length.
//!
//! Nothing is read here that is not needed by somebody: a section's contents are checked when they are asked
//! for, so that a damaged section of debug information does not make a kernel unreadable.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use goblin::container::{Container, Ctx};
use goblin::elf::header::{self, Header};
use goblin::elf::program_header::{PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_EXECINSTR, SHN_XINDEX, SHT_NOBITS, SHT_PROGBITS, SectionHeader,
};
use magicpage::Endian;

use super::error::ElfError;

/// `e_phnum` when the count is in section 0's `sh_info`.
pub(super) const PN_XNUM: u16 = 0xffff;
/// `e_machine` of 32-bit PowerPC.
const EM_PPC: u16 = header::EM_PPC;
/// `e_machine` of 64-bit PowerPC.
const EM_PPC64: u16 = header::EM_PPC64;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Linked: it runs at the addresses it has (`ET_EXEC`), or at a constant distance from them (`ET_DYN`).
    Linked,
    /// Relocatable: its sections have no address yet (`ET_REL`).
    Object,
}

/// A section.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    /// Its name; empty when it cannot be read and nobody needs it.
    pub name: &'a str,
    /// Its header; in a relocatable object `sh_addr` is the address that the layout gives it.
    pub header: SectionHeader,
}

impl Section<'_> {
    /// Whether it is loaded.
    pub fn is_alloc(&self) -> bool {
        self.header.sh_flags & u64::from(SHF_ALLOC) != 0
    }

    /// Whether it holds instructions that are in the file.
    pub fn is_code(&self) -> bool {
        let flags = u64::from(SHF_ALLOC | SHF_EXECINSTR);
        self.header.sh_flags & flags == flags
            && self.header.sh_type == SHT_PROGBITS
            && self.header.sh_size != 0
    }

    /// Its addresses.
    pub fn addresses(&self) -> Range<u64> {
        self.header.sh_addr..self.header.sh_addr.saturating_add(self.header.sh_size)
    }

    /// The bytes of the file that it takes.
    pub fn file_range(&self) -> Range<u64> {
        let size = if self.header.sh_type == SHT_NOBITS {
            0
        } else {
            self.header.sh_size
        };
        self.header.sh_offset..self.header.sh_offset.saturating_add(size)
    }
}

/// A file whose headers are inside it.
#[derive(Clone, Debug)]
pub(super) struct File<'a> {
    pub bytes: &'a [u8],
    pub header: Header,
    pub ctx: Ctx,
    pub endian: Endian,
    pub kind: Kind,
    /// Every section, section 0 included; empty when the file has no section headers.
    pub sections: Vec<Section<'a>>,
    pub segments: Vec<ProgramHeader>,
    /// The loaded segments that the file has bytes of, in the order of addresses.
    mapped: Vec<usize>,
    /// Index of the section of section names.
    pub names: usize,
}

/// A file offset or size as an index; beyond the end of everything if it is larger than memory.
pub(super) fn index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// The part of `bytes` at `offset`, if it is all there.
pub(super) fn part(bytes: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    bytes.get(index(offset)..index(offset.checked_add(size)?))
}

/// The string at `offset` of a string table, if it ends within the table, is UTF-8 and not absurdly long: the
/// limit keeps a table without any end of string from being searched once for every symbol.
pub(super) fn text(table: &[u8], offset: usize) -> Option<&str> {
    const LONGEST: usize = 4096;
    let rest = table.get(offset..)?;
    core::ffi::CStr::from_bytes_until_nul(&rest[..rest.len().min(LONGEST)])
        .ok()?
        .to_str()
        .ok()
}

impl<'a> File<'a> {
    /// Reads the headers.
    pub fn parse(bytes: &'a [u8], asked: Option<Endian>) -> Result<Self, ElfError> {
        let (container, endian) = identify(bytes)?;
        if let Some(asked) = asked.filter(|asked| *asked != endian) {
            return Err(ElfError::OtherEndian { file: endian, asked });
        }
        let big = container == Container::Big;
        in_file(bytes, "the ELF header", 0, if big { 64 } else { 52 })?;
        let header = goblin::elf::Elf::parse_header(bytes).map_err(|_| damaged_header(bytes))?;
        let kind = check_machine(&header, big)?;
        let little = if endian == Endian::Little {
            goblin::container::Endian::Little
        } else {
            goblin::container::Endian::Big
        };
        let ctx = Ctx::new(container, little);
        let mut file = Self {
            bytes,
            header,
            ctx,
            endian,
            kind,
            sections: Vec::new(),
            segments: Vec::new(),
            mapped: Vec::new(),
            names: 0,
        };
        let headers = file.section_headers()?;
        file.names = match file.header.e_shstrndx {
            number if u32::from(number) == SHN_XINDEX => {
                headers.first().map_or(0, |first| first.sh_link as usize)
            }
            number => usize::from(number),
        };
        file.segments = file.program_headers(headers.first())?;
        let loads = file.loads().filter(|(_, load)| load.p_filesz != 0);
        file.mapped = loads.map(|(number, _)| number).collect();
        file.mapped.sort_by_key(|&number| file.segments[number].p_vaddr);
        file.sections = file.named(headers)?;
        Ok(file)
    }

    /// Whether addresses have 64 bits.
    pub fn is_64(&self) -> bool {
        self.ctx.container == Container::Big
    }

    /// Bytes of an address.
    pub fn long(&self) -> u64 {
        if self.is_64() { 8 } else { 4 }
    }

    /// The first address that does not exist, less one.
    pub fn last_address(&self) -> u64 {
        if self.is_64() {
            u64::MAX
        } else {
            u64::from(u32::MAX)
        }
    }

    /// The address as the image's address arithmetic sees it.
    pub fn wrap(&self, address: u64) -> u64 {
        address & self.last_address()
    }

    /// The unsigned long at `offset`.
    pub fn read_long(&self, bytes: &[u8], offset: usize) -> Option<u64> {
        if self.is_64() {
            let bytes = bytes.get(offset..offset.checked_add(8)?)?;
            Some(self.endian.read_u64(bytes.try_into().ok()?))
        } else {
            self.read_word(bytes, offset).map(u64::from)
        }
    }

    /// The 32-bit word at `offset`.
    pub fn read_word(&self, bytes: &[u8], offset: usize) -> Option<u32> {
        let bytes = bytes.get(offset..offset.checked_add(4)?)?;
        Some(self.endian.read_u32(bytes.try_into().ok()?))
    }

    /// A section's contents.
    pub fn data(&self, section: &Section) -> Result<&'a [u8], ElfError> {
        if section.header.sh_type == SHT_NOBITS {
            return Ok(&[]);
        }
        let SectionHeader {
            sh_offset: offset,
            sh_size: size,
            ..
        } = section.header;
        part(self.bytes, offset, size).ok_or_else(|| ElfError::BeyondFile {
            what: format!("section `{}`", section.name),
            offset,
            size,
            file: self.bytes.len() as u64,
        })
    }

    /// The first section of that name.
    pub fn section_named(&self, name: &str) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The string table that a section's `sh_link` names.
    pub fn strings_of(&self, section: &Section) -> Result<&'a [u8], ElfError> {
        let link = section.header.sh_link;
        let strings = self.sections.get(link as usize);
        let strings = strings.filter(|table| table.header.sh_type == goblin::elf::section_header::SHT_STRTAB);
        let expected = "a string table";
        let strings = strings.ok_or_else(|| ElfError::Link {
            section: section.name.into(),
            link,
            expected,
        })?;
        self.data(strings)
    }

    /// The loaded segments.
    pub fn loads(&self) -> impl Iterator<Item = (usize, &ProgramHeader)> {
        self.segments
            .iter()
            .enumerate()
            .filter(|(_, segment)| segment.p_type == PT_LOAD)
    }

    /// The loaded segment that has the byte at `address` in the file, and where.
    pub fn load_at(&self, address: u64) -> Option<(&ProgramHeader, u64)> {
        let before = self
            .mapped
            .partition_point(|&number| self.segments[number].p_vaddr <= address);
        let load = &self.segments[*self.mapped[..before].last()?];
        let within = address - load.p_vaddr;
        (within < load.p_filesz).then_some((load, load.p_offset + within))
    }

    /// Where the file has the bytes at `address`, and how many follow it in the same segment.
    pub fn loaded_from(&self, address: u64) -> Option<(u64, u64)> {
        let (load, offset) = self.load_at(address)?;
        Some((offset, load.p_offset + load.p_filesz - offset))
    }

    fn section_headers(&self) -> Result<Vec<SectionHeader>, ElfError> {
        let header = &self.header;
        if header.e_shoff == 0 {
            return Ok(Vec::new());
        }
        let size = SectionHeader::size(self.ctx) as u64;
        entry_size("section headers", header.e_shentsize, size)?;
        let what = "the table of section headers";
        let first = in_file(self.bytes, what, header.e_shoff, size)?;
        let parse = |bytes: &[u8], count: usize| {
            SectionHeader::parse_from(bytes, 0, count, self.ctx).map_err(|_| damaged_header(self.bytes))
        };
        let count = match header.e_shnum {
            0 => parse(first, 1)?.first().map_or(0, |null| null.sh_size),
            count => u64::from(count),
        };
        if count == 0 {
            return Ok(Vec::new());
        }
        let table = in_file(self.bytes, what, header.e_shoff, count.saturating_mul(size))?;
        parse(table, index(count))
    }

    fn program_headers(&self, null: Option<&SectionHeader>) -> Result<Vec<ProgramHeader>, ElfError> {
        let header = &self.header;
        let count = match header.e_phnum {
            PN_XNUM => null.map_or(u64::from(PN_XNUM), |null| u64::from(null.sh_info)),
            count => u64::from(count),
        };
        if count == 0 || header.e_phoff == 0 {
            return Ok(Vec::new());
        }
        let size = ProgramHeader::size(self.ctx) as u64;
        entry_size("program headers", header.e_phentsize, size)?;
        let table = in_file(
            self.bytes,
            "the table of program headers",
            header.e_phoff,
            count.saturating_mul(size),
        )?;
        let segments =
            ProgramHeader::parse(table, 0, index(count), self.ctx).map_err(|_| damaged_header(self.bytes))?;
        for (number, load) in segments
            .iter()
            .enumerate()
            .filter(|(_, segment)| segment.p_type == PT_LOAD)
        {
            self.check_segment(number, load)?;
        }
        Ok(segments)
    }

    fn check_segment(&self, number: usize, load: &ProgramHeader) -> Result<(), ElfError> {
        let what = || format!("segment {number}");
        let ProgramHeader {
            p_offset: offset,
            p_filesz: size,
            p_vaddr: address,
            p_memsz,
            ..
        } = *load;
        if part(self.bytes, offset, size).is_none() {
            return Err(ElfError::BeyondFile {
                what: what(),
                offset,
                size,
                file: self.bytes.len() as u64,
            });
        }
        let memory = p_memsz.max(size);
        if address
            .checked_add(memory)
            .is_none_or(|end| end > self.last_address())
        {
            return Err(ElfError::BeyondAddresses {
                what: what(),
                address,
                size: memory,
            });
        }
        Ok(())
    }

    fn named(&self, headers: Vec<SectionHeader>) -> Result<Vec<Section<'a>>, ElfError> {
        let strings = match headers.get(self.names) {
            _ if headers.is_empty() => return Ok(Vec::new()),
            None | Some(SectionHeader { sh_type: 0, .. }) => None,
            Some(names) => part(self.bytes, names.sh_offset, names.sh_size),
        };
        let why = "the string table is missing, beyond the file, or has no such name: the file is damaged";
        let mut sections = Vec::with_capacity(headers.len());
        for (number, header) in headers.into_iter().enumerate() {
            let name = strings.and_then(|strings| text(strings, header.sh_name));
            let section = Section {
                name: name.unwrap_or_default(),
                header,
            };
            if name.is_none() && section.is_alloc() {
                return Err(ElfError::Names {
                    what: format!("section {number}"),
                    why,
                });
            }
            sections.push(section);
        }
        Ok(sections)
    }
}

fn identify(bytes: &[u8]) -> Result<(Container, Endian), ElfError> {
    if !bytes.starts_with(header::ELFMAG) {
        let found: String = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        return Err(ElfError::NotElf {
            found: if found.is_empty() { "nothing".into() } else { found },
        });
    }
    in_file(bytes, "the ELF identification", 0, 16)?;
    let container = match bytes[header::EI_CLASS] {
        header::ELFCLASS32 => Container::Little,
        header::ELFCLASS64 => Container::Big,
        found => return Err(ElfError::Class { found }),
    };
    match bytes[header::EI_DATA] {
        header::ELFDATA2LSB => Ok((container, Endian::Little)),
        header::ELFDATA2MSB => Ok((container, Endian::Big)),
        found => Err(ElfError::ByteOrder { found }),
    }
}

fn check_machine(header: &Header, big: bool) -> Result<Kind, ElfError> {
    match (header.e_machine, big) {
        (EM_PPC, false) | (EM_PPC64, true) => {}
        (machine @ (EM_PPC | EM_PPC64), _) => {
            return Err(ElfError::ClassOfMachine {
                machine,
                class: if big { 2 } else { 1 },
            });
        }
        (found, _) => return Err(ElfError::Machine { found }),
    }
    match header.e_type {
        header::ET_EXEC | header::ET_DYN => Ok(Kind::Linked),
        header::ET_REL => Ok(Kind::Object),
        found => Err(ElfError::Type { found }),
    }
}

fn in_file<'a>(bytes: &'a [u8], what: &'static str, offset: u64, size: u64) -> Result<&'a [u8], ElfError> {
    let error = || ElfError::Truncated {
        what,
        offset,
        end: offset.saturating_add(size),
        file: bytes.len() as u64,
    };
    part(bytes, offset, size).ok_or_else(error)
}

fn entry_size(what: &str, found: u16, expected: u64) -> Result<(), ElfError> {
    let found = u64::from(found);
    if found == expected {
        Ok(())
    } else {
        Err(ElfError::EntrySize {
            what: what.into(),
            found,
            expected,
        })
    }
}

/// For goblin's errors, which the checks before have excluded.
fn damaged_header(bytes: &[u8]) -> ElfError {
    ElfError::Truncated {
        what: "a header",
        offset: 0,
        end: bytes.len() as u64,
        file: bytes.len() as u64,
    }
}
