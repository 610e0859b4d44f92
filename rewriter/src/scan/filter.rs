//! A few masked comparisons that cover all patterns of a family.

use alloc::vec::Vec;
use magicpage::{Endian, Family};

use crate::classify::{Pattern, patterns};

/// Comparisons in a filter.
const COMPARISONS: usize = 4;

/// A set of masked comparisons, in the byte order of memory: every word that [`crate::classify::classify`] knows
/// passes at least one; few others do.
#[derive(Clone, Debug)]
pub struct Filter {
    comparisons: [Pattern; COMPARISONS],
    /// What all comparisons have in common: the primary opcode, above all.
    common: Pattern,
}

impl Filter {
    /// The filter for code of this family and byte order.
    pub fn new(family: Family, endian: Endian) -> Self {
        let mut cover = patterns(family);
        while cover.len() > COMPARISONS {
            merge_cheapest(&mut cover);
        }
        let in_memory_order = |word: u32| u32::from_ne_bytes(endian.write_u32(word));
        let mut comparisons = [cover[0]; COMPARISONS];
        comparisons[..cover.len()].copy_from_slice(&cover);
        for comparison in &mut comparisons {
            comparison.mask = in_memory_order(comparison.mask);
            comparison.value = in_memory_order(comparison.value);
        }
        let common = comparisons.into_iter().reduce(union).unwrap_or(comparisons[0]);
        Self { comparisons, common }
    }

    /// Whether one word passes.
    #[inline(always)]
    pub fn one(&self, bytes: [u8; 4]) -> bool {
        self.common.matches(u32::from_ne_bytes(bytes)) && self.any(&[bytes])
    }

    /// Whether any word of the block passes. No word's outcome decides about another's, so that the loop becomes
    /// vector code.
    #[inline(always)]
    pub fn any<const N: usize>(&self, block: &[[u8; 4]; N]) -> bool {
        let comparisons = self.comparisons;
        let mut hit = false;
        for bytes in block {
            let word = u32::from_ne_bytes(*bytes);
            for comparison in &comparisons {
                hit |= comparison.matches(word);
            }
        }
        hit
    }
}

/// Replaces the two patterns whose union costs least by their union: common words that pass, above all, then
/// additional words of any kind.
fn merge_cheapest(cover: &mut Vec<Pattern>) {
    let cost = |(first, second): (usize, usize)| {
        let (a, b) = (cover[first], cover[second]);
        let both = union(a, b);
        let common = COMMON.iter().filter(|(word, _)| both.matches(*word)).count();
        (
            common,
            both.matches(MFCR),
            words(both).saturating_sub(words(a) + words(b)),
        )
    };
    let pairs =
        (0..cover.len()).flat_map(|first| (first + 1..cover.len()).map(move |second| (first, second)));
    let Some((first, second)) = pairs.min_by_key(|pair| cost(*pair)) else {
        return;
    };
    let merged = union(cover[first], cover[second]);
    cover.swap_remove(second);
    cover[first] = merged;
}

/// `mfcr r0`: one word in a thousand. Better that it does not pass, but no harm if it does.
const MFCR: u32 = 0x7c00_0026;

/// Words that kernels are full of and that share opcode 31 with the candidates: they must not pass.
const COMMON: &[(u32, &str)] = &[
    (0x7c08_02a6, "mflr r0"),
    (0x7c08_03a6, "mtlr r0"),
    (0x7d29_03a6, "mtctr r9"),
    (0x7d29_02a6, "mfctr r9"),
    (0x7c01_02a6, "mfxer r0"),
    (0x7d8c_42a6, "mftb r12"),
    (0x7c7e_1b78, "mr r30,r3"),
    (0x7d23_4b78, "mr r3,r9"),
    (0x7d81_8120, "mtocrf 8,r12"),
    (0x7c00_04ac, "sync"),
    (0x7c00_06ac, "eieio"),
    (0x7d20_0028, "lwarx r9,0,r0"),
    (0x7d20_492d, "stwcx. r9,0,r9"),
    (0x7d49_502a, "ldx r10,r9,r10"),
    (0x7d43_4a14, "add r10,r3,r9"),
    (0x7c0a_5000, "cmpw r10,r10"),
    (0x7c00_01ec, "dcbtst 0,r0"),
];

/// The pattern of the bits in which both agree.
const fn union(a: Pattern, b: Pattern) -> Pattern {
    let mask = a.mask & b.mask & !(a.value ^ b.value);
    Pattern {
        mask,
        value: a.value & mask,
    }
}

/// How many words match.
const fn words(pattern: Pattern) -> u64 {
    1 << pattern.mask.count_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_do_not_pass() {
        for family in Family::ALL {
            let filter = Filter::new(family, Endian::Big);
            for (word, text) in COMMON {
                assert!(!filter.any(&[word.to_be_bytes()]), "{family}: {text}");
            }
        }
    }
}
