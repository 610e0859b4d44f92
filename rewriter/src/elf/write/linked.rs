//! Kernels: words in place, and a new segment.
//!
//! A new segment needs a program header. The table grows in place when the bytes behind it are free: zero, and no
//! section's or other segment's. Otherwise it can move behind the new segment's code, which keeps it loaded, so
//! that a header that describes the table itself (`PT_PHDR`) stays true.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use goblin::elf::program_header::{PF_R, PF_X, PT_LOAD, PT_PHDR, ProgramHeader};
use goblin::elf::section_header::{SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS};

use super::draft::Draft;
use super::fields::*;
use super::{B, Block, Stub, WriteError, WriteOptions, displacement, rewrites, sort, trampolines};
use crate::elf::areas::NEW_ALIGN;
use crate::elf::file::{File, PN_XNUM, index, part};
use crate::elf::read::{ElfImage, entry};
use crate::image::AreaKind;
use crate::plan::{Arena, Plan};

/// Carries out a plan for a linked image.
pub(super) fn carry_out(draft: &mut Draft, plan: &Plan, options: &WriteOptions) -> Result<(), WriteError> {
    let file = &draft.image.file;
    for (address, old, rewrite) in rewrites(plan) {
        let missing = WriteError::Misplaced {
            what: "a site",
            address,
        };
        let found = draft.image.image().word(address).ok_or(missing.clone())?;
        if found != old {
            return Err(WriteError::OtherWord {
                address,
                found,
                expected: old,
            });
        }
        let (offset, _) = file.loaded_from(address).ok_or(missing)?;
        draft.put_word(offset, rewrite.new);
    }
    let mut blocks = trampolines(plan);
    if let Some(stub) = &options.stub {
        blocks.push(stub_block(draft, stub)?);
    }
    sort(&mut blocks)?;
    let mut segment = Segment::new(draft.image, plan)?;
    for block in &blocks {
        if !segment
            .as_mut()
            .is_some_and(|segment| segment.take(block, draft.format))
        {
            put_block(draft, block)?;
        }
    }
    match segment {
        Some(segment) => segment.append(draft, options.relayout),
        None => Ok(()),
    }
}

/// The stub with its last branch, and the entry point moved to it.
fn stub_block(draft: &mut Draft, stub: &Stub) -> Result<Block, WriteError> {
    let error = |why| WriteError::Stub { why };
    let image = draft.image;
    let why = "the image's entry point is not in its code";
    let (old, delta) = entry(&image.file, &image.spans).ok_or(error(why))?;
    let mut words = stub.words.clone();
    let last = words.last_mut().ok_or(error("it has no words"))?;
    let from = stub.address.saturating_add(4 * (stub.words.len() as u64 - 1));
    *last = B | displacement(from, old)?;
    draft.set_header(E_ENTRY, image.file.wrap(stub.address.wrapping_sub(delta)));
    Ok(Block {
        what: "the entry stub",
        address: stub.address,
        words,
    })
}

/// Puts words into zero space that the image offers.
fn put_block(draft: &mut Draft, block: &Block) -> Result<(), WriteError> {
    let misplaced = || WriteError::Misplaced {
        what: block.what,
        address: block.address,
    };
    let image = draft.image;
    let mut areas = image
        .image()
        .areas
        .iter()
        .filter(|area| area.kind != AreaKind::New);
    areas
        .find(|area| area.range.start <= block.address && block.end() <= area.range.end)
        .ok_or_else(misplaced)?;
    let (offset, left) = image.file.loaded_from(block.address).ok_or_else(misplaced)?;
    let size = block.words.len() as u64 * 4;
    let bytes = part(image.bytes(), offset, size)
        .filter(|_| size <= left)
        .ok_or_else(misplaced)?;
    for (number, bytes) in (0..).zip(bytes.chunks_exact(4)) {
        let found = image.file.read_word(bytes, 0).unwrap_or_default();
        if found != 0 {
            return Err(WriteError::OtherWord {
                address: block.address + number * 4,
                found,
                expected: 0,
            });
        }
    }
    for (number, word) in (0..).zip(&block.words) {
        draft.put_word(offset + number * 4, *word);
    }
    Ok(())
}

