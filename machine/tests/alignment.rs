//! Which unaligned accesses the hardware does, and which it leaves to the host.

mod common;

use common::{bare, entry, place, put};
use cpu::State;
use kvm_ppc::hardware::{Cause, Entry, Exit, Frame, Hardware, Rights};
use machine::{Config, Icache, Machine};
use magicpage::{Endian, Family};

fn run(machine: &mut Machine, word: u32, address: u64, endian: Endian) -> Exit {
    machine.write(0, &endian.write_u32(word)).unwrap();
    machine.write(4, &endian.write_u32(0x4400_0002)).unwrap();
    let mut state = State::new(machine.config().family);
    state.gpr[4] = address;
    state.xer = 8;
    let before = state.clone();
    let exit = machine.enter(&mut state, &Entry { endian, ..entry() });
    if exit != Exit::SystemCall {
        assert_eq!(state, before);
    }
    exit
}

/// `primary` with RT or FRT 5, base r4 and displacement 0.
const fn displaced(primary: u32) -> u32 {
    primary << 26 | 5 << 21 | 4 << 16
}

/// Extended opcode `extended` with RT or FRT 5, base r4 and index r0, which is 0.
const fn indexed(extended: u32) -> u32 {
    31 << 26 | 5 << 21 | 4 << 16 | extended << 1
}

const LMW: u32 = displaced(46);
const STMW: u32 = displaced(47);

#[test]
fn integers_need_no_alignment() {
    let mut machine = bare(Icache::Coherent);
    for primary in [32, 33, 34, 36, 38, 40, 42, 44] {
        for offset in 0..8 {
            let exit = run(&mut machine, displaced(primary), 0x2ffc + offset, Endian::Big);
            assert_eq!(exit, Exit::SystemCall, "{primary} at {offset}");
        }
    }
}

#[test]
fn a_750_wants_words_for_several_and_for_floating_point() {
    let several = [(LMW, false), (STMW, true)];
    let floating = [(48, false), (50, false), (52, true), (54, true)].map(|(n, s)| (displaced(n), s));
    let by_index = [(535, false), (599, false), (663, true), (727, true), (983, true)];
    let by_index = by_index.map(|(n, s)| (indexed(n), s));
    let mut machine = bare(Icache::Coherent);
    for (word, store) in several.into_iter().chain(floating).chain(by_index) {
        for address in 0x2000..0x2008 {
            let exit = run(&mut machine, word, address, Endian::Big);
            let expected = if address % 4 == 0 {
                Exit::SystemCall
            } else {
                Exit::Alignment { address, store }
            };
            assert_eq!(exit, expected, "{word:#x} at {address:#x}");
        }
    }
}

#[test]
fn reservations_want_alignment() {
    let mut machine = bare(Icache::Coherent);
    for (word, store) in [(indexed(20), false), (indexed(150) | 1, true)] {
        for address in 0x2001..0x2004 {
            let exit = run(&mut machine, word, address, Endian::Big);
            assert_eq!(exit, Exit::Alignment { address, store });
        }
    }
}

#[test]
fn without_the_unit_floating_point_has_no_address() {
    let mut machine = bare(Icache::Coherent);
    put(&mut machine, 0, &[displaced(48)]);
    let mut state = State::new(common::FAMILY);
    (state.fp, state.gpr[4]) = (false, 0x2001);
    assert_eq!(machine.enter(&mut state, &entry()), Exit::FloatingPoint);
}

#[test]
fn a_64_bit_processor_does_it_all_except_several_in_little_endian() {
    let mut machine = Machine::new(Config::new(Family::Book3s64, common::RAM)).unwrap();
    for page in 0..16 {
        machine.map(place(page), Frame::Memory(page), Rights::all());
    }
    const LSWI: u32 = indexed(597) | 4 << 11;
    for (word, store) in [(LMW, false), (STMW, true), (LSWI, false)] {
        assert_eq!(run(&mut machine, word, 0x2001, Endian::Big), Exit::SystemCall);
        for address in [0x2000, 0x2001] {
            let exit = run(&mut machine, word, address, Endian::Little);
            assert_eq!(exit, Exit::Alignment { address, store });
        }
    }
    let exit = run(&mut machine, displaced(48), 0x2001, Endian::Little);
    assert_eq!(exit, Exit::SystemCall);
}

#[test]
fn vectors_are_another_units() {
    let mut machine = bare(Icache::Coherent);
    // lvx.
    assert_eq!(run(&mut machine, indexed(103), 0x2000, Endian::Big), Exit::Vector);
    // mfspr of a number that does not exist.
    let exit = run(&mut machine, 0x7ca0_22a6 | 7 << 16, 0, Endian::Big);
    assert_eq!(exit, Exit::Program(Cause::Illegal));
}
