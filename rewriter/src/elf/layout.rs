//! Which bytes of the file are code, and at which addresses.
//!
//! In a linked file the sections say it, or the executable segments where sections were stripped; either way the
//! program headers must load exactly those bytes there, because the loader looks at nothing else.
//!
//! In a relocatable object no address is decided. Each loaded section gets a range of its own, far enough from
//! the next that no word can be mistaken for a neighbour's, in the order in which the Linux module loader groups
//! them: what stays, what is freed after initialisation, what is for removal. Distances between two sections
//! mean nothing then, which is why branches between them become relocations.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use goblin::elf::program_header::{PF_X, ProgramHeader};
use goblin::elf::section_header::{SHT_NOBITS, SHT_REL, SHT_RELA, SHT_SYMTAB};

use super::error::ElfError;
use super::file::{File, Kind, Section};

/// Where the sections of an object begin; not 0, so that address 0 is never code.
const FIRST: u64 = 0x1_0000;
/// Distance between the sections of an object: each starts at a multiple, and an unused word precedes it.
const STEP: u64 = 0x1000;

/// A run of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Number of the section; none where only segments are known.
    pub section: Option<usize>,
    /// Address of the first byte.
    pub address: u64,
    /// Where the file has it.
    pub offset: u64,
    /// Bytes; a multiple of 4.
    pub size: u64,
}

impl Span {
    /// Its addresses.
    pub fn addresses(&self) -> Range<u64> {
        self.address..self.address + self.size
    }
}

/// What the Linux module loader does with a section, which it tells by the name (`module_init_section`,
/// `module_exit_section` in kernel/module).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lifetime {
    /// Stays as long as the module does.
    Core,
    /// Freed when the module is initialised.
    Init,
    /// For removal; left out of kernels that cannot remove modules.
    Exit,
}

