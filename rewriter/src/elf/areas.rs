//! Where trampolines may go, in order of preference.
//!
//! 1. **Asked**: space that the user names.
//! 2. **Buffer**: `kvm_tmp`, which Linux's own patcher fills with trampolines from its start on: its upper part.
//! 3. **Gap**: zero bytes that only align what follows. They are loaded, at an address where code can run, and
//!    nobody reads them. Zero is an illegal instruction, so no control flow can go through them unnoticed.
//!    Two kinds: between a symbol that has a size and the next symbol, and between two sections.
//! 4. **New**: a segment behind everything, or new sections of an object.
//!
//! In a Linux kernel a gap must also stay what it is. From `__init_begin` to `__init_end` memory is freed after
//! boot, and behind that it is data. Before `__init_begin`, from `_stext` on, everything is executable for good on
//! 64-bit Book3S (`hash__mark_rodata_ro` in mm/book3s64/hash_pgtable.c) and on e500 (`map_mem_in_cams` in
//! mm/nohash/e500.c). On 32-bit Book3S it is sure only up to `_etext` (`mmu_mark_initmem_nx` in
//! mm/book3s32/mmu.c), because instruction BATs are cut to the text.
//!
//! A new segment is loaded, but it lies behind Linux's `_end`: whoever boots the kernel has to reserve its memory,
//! for Linux would take it as free. That is why it comes last. On 32-bit Book3S it would not be executable once Linux
//! has cut its instruction BATs (`mmu_mark_initmem_nx`): there it serves the stub at the entry only, which has run by
//! then.
//!
//! Linux's patcher leaves the range from `kvm_template_start` to `kvm_template_end` alone, which holds `kvm_tmp`. Where
//! it works it still patches what we have left, and takes space for that from the start of `kvm_tmp`: an eighth is left
//! to it.

use alloc::vec::Vec;
use core::ops::Range;

use goblin::elf::program_header::PF_X;
use magicpage::Family;

use super::error::ElfError;
use super::file::{File, Kind, Section};
use super::layout::{self, Lifetime, Span};
use super::linux::{BUFFER, Facts};
use super::symbols::{Names, loaded, span_at};
use crate::image::{Area, AreaKind, Relocated, Symbol};

/// Shorter gaps are not worth a trampoline.
const SMALLEST: u64 = 48;
/// The part of its buffer that Linux's own patcher may fill: one in so many bytes.
const LEFT_TO_LINUX: u64 = 8;
/// A new segment starts at a multiple, the largest page size of any family.
pub(super) const NEW_ALIGN: u64 = 0x1_0000;
/// Bytes that a new segment may have: what an I-form branch reaches.
const NEW_LIMIT: u64 = 0x200_0000;
/// Bytes that a new section of an object may have.
const NEW_SECTION_LIMIT: u64 = 0x40_0000;
/// The magic page takes the last page of the address space.
const MAGIC_PAGE: u64 = 0x1000;

/// What is known of the image when areas are looked for.
pub(super) struct Known<'k, 'a> {
    pub file: &'k File<'a>,
    pub family: Family,
    pub linux: bool,
    pub spans: &'k [Span],
    pub names: &'k Names<'a>,
    pub relocated: &'k [Relocated],
    pub facts: &'k Facts,
}

/// Every area; `asked` names one that the user wants.
pub(super) fn find(known: &Known, asked: Option<&str>) -> Result<Vec<Area>, ElfError> {
    let inside = |kind, range| Area {
        kind,
        range,
        serves: None,
    };
    let mut areas = Vec::new();
    if let Some(name) = asked {
        areas.push(inside(AreaKind::Asked, known.named(name)?));
    }
    if known.linux && asked != Some(BUFFER) {
        let buffer = known.named(BUFFER).ok();
        areas.extend(buffer.map(|range| inside(AreaKind::Buffer, range)));
    }
    if known.file.kind == Kind::Object {
        areas.extend(known.new_sections());
        return Ok(areas);
    }
    let mut gaps = known.gaps();
    gaps.retain(|gap| {
        let taken = |area: &Area| gap.start < area.range.end && area.range.start < gap.end;
        !areas.iter().any(taken)
    });
    areas.extend(gaps.into_iter().map(|range| inside(AreaKind::Gap, range)));
    areas.extend(known.new_segment());
    Ok(areas)
}

