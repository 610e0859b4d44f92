//! The external interface and its clock, through the accesses that Linux' `rtc-gamecube.c` makes.

mod common;

use board::Board;
use board::flipper::Line;
use board::flipper::exi::Register::{Address, Control, Data, Length, Status};
use board::flipper::exi::{control, status};
use board::flipper::pi::Register::{Mask, Status as Cause};
use common::{exi, gamecube, pi, read, write};

/// Device 1 at 8 MHz; clears the end of the transfer before.
const SELECT: u32 = 2 << 7 | 3 << 4 | status::COMPLETE;
const READ: u32 = 3 << control::LENGTH_SHIFT | control::START;
const WRITE: u32 = READ | 1 << control::DIRECTION_SHIFT;

/// Starts a transfer and waits for its end.
fn transfer(board: &mut Board, data: Option<u32>, start: u32) -> u32 {
    write(board, exi(0, Status), SELECT);
    assert_eq!(read(board, exi(0, Status)) & status::COMPLETE, 0, "cleared");
    if let Some(data) = data {
        write(board, exi(0, Data), data);
    }
    write(board, exi(0, Control), start);
    assert_ne!(
        read(board, exi(0, Status)) & status::COMPLETE,
        0,
        "ended at the first look"
    );
    read(board, exi(0, Data))
}

fn clock_read(board: &mut Board, register: u32) -> u32 {
    transfer(board, Some(register << 8), WRITE);
    let value = transfer(board, None, READ);
    write(board, exi(0, Status), 0);
    value
}

fn clock_write(board: &mut Board, register: u32, value: u32) {
    transfer(board, Some(1 << 31 | register << 8), WRITE);
    transfer(board, Some(value), WRITE);
    write(board, exi(0, Status), 0);
}

#[test]
fn the_clock_shows_what_was_set() {
    let mut board = gamecube();
    assert_eq!(clock_read(&mut board, 0x20_0004), 0, "the bias");
    board.set_clock(1_700_000_000);
    assert_eq!(clock_read(&mut board, 0x20_0000), 1_700_000_000);
    clock_write(&mut board, 0x20_0000, 5);
    assert_eq!(clock_read(&mut board, 0x20_0000), 5);
    assert_eq!(
        clock_read(&mut board, 0x21_000c),
        0,
        "power is stable, the battery full"
    );
}

#[test]
fn what_a_battery_keeps_survives_a_reset() {
    let mut board = gamecube();
    clock_write(&mut board, 0x20_0004, 0x1122_3344);
    transfer(&mut board, Some(0), WRITE);
    board.reset();
    assert_eq!(read(&mut board, exi(0, Data)), 0);
    assert_eq!(clock_read(&mut board, 0x20_0004), 0x1122_3344);
}

#[test]
fn the_end_of_a_transfer_interrupts_when_asked() {
    let mut board = gamecube();
    write(&mut board, pi(Mask), Line::Exi.mask());
    for channel in 0..3 {
        write(&mut board, exi(channel, Status), 1 << 2);
        assert!(!board.line());
        write(&mut board, exi(channel, Control), READ);
        assert!(board.line());
        assert_eq!(read(&mut board, pi(Cause)) & Line::Exi.mask(), Line::Exi.mask());
        write(&mut board, pi(Cause), u32::MAX);
        assert!(board.line(), "an acknowledgement does not satisfy the device");
        write(&mut board, exi(channel, Status), status::COMPLETE);
        assert!(!board.line());
    }
}

#[test]
fn a_masked_end_does_not_interrupt() {
    let mut board = gamecube();
    write(&mut board, pi(Mask), u32::MAX);
    write(&mut board, exi(0, Control), READ);
    write(&mut board, exi(0, Status), 1 << 0 | 1 << 10);
    assert!(!board.line(), "other masks do not matter");
    write(&mut board, exi(0, Status), 1 << 2);
    assert!(board.line());
}

#[test]
fn transfers_with_memory_end_and_are_counted() {
    let mut board = gamecube();
    write(&mut board, exi(1, Address), 0x0010_0000);
    write(&mut board, exi(1, Length), 0x20);
    write(&mut board, exi(1, Control), control::START | control::MEMORY);
    assert_eq!(read(&mut board, exi(1, Control)), control::MEMORY);
    assert_ne!(read(&mut board, exi(1, Status)) & status::COMPLETE, 0);
    assert_eq!(board.diagnostics().memory_transfers, 1);
    assert_eq!(
        (
            read(&mut board, exi(1, Address)),
            read(&mut board, exi(1, Length))
        ),
        (0x0010_0000, 0x20)
    );
}
