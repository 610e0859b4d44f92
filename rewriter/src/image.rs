//! What the rewriter has to know of a kernel image, whatever file or memory it came from.
//!
//! An [`Image`] is executable bytes at addresses, and what is known about them: names, where control enters,
//! which words somebody else completes (a loader, by relocation) or replaces (the kernel itself, at boot), and
//! where trampolines may go. It has no notion of files.
//!
//! Addresses are effective addresses of the running image. In a relocatable object, whose sections have no
//! address yet, the reader gives each section a range of its own.

use alloc::vec::Vec;
use core::ops::Range;
use magicpage::{Endian, Family};

/// An image, as the core of the rewriter sees it. Every list is sorted by address.
#[derive(Clone, Debug)]
pub struct Image<'a> {
    /// Processor family the code is for.
    pub family: Family,
    /// Byte order of code and data.
    pub endian: Endian,
    /// Executable bytes; disjoint.
    pub regions: Vec<Region<'a>>,
    /// Bytes of the image that are not executable, as far as the image holds them: jump tables are read there.
    /// Empty in a relocatable object, whose data is not complete before it is loaded.
    pub data: Vec<Region<'a>>,
    /// Names.
    pub symbols: Vec<Symbol<'a>>,
    /// Addresses that control certainly enters from outside: the entry point, interrupt vectors.
    pub roots: Vec<u64>,
    /// Words that a relocation completes when the image is loaded: their fields are not what they will be.
    pub relocated: Vec<Relocated>,
    /// Addresses within code that relocations of data refer to: jump tables and pointers, where the image still
    /// has such relocations (relocatable objects, position-independent images).
    pub referenced: Vec<u64>,
    /// Transfers of control that no instruction shows: exception table entries, jump labels, and from every word
    /// of a range in `__restart_table` to the place where the range is restarted.
    pub edges: Vec<Edge>,
    /// Code that the image itself overwrites when it boots.
    pub patched: Vec<Patched>,
    /// Ranges with which the kernel compares an interrupted address, such as `__restart_table` and
    /// `__soft_mask_table` of 64-bit Linux: code within must not run elsewhere, so that only one instruction in
    /// place will do there.
    pub pinned: Vec<Range<u64>>,
    /// Ranges that must stay as they are, such as the templates that Linux's own patcher copies.
    pub reserved: Vec<Range<u64>>,
    /// What the image's calling convention promises.
    pub abi: Abi,
    /// Where trampolines may go, in order of preference.
    pub areas: Vec<Area>,
}

/// A run of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Region<'a> {
    /// Name of the section.
    pub section: &'a str,
    /// Address of the first byte; a multiple of 4.
    pub address: u64,
    /// The bytes, in the image's byte order.
    pub bytes: &'a [u8],
}

impl Region<'_> {
    /// First address behind the region's last whole word.
    pub fn end(&self) -> u64 {
        self.address + (self.bytes.len() as u64 & !3)
    }

    /// Whether the word at `address` belongs to the region.
    pub fn contains(&self, address: u64) -> bool {
        (self.address..self.end()).contains(&address)
    }
}

/// What a symbol names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A function (`STT_FUNC`).
    Function,
    /// Data (`STT_OBJECT`).
    Object,
    /// A label with no type.
    Label,
}

/// A name for an address.
#[derive(Clone, Copy, Debug)]
pub struct Symbol<'a> {
    /// Address of the first byte.
    pub address: u64,
    /// Size in bytes; 0 when the symbol does not say.
    pub size: u64,
    /// What it names.
    pub kind: SymbolKind,
    /// The name.
    pub name: &'a str,
}

/// A word that a relocation completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocated {
    /// Address of the word.
    pub address: u64,
    /// Where the completed word branches to, when it is a branch to a place within the image.
    pub target: Option<u64>,
}

/// A transfer of control that no instruction shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The instruction that control leaves.
    pub from: u64,
    /// Where it arrives.
    pub to: u64,
}

/// A range that the image overwrites when it boots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patched {
    /// The table that says so, for example `__ftr_fixup`.
    pub table: &'static str,
    /// The code that may be overwritten.
    pub range: Range<u64>,
    /// The code that may be copied over it; empty when the range is filled with something else.
    pub alternative: Range<u64>,
    /// Whether the range may be filled with code that is not known: it may read any register and go anywhere.
    /// Otherwise, with no alternative, it is filled with nops, barriers or a call that keeps every register.
    pub unknown: bool,
}

/// What the image's calling convention promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abi {
    /// In compiled code r2 is never equal to the stack pointer: it holds the TOC, a thread or small data.
    pub r2_is_never_r1: bool,
    /// Value of r2 in compiled code, where it is the TOC pointer.
    pub toc: Option<u64>,
}

/// Where an area of trampolines comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum AreaKind {
    /// Padding that aligns what follows.
    Gap,
    /// Space inside the image that the user named.
    Asked,
    /// The buffer that Linux has set apart for trampolines of its own.
    Buffer,
    /// A new loaded segment, or a new section of a relocatable object.
    New,
}

/// Space for trampolines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Where it comes from.
    pub kind: AreaKind,
    /// Its bytes; both ends are multiples of 4. A new area's end is its limit: it takes what it needs.
    pub range: Range<u64>,
    /// When set, only sites within this range may use the area (initialisation code and what outlives it).
    pub serves: Option<Range<u64>>,
}

impl<'a> Image<'a> {
    /// An image of which nothing is known yet. What a field does not say is taken not to be: what the kernel changes in its
    /// own text, and every way into it that no branch shows, must be added.
    pub fn new(family: Family, endian: Endian) -> Self {
        Self {
            family,
            endian,
            regions: Vec::new(),
            data: Vec::new(),
            symbols: Vec::new(),
            roots: Vec::new(),
            relocated: Vec::new(),
            referenced: Vec::new(),
            edges: Vec::new(),
            patched: Vec::new(),
            pinned: Vec::new(),
            reserved: Vec::new(),
            abi: Abi::default(),
            areas: Vec::new(),
        }
    }

    /// The region that holds the word at `address`.
    pub fn region(&self, address: u64) -> Option<&Region<'a>> {
        let index = self
            .regions
            .partition_point(|region| region.address <= address)
            .checked_sub(1)?;
        Some(&self.regions[index]).filter(|region| region.contains(address))
    }

    /// The word at `address`, if the image has code there.
    pub fn word(&self, address: u64) -> Option<u32> {
        if !address.is_multiple_of(4) {
            return None;
        }
        let region = self.region(address)?;
        let offset = usize::try_from(address - region.address).ok()?;
        let bytes = region.bytes.get(offset..offset + 4)?;
        Some(self.endian.read_u32([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// The relocation of the word at `address`.
    pub fn relocation(&self, address: u64) -> Option<&Relocated> {
        let index = self.relocated.partition_point(|word| word.address < address);
        self.relocated.get(index).filter(|word| word.address == address)
    }

    /// The name to show for `address`: the last symbol at or before it within the same region, preferring one
    /// whose size covers the address.
    pub fn symbol(&self, address: u64) -> Option<&Symbol<'a>> {
        let floor = self.region(address)?.address;
        let end = self.symbols.partition_point(|symbol| symbol.address <= address);
        let before = self.symbols[..end]
            .iter()
            .rev()
            .take_while(|symbol| symbol.address >= floor);
        let mut candidates = before.take(8);
        let nearest = candidates.next()?;
        let covers = |symbol: &&Symbol| address < symbol.address + symbol.size;
        if covers(&nearest) {
            Some(nearest)
        } else {
            candidates.find(covers).or(Some(nearest))
        }
    }
}
