//! Real memory: the one place where the host touches what the guest runs in.
//!
//! The guest changes this memory behind Rust's back while it runs, so nothing but raw pointers leads to it, and no reference
//! to it outlives a call; the shared pages are lent out by their owner, who cannot run the guest meanwhile.

use magicpage::PAGE_SIZE;

/// A range of real memory that is the guest's.
#[derive(Debug)]
pub struct Memory {
    start: u32,
    bytes: u32,
}

impl Memory {
    /// Guest memory of `bytes` bytes at a real address, full of zeros.
    ///
    /// # Safety
    ///
    /// The range is memory, and nobody else's.
    pub unsafe fn new(start: u32, bytes: u32) -> Self {
        let memory = Self { start, bytes };
        // SAFETY: the caller's.
        unsafe { pointer(start).write_bytes(0, bytes as usize) };
        memory
    }

    /// Bytes of it.
    pub const fn bytes(&self) -> u32 {
        self.bytes
    }

    /// The real address of `bytes` bytes at a guest physical address, if all are memory.
    pub fn real(&self, physical: u64, bytes: usize) -> Option<u32> {
        let end = physical.checked_add(bytes as u64)?;
        if end > u64::from(self.bytes) {
            return None;
        }
        self.start.checked_add(u32::try_from(physical).ok()?)
    }

    /// Copies bytes out. Answers whether all are memory.
    pub fn read(&self, physical: u64, into: &mut [u8]) -> bool {
        let Some(real) = self.real(physical, into.len()) else {
            return false;
        };
        // SAFETY: `real` answers for memory of the guest only, which is not Rust's.
        unsafe { pointer(real).copy_to_nonoverlapping(into.as_mut_ptr(), into.len()) };
        true
    }

    /// Copies bytes in. Answers whether all are memory.
    pub fn write(&mut self, physical: u64, from: &[u8]) -> bool {
        let Some(real) = self.real(physical, from.len()) else {
            return false;
        };
        // SAFETY: as above.
        unsafe { pointer(real).copy_from_nonoverlapping(from.as_ptr(), from.len()) };
        true
    }
}

/// A page of the host's own memory that the guest can be shown.
#[derive(Debug)]
#[repr(C, align(4096))]
pub struct Page(pub [u8; PAGE_SIZE]);

impl Page {
    /// Its real address shifted right by 12: the host's addresses are real ones.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "addresses have 32 bits, which only some compilers see"
    )]
    pub fn real_page(&self) -> u32 {
        (self.0.as_ptr().expose_provenance() >> 12) as u32
    }
}

/// Reads `bytes` (1 to 8) bytes within a page, big-endian.
///
/// # Safety
///
/// They are guest memory or bytes of a shared page.
pub unsafe fn load(real: u32, bytes: u8) -> u64 {
    let mut buffer = [0; 8];
    let start = 8 - usize::from(bytes.min(8));
    // SAFETY: the caller's.
    unsafe { pointer(real).copy_to_nonoverlapping(buffer[start..].as_mut_ptr(), 8 - start) };
    u64::from_be_bytes(buffer)
}

/// Reads a word.
///
/// # Safety
///
/// As for [`load`].
pub unsafe fn word(real: u32) -> u32 {
    // SAFETY: the caller's.
    unsafe { pointer(real).cast::<u32>().read_volatile() }
}

/// Writes the low `bytes` (1 to 8) bytes of a value within a page, big-endian.
///
/// # Safety
///
/// As for [`load`]; no reference to them is alive.
pub unsafe fn store(real: u32, bytes: u8, value: u64) {
    let buffer = value.to_be_bytes();
    let start = 8 - usize::from(bytes.min(8));
    // SAFETY: the caller's.
    unsafe { pointer(real).copy_from_nonoverlapping(buffer[start..].as_ptr(), 8 - start) };
}

fn pointer(real: u32) -> *mut u8 {
    core::ptr::with_exposed_provenance_mut(real as usize)
}
