//! What the policies that change the interface change in a trampoline.
//!
//! Split critical page: `critical` is a page lower, and nothing else differs. Notification page: a store to the second
//! page follows each store that ends a section.

use magicpage::{Endian, Family, WordSize, critical};

/// How a guest's trampolines use the second page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// Not at all.
    Plain,
    /// For `critical`.
    Split,
    /// For a store after each section.
    Notify,
}

const STW: u32 = 36;
const STD: u32 = 62;
const BC: u32 = 16;
/// `stw r2, -8192(0)`.
const NOTIFY: u32 = 0x9040_e000;

impl Variant {
    /// What the code of a trampoline becomes.
    pub fn apply(self, words: &[u32], family: Family, endian: Endian) -> Vec<u32> {
        match self {
            Self::Plain => words.to_vec(),
            Self::Split => words.iter().map(|word| split(*word, family, endian)).collect(),
            Self::Notify => notify(words, family, endian),
        }
    }
}

/// The register that an instruction stores to `critical`, if it is such a store.
fn stored_to_critical(word: u32, family: Family, endian: Endian) -> Option<u32> {
    let opcode = match family.word_size() {
        WordSize::Word32 => STW,
        WordSize::Word64 => STD,
    };
    let place = critical::FIELD.offset_in(endian, family.word_size());
    let displacement = u32::from(place.displacement().cast_unsigned());
    let base_is_zero = word >> 16 & 31 == 0;
    (word >> 26 == opcode && base_is_zero && word & 0xffff == displacement).then_some(word >> 21 & 31)
}

fn split(word: u32, family: Family, endian: Endian) -> u32 {
    match stored_to_critical(word, family, endian) {
        Some(_) => word & 0xffff_0000 | (word & 0xffff).wrapping_sub(0x1000) & 0xffff,
        None => word,
    }
}

fn notify(words: &[u32], family: Family, endian: Endian) -> Vec<u32> {
    let ends = |word: &u32| stored_to_critical(*word, family, endian).is_some_and(|register| register != 1);
    let before = |index: usize| words[..index].iter().filter(|word| ends(word)).count();
    let moved = |index: usize| index + before(index);
    let mut out = Vec::new();
    for (index, word) in words.iter().enumerate() {
        out.push(match word >> 26 {
            BC => {
                // BD is a signed distance in bytes, a multiple of four.
                let [.., high, low] = word.to_be_bytes();
                let distance = isize::from(i16::from_be_bytes([high, low & 0xfc]) / 4);
                let target = index.wrapping_add_signed(distance);
                let distance = i16::try_from(4 * (moved(target) - moved(index))).unwrap_or(0);
                word & 0xffff_0003 | u32::from(distance.cast_unsigned()) & 0xfffc
            }
            _ => *word,
        });
        if ends(word) {
            out.push(NOTIFY);
        }
    }
    out
}
