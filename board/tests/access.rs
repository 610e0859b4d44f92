//! Accesses of every size and place.

mod common;

use board::plain::{self, console, control, interrupts};
use board::{Board, Event, Model, NoDevice, RamTooLarge, Source};
use common::{gamecube, read, write};
use proptest::prelude::*;

#[test]
fn the_plain_devices_stand_on_both_boards() {
    for model in [Model::GameCube, Model::Plain] {
        let mut board = Board::new(model, 1 << 20).expect("it fits");
        assert_eq!(
            read(&mut board, common::control(control::Register::Identity)).to_be_bytes(),
            *b"PPCV"
        );
        assert_eq!(read(&mut board, common::control(control::Register::Version)), 1);
        assert!(board.is_device(plain::INTERRUPTS) && !board.is_device(plain::CONTROL + 0x1000));
        assert_eq!(board.is_device(common::PI), model == Model::GameCube);
        assert!(!board.is_device(0) && !board.is_device(u64::MAX));
    }
}

#[test]
fn a_register_is_big_endian_bytes() {
    let mut board = gamecube();
    let scratch = common::control(control::Register::Scratch);
    write(&mut board, scratch, 0x0123_4567);
    let bytes: Vec<_> = (0..4).map(|byte| board.load(scratch + byte, 1)).collect();
    assert_eq!(bytes, [Ok(0x01), Ok(0x23), Ok(0x45), Ok(0x67)]);
    assert_eq!(board.load(scratch + 1, 2), Ok(0x2345));
    board
        .store(scratch + 1, 2, 0xffff_abcd)
        .expect("a device is there");
    assert_eq!(read(&mut board, scratch), 0x01ab_cd67);
    board.store(scratch + 3, 1, 0x99).expect("a device is there");
    assert_eq!(read(&mut board, scratch), 0x01ab_cd99);
}

#[test]
fn an_access_may_touch_several_registers() {
    let mut board = gamecube();
    write(
        &mut board,
        common::control(control::Register::Scratch),
        0xaabb_ccdd,
    );
    assert_eq!(board.load(plain::CONTROL, 8), Ok(0x5050_4356_0000_0001));
    assert_eq!(board.load(plain::CONTROL + 5, 4), Ok(0x0000_01aa));
    assert_eq!(board.load(plain::CONTROL + 2, 8), Ok(0x4356_0000_0001_aabb));

    board
        .store(plain::CONTROL + 8, 8, 0x1122_3344_0000_0007)
        .expect("a device is there");
    assert_eq!(
        read(&mut board, common::control(control::Register::Scratch)),
        0x1122_3344
    );
    assert_eq!(board.take_event(), Some(Event::Exit(7)), "in ascending order");
}

#[test]
fn a_command_is_the_number_that_was_stored() {
    let (data, exit) = (
        common::console(console::Register::Data),
        common::control(control::Register::Exit),
    );
    for bytes in [1, 2, 4] {
        let mut board = gamecube();
        board.store(data, bytes, b'A'.into()).expect("a device is there");
        board.store(exit, bytes, 9).expect("a device is there");
        assert_eq!(
            (board.take_output(), board.take_event()),
            (vec![b'A'], Some(Event::Exit(9)))
        );
    }
}

#[test]
fn a_typed_byte_is_taken_once() {
    let mut board = gamecube();
    let (data, status) = (
        common::console(console::Register::Data),
        common::console(console::Register::Status),
    );
    board.push_input(b"abc");
    assert_eq!(board.load(status, 1), Ok((console::ROOM | console::TYPED).into()));
    assert_eq!(board.load(data, 1), Ok(b'a'.into()));
    assert_eq!(board.load(data, 2), Ok(b'b'.into()));
    assert_eq!(board.load(data, 4), Ok(b'c'.into()));
    assert_eq!(board.load(data, 4), Ok(0));
    assert_eq!(board.load(status, 4), Ok(console::ROOM.into()));
}

#[test]
fn the_guest_ends_in_three_ways() {
    use control::Register::{Exit, PowerOff, Reset};
    for (register, event) in [
        (Exit, Event::Exit(0)),
        (PowerOff, Event::PowerOff),
        (Reset, Event::Reset),
    ] {
        let mut board = gamecube();
        write(&mut board, common::control(register), 0);
        assert_eq!((board.take_event(), board.take_event()), (Some(event), None));
    }
}

