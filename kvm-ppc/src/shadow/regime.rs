//! What every mapping depends on and no space stands for, because a guest sets it once.

use crate::mmu::{Book3s32, Mmu};
use crate::page::Mapped;
use crate::vcpu::Supervisor;

/// The magic page's addresses and the registers that hold for all segments and processes.
#[derive(Clone, Debug)]
pub(super) struct Regime {
    page: Option<Mapped>,
    tables: Tables,
}

#[derive(Clone, Debug)]
enum Tables {
    Book3s32(Book3s32),
    /// SDR1.
    Book3s64(u64),
    E500,
}

impl Regime {
    pub(super) fn new(supervisor: &Supervisor) -> Self {
        let tables = match &supervisor.mmu {
            Mmu::Book3s32(mmu) => Tables::Book3s32(**mmu),
            Mmu::Book3s64(mmu) => Tables::Book3s64(mmu.sdr1),
            Mmu::E500(_) => Tables::E500,
        };
        Self {
            page: supervisor.page,
            tables,
        }
    }

    /// Whether it is still the guest's.
    pub(super) fn holds(&self, supervisor: &Supervisor) -> bool {
        let same = match (&self.tables, &supervisor.mmu) {
            (Tables::Book3s32(before), Mmu::Book3s32(now)) => *before == **now,
            (Tables::Book3s64(before), Mmu::Book3s64(now)) => *before == now.sdr1,
            (Tables::E500, Mmu::E500(_)) => true,
            _ => false,
        };
        same && self.page == supervisor.page
    }
}
