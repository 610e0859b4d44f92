//! From a file to an [`Image`].

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use std::sync::OnceLock;

use magicpage::{Endian, Family};
use sha2::{Digest as _, Sha256};

use super::areas;
use super::error::ElfError;
use super::family;
use super::file::{File, Kind, Section, index, part};
use super::layout::{self, Span};
use super::linux;
use super::relocs;
use super::symbols::{self, Descriptors, Names, Table, span_at};
use super::vectors::vectors;
use crate::image::{Abi, Image, Region};
use crate::plan::Target;

/// Name of the section that holds the note.
pub(super) const NOTE_SECTION: &str = ".note.ppcpv";

/// How a file is read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The family that the code is for, whatever a 32-bit file shows; an error when the file's class excludes it.
    pub family: Option<Family>,
    /// The byte order; an error when the file has another.
    pub endian: Option<Endian>,
    /// A symbol in executable code whose space, all zero, is to be used for trampolines first.
    pub use_area: Option<String>,
    /// Reads an image that is already rewritten, for display; it cannot be rewritten again.
    pub accept_rewritten: bool,
}

/// A file that was read.
#[derive(Debug)]
pub struct ElfImage<'a> {
    pub(super) file: File<'a>,
    pub(super) spans: Vec<Span>,
    image: Image<'a>,
    linux: bool,
    digest: OnceLock<String>,
}

impl<'a> ElfImage<'a> {
    /// Reads a kernel (`ET_EXEC`, `ET_DYN`) or a module (`ET_REL`).
    ///
    /// # Errors
    ///
    /// When `bytes` are not a whole PowerPC ELF file, when a part that matters is damaged, when the family can
    /// neither be seen nor is given, when the file contradicts the options, or when the image is already rewritten.
    pub fn parse(bytes: &'a [u8], options: &ReadOptions) -> Result<Self, ElfError> {
        let mut file = File::parse(bytes, options.endian)?;
        if file.section_named(NOTE_SECTION).is_some() && !options.accept_rewritten {
            return Err(ElfError::AlreadyRewritten);
        }
        let spans = layout::lay_out(&mut file)?;
        let descriptors = descriptors(&file)?;
        let names = match Table::find(&file)? {
            Some(table) => symbols::collect(&file, &table, &spans, descriptors.as_ref())?,
            None => Names::default(),
        };
        let mut tables = linux::tables(&file, &names)?;
        let relocations = relocs::collect(
            &file,
            &spans,
            &linux::stored_ranges(&tables),
            descriptors.as_ref(),
        )?;
        linux::store(&file, &mut tables, &relocations.stored);
        let linux = linux::is_linux(&file, &names);
        let module = linux && file.kind == Kind::Object;
        let family = family::detect(&file, &spans, &names, options.family, module)?;
        let facts = linux::facts(&file, family, &names, &tables, &spans)?;
        let known = areas::Known {
            file: &file,
            family,
            linux,
            spans: &spans,
            names: &names,
            relocated: &relocations.words,
            facts: &facts,
        };
        let areas = areas::find(&known, options.use_area.as_deref())?;
        let roots = roots(&file, family, &spans, descriptors.as_ref());
        let toc = names.marked(".TOC.").filter(|_| file.kind == Kind::Linked);
        let image = Image {
            family,
            endian: file.endian,
            regions: regions(&file, &spans),
            data: data(&file),
            symbols: names.code,
            roots,
            relocated: relocations.words,
            referenced: relocations.referenced,
            edges: facts.edges,
            patched: facts.patched,
            pinned: facts.pinned,
            reserved: facts.reserved,
            abi: Abi {
                r2_is_never_r1: file.is_64() || linux,
                toc,
            },
            areas,
        };
        Ok(Self {
            file,
            spans,
            image,
            linux,
            digest: OnceLock::new(),
        })
    }

