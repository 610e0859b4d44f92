//! How an access of any size becomes accesses to words.

/// The bytes of one word that an access touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Offset of the word in the device: a multiple of 4.
    pub(crate) word: u32,
    /// Ones in the bytes that are meant; never 0.
    pub(crate) lanes: u32,
}

impl Part {
    /// How many bits are meant.
    pub(crate) fn bits(self) -> u32 {
        self.lanes.count_ones()
    }

    /// The meant bytes of `word`, moved to the bottom.
    pub(crate) fn extract(self, word: u32) -> u32 {
        (word & self.lanes) >> self.lanes.trailing_zeros()
    }

    /// The low bytes of `value`, moved to the lanes.
    pub(crate) fn insert(self, value: u32) -> u32 {
        (value << self.lanes.trailing_zeros()) & self.lanes
    }
}

/// The words that `bytes` bytes from `offset` on touch, in ascending order.
pub(crate) fn parts(offset: u32, bytes: u8) -> impl Iterator<Item = Part> {
    let end = offset + u32::from(bytes);
    (offset & !3..end).step_by(4).map(move |word| {
        let first = offset.saturating_sub(word);
        let last = (end - word).min(4);
        let from_first = u32::MAX >> (8 * first);
        let after_last = u32::MAX.unbounded_shr(8 * last);
        Part {
            word,
            lanes: from_first & !after_last,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn an_access_is_split_at_words() {
        let split = |offset, bytes| {
            parts(offset, bytes)
                .map(|part| (part.word, part.lanes))
                .collect::<Vec<_>>()
        };
        assert_eq!(split(4, 4), [(4, 0xffff_ffff)]);
        assert_eq!(split(4, 1), [(4, 0xff00_0000)]);
        assert_eq!(split(7, 1), [(4, 0x0000_00ff)]);
        assert_eq!(split(6, 2), [(4, 0x0000_ffff)]);
        assert_eq!(split(7, 2), [(4, 0x0000_00ff), (8, 0xff00_0000)]);
        assert_eq!(split(0, 8), [(0, 0xffff_ffff), (4, 0xffff_ffff)]);
        assert_eq!(
            split(2, 8),
            [(0, 0x0000_ffff), (4, 0xffff_ffff), (8, 0xffff_0000)]
        );
    }

    #[test]
    fn insert_and_extract_are_inverse() {
        let part = Part {
            word: 0,
            lanes: 0x00ff_ff00,
        };
        assert_eq!(part.insert(0x1234), 0x0012_3400);
        assert_eq!(part.extract(0xff12_34ff), 0x1234);
        assert_eq!(part.bits(), 16);
    }
}
