//! The MMU assist registers of Book E, through which software and the TLBs talk.
//!
//! They are in the page, so the guest reads and writes them with no exit; here they are gathered for an operation
//! and put back. Masks: e500 Core Family Reference Manual 2.12.5.

use magicpage::layout::{self, Part};

use crate::hardware::{Hardware, Shared};
use crate::page::low32;
use crate::vcpu::Supervisor;

/// MAS0 to MAS4, MAS6 and MAS7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are the registers")]
pub struct Mas {
    pub mas0: u32,
    pub mas1: u32,
    pub mas2: u32,
    pub mas3: u32,
    pub mas4: u32,
    pub mas6: u32,
    pub mas7: u32,
}

/// MAS0\[TLBSEL\]: TLB1.
pub const TLB1: u32 = 0x1000_0000;
/// MAS0\[ESEL\]: the way of TLB0, or the entry of TLB1.
pub const ENTRY: u32 = 0x000f_0000;
pub(super) const ENTRY_SHIFT: u32 = 16;
/// MAS0\[NV\]: the way of TLB0 to replace next.
pub const NEXT_VICTIM: u32 = 3;

/// MAS1\[V\].
pub const VALID: u32 = 0x8000_0000;
/// MAS1\[IPROT\]: invalidation, by `tlbivax` or MMUCSR0, leaves the entry alone.
pub const PROTECTED: u32 = 0x4000_0000;
/// MAS1\[TID\] and its place, which MAS6\[SPID0\] shares.
pub const PROCESS: u32 = 0x00ff_0000;
pub(super) const PROCESS_SHIFT: u32 = 16;
/// MAS1\[TS\]: the address space.
pub const SPACE: u32 = 0x1000;
/// MAS1\[TSIZE\] and its place: 4 to this power KiB.
pub const SIZE: u32 = 0xf00;
pub(super) const SIZE_SHIFT: u32 = 8;

/// MAS2\[EPN\] and MAS3\[RPN\].
pub const PAGE: u32 = 0xffff_f000;
/// MAS2\[X0, X1, W, I, M, G, E\], and their defaults in MAS4.
pub const ATTRIBUTES: u32 = 0x7f;

/// MAS3's permissions of user mode; those of supervisor mode are one place to the right.
pub const USER_EXECUTE: u32 = 0x20;
/// Stores.
pub const USER_WRITE: u32 = 0x08;
/// Loads.
pub const USER_READ: u32 = 0x02;

/// MAS4\[TIDSELD\] and its place: PID0 to PID2, or none.
pub(super) const PROCESS_DEFAULT: u32 = 0x0003_0000;
/// MAS6\[SAS\].
pub(super) const SEARCH_SPACE: u32 = 1;
/// MAS7\[RPN\]: bits 32 to 35 of the physical address.
pub(super) const HIGH_PAGE: u32 = 0xf;

impl Supervisor {
    /// The MAS registers as the page has them.
    pub fn mas(&self, hardware: &dyn Hardware) -> Mas {
        let field = |field| low32(self.field(hardware, field));
        let page = hardware.shared(Shared::Magic);
        Mas {
            mas0: field(layout::MAS0),
            mas1: field(layout::MAS1),
            mas2: field(layout::MAS2),
            mas3: low32(self.layout().read_part(page, layout::MAS7_3, Part::Low32)),
            mas4: field(layout::MAS4),
            mas6: field(layout::MAS6),
            mas7: low32(self.layout().read_part(page, layout::MAS7_3, Part::High32)),
        }
    }

    /// Puts the MAS registers into the page.
    pub fn set_mas(&self, hardware: &mut dyn Hardware, mas: &Mas) {
        let page = hardware.shared_mut(Shared::Magic);
        let rows = [
            (layout::MAS0, Part::Word, mas.mas0),
            (layout::MAS1, Part::Word, mas.mas1),
            (layout::MAS2, Part::Word, mas.mas2),
            (layout::MAS7_3, Part::Low32, mas.mas3),
            (layout::MAS4, Part::Word, mas.mas4),
            (layout::MAS6, Part::Word, mas.mas6),
            (layout::MAS7_3, Part::High32, mas.mas7),
        ];
        for (field, part, value) in rows {
            self.layout().write_part(page, field, part, value.into());
        }
    }
}
