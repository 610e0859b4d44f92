//! Finds candidate words.
//!
//! A kernel has one candidate in some thousand words. The [`Filter`] is a handful of masked comparisons that every
//! candidate passes and almost nothing else does; a block of words is run through it without a branch, which
//! the compiler turns into vector instructions (with the feature `simd` into the widest that the processor has), and
//! only a block with a hit is looked at word by word.

mod filter;

use alloc::vec::Vec;
use magicpage::{Endian, Family};

pub use filter::Filter;

use crate::classify::{Operation, classify};
use crate::image::Image;

/// A word that is one of the operations the page can serve, wherever it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Address of the word.
    pub address: u64,
    /// The word.
    pub word: u32,
    /// What it is.
    pub operation: Operation,
}

/// Words in a block.
const BLOCK: usize = 32;

/// Every candidate of an image, in the order of addresses.
pub fn scan(image: &Image) -> Vec<Candidate> {
    let scanner = Scanner::new(image.family, image.endian);
    let mut found = Vec::new();
    for region in &image.regions {
        scanner.scan(region.bytes, |offset, word, operation| {
            found.push(Candidate {
                address: region.address + offset as u64,
                word,
                operation,
            });
        });
    }
    found
}

/// Finds candidates in bytes.
pub struct Scanner {
    filter: Filter,
    family: Family,
    endian: Endian,
}

impl Scanner {
    /// A scanner for code of this family and byte order.
    pub fn new(family: Family, endian: Endian) -> Self {
        Self {
            filter: Filter::new(family, endian),
            family,
            endian,
        }
    }

    /// Calls `found` with byte offset, word and operation of every candidate. Bytes behind the last whole word
    /// are not looked at.
    pub fn scan(&self, bytes: &[u8], mut found: impl FnMut(usize, u32, Operation)) {
        let (words, _) = bytes.as_chunks::<4>();
        let (blocks, rest) = words.as_chunks::<BLOCK>();
        for index in self.hits(blocks) {
            self.examine(&blocks[index], index * BLOCK, &mut found);
        }
        self.examine(rest, blocks.len() * BLOCK, &mut found);
    }

    /// Indices of the blocks in which a word passes the filter.
    fn hits(&self, blocks: &[[[u8; 4]; BLOCK]]) -> Vec<usize> {
        let search = || {
            let mut hits = Vec::new();
            for (index, block) in blocks.iter().enumerate() {
                if self.filter.any(block) {
                    hits.push(index);
                }
            }
            hits
        };
        #[cfg(feature = "simd")]
        let hits = pulp::Arch::new().dispatch(search);
        #[cfg(not(feature = "simd"))]
        let hits = search();
        hits
    }

    fn examine(&self, words: &[[u8; 4]], first: usize, found: &mut impl FnMut(usize, u32, Operation)) {
        for (index, bytes) in words.iter().enumerate() {
            if !self.filter.one(*bytes) {
                continue;
            }
            let word = self.endian.read_u32(*bytes);
            if let Some(operation) = classify(word, self.family) {
                found((first + index) * 4, word, operation);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::patterns;

    #[test]
    fn finds_every_pattern_at_every_place_of_a_block() {
        for family in Family::ALL {
            for endian in [Endian::Big, Endian::Little] {
                let scanner = Scanner::new(family, endian);
                for (index, pattern) in patterns(family).into_iter().enumerate() {
                    for word in [pattern.value, pattern.value | !pattern.mask] {
                        let mut bytes = [0x60; (2 * BLOCK + 3) * 4];
                        let at = index * 31 % (2 * BLOCK + 3) * 4;
                        bytes[at..at + 4].copy_from_slice(&endian.write_u32(word));
                        let mut found = Vec::new();
                        scanner.scan(&bytes, |offset, word, _| found.push((offset, word)));
                        assert_eq!(found, [(at, word)]);
                    }
                }
            }
        }
    }
}
