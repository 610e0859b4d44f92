//! What a change of the guest's translation makes stale in the shadow.

/// Pages of effective addresses whose mappings are to be taken back.
///
/// The operations of [`Tlb`](super::Tlb) and [`Slb`](super::Slb) answer with it;
/// [`Shadow::discard`](crate::shadow::Shadow::discard) carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the hardware still has the mappings"]
pub struct Stale {
    /// First and last page, both included.
    ranges: [Option<(u64, u64)>; 2],
}

impl Stale {
    /// Nothing.
    pub const NOTHING: Self = Self { ranges: [None, None] };

    /// All there is.
    pub const ALL: Self = Self {
        ranges: [Some((0, u64::MAX)), None],
    };

    /// `bytes`, a power of two of at least 4 KiB, around an effective address.
    pub(super) const fn around(address: u64, bytes: u64) -> Self {
        let first = (address & !(bytes - 1)) >> 12;
        Self {
            ranges: [Some((first, first + (bytes >> 12) - 1)), None],
        }
    }

    /// What is stale here or there; everything, where that makes more than two ranges.
    pub(super) fn and(self, other: Self) -> Self {
        let mut all = self.ranges().chain(
            other
                .ranges()
                .filter(|range| !self.ranges.contains(&Some(*range))),
        );
        let ranges = [all.next(), all.next()];
        if all.next().is_some() {
            Self::ALL
        } else {
            Self { ranges }
        }
    }

    /// The ranges: first and last page, both included, as effective addresses shifted right by 12.
    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        self.ranges.iter().copied().flatten()
    }
}
