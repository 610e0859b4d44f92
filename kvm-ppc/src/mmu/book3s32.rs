//! 32-bit Book3S: BATs, then segment registers and the hashed page table.
//!
//! MPC750 User's Manual chapter 5, 32-bit Programming Environments Manual chapter 7. Two things are the 750's own
//! choice where the architecture leaves one: the referenced bit is set although PP and key forbid the access (table
//! 5-8), and a direct-store segment raises DSISR bit 5 for every load and store, since the bus has none (table 5-3).

use super::bat::{Bats, Hit};
use super::fault::{self, DIRECT_STORE, NO_EXECUTE, NOT_FOUND, PROTECTION};
use super::hashed::{self, BY_KEY_AND_PP, CHANGED, GUARDED, REFERENCED};
use super::{Found, is_user, relocated};
use crate::exception::Exception;
use crate::hardware::{Access, Hardware, Rights, Shared};
use crate::page::low32;
use crate::vcpu::Supervisor;

/// The registers of the MMU that are not in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Book3s32 {
    /// The BATs.
    pub bats: Bats,
    /// SDR1: base and size of the page table.
    pub sdr1: u32,
}

const DIRECT: u32 = 0x8000_0000;
const KEY_SUPERVISOR: u32 = 0x4000_0000;
const KEY_USER: u32 = 0x2000_0000;
const NO_EXECUTE_SEGMENT: u32 = 0x1000_0000;
const VSID: u32 = 0x00ff_ffff;

/// First half of a page table entry: V, and H of an entry at its secondary place.
const VALID: u32 = 0x8000_0000;
const SECONDARY: u32 = 0x40;

/// The rights that one kind of access is about.
const fn kind(access: Access) -> Rights {
    match access {
        Access::Fetch => Rights::EXECUTE,
        Access::Load | Access::Store => Rights::READ.union(Rights::WRITE),
    }
}

/// The kind of access that this one is not: its BATs are the other array.
const fn other(access: Access) -> Access {
    match access {
        Access::Fetch => Access::Load,
        Access::Load | Access::Store => Access::Fetch,
    }
}

impl Supervisor {
    pub(super) fn translate32(
        &self,
        mmu: &Book3s32,
        hardware: &mut dyn Hardware,
        msr: u64,
        address: u64,
        access: Access,
    ) -> Result<Found, Exception> {
        if !relocated(msr, access) {
            return Ok(Found {
                physical: address,
                rights: Rights::all(),
            });
        }
        let user = is_user(msr);
        let effective = low32(address);
        let beside = mmu.bats.find(other(access), effective, user);
        if let Some(hit) = mmu.bats.find(access, effective, user) {
            return through_block(hit, beside, address, access);
        }
        let segment = self
            .layout()
            .segment(hardware.shared(Shared::Magic), (effective >> 28) as u8);
        let mut found = mmu.through_segment(hardware, segment, user, effective, access)?;
        if beside.is_some() {
            found.rights &= kind(access);
        }
        Ok(found)
    }
}

/// A block's answer. One mapping may serve fetches and data only where both arrays lead to the same place.
fn through_block(hit: Hit, beside: Option<Hit>, address: u64, access: Access) -> Result<Found, Exception> {
    if !hit.rights.contains(access.right()) {
        return Err(fault::storage(address, access, PROTECTION));
    }
    let same = beside.filter(|beside| beside.physical == hit.physical);
    let rights = hit.rights | same.map_or(Rights::empty(), |beside| beside.rights);
    Ok(Found {
        physical: hit.physical.into(),
        rights,
    })
}

impl Book3s32 {
    fn through_segment(
        &self,
        hardware: &mut dyn Hardware,
        segment: u32,
        user: bool,
        effective: u32,
        access: Access,
    ) -> Result<Found, Exception> {
        let fails = |why| fault::storage(effective.into(), access, why);
        let fetches = access == Access::Fetch;
        if segment & DIRECT != 0 {
            return Err(fails(if fetches { NO_EXECUTE } else { DIRECT_STORE }));
        }
        if fetches && segment & NO_EXECUTE_SEGMENT != 0 {
            return Err(fails(NO_EXECUTE));
        }
        let (end, entry) = self
            .search(hardware, segment & VSID, effective)?
            .ok_or_else(|| fails(NOT_FOUND))?;
        let mut low = hashed::mark(hardware, end, entry.into(), REFERENCED)?;

        let key = segment & if user { KEY_USER } else { KEY_SUPERVISOR } != 0;
        let mut rights = BY_KEY_AND_PP[usize::from(key)][(entry & 3) as usize];
        let wanted = if fetches { Rights::READ } else { access.right() };
        if !rights.contains(wanted) {
            return Err(fails(PROTECTION));
        }
        let executable = segment & NO_EXECUTE_SEGMENT == 0 && low & GUARDED == 0;
        if fetches && !executable {
            return Err(fails(NO_EXECUTE));
        }
        if access == Access::Store {
            low = hashed::mark(hardware, end, low, CHANGED)?;
        }
        rights.set(Rights::EXECUTE, executable && rights.contains(Rights::READ));
        if low & CHANGED == 0 {
            rights.remove(Rights::WRITE);
        }
        Ok(Found {
            physical: (entry & 0xffff_f000 | effective & 0xfff).into(),
            rights,
        })
    }

    /// The matching entry: the physical address behind it, and its second half (Programming Environments Manual 7.6.1).
    fn search(
        &self,
        hardware: &dyn Hardware,
        vsid: u32,
        effective: u32,
    ) -> Result<Option<(u64, u32)>, Exception> {
        let page_index = effective >> 12 & 0xffff;
        let hash = vsid & 0x7_ffff ^ page_index;
        let wanted = VALID | vsid << 7 | page_index >> 10;
        for (hash, wanted) in [(hash, wanted), (!hash, wanted | SECONDARY)] {
            let physical = u64::from(self.group(hash));
            let group: [u64; 8] = hashed::group(hardware, physical)?;
            for (entry, end) in group.into_iter().zip((physical + 8..).step_by(8)) {
                if low32(entry >> 32) == wanted {
                    return Ok(Some((end, low32(entry))));
                }
            }
        }
        Ok(None)
    }

    /// The physical address of the group for a hash of 19 bits.
    const fn group(&self, hash: u32) -> u32 {
        let base = self.sdr1 & 0xffff_0000;
        let mask = self.sdr1 & 0x1ff;
        base | (hash >> 10 & mask) << 16 | (hash & 0x3ff) << 6
    }
}
