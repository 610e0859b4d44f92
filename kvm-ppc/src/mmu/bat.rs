//! Block address translation: eight (750) or sixteen (750CL) pairs of registers that map blocks of 128 KiB to
//! 256 MiB.
//!
//! MPC750 User's Manual 5.3 and the 32-bit Programming Environments Manual 7.4. A matching BAT wins over the segment,
//! also when it forbids the access.

use crate::hardware::{Access, Rights};

/// A pair of BAT registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bat {
    /// BEPI, BL, Vs, Vp.
    pub upper: u32,
    /// BRPN, WIMG, PP.
    pub lower: u32,
}

/// All BATs of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bats {
    /// For fetches: IBAT0 to IBAT7.
    pub instruction: [Bat; 8],
    /// For loads and stores: DBAT0 to DBAT7.
    pub data: [Bat; 8],
    /// Whether 4 to 7 translate: HID4\[SBE\] of a 750CL. A 750 has none.
    pub upper_four: bool,
}

/// Where a BAT leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub physical: u32,
    pub rights: Rights,
}

const EPI: u32 = 0xfffe_0000;
const VALID_SUPERVISOR: u32 = 2;
const VALID_USER: u32 = 1;

impl Bat {
    /// The offset bits above the smallest block of 128 KiB: BL, moved to where it masks address bits.
    const fn length(self) -> u32 {
        (self.upper & 0x1ffc) << 15
    }

    fn translate(self, address: u32, user: bool, full: Rights) -> Option<Hit> {
        let valid = if user { VALID_USER } else { VALID_SUPERVISOR };
        let length = self.length();
        if self.upper & valid == 0 || address & EPI & !length != self.upper & EPI {
            return None;
        }
        let physical = self.lower & EPI | address & (length | !EPI);
        let rights = match self.lower & 3 {
            0 => Rights::empty(),
            2 => full,
            _ => full.difference(Rights::WRITE),
        };
        Some(Hit { physical, rights })
    }
}

impl Bats {
    /// The first BAT of the array for this kind of access that covers the address.
    pub(super) fn find(&self, access: Access, address: u32, user: bool) -> Option<Hit> {
        let (array, full) = match access {
            Access::Fetch => (&self.instruction, Rights::EXECUTE),
            Access::Load | Access::Store => (&self.data, Rights::READ.union(Rights::WRITE)),
        };
        let count = if self.upper_four { 8 } else { 4 };
        array[..count]
            .iter()
            .find_map(|bat| bat.translate(address, user, full))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RW: Rights = Rights::READ.union(Rights::WRITE);

    /// Upper, lower, address, user: physical address and rights of a data access.
    type Vector = (u32, u32, u32, bool, Option<(u32, Rights)>);

    const VECTORS: &[Vector] = &[
        // 256 MiB, both modes, read and write: Linux's first BAT.
        (
            0xc000_1ffe,
            0x0000_0002,
            0xc123_4567,
            false,
            Some((0x0123_4567, RW)),
        ),
        (0xc000_1ffe, 0x0000_0002, 0xc123_4567, true, None),
        (
            0xc000_1fff,
            0x0000_0002,
            0xcfff_ffff,
            true,
            Some((0x0fff_ffff, RW)),
        ),
        (0xc000_1fff, 0x0000_0002, 0xd000_0000, true, None),
        // 128 KiB.
        (
            0x0002_0002,
            0x8006_0002,
            0x0003_ffff,
            false,
            Some((0x8007_ffff, RW)),
        ),
        (0x0002_0002, 0x8006_0002, 0x0004_0000, false, None),
        (0x0002_0002, 0x8006_0002, 0x0001_ffff, false, None),
        // 1 MiB: BL = 0b111.
        (
            0x8010_001e,
            0xfff0_0002,
            0x801a_bcde,
            false,
            Some((0xfffa_bcde, RW)),
        ),
        // Protection: none, read, read-write, read. WIMG is of no account.
        (
            0xc000_1ffe,
            0x0000_0078,
            0xc000_0000,
            false,
            Some((0, Rights::empty())),
        ),
        (
            0xc000_1ffe,
            0x0000_0079,
            0xc000_0000,
            false,
            Some((0, Rights::READ)),
        ),
        (0xc000_1ffe, 0x0000_007a, 0xc000_0000, false, Some((0, RW))),
        (
            0xc000_1ffe,
            0x0000_007b,
            0xc000_0000,
            false,
            Some((0, Rights::READ)),
        ),
        // Valid for nobody.
        (0xc000_1ffc, 0x0000_0002, 0xc000_0000, false, None),
        (0xc000_1ffc, 0x0000_0002, 0xc000_0000, true, None),
    ];

    #[test]
    fn vectors() {
        for &(upper, lower, address, user, expected) in VECTORS {
            let mut bats = Bats::default();
            bats.data[3] = Bat { upper, lower };
            let hit = bats
                .find(Access::Load, address, user)
                .map(|hit| (hit.physical, hit.rights));
            assert_eq!(hit, expected, "{upper:08x} {lower:08x} {address:08x} {user}");
            assert_eq!(bats.find(Access::Fetch, address, user), None, "a data BAT");
        }
    }

    #[test]
    fn the_upper_four_need_hid4() {
        let mut bats = Bats::default();
        bats.instruction[4] = Bat {
            upper: 0x1ffe,
            lower: 1,
        };
        assert_eq!(bats.find(Access::Fetch, 0x1234, false), None);
        bats.upper_four = true;
        let hit = bats.find(Access::Fetch, 0x1234, false);
        assert_eq!(
            hit,
            Some(Hit {
                physical: 0x1234,
                rights: Rights::EXECUTE
            })
        );
    }
}