impl Lifetime {
    /// Every lifetime, with the name that new sections for it have.
    pub const SECTIONS: [(Self, &'static str); 3] = [
        (Self::Core, ".text.ppcpv"),
        (Self::Init, ".init.text.ppcpv"),
        (Self::Exit, ".exit.text.ppcpv"),
    ];

    /// The lifetime of a section of that name.
    pub fn of(name: &str) -> Self {
        match name {
            name if name.starts_with(".init") => Self::Init,
            name if name.starts_with(".exit") => Self::Exit,
            _ => Self::Core,
        }
    }
}

/// Decides addresses where there are none, and finds the code, in the order of addresses.
pub(super) fn lay_out(file: &mut File) -> Result<Vec<Span>, ElfError> {
    disjoint_in_file(file)?;
    if file.kind == Kind::Object {
        place_sections(file)?;
    }
    let mut spans = if file.sections.is_empty() {
        segments(file)
    } else {
        sections(file)?
    };
    spans.retain(|span| span.size != 0);
    spans.sort_by_key(|span| span.address);
    if spans.is_empty() {
        return Err(ElfError::NoCode);
    }
    if let Some(pair) = spans
        .windows(2)
        .find(|pair| pair[0].addresses().end > pair[1].address)
    {
        let [first, second] = [&pair[0], &pair[1]].map(|span| name(file, span));
        return Err(ElfError::Overlap {
            first,
            second,
            address: pair[1].address,
        });
    }
    if file.kind == Kind::Linked {
        check_segments(file, &spans)?;
    }
    Ok(spans)
}

/// The first address behind everything that the image has.
pub(super) fn end(file: &File) -> u64 {
    let behind = |address: u64, size: u64| address.saturating_add(size);
    match file.kind {
        Kind::Object => {
            let alloc = file.sections.iter().filter(|section| section.is_alloc());
            alloc
                .map(|section| section.addresses().end)
                .max()
                .unwrap_or(FIRST)
        }
        Kind::Linked => {
            let ends = file
                .loads()
                .map(|(_, load)| behind(load.p_vaddr, load.p_memsz.max(load.p_filesz)));
            ends.max().unwrap_or(0)
        }
    }
}

fn sections(file: &File) -> Result<Vec<Span>, ElfError> {
    let mut spans = Vec::new();
    for (number, section) in file
        .sections
        .iter()
        .enumerate()
        .filter(|(_, section)| section.is_code())
    {
        let address = section.header.sh_addr;
        let size = file.data(section)?.len() as u64;
        let what = || format!("section `{}`", section.name);
        if !address.is_multiple_of(4) {
            return Err(ElfError::Misaligned {
                what: what(),
                address,
            });
        }
        if address
            .checked_add(size)
            .is_none_or(|end| end > file.last_address())
        {
            return Err(ElfError::BeyondAddresses {
                what: what(),
                address,
                size,
            });
        }
        let offset = section.header.sh_offset;
        if file.kind == Kind::Linked
            && !file
                .loaded_from(address)
                .is_some_and(|(from, left)| from == offset && left >= size)
        {
            return Err(ElfError::NotLoaded {
                section: section.name.into(),
                address,
            });
        }
        spans.push(Span {
            section: Some(number),
            address,
            offset,
            size: size & !3,
        });
    }
    Ok(spans)
}

fn segments(file: &File) -> Vec<Span> {
    let executable = file
        .loads()
        .filter(|(_, load)| load.p_flags & PF_X != 0 && load.p_filesz != 0);
    let span = |load: &ProgramHeader| {
        let skip = load.p_vaddr.wrapping_neg() & 3;
        let size = load.p_filesz.saturating_sub(skip) & !3;
        Span {
            section: None,
            address: load.p_vaddr + skip,
            offset: load.p_offset + skip,
            size,
        }
    };
    executable
        .filter(|(_, load)| load.p_filesz > 3)
        .map(|(_, load)| span(load))
        .collect()
}

fn name(file: &File, span: &Span) -> String {
    match span.section {
        Some(number) => format!("section `{}`", file.sections[number].name),
        None => format!("the segment at {:#x}", span.address),
    }
}

/// Segments must not overlap, and no two may load the same bytes of code: a change to one would change the other.
fn check_segments(file: &File, spans: &[Span]) -> Result<(), ElfError> {
    let mut loads: Vec<_> = file
        .loads()
        .filter(|(_, load)| load.p_memsz.max(load.p_filesz) != 0)
        .collect();
    loads.sort_by_key(|(_, load)| load.p_vaddr);
    let overlap = |a: usize, b: usize, address: u64| ElfError::Overlap {
        first: format!("segment {a}"),
        second: format!("segment {b}"),
        address,
    };
    for pair in loads.windows(2) {
        let [(a, first), (b, second)] = [pair[0], pair[1]];
        if first.p_memsz.max(first.p_filesz) > second.p_vaddr - first.p_vaddr {
            return Err(overlap(a, b, second.p_vaddr));
        }
    }
    loads.retain(|(_, load)| load.p_filesz != 0);
    loads.sort_by_key(|(_, load)| load.p_offset);
    for pair in loads.windows(2) {
        let [(a, first), (b, second)] = [pair[0], pair[1]];
        let shared = second.p_offset..first.p_offset.saturating_add(first.p_filesz);
        let is_code = |span: &Span| span.offset < shared.end && shared.start < span.offset + span.size;
        if !shared.is_empty() && spans.iter().any(is_code) {
            return Err(overlap(a, b, second.p_offset));
        }
    }
    Ok(())
}

/// Sections whose contents are read must not share bytes: neither could be changed without the other, and
/// a small file could claim the work of a large one.
fn disjoint_in_file(file: &File) -> Result<(), ElfError> {
    let read = |section: &&Section| {
        let kind = section.header.sh_type;
        section.is_code() || [SHT_REL, SHT_RELA, SHT_SYMTAB].contains(&kind)
    };
    let there = |section: &&Section| file.data(section).is_ok_and(|data| !data.is_empty());
    let mut read: Vec<_> = file.sections.iter().filter(read).filter(there).collect();
    read.sort_by_key(|section| section.header.sh_offset);
    let clash = read
        .windows(2)
        .find(|pair| pair[0].file_range().end > pair[1].header.sh_offset);
    let Some(pair) = clash else { return Ok(()) };
    let [first, second] = [pair[0], pair[1]].map(|section| format!("section `{}`", section.name));
    Err(ElfError::Overlap {
        first,
        second,
        address: pair[1].header.sh_offset,
    })
}

/// Gives every loaded section of an object an address: code first, by lifetime, then the rest.
fn place_sections(file: &mut File) -> Result<(), ElfError> {
    let mut order: Vec<usize> = (0..file.sections.len())
        .filter(|&n| file.sections[n].is_alloc())
        .collect();
    order.sort_by_key(|&number| {
        let section = &file.sections[number];
        (!section.is_code(), Lifetime::of(section.name), number)
    });
    let limit = file.last_address() / 2;
    let mut next = FIRST;
    for number in order {
        let header = &mut file.sections[number].header;
        let (size, in_file) = (header.sh_size, header.sh_type != SHT_NOBITS);
        header.sh_addr = next;
        let end = next.checked_add(size).filter(|end| *end < limit);
        let Some(end) = end else {
            let Section { name, header } = &file.sections[number];
            let what = format!("section `{name}`");
            return Err(match in_file {
                true => ElfError::BeyondFile {
                    what,
                    offset: header.sh_offset,
                    size,
                    file: file.bytes.len() as u64,
                },
                false => ElfError::BeyondAddresses {
                    what,
                    address: next,
                    size,
                },
            });
        };
        next = (end + 4).next_multiple_of(STEP);
    }
    Ok(())
}
