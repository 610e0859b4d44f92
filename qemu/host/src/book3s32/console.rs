//! The 16550 of the pegasos2, which needs no initialisation.

use super::machine::{load, store};

const DATA: usize = 0xfe00_02f8;
const LINE_STATUS: usize = DATA + 5;
/// The transmitter takes a byte.
const EMPTY: u8 = 0x20;

/// Prints a byte.
pub fn put(byte: u8) {
    while load(LINE_STATUS) & EMPTY == 0 {}
    store(DATA, byte);
}
