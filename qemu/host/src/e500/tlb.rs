//! TLB0: 512 entries of 4 KiB in four ways (e500 Core Family Reference Manual 12.3).

use core::arch::asm;

use kvm_ppc::hardware::Rights;

use super::spr;
use crate::mappings::Mapping;

/// MAS1: valid, address space 1, pages of 4 KiB (E500 2.12.5).
const VALID: u32 = 0x8000_0000;
const SPACE_1: u32 = 0x1000;
const SIZE_4K: u32 = 0x0100;
/// MAS3: what user mode may do (E500 2.12.5). The guest is never in supervisor mode.
const USER_EXECUTE: u32 = 0x20;
const USER_WRITE: u32 = 0x08;
const USER_READ: u32 = 0x02;

const fn permissions(rights: Rights) -> u32 {
    let mut bits = 0;
    if rights.contains(Rights::EXECUTE) {
        bits |= USER_EXECUTE;
    }
    if rights.contains(Rights::WRITE) {
        bits |= USER_WRITE;
    }
    if rights.contains(Rights::READ) {
        bits |= USER_READ;
    }
    bits
}

/// Writes an entry for the page of an effective address and process `pid` into one of the four ways (E500 12.4.2). No
/// entry may translate the page yet: two that do are an error.
pub(super) fn write(way: u32, pid: u8, address: u32, mapping: Mapping) {
    // SAFETY: the host runs in address space 0, and the entry is one of address space 1 for user mode only. That the
    // guest reaches what the entry maps is the caller's intent.
    unsafe {
        spr::write::<{ spr::MAS0 }>((way & 3) << 16);
        spr::write::<{ spr::MAS1 }>(VALID | u32::from(pid) << 16 | SPACE_1 | SIZE_4K);
        spr::write::<{ spr::MAS2 }>(address & !0xfff);
        spr::write::<{ spr::MAS3 }>(mapping.real_page << 12 | permissions(mapping.rights));
        spr::write::<{ spr::MAS7 }>(mapping.real_page >> 20);
        asm!(
            "isync",
            "tlbwe",
            "msync",
            "isync",
            options(nostack, preserves_flags)
        );
    }
}

/// Invalidates the entries of all processes for the page of an effective address (E500 12.4).
pub(super) fn invalidate(address: u32) {
    operate(address & !0xfff);
}

/// Invalidates TLB0: the bit INV_ALL of the address (E500 12.4).
pub(super) fn invalidate_all() {
    const ALL: u32 = 4;
    operate(ALL);
}

fn operate(operand: u32) {
    // SAFETY: the host uses no entry of TLB0, which is what bit 28 of the operand, 0, chooses.
    unsafe { asm!("tlbivax 0, {}", "msync", "isync", in(reg) operand, options(nostack, preserves_flags)) };
}
