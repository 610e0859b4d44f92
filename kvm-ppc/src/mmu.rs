//! Translation of the guest's addresses, as the guest's processor would do it.
//!
//! One question, [`Supervisor::translate`], asked whenever the hardware lacks a mapping and whenever the host itself
//! carries out an access of the guest. It answers from the guest's own registers, tables and TLBs alone, never from
//! what the hardware has been given, so the answer is right whatever has been cached.
//!
//! The magic page comes first: where the guest asked for it, it covers everything else, and it is reached through
//! every translation that ends at its guest physical address. [`page`] has the rule and the one condition: supervisor
//! mode.

use alloc::boxed::Box;

use magicpage::{Family, msr};

use crate::exception::Exception;
use crate::hardware::{Access, Frame, Hardware, Rights};
use crate::vcpu::Supervisor;

pub mod bat;
pub mod book3s32;
pub mod book3s64;
pub mod e500;
mod fault;
mod hashed;
pub mod mas;
mod page;
pub mod slb;
pub mod stale;
pub mod tlb;

pub use bat::{Bat, Bats};
pub use book3s32::Book3s32;
pub use book3s64::Book3s64;
pub use e500::E500;
pub use mas::Mas;
pub use slb::Slb;
pub use stale::Stale;
pub use tlb::Tlb;

/// What translates, by family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mmu {
    /// 32-bit Book3S: BATs and SDR1. The segment registers are in the page.
    Book3s32(Box<Book3s32>),
    /// 64-bit Book3S: the SLB and SDR1.
    Book3s64(Book3s64),
    /// e500: the TLBs and the process identifiers. The MAS registers are in the page.
    E500(E500),
}

impl Mmu {
    /// The state after a reset.
    pub fn new(family: Family) -> Self {
        match family {
            Family::Book3s32 => Self::Book3s32(Box::default()),
            Family::Book3s64 => Self::Book3s64(Book3s64::default()),
            Family::E500 => Self::E500(E500::default()),
        }
    }

    /// The registers of a 32-bit Book3S processor.
    pub const fn book3s32(&self) -> Option<&Book3s32> {
        if let Self::Book3s32(mmu) = self {
            Some(mmu)
        } else {
            None
        }
    }

    /// The registers of a 32-bit Book3S processor, to be changed.
    pub const fn book3s32_mut(&mut self) -> Option<&mut Book3s32> {
        if let Self::Book3s32(mmu) = self {
            Some(mmu)
        } else {
            None
        }
    }

    /// The registers of a 64-bit Book3S processor.
    pub const fn book3s64(&self) -> Option<&Book3s64> {
        if let Self::Book3s64(mmu) = self {
            Some(mmu)
        } else {
            None
        }
    }

    /// The registers of a 64-bit Book3S processor, to be changed.
    pub const fn book3s64_mut(&mut self) -> Option<&mut Book3s64> {
        if let Self::Book3s64(mmu) = self {
            Some(mmu)
        } else {
            None
        }
    }

    /// The registers of an e500.
    pub const fn e500(&self) -> Option<&E500> {
        if let Self::E500(mmu) = self {
            Some(mmu)
        } else {
            None
        }
    }

    /// The registers of an e500, to be changed.
    pub const fn e500_mut(&mut self) -> Option<&mut E500> {
        if let Self::E500(mmu) = self {
            Some(mmu)
        } else {
            None
        }
    }
}

/// Where an effective address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// Guest physical address; for a shared page, the address that the guest gave it.
    pub physical: u64,
    /// The frame that holds it.
    pub frame: Frame,
    /// What may be done there with no further question: a mapping with these rights may be given to the hardware.
    /// [`Rights::WRITE`] is absent while the guest's entry is not marked as changed.
    pub rights: Rights,
}

/// Where the guest's own translation leads, the shared pages left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    physical: u64,
    rights: Rights,
}

impl Supervisor {
    /// Translates `address` for `access` by a guest with this MSR, with all that its processor would do on the way:
    /// Book3S marks the page table entry as referenced and changed, Book E loads the MAS registers at a TLB miss.
    ///
    /// # Errors
    ///
    /// The exception that the access raises in the guest.
    pub fn translate(
        &self,
        hardware: &mut dyn Hardware,
        msr: u64,
        address: u64,
        access: Access,
    ) -> Result<Translation, Exception> {
        let address = address & self.address_mask(msr);
        if let Some(shared) = self.page_at_effective(msr, address, access) {
            return Ok(shared);
        }
        let found = match &self.mmu {
            Mmu::Book3s32(mmu) => self.translate32(mmu, hardware, msr, address, access)?,
            Mmu::Book3s64(mmu) => mmu.translate(hardware, msr, address, access)?,
            Mmu::E500(mmu) => self.translate_e500(mmu, hardware, msr, address, access)?,
        };
        let frame = self
            .page_at_real(msr, found.physical, access)
            .map_or(Frame::Memory(found.physical >> 12), Frame::Shared);
        Ok(Translation {
            physical: found.physical,
            frame,
            rights: found.rights,
        })
    }

    /// The bits of an effective address that count.
    fn address_mask(&self, msr: u64) -> u64 {
        let wide = self.model.family == Family::Book3s64 && msr & msr::SF != 0;
        if wide { u64::MAX } else { 0xffff_ffff }
    }
}

/// Whether an access of this kind is translated: MSR\[IR\] for fetches, MSR\[DR\] for loads and stores. On Book E the
/// bits choose one of two address spaces instead.
pub(crate) const fn relocated(msr: u64, access: Access) -> bool {
    let bit = match access {
        Access::Fetch => msr::IR,
        Access::Load | Access::Store => msr::DR,
    };
    msr & bit != 0
}

/// Whether the guest is in user mode.
pub(crate) const fn is_user(msr: u64) -> bool {
    msr & msr::PR != 0
}