impl<'a> Known<'_, 'a> {
    fn gaps(&self) -> Vec<Range<u64>> {
        let Some(limits) = self.limits() else {
            return Vec::new();
        };
        let between = self.between_symbols().chain(self.between_sections());
        let clip =
            |gap: Range<u64>| gap.start.next_multiple_of(4).max(limits.start)..(gap.end & !3).min(limits.end);
        let used = self.used();
        let free = |gap: &Range<u64>| {
            gap.start < gap.end && gap.end - gap.start >= SMALLEST && !used.touches(gap) && self.is_zero(gap)
        };
        let mut gaps: Vec<_> = between.map(clip).filter(free).collect();
        gaps.sort_by_key(|gap| gap.start);
        gaps
    }

    /// Where gaps may be; none when the image is a Linux kernel that does not say.
    fn limits(&self) -> Option<Range<u64>> {
        if !self.linux {
            return Some(0..u64::MAX);
        }
        const PAGE: u64 = 0x1000;
        let end = match self.family {
            Family::Book3s32 => self.names.marked("_etext")?.checked_next_multiple_of(PAGE)?,
            Family::Book3s64 | Family::E500 => self.names.marked("__init_begin")?,
        };
        Some(self.names.marked("_stext")?..end)
    }

    /// From the end of everything that has a size to the next symbol, or the section's end.
    fn between_symbols(&self) -> impl Iterator<Item = Range<u64>> {
        self.spans.iter().flat_map(|span| {
            let code = &self.names.code;
            let first = code.partition_point(|symbol| symbol.address < span.address);
            let last = code.partition_point(|symbol| symbol.address < span.addresses().end);
            let within = &code[first..last];
            let next = within
                .iter()
                .skip(1)
                .map(|symbol| symbol.address)
                .chain([span.addresses().end]);
            let mut covered = 0;
            within.iter().zip(next).filter_map(move |(symbol, next)| {
                covered = covered.max(symbol.address + symbol.size);
                let known = symbol.address < covered && symbol.address != next;
                aligns(covered..next).filter(|_| known)
            })
        })
    }

    /// From the end of a section to the start of the next loaded one. Behind sections other than code only in a
    /// Linux kernel, whose limits say that code can run there.
    fn between_sections(&self) -> impl Iterator<Item = Range<u64>> {
        let mut sections: Vec<&Section> = self
            .file
            .sections
            .iter()
            .filter(|section| section.is_alloc() && section.header.sh_size != 0)
            .collect();
        sections.sort_by_key(|section| section.header.sh_addr);
        let claimed = Busy::new(self.file.sections.iter().map(Section::file_range));
        let pairs: Vec<_> = sections.windows(2).map(|pair| (pair[0], pair[1])).collect();
        pairs
            .into_iter()
            .filter(|(before, _)| self.linux || before.is_code())
            .filter_map(move |(before, after)| {
                let gap = aligns(before.addresses().end..after.header.sh_addr)?;
                self.is_padding(&gap, &claimed).then_some(gap)
            })
    }

    /// Whether the gap is in the file, executable, and no section's contents.
    fn is_padding(&self, gap: &Range<u64>, claimed: &Busy) -> bool {
        let Some((load, offset)) = self.file.load_at(gap.start) else {
            return false;
        };
        let end = offset + (gap.end - gap.start);
        end <= load.p_offset + load.p_filesz && load.p_flags & PF_X != 0 && !claimed.touches(&(offset..end))
    }

    /// Everything that is known to be used or changed, by address.
    fn used(&self) -> Busy {
        let facts = self.facts;
        let relocated = self.relocated.iter().map(|word| word.address..word.address + 4);
        let entered = facts.edges.iter().map(|edge| edge.to..edge.to.saturating_add(1));
        let patched = facts.patched.iter();
        let patched = patched.flat_map(|patched| [patched.range.clone(), patched.alternative.clone()]);
        let reserved = facts.reserved.iter().chain(&facts.pinned).cloned();
        Busy::new(relocated.chain(entered).chain(patched).chain(reserved))
    }

    fn is_zero(&self, range: &Range<u64>) -> bool {
        self.bytes(range).is_some_and(is_zero)
    }

    fn bytes(&self, range: &Range<u64>) -> Option<&'a [u8]> {
        loaded(self.file, range.start, range.end)
    }

    /// The zero bytes behind a symbol.
    fn named(&self, name: &str) -> Result<Range<u64>, ElfError> {
        let error = |why: &str| ElfError::Area {
            name: name.into(),
            why: why.into(),
        };
        if self.file.kind == Kind::Object {
            return Err(error(
                "a relocatable object gets sections of its own: leave the area out",
            ));
        }
        let found = self.names.code.iter().position(|symbol| symbol.name == name);
        let found = found
            .ok_or_else(|| error("no symbol of that name is in executable code: see `inspect` for names"))?;
        let symbol: &Symbol = &self.names.code[found];
        let span = span_at(self.spans, symbol.address)
            .ok_or_else(|| error("it is outside every executable section"))?;
        let mut later = self.names.code[found..].iter().map(|symbol| symbol.address);
        let next = later
            .find(|address| *address > symbol.address)
            .unwrap_or(span.addresses().end);
        let end = if symbol.size != 0 {
            symbol.address + symbol.size
        } else {
            next
        };
        let range = symbol.address.next_multiple_of(4)..end.min(span.addresses().end) & !3;
        let bytes = self
            .bytes(&range)
            .ok_or_else(|| error("it has no bytes in the file"))?;
        if let Some(used) = bytes.iter().position(|byte| *byte != 0) {
            let address = range.start + used as u64;
            return Err(error(&alloc::format!(
                "the byte at {address:#x} is not zero: something else is there"
            )));
        }
        let size = range.end - range.start;
        if size < SMALLEST {
            return Err(error("it has less than 48 bytes"));
        }
        let left = if self.linux && name == BUFFER {
            (size / LEFT_TO_LINUX) & !3
        } else {
            0
        };
        Ok(range.start + left..range.end)
    }

    fn new_segment(&self) -> Option<Area> {
        let start = layout::end(self.file).checked_next_multiple_of(NEW_ALIGN)?;
        let last = self.file.last_address() - (MAGIC_PAGE - 1);
        let end = start.saturating_add(NEW_LIMIT).min(last);
        let at_entry_only = self.linux && self.family == Family::Book3s32;
        (start < end).then_some(Area {
            kind: AreaKind::New,
            range: start..end,
            serves: at_entry_only.then(|| self.before_entry()),
        })
    }

    /// The word before the entry, for which the entry's stub is placed.
    fn before_entry(&self) -> Range<u64> {
        let entry = self.file.header.e_entry;
        entry.wrapping_sub(4)..entry
    }

    fn new_sections(&self) -> Vec<Area> {
        let mut areas = Vec::new();
        let mut next = layout::end(self.file);
        for (lifetime, _) in Lifetime::SECTIONS {
            let of = |span: &&Span| self.lifetime(span) == lifetime;
            let mut spans = self.spans.iter().filter(of).map(Span::addresses);
            let Some(first) = spans.next() else { continue };
            let serves = first.start..spans.next_back().map_or(first.end, |last| last.end);
            let Some(start) = next.checked_next_multiple_of(NEW_ALIGN) else {
                break;
            };
            next = start + NEW_SECTION_LIMIT;
            areas.push(Area {
                kind: AreaKind::New,
                range: start..next,
                serves: Some(serves),
            });
        }
        areas
    }

    fn lifetime(&self, span: &Span) -> Lifetime {
        Lifetime::of(span.section.map_or("", |number| self.file.sections[number].name))
    }
}

