//! The running kernel's own text, as the rewriter changes it.

use core::convert::Infallible;

use rewriter::apply::Text;

use crate::text;

/// The text that is being executed.
pub struct Live;

/// An address of the kernel, all of which lie below 4 GiB.
pub fn address(address: u64) -> usize {
    usize::try_from(address).expect("an address of 32 bits")
}

impl Text for Live {
    type Error = Infallible;

    fn read(&mut self, at: u64) -> Result<u32, Infallible> {
        Ok(text::read(address(at)))
    }

    fn write(&mut self, at: u64, word: u32) -> Result<(), Infallible> {
        // SAFETY: the plan says that the new word does what the old one did, and there is no other processor.
        unsafe { text::write(address(at), word) };
        Ok(())
    }

    fn flush(&mut self, at: u64, words: usize) {
        text::flush(address(at), words);
    }
}
