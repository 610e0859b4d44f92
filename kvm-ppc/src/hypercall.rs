//! Hypercalls.
//!
//! One row of [`magicpage::hypercall::Hypercall`] a call, one arm here. Results are numbers of 32 bits on every family.

use magicpage::hypercall::{Features, Hypercall, MapFlags, PageFeatures, Status};
use magicpage::{Family, PAGE_SIZE};

use crate::hardware::Hardware;
use crate::page::{self, Mapped, low32};
use crate::vcpu::{Idle, Vcpu};

/// The most significant address bits that a guest's real mode ignores.
pub(crate) const fn real_mask(family: Family) -> u64 {
    match family {
        Family::Book3s32 | Family::E500 => 0xffff_ffff,
        Family::Book3s64 => 0x0fff_ffff_ffff_ffff,
    }
}

impl Vcpu {
    /// Answers the hypercall whose token is in r11. The program counter is behind the system call.
    pub(crate) fn hypercall(&mut self, hardware: &mut dyn Hardware) {
        let status = match Hypercall::from_token(low32(self.state.gpr[11])) {
            Some(Hypercall::Features) => {
                self.state.gpr[4] = Features::MAGIC_PAGE.bits().into();
                Status::Success
            }
            Some(Hypercall::MapMagicPage) => self.map_page(hardware),
            Some(Hypercall::Idle) => {
                self.idle = Some(Idle::Hypercall);
                Status::Success
            }
            None => Status::Unimplemented,
        };
        self.state.gpr[3] = u64::from(status as u32);
    }

    fn map_page(&mut self, hardware: &mut dyn Hardware) -> Status {
        const IN_PAGE: u64 = PAGE_SIZE as u64 - 1;
        let family = self.supervisor.model.family;
        let (real, effective) = (self.state.gpr[3], self.state.gpr[4]);
        let flags = MapFlags::from_bits_retain(low32(effective & IN_PAGE));
        let features = page::features(family) | self.deferral.policy.features();
        let extended = features.intersects(PageFeatures::SPLIT_CRITICAL | PageFeatures::NOTIFICATION);
        self.set_page(
            hardware,
            Some(Mapped {
                effective: effective >> 12,
                real: (real & real_mask(family)) >> 12,
                second: extended && flags.contains(MapFlags::SECOND_PAGE),
            }),
        );
        self.state.gpr[4] = features.bits().into();
        Status::Success
    }

    /// Maps, moves or unmaps the page. What was cached at its old and new addresses goes, or the guest would still
    /// see what was there before.
    pub fn set_page(&mut self, hardware: &mut dyn Hardware, page: Option<Mapped>) {
        self.release(hardware);
        self.supervisor.page = page;
        self.shadow.flush(hardware);
    }
}
