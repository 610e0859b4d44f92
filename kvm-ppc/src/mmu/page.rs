//! Where the shared pages show.
//!
//! In supervisor mode only: at the effective address where the kind of access is translated, and wherever a
//! translation, or none, ends at the page's guest physical address. Both hold for fetches and data apart, so they
//! hold with MSR\[IR\] and MSR\[DR\] mixed as well. Before the guest has asked for the page it shows nowhere.
//!
//! A 64-bit processor in 32-bit mode makes addresses of 32 bits. Displacements from register 0 must reach the page
//! there too, so its address is compared at the mode's width.

use magicpage::{Family, PAGE_SIZE};

use super::{Translation, is_user, relocated};
use crate::hardware::{Access, Frame, Rights, Shared};
use crate::page::Mapped;
use crate::vcpu::Supervisor;

impl Supervisor {
    /// The shared page that covers an effective address.
    pub(super) fn page_at_effective(&self, msr: u64, address: u64, access: Access) -> Option<Translation> {
        let mapped = self.visible(msr)?;
        let translated = self.model.family == Family::E500 || relocated(msr, access);
        if !translated {
            return None;
        }
        let shared = mapped.at_effective(address >> 12, self.address_mask(msr) >> 12)?;
        let real = match shared {
            Shared::Magic => mapped.real,
            Shared::Second => mapped.real.wrapping_sub(1),
        };
        let physical = real << 12 & self.physical_mask() | address & (PAGE_SIZE as u64 - 1);
        Some(Translation {
            physical,
            frame: Frame::Shared(shared),
            rights: Rights::all(),
        })
    }

    /// The shared page at a guest physical address that the guest's own translation has led to.
    pub(super) fn page_at_real(&self, msr: u64, physical: u64, access: Access) -> Option<Shared> {
        let mapped = self.visible(msr)?;
        let real_mode = self.model.family == Family::Book3s64 && !relocated(msr, access);
        let made = if real_mode {
            self.address_mask(msr)
        } else {
            u64::MAX
        };
        mapped.at_real(physical >> 12, (made & self.physical_mask()) >> 12)
    }

    /// The bits that guest physical addresses have.
    const fn physical_mask(&self) -> u64 {
        match self.model.family {
            Family::Book3s32 => 0xffff_ffff,
            Family::Book3s64 => super::book3s64::REAL,
            Family::E500 => 0xf_ffff_ffff,
        }
    }

    fn visible(&self, msr: u64) -> Option<Mapped> {
        if is_user(msr) { None } else { self.page }
    }
}
