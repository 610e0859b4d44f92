//! The magic page as the host sees it.
//!
//! The page is the one home of the registers it holds: the host keeps no copies, so it makes no difference whether
//! the guest reaches a register by a load, a store or a trap. Every byte of it is the guest's to change at any time;
//! nothing read here is trusted further than the guest's own registers would be.

use cpu::State;
use magicpage::hypercall::PageFeatures;
use magicpage::layout::{self, Field, Part};
use magicpage::{Endian, PAGE_SIZE, WordSize};

use crate::hardware::{Hardware, Shared};

/// Where the guest asked the page to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mapped {
    /// Page number of the effective address: the address shifted right by 12.
    pub effective: u64,
    /// Page number of the guest physical address, likewise.
    pub real: u64,
    /// Whether the second page, one page below at both addresses, is mapped as well.
    pub second: bool,
}

impl Mapped {
    /// The shared page at a page number of effective addresses, of which the bits of `mask` count.
    pub const fn at_effective(&self, page: u64, mask: u64) -> Option<Shared> {
        self.at(page, self.effective, mask)
    }

    /// The shared page at a page number of guest physical addresses, of which the bits of `mask` count.
    pub const fn at_real(&self, page: u64, mask: u64) -> Option<Shared> {
        self.at(page, self.real, mask)
    }

    const fn at(&self, page: u64, base: u64, mask: u64) -> Option<Shared> {
        if (page ^ base) & mask == 0 {
            Some(Shared::Magic)
        } else if self.second && (page ^ base.wrapping_sub(1)) & mask == 0 {
            Some(Shared::Second)
        } else {
            None
        }
    }
}

/// The shape of the page: fixed by the processor and its byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The guest's byte order.
    pub endian: Endian,
    /// The width of the guest's registers.
    pub word: WordSize,
}

impl Layout {
    /// Reads all of a field of 4 or 8 bytes.
    pub fn read(self, page: &[u8; PAGE_SIZE], field: Field) -> u64 {
        load(page, field.offset, field.size, self.endian)
    }

    /// Writes all of a field of 4 or 8 bytes.
    pub fn write(self, page: &mut [u8; PAGE_SIZE], field: Field, value: u64) {
        store(page, field.offset, field.size, self.endian, value);
    }

    /// Reads a part of a field.
    pub fn read_part(self, page: &[u8; PAGE_SIZE], field: Field, part: Part) -> u64 {
        let place = field.part(part, self.endian, self.word);
        load(page, place.offset, place.bytes, self.endian)
    }

    /// Writes a part of a field. The word of a 32-bit guest leaves the high half alone, as the guest's own store does.
    pub fn write_part(self, page: &mut [u8; PAGE_SIZE], field: Field, part: Part, value: u64) {
        let place = field.part(part, self.endian, self.word);
        store(page, place.offset, place.bytes, self.endian, value);
    }

    /// Reads segment register `index` (0 to 15; higher numbers wrap).
    pub fn segment(self, page: &[u8; PAGE_SIZE], index: u8) -> u32 {
        let place = layout::SR.element(index & 15);
        low32(load(page, place.offset, place.bytes, self.endian))
    }

    /// Writes segment register `index` (0 to 15; higher numbers wrap).
    pub fn set_segment(self, page: &mut [u8; PAGE_SIZE], index: u8, value: u32) {
        let place = layout::SR.element(index & 15);
        store(page, place.offset, place.bytes, self.endian, value.into());
    }

    /// Whether a guest with this MSR, whose page is mapped, is inside a critical section.
    ///
    /// `section` is the shared page whose `critical` field counts.
    pub fn is_critical(self, hardware: &dyn Hardware, section: Shared, state: &State, msr: u64) -> bool {
        let critical = self.read(hardware.shared(section), layout::CRITICAL);
        magicpage::critical::is_critical(critical, state.gpr[1], msr)
    }
}

/// The features of the page that a host offers to a family.
pub const fn features(family: magicpage::Family) -> PageFeatures {
    match family {
        magicpage::Family::Book3s32 => PageFeatures::SR.union(PageFeatures::MAS0_TO_SPRG7),
        magicpage::Family::Book3s64 | magicpage::Family::E500 => PageFeatures::MAS0_TO_SPRG7,
    }
}

fn load(page: &[u8; PAGE_SIZE], offset: u16, bytes: u8, endian: Endian) -> u64 {
    let offset = usize::from(offset);
    number(&page[offset..offset + usize::from(bytes)], endian)
}

fn store(page: &mut [u8; PAGE_SIZE], offset: u16, bytes: u8, endian: Endian, value: u64) {
    let offset = usize::from(offset);
    spread(value, &mut page[offset..offset + usize::from(bytes)], endian);
}

/// The number that bytes of memory are; eight at most.
pub(crate) fn number(bytes: &[u8], endian: Endian) -> u64 {
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    match endian {
        Endian::Big => bytes.iter().fold(0, join),
        Endian::Little => bytes.iter().rev().fold(0, join),
    }
}

/// The bytes of memory that a number is; eight at most.
pub(crate) fn spread(value: u64, bytes: &mut [u8], endian: Endian) {
    let count = bytes.len();
    match endian {
        Endian::Big => bytes.copy_from_slice(&value.to_be_bytes()[8 - count..]),
        Endian::Little => bytes.copy_from_slice(&value.to_le_bytes()[..count]),
    }
}

/// The low half of a doubleword.
pub(crate) const fn low32(value: u64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low half is what is asked for"
    )]
    {
        value as u32
    }
}

/// The offset of an address in its page.
pub(crate) const fn offset(address: u64) -> usize {
    (low32(address) & 0xfff) as usize
}

/// The segment of an address: bits 28 to 31, counted from the least significant.
pub(crate) const fn segment(address: u64) -> usize {
    (low32(address) >> 28) as usize
}