#[test]
fn the_guest_says_when_its_work_begins() {
    let mut board = gamecube();
    assert!(!board.take_begun());
    write(&mut board, common::control(control::Register::Begin), 0);
    assert_eq!((board.take_begun(), board.take_begun()), (true, false));
    assert_eq!(board.take_event(), None);
}

#[test]
fn the_guest_says_when_its_work_has_ended() {
    let mut board = gamecube();
    assert!(!board.take_ended());
    write(&mut board, common::control(control::Register::End), 0);
    assert_eq!((board.take_ended(), board.take_ended()), (true, false));
    assert!(board.take_event().is_none() && !board.take_begun());
}

#[test]
fn what_is_not_implemented_reads_as_zero_and_is_counted() {
    let mut board = gamecube();
    for address in [
        0x0c00_0000,
        0x0c00_2000,
        0x0c00_3008,
        0x0c00_6840,
        0x0c00_fffc,
        0x0d00_0ffc,
    ] {
        write(&mut board, address, u32::MAX);
        assert_eq!(read(&mut board, address), 0);
    }
    let counted = board.diagnostics();
    assert_eq!(
        (counted.loads, counted.stores, counted.last),
        (6, 6, Some(0x0d00_0ffc))
    );
    board.load(0x0c00_2002, 8).expect("a device is there");
    assert_eq!(board.diagnostics().loads, 9, "by words");
}

#[test]
fn a_row_says_which_way_a_register_works() {
    let mut board = gamecube();
    let [status, raise] = [interrupts::Register::Status, interrupts::Register::Raise].map(common::interrupts);
    write(&mut board, status, u32::MAX);
    assert_eq!((read(&mut board, status), read(&mut board, raise)), (0, 0));
    let counted = board.diagnostics();
    assert_eq!((counted.loads, counted.stores), (1, 1));
}

#[test]
fn where_nothing_is_nothing_happens() {
    let mut board = gamecube();
    let before = board.clone();
    let sizes = (0..=255).filter(|bytes| ![1, 2, 4, 8].contains(bytes));
    let odd = sizes.map(|bytes| (plain::CONTROL + 8, bytes));
    let outside = [
        (0, 4),
        (plain::CONTROL + 0xffd, 4),
        (0x0bff_ffff, 2),
        (0x0c01_0000, 1),
        (u64::MAX, 8),
    ];
    for (physical, bytes) in odd.chain(outside) {
        assert_eq!(board.load(physical, bytes), Err(NoDevice { physical, bytes }));
        assert_eq!(board.store(physical, bytes, 1), Err(NoDevice { physical, bytes }));
    }
    assert_eq!(board, before);
}

#[test]
fn ram_ends_before_the_devices() {
    for model in [Model::GameCube, Model::Plain] {
        let board = Board::new(model, Board::RAM_LIMIT).expect("it just fits");
        assert!(model.devices().iter().all(|row| row.base >= board.ram_bytes()));
        let ram_bytes = Board::RAM_LIMIT + 1;
        assert_eq!(Board::new(model, ram_bytes), Err(RamTooLarge { ram_bytes }));
    }
}

/// An address in or near a device, or anywhere.
fn address() -> impl Strategy<Value = u64> {
    prop_oneof![
        0x0c00_2ff0..0x0c00_3040_u64,
        0x0c00_67f0..0x0c00_6850_u64,
        0x0d00_0000..0x0d00_0020_u64,
        0x0d00_0ff0..0x0d00_1010_u64,
        0x0d00_1ff0..0x0d00_2020_u64,
        any::<u64>(),
    ]
}

proptest! {
    #[test]
    fn no_access_disturbs_the_host(
        accesses in prop::collection::vec((address(), 0..10_u8, any::<bool>(), any::<u64>()), 1..200),
        source in 0..40_u8,
    ) {
        let mut board = gamecube();
        let mut replay = gamecube();
        for (physical, bytes, store, value) in accesses {
            board.push_input(&[1]);
            replay.push_input(&[1]);
            if store {
                prop_assert_eq!(board.store(physical, bytes, value), replay.store(physical, bytes, value));
            } else {
                let loaded = board.load(physical, bytes);
                prop_assert_eq!(loaded, replay.load(physical, bytes));
                if let Ok(loaded) = loaded && bytes < 8 {
                    prop_assert_eq!(loaded >> (8 * bytes), 0);
                }
            }
            prop_assert_eq!(board.raise(Source::Plain(source)), replay.raise(Source::Plain(source)));
            prop_assert_eq!(board.line(), replay.line());
        }
        prop_assert_eq!(board, replay);
    }
}
