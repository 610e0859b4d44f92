//! e500v2: two TLBs that software fills.
//!
//! Everything is always translated; MSR\[IS\] and MSR\[DS\] choose an address space (e500 Core Family Reference Manual
//! chapter 12).

use super::mas::{USER_EXECUTE, USER_READ, USER_WRITE};
use super::tlb::{Entry, Tlb};
use super::{Found, fault, is_user, relocated};
use crate::exception::Exception;
use crate::hardware::{Access, Hardware, Rights};
use crate::page::low32;
use crate::vcpu::Supervisor;

/// The registers of the MMU that are not in the page.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct E500 {
    /// The TLBs.
    pub tlb: Tlb,
    /// PID0, PID1 and PID2. An entry of any of them translates, and one of process 0.
    pub pids: [u8; 3],
}

impl Supervisor {
    pub(super) fn translate_e500(
        &self,
        mmu: &E500,
        hardware: &mut dyn Hardware,
        msr: u64,
        address: u64,
        access: Access,
    ) -> Result<Found, Exception> {
        let space = relocated(msr, access);
        let effective = low32(address);
        let Some(entry) = mmu.tlb.find(effective, space, &mmu.pids) else {
            let mut mas = self.mas(hardware);
            mmu.tlb.miss(&mut mas, effective, space, mmu.pids);
            self.set_mas(hardware, &mas);
            return Err(fault::miss(address, access));
        };
        let rights = rights(entry, is_user(msr));
        if !rights.contains(access.right()) {
            return Err(fault::permission(address, access));
        }
        Ok(Found {
            physical: entry.physical(effective),
            rights,
        })
    }
}

fn rights(entry: Entry, user: bool) -> Rights {
    let permissions = entry.permissions(user);
    let mut rights = Rights::empty();
    rights.set(Rights::EXECUTE, permissions & USER_EXECUTE != 0);
    rights.set(Rights::WRITE, permissions & USER_WRITE != 0);
    rights.set(Rights::READ, permissions & USER_READ != 0);
    rights
}
