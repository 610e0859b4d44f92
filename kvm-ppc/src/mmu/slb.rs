//! The segment look-aside buffer of 64-bit Book3S: 32 segments of 256 MiB or 1 TiB, written by software.
//!
//! Operations take the operands of the instructions of the same name and answer with what they make stale (Power ISA
//! 2.07 Book III-S 5.9.3.1).

use alloc::sync::Arc;

use super::Stale;

/// Entries of a POWER8.
pub const ENTRIES: usize = 32;

const VALID: u64 = 0x0800_0000;
const INDEX: u64 = 0xfff;
/// B: segment of 1 TiB.
const LARGE_SEGMENT: u64 = 0x4000_0000_0000_0000;
const KEY_SUPERVISOR: u64 = 0x800;
const KEY_USER: u64 = 0x400;
const NO_EXECUTE: u64 = 0x200;
/// L and LP: the size of the segment's pages.
const PAGE_SIZE: u64 = 0x130;
const LARGE_PAGE: u64 = 0x100;
/// What an entry holds of the operand with the virtual segment identifier.
const FIELDS: u64 = 0xffff_ffff_ffff_ffb0;

/// One segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Segment {
    /// ESID and V, as `slbmfee` answers.
    esid: u64,
    /// B, VSID, Ks, Kp, N, L, C and LP, as `slbmfev` answers.
    vsid: u64,
}

impl Segment {
    const fn is_valid(self) -> bool {
        self.esid & VALID != 0
    }

    /// Its size: how many bits of an address are within it.
    pub(super) const fn shift(self) -> u32 {
        if self.vsid & LARGE_SEGMENT == 0 { 28 } else { 40 }
    }

    const fn covers(self, address: u64) -> bool {
        self.is_valid() && (self.esid ^ address) >> self.shift() == 0
    }

    const fn stale(self) -> Stale {
        if self.is_valid() {
            Stale::around(self.esid, 1 << self.shift())
        } else {
            Stale::NOTHING
        }
    }

    /// The virtual segment identifier.
    pub(super) const fn identifier(self) -> u64 {
        (self.vsid & 0x3fff_ffff_ffff_f000) >> if self.shift() == 28 { 12 } else { 24 }
    }

    pub(super) const fn key(self, user: bool) -> bool {
        self.vsid & if user { KEY_USER } else { KEY_SUPERVISOR } != 0
    }

    pub(super) const fn no_execute(self) -> bool {
        self.vsid & NO_EXECUTE != 0
    }

    /// How many bits of an address are within a page: 12, or 24 with L. Other sizes are not offered.
    pub(super) const fn page_shift(self) -> Option<u32> {
        match self.vsid & PAGE_SIZE {
            0 => Some(12),
            LARGE_PAGE => Some(24),
            _ => None,
        }
    }
}

/// The buffer. Copies share their entries until one of them changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slb {
    entries: Arc<[Segment; ENTRIES]>,
}

impl Default for Slb {
    fn default() -> Self {
        Self {
            entries: Arc::new([Segment::default(); ENTRIES]),
        }
    }
}

impl Slb {
    /// The segment that covers an effective address.
    pub fn find(&self, address: u64) -> Option<Segment> {
        self.entries
            .iter()
            .copied()
            .find(|segment| segment.covers(address))
    }

    /// `slbmte`: `esid` is RB, `vsid` is RS. An index past the last entry changes nothing.
    pub fn write(&mut self, esid: u64, vsid: u64) -> Stale {
        let Some(at) = usize::try_from(esid & INDEX).ok().filter(|at| *at < ENTRIES) else {
            return Stale::NOTHING;
        };
        let large = vsid & LARGE_SEGMENT != 0;
        let number = if large { !0xff_ffff_ffff } else { !0xfff_ffff };
        let segment = Segment {
            esid: esid & (number | VALID),
            vsid: vsid & FIELDS,
        };
        let entry = &mut Arc::make_mut(&mut self.entries)[at];
        let before = core::mem::replace(entry, segment);
        before.stale().and(segment.stale())
    }

