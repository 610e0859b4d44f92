//! Memory that the kernel gives is zero, keeps what is written to it, and can be given back.

use crate::Failure;
use crate::sys::{Call, call};

const BYTES: usize = 2 << 20;

/// Maps memory, fills it with numbers that differ by place and round, reads them again, and unmaps it.
pub fn run(round: u32) -> Result<u32, Failure> {
    const READ_WRITE: usize = 3;
    const PRIVATE_ANONYMOUS: usize = 0x22;
    let nowhere = usize::MAX;
    // SAFETY: a new mapping overlaps no other.
    let mapped = unsafe { call(Call::Mmap, [0, BYTES, READ_WRITE, PRIVATE_ANONYMOUS, nowhere, 0]) };
    let start = mapped.map_err(|error| Failure::Call("mmap", error))?;
    // SAFETY: the mapping is this long and nobody else's.
    let words = unsafe { core::slice::from_raw_parts_mut(start as *mut u32, BYTES / 4) };
    if let Some(word) = words.iter().find(|word| **word != 0) {
        return Err(Failure::Wrong("a new word", *word, 0));
    }
    let pattern = |at: u32| at.wrapping_mul(0x9e37_79b9) ^ round;
    for (at, word) in (0..).zip(&mut *words) {
        *word = pattern(at);
    }
    for (at, word) in (0..).zip(&*words) {
        if *word != pattern(at) {
            return Err(Failure::Wrong("a word of memory", *word, pattern(at)));
        }
    }
    // SAFETY: nobody uses the mapping any more.
    unsafe { call(Call::Munmap, [start, BYTES, 0, 0, 0, 0]) }
        .map_err(|error| Failure::Call("munmap", error))?;
    Ok(u32::try_from(BYTES >> 10).unwrap_or(u32::MAX))
}