    /// The image, for the core.
    ///
    /// r2 is never r1 in 64-bit code, where it is the TOC pointer, and in 32-bit Linux, where it is the current
    /// task.
    pub fn image(&self) -> &Image<'a> {
        &self.image
    }

    /// Whether it is a Linux kernel or module.
    pub fn is_linux(&self) -> bool {
        self.linux
    }

    /// Whether it is a relocatable object, whose addresses are only for this program.
    pub fn is_object(&self) -> bool {
        self.file.kind == Kind::Object
    }

    /// Where execution starts, if that is in the image; the address that it is linked at, which is not the one in
    /// the header when that is physical.
    pub fn entry(&self) -> Option<u64> {
        entry(&self.file, &self.spans).map(|(address, _)| address)
    }

    /// The whole file.
    pub fn bytes(&self) -> &'a [u8] {
        self.file.bytes
    }

    /// Digest and size of the file. The digest is computed at the first call.
    pub fn target(&self) -> Target {
        Target {
            digest: self.digest().into(),
            size: self.file.bytes.len() as u64,
        }
    }

    /// SHA-256 of the file in hexadecimal, computed at the first call.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| digest(self.file.bytes))
    }
}

/// SHA-256 as 64 lower-case hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn descriptors<'a>(file: &File<'a>) -> Result<Option<Descriptors<'a>>, ElfError> {
    let opd = file
        .sections
        .iter()
        .position(|section| section.name == ".opd" && section.is_alloc());
    let Some(number) = opd.filter(|_| file.is_64()) else {
        return Ok(None);
    };
    Ok(Some(Descriptors::new(
        file,
        number,
        relocs::applied(file, number)?,
    )))
}

fn regions<'a>(file: &File<'a>, spans: &[Span]) -> Vec<Region<'a>> {
    let region = |span: &Span| Region {
        section: span
            .section
            .map_or("PT_LOAD", |number| file.sections[number].name),
        address: span.address,
        bytes: part(file.bytes, span.offset, span.size).unwrap_or_default(),
    };
    spans.iter().map(region).collect()
}

/// The loaded sections that hold no code, in the order of addresses; the whole words of those that the file has.
fn data<'a>(file: &File<'a>) -> Vec<Region<'a>> {
    let is_data = |section: &&Section| section.is_alloc() && !section.is_code() && file.kind == Kind::Linked;
    let region = |section: &Section<'a>| {
        let skip = section.header.sh_addr.wrapping_neg() & 3;
        let bytes = file
            .data(section)
            .ok()?
            .get(index(skip)..)
            .filter(|bytes| bytes.len() >= 4)?;
        Some(Region {
            section: section.name,
            address: section.header.sh_addr.checked_add(skip)?,
            bytes,
        })
    };
    let mut data: Vec<_> = file.sections.iter().filter(is_data).filter_map(region).collect();
    data.sort_by_key(|region| region.address);
    data.retain(|region| region.address.checked_add(region.bytes.len() as u64).is_some());
    data
}

/// Where execution starts, and how far the header's address, which may be physical, is from there.
pub(super) fn entry(file: &File, spans: &[Span]) -> Option<(u64, u64)> {
    if file.kind == Kind::Object {
        return None;
    }
    let address = file.header.e_entry;
    if span_at(spans, address).is_some() {
        return Some((address, 0));
    }
    let holds = |start: u64, size: u64| address >= start && address - start < size;
    let (_, load) = file
        .loads()
        .find(|(_, load)| holds(load.p_paddr, load.p_filesz))?;
    let delta = load.p_vaddr.wrapping_sub(load.p_paddr);
    let linked = file.wrap(address.wrapping_add(delta));
    span_at(spans, linked).map(|_| (linked, delta))
}

fn roots(file: &File, family: Family, spans: &[Span], descriptors: Option<&Descriptors>) -> Vec<u64> {
    let mut roots: Vec<u64> = entry(file, spans)
        .map(|(address, _)| address)
        .into_iter()
        .collect();
    let described = descriptors.and_then(|table| table.code(file, file.header.e_entry));
    roots.extend(described.filter(|address| span_at(spans, *address).is_some()));
    let lowest = file.loads().map(|(_, load)| load).min_by_key(|load| load.p_paddr);
    if let Some(lowest) = lowest.filter(|load| load.p_paddr == 0 && file.kind == Kind::Linked) {
        let addresses = vectors(family).map(|distance| lowest.p_vaddr.saturating_add(distance));
        roots.extend(addresses.filter(|address| span_at(spans, *address).is_some()));
    }
    roots.sort_unstable();
    roots.dedup();
    roots
}
