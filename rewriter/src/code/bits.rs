//! One bit a word.

use alloc::vec;
use alloc::vec::Vec;

/// A set of word indices.
#[derive(Clone, Debug)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// An empty set of indices below `length`.
    pub fn new(length: usize) -> Self {
        Self(vec![0; length.div_ceil(64)])
    }

    /// Whether `index` is in the set.
    pub fn get(&self, index: usize) -> bool {
        self.0
            .get(index / 64)
            .is_some_and(|word| word >> (index % 64) & 1 != 0)
    }

    /// Adds `index`; whether it was not there before.
    pub fn set(&mut self, index: usize) -> bool {
        let Some(word) = self.0.get_mut(index / 64) else {
            return false;
        };
        let bit = 1 << (index % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}