/// The new segment.
struct Segment {
    address: u64,
    bytes: Vec<u8>,
}

impl Segment {
    /// The segment that the plan's new arena asks for.
    fn new(image: &ElfImage, plan: &Plan) -> Result<Option<Self>, WriteError> {
        let mut arenas = plan
            .arenas
            .iter()
            .filter(|arena| arena.kind == AreaKind::New && arena.size != 0);
        let Some(arena) = arenas.next() else {
            return Ok(None);
        };
        let fits = |arena: &Arena| {
            let area = image
                .image()
                .areas
                .iter()
                .find(|area| area.kind == AreaKind::New)?;
            let end = arena.address.checked_add(arena.size)?;
            (arena.address == area.range.start && end <= area.range.end).then_some(())
        };
        let what = "a new arena";
        fits(arena).ok_or(WriteError::Misplaced {
            what,
            address: arena.address,
        })?;
        if let Some(second) = arenas.next() {
            return Err(WriteError::Misplaced {
                what,
                address: second.address,
            });
        }
        let bytes = vec![0; index(arena.size.next_multiple_of(4))];
        Ok(Some(Self {
            address: arena.address,
            bytes,
        }))
    }

    /// Takes a block that lies in the segment.
    fn take(&mut self, block: &Block, format: Format) -> bool {
        let Some(start) = block.address.checked_sub(self.address) else {
            return false;
        };
        let size = block.words.len() * 4;
        let place = index(start)
            .checked_add(size)
            .and_then(|end| self.bytes.get_mut(index(start)..end));
        let Some(place) = place else { return false };
        for (bytes, word) in place.chunks_exact_mut(4).zip(&block.words) {
            bytes.copy_from_slice(&format.endian.write_u32(*word));
        }
        true
    }

    fn append(mut self, draft: &mut Draft, relayout: bool) -> Result<(), WriteError> {
        let file = &draft.image.file;
        let code = self.bytes.len() as u64;
        let offset = draft.end().next_multiple_of(NEW_ALIGN);
        let mut table = ProgramHeaders::of(draft)?;
        let room = table.room(file);
        match (&room, relayout) {
            (Ok(()), _) => {}
            (Err(_), true) => {
                self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
                let within = self.bytes.len() as u64;
                self.bytes.resize(self.bytes.len() + table.grown(), 0);
                table.move_to(
                    draft,
                    offset + within,
                    self.address + within,
                    self.physical(file) + within,
                );
            }
            (Err(error), false) => return Err(error.clone()),
        }
        let size = self.bytes.len() as u64;
        table.add(&[
            (P_TYPE, u64::from(PT_LOAD)),
            (P_FLAGS, u64::from(PF_R | PF_X)),
            (P_OFFSET, offset),
            (P_VADDR, self.address),
            (P_PADDR, file.wrap(self.physical(file))),
            (P_FILESZ, size),
            (P_MEMSZ, size),
            (P_ALIGN, NEW_ALIGN),
        ]);
        match room {
            Ok(()) => draft.put(table.offset, core::mem::take(&mut table.bytes)),
            Err(_) => {
                let start = index(table.offset - offset);
                self.bytes[start..start + table.bytes.len()].copy_from_slice(&table.bytes);
            }
        }
        draft.set_header(E_PHNUM, table.count);
        draft.append(NEW_ALIGN, &self.bytes);
        let fields = [
            (SH_TYPE, u64::from(SHT_PROGBITS)),
            (SH_FLAGS, u64::from(SHF_ALLOC | SHF_EXECINSTR)),
            (SH_ADDR, self.address),
            (SH_OFFSET, offset),
            (SH_SIZE, code),
            (SH_ADDRALIGN, 16),
        ];
        draft.add_section(".ppcpv.text", &fields)?;
        Ok(())
    }

    /// The segment's physical address: as far from its address as that of the last executable segment.
    fn physical(&self, file: &File) -> u64 {
        let executable = file
            .loads()
            .map(|(_, load)| load)
            .filter(|load| load.p_flags & PF_X != 0);
        let last = executable.max_by_key(|load| load.p_vaddr);
        self.address
            .wrapping_sub(last.map_or(0, |load| load.p_vaddr.wrapping_sub(load.p_paddr)))
    }
}

