//! Interrupt controllers: status, mask, acknowledgement, and the line to the processor.

mod common;

use board::flipper::{Line, pi};
use board::plain::interrupts::{LINES, Register};
use board::{Board, Event, Model, Source};
use common::{gamecube, interrupts, pi, read, write};

fn status(board: &mut Board) -> u32 {
    read(board, pi(pi::Register::Status))
}

#[test]
fn a_flipper_line_is_its_level() {
    for line in Line::ALL
        .iter()
        .copied()
        .filter(|line| *line != Line::ResetSwitch)
    {
        let mut board = gamecube();
        board.raise(Source::Flipper(line)).expect("a GameCube has it");
        assert_eq!(status(&mut board), pi::RESET_SWITCH_UP | line.mask());
        assert!(!board.line(), "masked");
        write(&mut board, pi(pi::Register::Mask), !line.mask());
        assert!(!board.line(), "other lines' masks");
        write(&mut board, pi(pi::Register::Mask), line.mask());
        assert!(board.line());
        write(&mut board, pi(pi::Register::Status), u32::MAX);
        assert!(board.line(), "nothing is latched");
        board.lower(Source::Flipper(line)).expect("a GameCube has it");
        assert!(!board.line());
        assert_eq!(status(&mut board), pi::RESET_SWITCH_UP);
    }
}

/// `flipper_pic_mask_and_ack`, the handler, `flipper_pic_unmask`.
#[test]
fn linux_handles_a_level_interrupt() {
    let mut board = gamecube();
    let (cause, mask) = (pi(pi::Register::Status), pi(pi::Register::Mask));
    write(&mut board, mask, 0);
    write(&mut board, cause, u32::MAX);
    write(&mut board, mask, Line::HighSpeed.mask() | Line::Exi.mask());
    board
        .raise(Source::Flipper(Line::HighSpeed))
        .expect("a GameCube has it");

    let pending = read(&mut board, cause) & read(&mut board, mask);
    assert_eq!(pending.trailing_zeros(), u32::from(Line::HighSpeed.bit()));
    let enabled = read(&mut board, mask);
    write(&mut board, mask, enabled & !pending);
    write(&mut board, cause, pending);
    assert!(!board.line());
    board
        .lower(Source::Flipper(Line::HighSpeed))
        .expect("a GameCube has it");
    write(&mut board, mask, enabled);
    assert!(!board.line());
}

#[test]
fn the_reset_switch_is_latched() {
    let mut board = gamecube();
    let switch = Source::Flipper(Line::ResetSwitch);
    write(&mut board, pi(pi::Register::Mask), Line::ResetSwitch.mask());
    board.raise(switch).expect("a GameCube has it");
    board.raise(switch).expect("a GameCube has it");
    assert_eq!(status(&mut board), Line::ResetSwitch.mask(), "pressed, not up");
    board.lower(switch).expect("a GameCube has it");
    assert_eq!(
        status(&mut board),
        Line::ResetSwitch.mask() | pi::RESET_SWITCH_UP,
        "still to be acknowledged"
    );
    assert!(board.line());
    write(&mut board, pi(pi::Register::Status), Line::ResetSwitch.mask());
    assert!(!board.line());
    board.raise(switch).expect("a GameCube has it");
    write(&mut board, pi(pi::Register::Status), Line::ResetSwitch.mask());
    board.raise(switch).expect("a GameCube has it");
    assert_eq!(status(&mut board), 0, "a press counts once, however long");
}

#[test]
fn only_lines_can_be_let_through() {
    let mut board = gamecube();
    write(&mut board, pi(pi::Register::Mask), u32::MAX);
    assert_eq!(read(&mut board, pi(pi::Register::Mask)), 0x3fff);
    assert!(!board.line(), "the switch's state is no interrupt");
}

#[test]
fn the_pin_is_spurious() {
    for model in [Model::GameCube, Model::Plain] {
        let mut board = Board::new(model, 1 << 20).expect("it fits");
        board.raise(Source::Pin).expect("every board has it");
        assert!(board.line());
        assert_eq!(read(&mut board, interrupts(Register::Status)), 0);
        board.lower(Source::Pin).expect("every board has it");
        assert!(!board.line());
    }
}

#[test]
fn a_plain_line_is_pending_until_acknowledged() {
    let mut board = Board::new(Model::Plain, 1 << 20).expect("it fits");
    write(&mut board, interrupts(Register::Raise), 1 << 3 | 1 << 31);
    assert_eq!(read(&mut board, interrupts(Register::Status)), 1 << 3 | 1 << 31);
    assert!(!board.line(), "not enabled");
    write(&mut board, interrupts(Register::Enable), 1 << 31);
    assert!(board.line());
    write(&mut board, interrupts(Register::Acknowledge), 1 << 3);
    assert!(board.line(), "the enabled one is still pending");
    write(&mut board, interrupts(Register::Acknowledge), 1 << 31);
    assert!(!board.line());
    assert_eq!(read(&mut board, interrupts(Register::Status)), 0);
}

#[test]
fn raises_are_counted() {
    let mut board = Board::new(Model::Plain, 1 << 20).expect("it fits");
    let counts = |board: &mut Board| {
        let [count, merged] =
            [Register::Count, Register::Merged].map(|register| read(board, interrupts(register)));
        (count, merged)
    };
    board.raise(Source::Plain(0)).expect("it has 32 lines");
    write(&mut board, interrupts(Register::Raise), 0b101);
    assert_eq!(counts(&mut board), (2, 1));
    write(&mut board, interrupts(Register::Acknowledge), 1);
    board.raise(Source::Plain(0)).expect("it has 32 lines");
    assert_eq!(counts(&mut board), (3, 1));
    board.lower(Source::Plain(0)).expect("it has 32 lines");
    assert_eq!(read(&mut board, interrupts(Register::Status)), 0b100);
    assert_eq!(counts(&mut board), (3, 1), "lowering is not a raise");
}

#[test]
fn a_source_that_is_not_there_is_refused() {
    let mut board = Board::new(Model::Plain, 1 << 20).expect("it fits");
    let before = board.clone();
    for source in [
        Source::Flipper(Line::Exi),
        Source::Plain(LINES),
        Source::Plain(255),
    ] {
        assert_eq!(
            board.raise(source).map_err(|error| error.source_line),
            Err(source)
        );
        assert!(board.lower(source).is_err());
    }
    assert_eq!(board, before);
}

#[test]
fn a_reset_lowers_everything() {
    let mut board = gamecube();
    write(&mut board, interrupts(Register::Enable), u32::MAX);
    write(&mut board, pi(pi::Register::Mask), u32::MAX);
    for source in [Source::Pin, Source::Plain(1), Source::Flipper(Line::Video)] {
        board.raise(source).expect("a GameCube has it");
    }
    board.reset();
    assert!(!board.line());
    assert_eq!(board, gamecube());
}

#[test]
fn linux_resets_with_one_byte() {
    let mut board = gamecube();
    let reset = pi(pi::Register::Reset);
    board.store(reset, 4, 5).expect("a device is there");
    assert_eq!(board.take_event(), None, "the system runs on");
    board.store(reset, 1, 0).expect("a device is there");
    assert_eq!(board.take_event(), Some(Event::Reset), "flipper_platform_reset");
    board.store(reset, 4, 7 << 3).expect("a device is there");
    assert_eq!(
        board.take_event(),
        Some(Event::Reset),
        "with a code for the next start"
    );
}
