//! The hashed page table (Programming Environments Manual 7.6), and `tlbie`.
//!
//! It is a cache: an entry that finds no room takes the place of another, which `enter` puts back when it is missed.

use core::arch::asm;

/// Where the table is, and its size: a power of two, to which it is aligned.
const BASE: usize = 0x0010_0000;
const BYTES: u32 = 0x0010_0000;
const GROUPS: u32 = BYTES / 64;

const VALID: u32 = 0x8000_0000;
/// The referenced and the changed bit: set, so that the processor has nothing to write.
const USED: u32 = 0x180;

/// What the page protection bits say to problem state, with Kp = 1 in the segment register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Protection {
    ReadOnly = 1,
    ReadWrite = 2,
}

/// The table.
#[derive(Debug)]
pub(super) struct Table {
    /// Which entry of a full group goes next.
    victim: u32,
}

impl Table {
    /// The table, empty, and SDR1 set to it.
    pub(super) fn new() -> Self {
        let mut table = Self { victim: 0 };
        table.clear();
        let mask = (GROUPS >> 10) - 1;
        // SAFETY: translation is off. SDR1 is set before it ever is on (Programming Environments Manual 7.6.1.1).
        unsafe { asm!("sync", "mtsdr1 {}", "isync", in(reg) BASE as u32 | mask, options(nostack)) };
        table
    }

    /// Takes all entries out, and all copies of them that the processor has.
    pub(super) fn clear(&mut self) {
        for group in 0..GROUPS {
            for index in 0..8 {
                set(slot(group, index), [0, 0]);
            }
        }
        for page in 0..64 {
            invalidate(page);
        }
    }

    /// Adds an entry that is not there: `page` is the effective address shifted right by 12.
    pub(super) fn insert(&mut self, vsid: u32, page: u32, real_page: u32, protection: Protection) {
        let second = real_page << 12 | USED | protection as u32;
        for (group, high) in groups(vsid, page) {
            for index in 0..8 {
                let at = slot(group, index);
                if get(at)[0] & VALID == 0 {
                    return set(at, [tag(vsid, page, high), second]);
                }
            }
        }
        // What is overwritten stays right in the TLB: changes of its mapping invalidate it there, found here or not.
        let [(group, high), _] = groups(vsid, page);
        let at = slot(group, self.victim);
        self.victim = (self.victim + 1) % 8;
        set(at, [tag(vsid, page, high), second]);
    }

    /// Takes an entry out, if it is there.
    pub(super) fn remove(&mut self, vsid: u32, page: u32) {
        for (group, high) in groups(vsid, page) {
            let tag = tag(vsid, page, high);
            for index in 0..8 {
                let at = slot(group, index);
                if get(at)[0] == tag {
                    set(at, [0, 0]);
                }
            }
        }
    }
}

/// The primary and the secondary group of a page (Programming Environments Manual 7.6.1.3).
fn groups(vsid: u32, page: u32) -> [(u32, bool); 2] {
    let hash = vsid & 0x7_ffff ^ page & 0xffff;
    [(hash % GROUPS, false), (!hash % GROUPS, true)]
}

/// The first word of an entry.
const fn tag(vsid: u32, page: u32, secondary: bool) -> u32 {
    VALID | (vsid & 0xff_ffff) << 7 | (secondary as u32) << 6 | page >> 10 & 0x3f
}

fn slot(group: u32, index: u32) -> *mut [u32; 2] {
    let offset = (group % GROUPS * 8 + index % 8) as usize * 8;
    core::ptr::with_exposed_provenance_mut(BASE + offset)
}

fn get(at: *mut [u32; 2]) -> [u32; 2] {
    // SAFETY: `slot` names an entry of the table, whose memory is nobody else's.
    unsafe { at.read_volatile() }
}

/// Changes an entry with it invalid meanwhile (Programming Environments Manual 7.6.3).
fn set(at: *mut [u32; 2], [first, second]: [u32; 2]) {
    let words: *mut u32 = at.cast();
    // SAFETY: as above.
    unsafe {
        words.write_volatile(0);
        words.add(1).write_volatile(second);
        words.write_volatile(first);
    }
}

/// Drops what the processor's TLBs hold of a page of effective addresses, in every segment.
pub(super) fn invalidate(page: u32) {
    // SAFETY: takes nothing from Rust (Programming Environments Manual 7.6.3.1).
    unsafe { asm!("sync", "tlbie {}", "sync", in(reg) page << 12, options(nostack)) };
}
