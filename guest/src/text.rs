//! The image's own code: where it is, and how its words are changed.

use core::arch::asm;
use core::ops::Range;

use crate::kernel::between;

unsafe extern "C" {
    static vectors_start: u8;
    static vectors_end: u8;
    static text_start: u8;
    static text_end: u8;
    static kernel_text_start: u8;
    static kernel_text_end: u8;
    static trampolines_start: u8;
    static trampolines_end: u8;
    static image_end: u8;
    static user_start: u8;
    static user_image: u8;
    static user_image_end: u8;
}

/// The handlers' first instructions.
pub fn vectors() -> Range<usize> {
    between(&raw const vectors_start, &raw const vectors_end)
}

/// All code but the vectors and the trampolines.
pub fn text() -> Range<usize> {
    between(&raw const text_start, &raw const text_end)
}

/// The part of the code that has privileged instructions.
pub fn kernel() -> Range<usize> {
    between(&raw const kernel_text_start, &raw const kernel_text_end)
}

/// Space for trampolines.
pub fn trampolines() -> Range<usize> {
    between(&raw const trampolines_start, &raw const trampolines_end)
}

/// The effective address of the programs of user processes, and the part of the image that holds them.
pub fn user() -> (usize, Range<usize>) {
    let start = (&raw const user_start) as usize;
    (start, between(&raw const user_image, &raw const user_image_end))
}

/// The whole image, the pages of user programs included.
pub fn image() -> Range<usize> {
    let end = (&raw const image_end).max(&raw const user_image_end);
    between(&raw const vectors_start, end)
}

/// Reads a word of code.
pub fn read(address: usize) -> u32 {
    debug_assert!(address.is_multiple_of(4));
    // SAFETY: everything in the image can be read.
    unsafe { (address as *const u32).read_volatile() }
}

/// The bytes of a range of the image.
///
/// # Safety
///
/// The range lies in the image, and nobody changes it while the bytes are used.
pub unsafe fn bytes(range: Range<usize>) -> &'static [u8] {
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(range.start as *const u8, range.len()) }
}

/// Changes a word of code; [`flush`] makes it visible to instruction fetch.
///
/// # Safety
///
/// Whoever executes the word may find the new one from now on.
pub unsafe fn write(address: usize, word: u32) {
    // SAFETY: the caller's promise, and code can be written.
    unsafe { (address as *mut u32).write_volatile(word) }
}

/// Makes changed words visible to instruction fetch (Programming Environments Manual 5.1.5.2, e500 Core Family
/// Reference Manual 3.3.1.2).
pub fn flush(address: usize, words: usize) {
    for address in (address..address + 4 * words).step_by(4) {
        // SAFETY: the instructions change no memory and no register.
        unsafe {
            asm!(
                "dcbst 0, {0}",
                "sync",
                "icbi 0, {0}",
                in(reg_nonzero) address,
                options(nostack, preserves_flags)
            );
        }
    }
    // SAFETY: as above.
    unsafe { asm!("sync", "isync", options(nostack, preserves_flags)) };
}

/// The checksum of no words.
pub const SUM: u32 = 0x811c_9dc5;

/// Adds a word to a checksum (FNV-1a over words).
pub const fn add(sum: u32, word: u32) -> u32 {
    (sum ^ word).wrapping_mul(0x0100_0193)
}

/// The addresses of all words but those of trampolines.
pub fn words() -> impl Iterator<Item = usize> {
    vectors().step_by(4).chain(text().step_by(4))
}

/// A checksum of the words of a range.
pub fn checksum(range: Range<usize>) -> u32 {
    range.step_by(4).fold(SUM, |sum, address| add(sum, read(address)))
}
