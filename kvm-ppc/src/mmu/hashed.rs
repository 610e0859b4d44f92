//! What the hashed page tables of 32-bit and 64-bit Book3S have in common: groups of eight entries in big-endian guest
//! memory, and the marks that the processor leaves in them.
//!
//! The marks are written as single bytes, as processors do, so that no store of the guest to the rest of the entry is
//! undone (Power ISA 2.07 Book III-S 5.7.8).

use crate::exception::Exception;
use crate::hardware::{Hardware, Rights};

/// R and C as they stand in the low bits of an entry's second half.
pub(super) const REFERENCED: u64 = 0x100;
pub(super) const CHANGED: u64 = 0x80;
/// G of WIMG.
pub(super) const GUARDED: u64 = 0x08;

/// Rights to data by key, then PP. Fetches need a right to read.
pub(super) const BY_KEY_AND_PP: [[Rights; 4]; 2] = {
    const NO: Rights = Rights::empty();
    const RO: Rights = Rights::READ;
    const RW: Rights = Rights::READ.union(Rights::WRITE);
    [[RW, RW, RW, RO], [NO, RO, RW, RO]]
};

/// Reads an entry group: eight entries of one doubleword, or of two.
///
/// # Errors
///
/// A machine check where no memory is: the processor's bus would report it.
pub(super) fn group<const DOUBLEWORDS: usize>(
    hardware: &dyn Hardware,
    physical: u64,
) -> Result<[u64; DOUBLEWORDS], Exception> {
    let mut bytes = [0; 128];
    let bytes = &mut bytes[..8 * DOUBLEWORDS];
    hardware
        .read(physical, bytes)
        .map_err(|_| Exception::MachineCheck)?;
    let mut group = [0; DOUBLEWORDS];
    for (word, bytes) in group.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_be_bytes(*bytes);
    }
    Ok(group)
}

/// Sets marks of the entry whose second half, ending before `end`, has the low bits `low`. Returns them as they are
/// then.
///
/// # Errors
///
/// A machine check where no memory is.
pub(super) fn mark(hardware: &mut dyn Hardware, end: u64, low: u64, marks: u64) -> Result<u64, Exception> {
    let marked = low | marks;
    let [.., high, low_byte] = marked.to_be_bytes();
    let mut put = |physical, byte| {
        hardware
            .write(physical, &[byte])
            .map_err(|_| Exception::MachineCheck)
    };
    if (marked ^ low) & REFERENCED != 0 {
        put(end - 2, high)?;
    }
    if (marked ^ low) & CHANGED != 0 {
        put(end - 1, low_byte)?;
    }
    Ok(marked)
}
