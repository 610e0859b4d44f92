//! The exceptions of a failed translation, and their status bits.
//!
//! Book3S says why in DSISR for loads and stores and in SRR1 for fetches, with the same masks (MPC750 User's Manual
//! tables 4-6 and 5-3; Power ISA 2.07 Book III-S 6.5.3 to 6.5.6). Book E says in ESR only that it was a store (e500
//! Core Family Reference Manual 2.7.1.6).

use crate::exception::Exception;
use crate::hardware::Access;

/// No BAT, no page table entry.
pub(super) const NOT_FOUND: u32 = 0x4000_0000;
/// Fetch from a no-execute or direct-store segment or from guarded memory. Of fetches alone.
pub(super) const NO_EXECUTE: u32 = 0x1000_0000;
/// Not permitted by PP and key.
pub(super) const PROTECTION: u32 = 0x0800_0000;
/// Load or store to a direct-store segment.
pub(super) const DIRECT_STORE: u32 = 0x0400_0000;
/// It was a store.
pub(super) const STORE: u32 = 0x0200_0000;

/// ESR\[ST\]: it was a store.
const ESR_STORE: u32 = 0x0080_0000;

/// The storage exception of Book3S.
pub(super) fn storage(address: u64, access: Access, why: u32) -> Exception {
    match access {
        Access::Fetch => Exception::InstructionStorage { status: why },
        Access::Load => Exception::DataStorage { address, status: why },
        Access::Store => Exception::DataStorage {
            address,
            status: why | STORE,
        },
    }
}

/// The segment exception of 64-bit Book3S.
pub(super) fn segment(address: u64, access: Access) -> Exception {
    match access {
        Access::Fetch => Exception::InstructionSegment,
        Access::Load | Access::Store => Exception::DataSegment { address },
    }
}

/// The storage exception of Book E.
pub(super) fn permission(address: u64, access: Access) -> Exception {
    match access {
        Access::Fetch => Exception::InstructionStorage { status: 0 },
        Access::Load | Access::Store => Exception::DataStorage {
            address,
            status: status(access),
        },
    }
}

/// The TLB error of Book E.
pub(super) fn miss(address: u64, access: Access) -> Exception {
    match access {
        Access::Fetch => Exception::InstructionTlbMiss,
        Access::Load | Access::Store => Exception::DataTlbMiss {
            address,
            status: status(access),
        },
    }
}

const fn status(access: Access) -> u32 {
    if matches!(access, Access::Store) {
        ESR_STORE
    } else {
        0
    }
}