/// The table of program headers, growing.
struct ProgramHeaders {
    format: Format,
    offset: u64,
    bytes: Vec<u8>,
    count: u64,
    /// Place of the header that describes the table, if there is one.
    own: Option<usize>,
}

impl ProgramHeaders {
    fn of(draft: &Draft) -> Result<Self, WriteError> {
        let (file, format) = (&draft.image.file, draft.format);
        let entry = format.size(sizes::PROGRAM);
        let count = file.segments.len() as u64;
        if count + 1 >= u64::from(PN_XNUM) {
            return Err(WriteError::TooMany {
                what: "program headers",
                count,
            });
        }
        let offset = file.header.e_phoff;
        let bytes = part(file.bytes, offset, count * entry as u64)
            .unwrap_or_default()
            .to_vec();
        let own = file
            .segments
            .iter()
            .position(|segment| segment.p_type == PT_PHDR)
            .map(|number| number * entry);
        Ok(Self {
            format,
            offset,
            bytes,
            count,
            own,
        })
    }

    /// Size of the table with one header more.
    fn grown(&self) -> usize {
        self.bytes.len() + self.format.size(sizes::PROGRAM)
    }

    /// Whether the bytes behind the table are free.
    fn room(&self, file: &File) -> Result<(), WriteError> {
        let offset = self.offset + self.bytes.len() as u64;
        let end = self.offset + self.grown() as u64;
        match user(file, &(offset..end)) {
            Some(used) => Err(WriteError::NoHeaderRoom { offset, end, used }),
            None => Ok(()),
        }
    }

    fn move_to(&mut self, draft: &mut Draft, offset: u64, address: u64, physical: u64) {
        self.offset = offset;
        draft.set_header(E_PHOFF, offset);
        if let Some(own) = self.own {
            let physical = draft.image.file.wrap(physical);
            for (field, value) in [(P_OFFSET, offset), (P_VADDR, address), (P_PADDR, physical)] {
                self.format.set(&mut self.bytes, own, field, value);
            }
        }
    }

    fn add(&mut self, fields: &[(Field, u64)]) {
        self.bytes
            .extend_from_slice(&self.format.record(sizes::PROGRAM, fields));
        self.count += 1;
        let size = self.bytes.len() as u64;
        if let Some(own) = self.own {
            for field in [P_FILESZ, P_MEMSZ] {
                self.format.set(&mut self.bytes, own, field, size);
            }
        }
    }
}

/// What uses a range of the file. A segment that loads the headers themselves does not, when sections tell what
/// else it loads.
fn user(file: &File, range: &Range<u64>) -> Option<String> {
    let overlaps =
        |start: u64, size: u64| size != 0 && start < range.end && range.start < start.saturating_add(size);
    let Some(bytes) = part(file.bytes, range.start, range.end - range.start) else {
        return Some("the end of the file".into());
    };
    let section = file.sections.iter().find(|section| {
        let taken = section.file_range();
        overlaps(taken.start, taken.end - taken.start)
    });
    if let Some(section) = section {
        return Some(format!("section `{}`", section.name));
    }
    let entry = u64::from(file.header.e_shentsize);
    if overlaps(file.header.e_shoff, file.sections.len() as u64 * entry) {
        return Some("the section headers".into());
    }
    let covers =
        |segment: &ProgramHeader| segment.p_type == PT_LOAD && segment.p_offset < file.header.e_phoff;
    let known = |segment: &ProgramHeader| covers(segment) && !file.sections.is_empty();
    let mut segments = file
        .segments
        .iter()
        .enumerate()
        .filter(|(_, segment)| !known(segment));
    if let Some((number, _)) = segments.find(|(_, segment)| overlaps(segment.p_offset, segment.p_filesz)) {
        return Some(format!("segment {number}"));
    }
    bytes
        .iter()
        .any(|byte| *byte != 0)
        .then(|| "bytes that are not zero".into())
}
