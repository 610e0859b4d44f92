//! Addresses that an image holds: in words of data, and in pairs of instructions that build them.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use cpu::operand::field5;
use cpu::{Regs, decode};
use magicpage::WordSize;

use crate::image::Image;

/// How far before the low half of an address its high half is looked for, in words.
const PAIR_DISTANCE: usize = 16;

/// Primary opcodes of the instructions that build addresses (Power ISA Book I sections 3.3.9 and 3.3.13).
const ADDI: u32 = 14;
const ADDIS: u32 = 15;
const ORI: u32 = 24;

/// The words of data that may be addresses.
pub fn pointers<'b>(image: &Image, bytes: &'b [u8]) -> impl Iterator<Item = u64> + use<'b> {
    let endian = image.endian;
    let (narrow, wide) = match image.family.word_size() {
        WordSize::Word32 => (bytes.as_chunks::<4>().0, &[][..]),
        WordSize::Word64 => (&[][..], bytes.as_chunks::<8>().0),
    };
    let narrow = narrow.iter().map(move |bytes| u64::from(endian.read_u32(*bytes)));
    narrow.chain(wide.iter().map(move |bytes| endian.read_u64(*bytes)))
}

/// Ranges of addresses that are looked for.
pub struct Wanted {
    /// Sorted and disjoint.
    ranges: Vec<Range<u64>>,
    /// One bit for each low half, in words, that an address in a range has.
    halves: Vec<u64>,
}

impl Wanted {
    /// Looks for addresses in these ranges, which are sorted and disjoint.
    pub fn new(ranges: impl Iterator<Item = Range<u64>>) -> Self {
        let mut wanted = Self {
            ranges: ranges.collect(),
            halves: vec![0; HALVES / 64],
        };
        for range in &wanted.ranges {
            for address in range.clone().step_by(4).take(HALVES) {
                let half = half_of(address);
                wanted.halves[half / 64] |= 1 << (half % 64);
            }
        }
        wanted
    }

    fn may_hold(&self, address: u64) -> bool {
        let half = half_of(address);
        self.halves[half / 64] >> (half % 64) & 1 != 0
    }

    fn holds(&self, address: u64) -> bool {
        let before = self.ranges.partition_point(|range| range.start <= address);
        before
            .checked_sub(1)
            .is_some_and(|index| self.ranges[index].contains(&address))
    }
}

/// Words that differ in the low half of their addresses.
const HALVES: usize = 1 << 14;

fn half_of(address: u64) -> usize {
    // Masked to 14 bits.
    #[allow(clippy::cast_possible_truncation)]
    {
        (address >> 2) as usize & (HALVES - 1)
    }
}

/// The wanted addresses that code builds: `addis`, from nothing or from the TOC pointer, and within a few words
/// `addi` or `ori` from the register it wrote.
pub fn built_addresses<'i>(image: &'i Image, wanted: &'i Wanted) -> impl Iterator<Item = u64> + 'i {
    let bases = [0, image.abi.toc.unwrap_or(0)];
    image.regions.iter().flat_map(move |region| {
        let (words, _) = region.bytes.as_chunks::<4>();
        words.iter().enumerate().filter_map(move |(index, bytes)| {
            let low = image.endian.read_u32(*bytes);
            let immediate = u64::from(low & 0xffff);
            let is_low = matches!(low >> 26, ADDI | ORI)
                && bases
                    .iter()
                    .any(|base| wanted.may_hold(base.wrapping_add(immediate)));
            let before = &words[index.saturating_sub(PAIR_DISTANCE)..index];
            if is_low {
                built_at(image, before, low).filter(|address| wanted.holds(*address))
            } else {
                None
            }
        })
    })
}

/// The address that `low` completes, whose high half one of the words before it has built.
fn built_at(image: &Image, before: &[[u8; 4]], low: u32) -> Option<u64> {
    let immediate = u64::from(low & 0xffff);
    let (source, offset) = match low >> 26 {
        ADDI => (field5(low, 16), (immediate ^ 0x8000).wrapping_sub(0x8000)),
        _ => (field5(low, 21), immediate),
    };
    let words = || before.iter().rev().map(|bytes| image.endian.read_u32(*bytes));
    let is_high = |word: &u32| *word >> 26 == ADDIS && field5(*word, 21) == source;
    let high = words().find(is_high)?;
    let base = match field5(high, 16) {
        0 => 0,
        2 => image.abi.toc?,
        _ => return None,
    };
    let shifted = (u64::from(high & 0xffff) << 16 ^ 0x8000_0000).wrapping_sub(0x8000_0000);
    let built = base.wrapping_add(shifted).wrapping_add(offset);
    let built = if image.family.word_size() == WordSize::Word32 {
        built & 0xffff_ffff
    } else {
        built
    };
    let overwrites = |word: u32| {
        decode(word, image.family)
            .effects()
            .writes
            .contains(Regs::gpr(source))
    };
    let untouched = !words().take_while(|word| !is_high(word)).any(overwrites);
    untouched.then_some(built)
}