    /// `slbie`: RB.
    pub fn invalidate(&mut self, address: u64) -> Stale {
        let address = address & !0xfff_ffff;
        let mut stale = Stale::NOTHING;
        if self.find(address).is_some() {
            for segment in Arc::make_mut(&mut self.entries)
                .iter_mut()
                .filter(|segment| segment.covers(address))
            {
                stale = stale.and(segment.stale());
                segment.esid &= !VALID;
            }
        }
        stale
    }

    /// `slbia`: all entries but the first.
    pub fn invalidate_all(&mut self) -> Stale {
        for segment in &mut Arc::make_mut(&mut self.entries)[1..] {
            segment.esid &= !VALID;
        }
        Stale::ALL
    }

    /// `slbmfee`: RB's index in, RT out.
    pub fn read_esid(&self, index: u64) -> u64 {
        self.read(index).esid
    }

    /// `slbmfev`: RB's index in, RT out.
    pub fn read_vsid(&self, index: u64) -> u64 {
        self.read(index).vsid
    }

    /// `slbfee.`: RB in, RT out, if there is such a segment.
    pub fn find_vsid(&self, address: u64) -> Option<u64> {
        self.find(address & !0xfff_ffff).map(|segment| segment.vsid)
    }

    /// Every entry, in order.
    pub fn entries(&self) -> &[Segment; ENTRIES] {
        &self.entries
    }

    /// The buffer with these entries.
    pub fn with_entries(entries: [Segment; ENTRIES]) -> Self {
        Self {
            entries: Arc::new(entries),
        }
    }

    fn read(&self, index: u64) -> Segment {
        usize::try_from(index & INDEX)
            .ok()
            .and_then(|at| self.entries.get(at).copied())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_as_written() {
        let mut slb = Slb::default();
        let stale = slb.write(0xc000_0000_0800_0003, 0x0000_0123_4567_8c80);
        assert_eq!(
            stale.ranges().collect::<alloc::vec::Vec<_>>(),
            [(0x000c_0000_0000_0000, 0x000c_0000_0000_ffff)]
        );
        assert_eq!(slb.read_esid(3), 0xc000_0000_0800_0000);
        assert_eq!(slb.read_vsid(3), 0x0000_0123_4567_8c80);
        let segment = slb.find(0xc000_0000_0123_4567).expect("written");
        assert_eq!(segment.identifier(), 0x1234_5678);
        assert!(segment.key(false) && segment.key(true) && !segment.no_execute());
        assert_eq!(slb.find(0xc000_0000_1000_0000), None);
        assert_eq!(
            slb.write(0xc000_0000_0800_0020, 0),
            Stale::NOTHING,
            "no such entry"
        );
    }

    #[test]
    fn invalidation_leaves_the_first() {
        let mut slb = Slb::default();
        for at in 0..4 {
            let _ = slb.write(at << 28 | 0x0800_0000 | at, at << 12);
        }
        let stale = slb.invalidate(0x2000_0000);
        assert_eq!(
            stale.ranges().collect::<alloc::vec::Vec<_>>(),
            [(0x2_0000, 0x2_ffff)]
        );
        assert_eq!(slb.find(0x2000_0000), None);
        assert_eq!(slb.invalidate(0x2000_0000), Stale::NOTHING);
        assert_eq!(slb.invalidate_all(), Stale::ALL);
        assert!(slb.find(0).is_some() && slb.find(0x1000_0000).is_none());
    }

    #[test]
    fn a_copy_keeps_its_entries() {
        let mut slb = Slb::default();
        let copy = slb.clone();
        let _ = slb.write(0x0800_0000, 0x1000);
        assert!(slb.find(0).is_some() && copy.find(0).is_none());
    }

    #[test]
    fn a_segment_of_a_tebibyte() {
        let mut slb = Slb::default();
        let _ = slb.write(0x0000_0100_0800_0001, LARGE_SEGMENT | 0x5600_0000);
        let segment = slb.find(0x0000_01ff_ffff_ffff).expect("covered");
        assert_eq!((segment.identifier(), segment.shift()), (0x56, 40));
        assert_eq!(slb.find(0x0000_0200_0000_0000), None);
    }
}
