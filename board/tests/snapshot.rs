//! A board that was stored and read back goes on where it was.

mod common;

use board::{Board, Source};
use common::{EXI, gamecube, read, write};

/// A board in the middle of everything.
fn busy() -> Board {
    let mut board = gamecube();
    board.push_input(b"input");
    board.set_clock(77);
    board.raise(Source::Plain(4)).expect("it has 32 lines");
    board.raise(Source::Pin).expect("every board has it");
    write(&mut board, EXI, 2 << 7);
    write(&mut board, EXI + 0x10, 0x2000_0000);
    write(&mut board, EXI + 0xc, 3 << 4 | 1 << 2 | 1);
    write(
        &mut board,
        common::console(board::plain::console::Register::Data),
        b'o'.into(),
    );
    write(
        &mut board,
        common::control(board::plain::control::Register::Exit),
        3,
    );
    read(&mut board, 0x0c00_0000);
    board
}

#[test]
fn a_stored_board_goes_on() {
    let mut board = busy();
    let text = serde_json::to_string(&board).expect("a board is a value");
    let mut again: Board = serde_json::from_str(&text).expect("it was stored");
    assert_eq!(again, board);
    for board in [&mut board, &mut again] {
        write(board, EXI + 0xc, 3 << 4 | 1);
        assert_eq!(read(board, EXI + 0x10), 77, "the clock's address was sent before");
    }
    assert_eq!(again, board);
}

#[test]
fn a_stored_board_is_not_trusted() {
    let good = serde_json::to_value(busy()).expect("a board is a value");
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = good.clone();
        change(&mut value);
        serde_json::from_value::<Board>(value).is_err()
    };
    assert!(!refused(&|_| {}));
    assert!(refused(&|value| value["model"] = "Plain".into()));
    assert!(refused(&|value| value["ram_bytes"] = u64::MAX.into()));
    assert!(refused(&|value| value["devices"]
        .as_array_mut()
        .expect("a list")
        .truncate(3)));
    assert!(refused(&|value| value["devices"]
        .as_array_mut()
        .expect("a list")
        .swap(3, 4)));
}
