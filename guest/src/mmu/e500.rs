//! e500: the entry of TLB1 that the boot protocol promises is the kernel's, entries of TLB0 are the processes'.
//!
//! e500 Core Family Reference Manual chapter 12. The kernel's entry is for supervisor mode and for every process.

use crate::exception::Frame;
use crate::kernel::kernel;
use crate::privileged::{mfspr, mtspr, spr, synchronise, tlbivax, tlbsx, tlbsync, tlbwe};
use crate::text;
use crate::user::Page;

/// MAS1\[V\].
const VALID: u32 = 0x8000_0000;
/// MAS1\[TSIZE\] and MAS4\[TSIZED\]: 4 KiB.
const KIB_4: u32 = 1 << 8;
/// MAS0\[ESEL, NV\]: the way that a TLB miss has chosen, and the next one.
const WAYS: u32 = 0x000f_0003;
/// MAS3: user mode and supervisor mode may read and execute, or read and write.
const READ_EXECUTE: u32 = 0x33;
const READ_WRITE: u32 = 0x0f;
/// MAS3: what user mode may do.
const USER: u32 = 0x2a;

/// ESR\[ST\]: it was a store.
const STORE: u32 = 0x0080_0000;

kernel! {
    /// Says what a TLB miss is to prepare: an entry of TLB0 of 4 KiB, for the process in PID.
    pub fn install() {
        mtspr::<{ spr::MAS4 }>(KIB_4);
        mtspr::<{ spr::MAS7 }>(0);
        activate(0);
        keep_users_out();
    }

    /// The entry that maps the kernel: what it lets user mode do is the boot loader's choice.
    fn keep_users_out() {
        mtspr::<{ spr::MAS6 }>(0);
        tlbsx(text::kernel().start as u32);
        mtspr::<{ spr::MAS3 }>(mfspr::<{ spr::MAS3 }>() & !USER);
        tlbwe();
    }

    /// Makes a context the processor's.
    pub fn activate(context: u32) {
        mtspr::<{ spr::PID }>(context);
        synchronise();
    }

    /// Writes the entry that a TLB miss has prepared.
    fn write_entry(context: u32, address: u32, physical: u32) {
        mtspr::<{ spr::MAS0 }>(mfspr::<{ spr::MAS0 }>() & WAYS);
        mtspr::<{ spr::MAS1 }>(VALID | context << 16 | KIB_4);
        mtspr::<{ spr::MAS2 }>(address);
        mtspr::<{ spr::MAS3 }>(physical);
        mtspr::<{ spr::MAS7 }>(0);
        tlbwe();
    }

    /// Invalidates the entries for an address.
    fn invalidate(address: u32) {
        tlbivax(address);
        tlbsync();
    }
}

/// Maps a page of a context.
pub fn insert(context: u32, page: &Page) {
    let permission = if page.writable { READ_WRITE } else { READ_EXECUTE };
    write_entry(context, page.address as u32, page.physical as u32 | permission);
}

/// Takes a page out of a context.
pub fn remove(_context: u32, address: usize) {
    invalidate(address as u32);
}

/// Whether an exception came because nothing is mapped.
pub const fn was_missing(frame: &Frame) -> bool {
    matches!(frame.vector, 0x1100 | 0x1200)
}

/// Whether a storage exception came of a store.
pub const fn was_store(status: u32) -> bool {
    status & STORE != 0
}
