//! Accesses as a driver makes them.
#![allow(dead_code, reason = "not every test uses everything")]

use board::flipper::{RAM_BYTES, exi, pi};
use board::{Board, Model, plain};

/// The processor interface.
pub const PI: u64 = 0x0c00_3000;
/// Channel 0 of the external interface; a channel has 0x14 bytes.
pub const EXI: u64 = 0x0c00_6800;

/// A GameCube after power-on.
pub fn gamecube() -> Board {
    Board::new(Model::GameCube, RAM_BYTES).expect("a GameCube's RAM fits")
}

/// Reads a word.
pub fn read(board: &mut Board, address: u64) -> u32 {
    let value = board.load(address, 4).expect("a device is there");
    u32::try_from(value).expect("a word has 32 bits")
}

/// Writes a word.
pub fn write(board: &mut Board, address: u64, value: u32) {
    board.store(address, 4, value.into()).expect("a device is there");
}

/// Address of a register of the processor interface.
pub fn pi(register: pi::Register) -> u64 {
    PI + u64::from(register.offset())
}

/// Address of a register of a channel of the external interface.
pub fn exi(channel: u64, register: exi::Register) -> u64 {
    EXI + 0x14 * channel + u64::from(register.offset())
}

/// Address of a register of the plain interrupt controller.
pub fn interrupts(register: plain::interrupts::Register) -> u64 {
    plain::INTERRUPTS + u64::from(register.offset())
}

/// Address of a register of the plain console.
pub fn console(register: plain::console::Register) -> u64 {
    plain::CONSOLE + u64::from(register.offset())
}

/// Address of a register of the control device.
pub fn control(register: plain::control::Register) -> u64 {
    plain::CONTROL + u64::from(register.offset())
}
