//! 32-bit Book3S: BATs for the kernel, a hashed page table for processes.
//!
//! 32-bit Programming Environments Manual chapter 7. A BAT maps for supervisor mode alone, so that user mode at the
//! same address comes to the segment, and there is no page in it.

use core::cell::Cell;

use crate::exception::Frame;
use crate::kernel::{Single, kernel};
use crate::memory;
use crate::msr;
use crate::privileged::{mfmsr, mtmsr, mtspr, mtsr, mtsrin, spr, synchronise, tlbie, tlbsync};
use crate::user::Page;

/// Bytes of the page table: the smallest there is, 1024 groups of eight entries.
const TABLE: usize = 64 << 10;

/// BAT\[Vs\]: valid in supervisor mode.
const VALID: u32 = 2;
/// BAT\[BL\] of 128 MiB.
const MIB_128: u32 = 0x3ff << 2;
/// BAT\[BL\] of 64 MiB.
const MIB_64: u32 = 0x1ff << 2;
/// BAT\[PP\]: read and write.
const READ_WRITE: u32 = 2;
/// WIMG: caching inhibited, guarded.
const DEVICE: u32 = 0x28;
/// Where the devices are.
const DEVICES: u32 = 0x0c00_0000;

/// A segment's Kp: the permissions of a page hold for user mode as PP says, with supervisor mode above them.
const KEY_USER: u32 = 0x2000_0000;

/// First word of a page table entry: valid, and at its secondary place.
const ENTRY_VALID: u32 = 0x8000_0000;
const SECONDARY: u32 = 0x40;
/// Second word: PP for both keys read and write, or read alone.
const PP_READ_WRITE: u32 = 2;
const PP_READ: u32 = 3;

/// DSISR and SRR1: no page table entry; DSISR: it was a store.
const NOT_FOUND: u32 = 0x4000_0000;
const STORE: u32 = 0x0200_0000;

static PAGE_TABLE: Single<Cell<usize>> = Single::new(Cell::new(0));

/// Sets up the kernel's own mapping and an empty page table, and turns translation on.
pub fn install() {
    let table = memory::take(TABLE, TABLE);
    PAGE_TABLE.set(table);
    set_up(table as u32);
    activate(0);
    translate();
}

kernel! {
    fn set_up(table: u32) {
        mtspr::<{ spr::IBAT0U }>(MIB_128 | VALID);
        mtspr::<{ spr::IBAT0U + 1 }>(READ_WRITE);
        mtspr::<{ spr::DBAT0U }>(MIB_128 | VALID);
        mtspr::<{ spr::DBAT0U + 1 }>(READ_WRITE);
        mtspr::<{ spr::DBAT0U + 2 }>(DEVICES | MIB_64 | VALID);
        mtspr::<{ spr::DBAT0U + 3 }>(DEVICES | DEVICE | READ_WRITE);
        mtspr::<{ spr::SDR1 }>(table);
        synchronise();
    }

    fn translate() {
        mtmsr(mfmsr() | msr::IR | msr::DR);
    }

    /// Makes a context's segments those of the processor.
    pub fn activate(context: u32) {
        for index in 0..15 {
            mtsrin(segment(context, index), index << 28);
        }
        mtsr::<15>(segment(context, 15));
        synchronise();
    }

    /// Invalidates what the TLB holds for an address.
    fn invalidate(address: u32) {
        tlbie(address);
        tlbsync();
    }
}

/// The virtual segment of a context (Linux spreads them in the same way: `CTX_TO_VSID`).
const fn virtual_segment(context: u32, index: u32) -> u32 {
    (context * (897 * 16) + index * 0x111) & 0x00ff_ffff
}

#[inline(always)]
const fn segment(context: u32, index: u32) -> u32 {
    KEY_USER | virtual_segment(context, index)
}

/// The hash of an address, and the first word of its entry (Programming Environments Manual 7.6.1).
const fn hash(context: u32, address: usize) -> (u32, u32) {
    let address = address as u32;
    let segment = virtual_segment(context, address >> 28);
    let page = address >> 12 & 0xffff;
    (segment & 0x7_ffff ^ page, ENTRY_VALID | segment << 7 | page >> 10)
}

/// The eight entries of a hash.
fn group(hash: u32) -> impl Iterator<Item = *mut [u32; 2]> {
    let start = PAGE_TABLE.get() + ((hash & 0x3ff) << 6) as usize;
    (start..start + 64).step_by(8).map(|entry| entry as *mut [u32; 2])
}

/// Both places where an address may have its entry, with the first word that it has there.
fn places(context: u32, address: usize) -> impl Iterator<Item = (*mut [u32; 2], u32)> {
    let (hash, word) = hash(context, address);
    let primary = group(hash).map(move |entry| (entry, word));
    primary.chain(group(!hash).map(move |entry| (entry, word | SECONDARY)))
}

/// Maps a page of a context.
pub fn insert(context: u32, page: &Page) {
    let mut free = places(context, page.address).filter(|(entry, _)| {
        // SAFETY: entries lie in the page table.
        unsafe { (*entry).cast::<u32>().read_volatile() & ENTRY_VALID == 0 }
    });
    let (entry, word) = free.next().expect("the page table has room");
    let permission = if page.writable { PP_READ_WRITE } else { PP_READ };
    // SAFETY: as above; the entry becomes valid when its second word is there.
    unsafe {
        let words = entry.cast::<u32>();
        words.add(1).write_volatile(page.physical as u32 | permission);
        crate::privileged::synchronise();
        words.write_volatile(word);
    }
    synchronise();
}

/// Takes a page out of a context.
pub fn remove(context: u32, address: usize) {
    for (entry, word) in places(context, address) {
        let words = entry.cast::<u32>();
        // SAFETY: entries lie in the page table.
        unsafe {
            if words.read_volatile() == word {
                words.write_volatile(0);
            }
        }
    }
    synchronise();
    invalidate(address as u32);
}

/// Whether a storage exception came because nothing is mapped.
pub const fn was_missing(frame: &Frame) -> bool {
    let status = if frame.vector == 0x400 {
        frame.msr
    } else {
        frame.dsisr
    };
    status & NOT_FOUND != 0
}

/// Whether a storage exception came of a store.
pub const fn was_store(status: u32) -> bool {
    status & STORE != 0
}
