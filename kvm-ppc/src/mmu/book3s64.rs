//! 64-bit Book3S: the segment look-aside buffer and the hashed page table, pages of 4 KiB and 16 MiB.
//!
//! Power ISA 2.07 Book III-S 5.7. Virtual page class keys are all permissive, and there is no hypervisor above the
//! guest: real addresses are the guest's own.

use super::fault::{self, NO_EXECUTE, NOT_FOUND, PROTECTION};
use super::hashed::{self, BY_KEY_AND_PP, CHANGED, GUARDED, REFERENCED};
use super::slb::{Segment, Slb};
use super::{Found, is_user, relocated};
use crate::exception::Exception;
use crate::hardware::{Access, Hardware, Rights};

/// The bits of an effective address that real mode looks at.
pub(super) const REAL: u64 = 0x0fff_ffff_ffff_ffff;

/// The registers of the MMU.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Book3s64 {
    /// The segment look-aside buffer.
    pub slb: Slb,
    /// SDR1: base and size of the page table.
    pub sdr1: u64,
}

const VALID: u64 = 1;
const SECONDARY: u64 = 2;
const LARGE: u64 = 4;
/// What of an entry's first half is compared: B, AVPN, L, H and V; the rest is software's.
const COMPARED: u64 = !0x78;

/// The fourth of PP's bits stands apart, at the top.
const PP0: u64 = 0x8000_0000_0000_0000;
const PAGE_NO_EXECUTE: u64 = 4;
const FRAME: u64 = 0x0fff_ffff_ffff_f000;

impl Book3s64 {
    pub(super) fn translate(
        &self,
        hardware: &mut dyn Hardware,
        msr: u64,
        address: u64,
        access: Access,
    ) -> Result<Found, Exception> {
        if !relocated(msr, access) {
            return Ok(Found {
                physical: address & REAL,
                rights: Rights::all(),
            });
        }
        let fails = |why| fault::storage(address, access, why);
        let fetches = access == Access::Fetch;
        let segment = self
            .slb
            .find(address)
            .ok_or_else(|| fault::segment(address, access))?;
        let shift = segment
            .page_shift()
            .ok_or_else(|| fault::segment(address, access))?;
        if fetches && segment.no_execute() {
            return Err(fails(NO_EXECUTE));
        }
        let found = self.search(hardware, segment, shift, address)?;
        let (end, entry) = found.ok_or_else(|| fails(NOT_FOUND))?;
        let mut low = hashed::mark(hardware, end, entry, REFERENCED)?;

        let mut rights = permitted(entry, segment.key(is_user(msr)));
        if !rights.contains(if fetches { Rights::READ } else { access.right() }) {
            return Err(fails(PROTECTION));
        }
        let executable = !segment.no_execute() && entry & (GUARDED | PAGE_NO_EXECUTE) == 0;
        if fetches && !executable {
            return Err(fails(NO_EXECUTE));
        }
        if access == Access::Store {
            low = hashed::mark(hardware, end, low, CHANGED)?;
        }
        rights.set(Rights::EXECUTE, executable);
        if low & CHANGED == 0 {
            rights.remove(Rights::WRITE);
        }
        let offset = (1 << shift) - 1;
        Ok(Found {
            physical: entry & FRAME & !offset | address & offset,
            rights,
        })
    }

    /// The matching entry: the physical address behind it, and its second half.
    fn search(
        &self,
        hardware: &dyn Hardware,
        segment: Segment,
        shift: u32,
        address: u64,
    ) -> Result<Option<(u64, u64)>, Exception> {
        let within = address & ((1 << segment.shift()) - 1);
        let page = within >> shift;
        let number = segment.identifier();
        let (size, hash) = match segment.shift() {
            28 => (0, number ^ page),
            _ => (1 << 62, number ^ number << 25 ^ page),
        };
        let large = if shift == 12 { 0 } else { LARGE };
        let virtual_page = number << (segment.shift() - 23) | page << shift >> 23;
        let wanted = size | virtual_page << 7 | large | VALID;
        for (hash, wanted) in [(hash, wanted), (!hash, wanted | SECONDARY)] {
            let physical = self.group(hash);
            let group: [u64; 16] = hashed::group(hardware, physical)?;
            for ([first, second], end) in group.as_chunks().0.iter().zip((physical + 16..).step_by(16)) {
                if first & COMPARED == wanted {
                    return Ok(Some((end, *second)));
                }
            }
        }
        Ok(None)
    }

    /// The physical address of the group for a hash.
    const fn group(&self, hash: u64) -> u64 {
        let base = self.sdr1 & 0x0fff_ffff_fffc_0000;
        let size = match self.sdr1 & 0x1f {
            size @ 0..=28 => size,
            _ => 28,
        };
        let mask = (1 << (size + 11)) - 1;
        base | (hash & mask) << 7
    }
}

/// Rights to data by PP's three bits and key (Power ISA 2.07 Book III-S figure 28).
const fn permitted(entry: u64, key: bool) -> Rights {
    let pp = entry & 3;
    match (entry & PP0 != 0, pp, key) {
        (false, ..) => BY_KEY_AND_PP[key as usize][pp as usize],
        (true, 2, false) => Rights::READ,
        (true, ..) => Rights::empty(),
    }
}
