//! Addresses that an image holds: in words of data, and in pairs of instructions that build them.

use cpu::operand::field5;
use cpu::{Regs, decode};
use magicpage::WordSize;

use crate::image::Image;

/// How far before the low half of an address its high half is looked for, in words.
const PAIR_DISTANCE: u64 = 16;

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

/// The addresses that code builds and that are `wanted`: `addis`, from nothing or from the TOC pointer, and within a
/// few words `addi` or `ori` from the register it wrote.
pub fn built_addresses<'i>(
    image: &'i Image,
    wanted: impl Fn(u64) -> bool + Copy + 'i,
) -> impl Iterator<Item = u64> + 'i {
    image.regions.iter().flat_map(move |region| {
        let (words, _) = region.bytes.as_chunks::<4>();
        words.iter().enumerate().filter_map(move |(index, bytes)| {
            let low = image.endian.read_u32(*bytes);
            matches!(low >> 26, ADDI | ORI).then_some(())?;
            built_at(image, region.address + 4 * index as u64, low, wanted)
        })
    })
}

fn built_at(image: &Image, address: u64, low: u32, wanted: impl Fn(u64) -> bool) -> Option<u64> {
    let immediate = u64::from(low & 0xffff);
    let (source, offset) = match low >> 26 {
        ADDI => (field5(low, 16), (immediate ^ 0x8000).wrapping_sub(0x8000)),
        _ => (field5(low, 21), immediate),
    };
    let before = |distance: u64| image.word(address.checked_sub(4 * distance)?);
    let is_high = |word: u32| word >> 26 == ADDIS && field5(word, 21) == source;
    let (distance, high) =
        (1..=PAIR_DISTANCE).find_map(|n| before(n).filter(|word| is_high(*word)).map(|word| (n, word)))?;
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
    let untouched = || !(1..distance).filter_map(before).any(overwrites);
    (wanted(built) && untouched()).then_some(built)
}
