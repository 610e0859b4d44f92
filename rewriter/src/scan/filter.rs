//! A few masked comparisons that cover all patterns of a family.

use alloc::vec::Vec;
use magicpage::{Endian, Family};

use crate::classify::{Pattern, patterns};

/// Comparisons in a filter.
const COMPARISONS: usize = 6;

/// A set of masked comparisons, in the byte order of memory: every word that [`crate::classify::classify`] knows
/// passes at least one; few others do.
#[derive(Clone, Debug)]
pub struct Filter {
    comparisons: [Pattern; COMPARISONS],
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
        Self { comparisons }
    }

    /// Whether any word of the block passes. No word's outcome decides about another's, so that the loop becomes
    /// vector code.
    #[inline]
    pub fn any<const N: usize>(&self, block: &[[u8; 4]; N]) -> bool {
        let mut hits = 0u32;
        for bytes in block {
            let word = u32::from_ne_bytes(*bytes);
            for comparison in &self.comparisons {
                hits |= u32::from(word & comparison.mask == comparison.value);
            }
        }
        hits != 0
    }
}

/// Replaces the two patterns whose union costs the fewest additional words by their union.
fn merge_cheapest(cover: &mut Vec<Pattern>) {
    let mut best = (u64::MAX, 0, 0);
    for first in 0..cover.len() {
        for second in first + 1..cover.len() {
            let (a, b) = (cover[first], cover[second]);
            let added = words(union(a, b)).saturating_sub(words(a) + words(b));
            if added < best.0 {
                best = (added, first, second);
            }
        }
    }
    let merged = union(cover[best.1], cover[best.2]);
    cover.swap_remove(best.2);
    cover[best.1] = merged;
}

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

    /// Words that kernels are full of and that share opcode 31 with the candidates.
    const COMMON: &[(u32, &str)] = &[
        (0x7c08_02a6, "mflr r0"),
        (0x7c08_03a6, "mtlr r0"),
        (0x7d29_03a6, "mtctr r9"),
        (0x7c7e_1b78, "mr r30,r3"),
        (0x7d23_4b78, "mr r3,r9"),
        (0x7c00_0026, "mfcr r0"),
        (0x7c00_04ac, "sync"),
        (0x7d20_0028, "lwarx r9,0,r0"),
        (0x7c0a_5000, "cmpw r10,r10"),
    ];

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
