//! The USB Gecko, through the accesses that Linux' `usbgecko_udbg.c` makes: two-byte transfers in both directions at
//! 32 MHz with the first device selected.

mod common;

use board::Board;
use board::flipper::Slot;
use board::flipper::gecko::{Command, IDENTITY, READY, RECEIVED};
use common::{EXI, gamecube, read, write};

const CSR: u64 = 0x00;
const CR: u64 = 0x0c;
const DATA: u64 = 0x10;
/// 32 MHz, device 0.
const SELECT: u32 = 5 << 4 | 1 << 7;
/// Two bytes, both directions, start.
const START: u32 = 1 << 4 | 2 << 2 | 1;

/// One transaction with the device in the slot at `base`.
fn transaction(board: &mut Board, base: u64, word: u32) -> u32 {
    write(board, base + CSR, SELECT);
    write(board, base + DATA, word);
    write(board, base + CR, START);
    assert_eq!(
        read(board, base + CR) & 1,
        0,
        "the transfer has ended at the first look"
    );
    write(board, base + CSR, 0);
    read(board, base + DATA)
}

/// The slot where a driver finds the adapter.
fn probe(board: &mut Board) -> Option<u64> {
    let slots = [EXI, EXI + 0x14];
    slots
        .into_iter()
        .find(|base| transaction(board, *base, 0x9000_0000) == 0x0470_0000)
}

fn put(board: &mut Board, base: u64, text: &str) {
    for byte in text.bytes() {
        assert_ne!(transaction(board, base, 0xc000_0000) & 0x0400_0000, 0);
        transaction(board, base, 0xb000_0000 | u32::from(byte) << 20);
    }
}

fn get(board: &mut Board, base: u64) -> Option<u8> {
    let ready = transaction(board, base, 0xd000_0000) & 0x0400_0000 != 0;
    let word = transaction(board, base, 0xa000_0000);
    let received = word & 0x0800_0000 != 0;
    assert_eq!(ready, received, "ready says what receive does");
    received.then(|| word.to_be_bytes()[1])
}

#[test]
fn it_is_found_where_it_sticks() {
    let mut board = gamecube();
    assert_eq!(probe(&mut board), Some(EXI), "slot A after power-on");
    board.plug_gecko(Some(Slot::B));
    assert_eq!(probe(&mut board), Some(EXI + 0x14));
    board.plug_gecko(None);
    assert_eq!(probe(&mut board), None);
}

#[test]
fn a_slot_shows_whether_a_card_is_in_it() {
    let mut board = gamecube();
    let present =
        |board: &mut Board| [EXI, EXI + 0x14, EXI + 0x28].map(|base| read(board, base + CSR) >> 12 & 1);
    assert_eq!(present(&mut board), [1, 0, 0]);
    board.plug_gecko(Some(Slot::B));
    assert_eq!(present(&mut board), [0, 1, 0]);
}

#[test]
fn what_is_sent_comes_out() {
    for slot in [Slot::A, Slot::B] {
        let mut board = gamecube();
        board.plug_gecko(Some(slot));
        let base = probe(&mut board).expect("it sticks in a slot");
        put(&mut board, base, "usbgecko_udbg: ready\r\n");
        assert_eq!(board.take_output(), b"usbgecko_udbg: ready\r\n");
        assert_eq!(board.take_output(), b"");
        assert!((0..=255).all(|byte: u8| {
            transaction(&mut board, base, Command::Send.word(byte));
            board.take_output() == [byte]
        }));
    }
}

#[test]
fn what_is_typed_goes_in() {
    let mut board = gamecube();
    let base = probe(&mut board).expect("it sticks in a slot");
    assert_eq!(get(&mut board, base), None);
    board.push_input(b"ls");
    board.push_input(&[0, 255]);
    let bytes: Vec<_> = core::iter::from_fn(|| get(&mut board, base)).collect();
    assert_eq!(bytes, [b'l', b's', 0, 255]);
    assert_eq!(board.take_output(), b"");
}

#[test]
fn the_words_are_those_of_the_driver() {
    let words = Command::ALL.iter().map(|command| command.word(0) >> 28);
    assert!(words.eq([0x9, 0xa, 0xb, 0xc, 0xd]));
    assert_eq!(Command::Send.word(b'A'), 0xb410_0000);
    assert_eq!(
        (IDENTITY, READY, RECEIVED),
        (0x0470_0000, 0x0400_0000, 0x0800_0000)
    );
}

#[test]
fn only_the_bytes_of_a_transfer_are_answered() {
    let mut board = gamecube();
    for (bytes, answer) in [(1, 0x0400_0000), (2, IDENTITY), (4, IDENTITY)] {
        write(&mut board, EXI + CSR, SELECT);
        write(&mut board, EXI + DATA, 0x90ff_ffff);
        write(&mut board, EXI + CR, (bytes - 1) << 4 | 2 << 2 | 1);
        assert_eq!(read(&mut board, EXI + DATA), answer, "{bytes} bytes");
    }
}

#[test]
fn without_a_selected_device_a_transfer_ends_too() {
    let mut board = gamecube();
    for select in [0, 3 << 7, 4 << 7, 7 << 7] {
        write(&mut board, EXI + CSR, select | 8);
        write(&mut board, EXI + DATA, 0x9000_0000);
        write(&mut board, EXI + CR, START);
        assert_eq!(read(&mut board, EXI + CR) & 1, 0);
        assert_ne!(read(&mut board, EXI + CSR) & 8, 0, "and says so");
        assert_eq!(read(&mut board, EXI + DATA), 0);
    }
}