/// Ranges, to be asked whether one of them touches another range.
struct Busy {
    /// Start, and the largest end of all up to here; in the order of starts.
    ranges: Vec<(u64, u64)>,
}

impl Busy {
    fn new(ranges: impl Iterator<Item = Range<u64>>) -> Self {
        let ranges = ranges.filter(|range| !range.is_empty());
        let mut ranges: Vec<_> = ranges.map(|range| (range.start, range.end)).collect();
        ranges.sort_unstable();
        let mut largest = 0;
        for (_, end) in &mut ranges {
            largest = largest.max(*end);
            *end = largest;
        }
        Self { ranges }
    }

    fn touches(&self, range: &Range<u64>) -> bool {
        let before = self.ranges.partition_point(|(start, _)| *start < range.end);
        self.ranges[..before]
            .last()
            .is_some_and(|(_, end)| *end > range.start)
    }
}

/// The gap, if it is as long as padding to what its end is aligned to can be.
fn aligns(gap: Range<u64>) -> Option<Range<u64>> {
    let size = gap.end.checked_sub(gap.start)?;
    (size >= SMALLEST && size.checked_shr(gap.end.trailing_zeros()).unwrap_or(0) == 0).then_some(gap)
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(16).all(|chunk| match <[u8; 16]>::try_from(chunk) {
        Ok(chunk) => u128::from_ne_bytes(chunk) == 0,
        Err(_) => chunk.iter().all(|byte| *byte == 0),
    })
}
