//! Code that changes: seen at once by a coherent instruction cache, and by a stale one not until it is told.

mod common;

use common::{bare, entry, get, place, put, words};
use cpu::State;
use kvm_ppc::hardware::{Entry, Exit, Frame, Hardware, Rights, Shared};
use machine::{Icache, Machine};
use magicpage::Endian;

/// Calls a function, replaces its first instruction by the word in r10, and calls it again: r3 adds up.
const REWRITES: &str = "
        li r3, 0
        bl function
        li r9, 0x60
        stw r10, 0(r9)
        FLUSH
        bl function
        sc";

/// At 0x60.
const FUNCTION: &str = "
        addi r3, r3, 1
        blr";

const FLUSH: &str = "dcbst 0, r9\nsync\nicbi 0, r9\nisync";

fn run(machine: &mut Machine, flush: &str) -> u64 {
    let source = REWRITES.replace("FLUSH", flush);
    let calls = source.matches("bl function").count();
    let mut source = source.replacen("bl function", ".long 0", calls);
    source.push('\n');
    let mut program = words(&source);
    for (index, word) in program.iter_mut().enumerate() {
        if *word == 0 {
            let distance = 0x60 - 4 * u32::try_from(index).unwrap();
            *word = 0x4800_0001 | distance;
        }
    }
    put(machine, 0, &program);
    put(machine, 0x60, &words(FUNCTION));
    let mut state = State::new(common::FAMILY);
    state.gpr[10] = words("addi r3, r3, 16")[0].into();
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    state.gpr[3]
}

#[test]
fn a_coherent_cache_follows_stores() {
    assert_eq!(run(&mut bare(Icache::Coherent), "nop"), 17);
    assert_eq!(run(&mut bare(Icache::Coherent), FLUSH), 17);
}

#[test]
fn a_stale_cache_shows_who_forgot_to_flush() {
    assert_eq!(run(&mut bare(Icache::Stale), "nop"), 2);
    assert_eq!(run(&mut bare(Icache::Stale), "dcbst 0, r9\nsync\nisync"), 2);
    // A line further on is another line.
    assert_eq!(
        run(&mut bare(Icache::Stale), "addi r9, r9, 32\nicbi 0, r9\nisync"),
        2
    );
    assert_eq!(run(&mut bare(Icache::Stale), FLUSH), 17);
    // Any address of the line names it.
    assert_eq!(
        run(&mut bare(Icache::Stale), "addi r9, r9, 31\nicbi 0, r9\nisync"),
        17
    );
}

#[test]
fn a_stale_line_is_fetched_whole() {
    for (icache, expected) in [(Icache::Coherent, 16), (Icache::Stale, 1)] {
        let mut machine = bare(icache);
        // The instruction that is replaced has not been executed, but its line has been fetched.
        let program = "stw r10, 12(r0)\nnop\nnop\naddi r3, r3, 1\nsc";
        put(&mut machine, 0, &words(program));
        let mut state = State::new(common::FAMILY);
        state.gpr[10] = words("addi r3, r3, 16")[0].into();
        assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
        assert_eq!(state.gpr[3], expected);
    }
}

#[test]
fn the_host_can_empty_a_stale_cache() {
    let mut machine = bare(Icache::Stale);
    put(&mut machine, 0, &words("stw r10, 8(r0)\nsc\naddi r3, r3, 1\nsc"));
    let mut state = State::new(common::FAMILY);
    state.gpr[10] = words("addi r3, r3, 16")[0].into();
    for expected in [1, 17] {
        state.pc = 0;
        machine.enter(&mut state, &entry());
        machine.enter(&mut state, &entry());
        assert_eq!(state.gpr[3], expected);
        machine.invalidate_icache();
    }
}

#[test]
fn icbi_faults_like_a_load() {
    for icache in [Icache::Coherent, Icache::Stale] {
        let mut machine = bare(icache);
        put(&mut machine, 0, &words("icbi 0, r9"));
        let mut state = State::new(common::FAMILY);
        state.gpr[9] = 0x7000_0004;
        let before = state.clone();
        let exit = machine.enter(&mut state, &entry());
        let address = 0x7000_0004;
        assert_eq!(
            exit,
            Exit::Data {
                address,
                store: false
            }
        );
        assert_eq!(state, before);
    }
}

#[test]
fn what_the_host_writes_is_seen() {
    for icache in [Icache::Coherent, Icache::Stale] {
        let mut machine = bare(icache);
        machine.map(place(0x100), Frame::Shared(Shared::Magic), Rights::all());
        for address in [0, 0x10_0000] {
            for round in 0..3 {
                let program = words(&format!("addi r3, r0, {round}\nsc"));
                if address == 0 {
                    put(&mut machine, 0, &program);
                } else {
                    let bytes: Vec<u8> = program.iter().flat_map(|word| word.to_be_bytes()).collect();
                    machine.shared_mut(Shared::Magic)[..8].copy_from_slice(&bytes);
                }
                let mut state = State::new(common::FAMILY);
                state.pc = address;
                assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
                assert_eq!(state.gpr[3], round);
            }
        }
    }
}

#[test]
fn code_is_the_same_wherever_it_is_mapped() {
    let mut machine = bare(Icache::Coherent);
    machine.map(place(0x40), Frame::Memory(0), Rights::EXECUTE);
    machine.map(place(0x50), Frame::Memory(0), Rights::READ | Rights::WRITE);
    // Executed at one address, stored to at another.
    put(&mut machine, 0, &words("stw r10, 8(r9)\nnop\naddi r3, r3, 1\nsc"));
    let mut state = State::new(common::FAMILY);
    (state.pc, state.gpr[9]) = (0x4_0000, 0x5_0000);
    state.gpr[10] = words("addi r3, r3, 16")[0].into();
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    assert_eq!(state.gpr[3], 16);
}

#[test]
fn an_instruction_may_replace_its_successor_and_itself() {
    let mut machine = bare(Icache::Coherent);
    // The store replaces itself; the branch comes back to it.
    put(&mut machine, 0, &words("stw r10, 0(r0)\nb -4"));
    let mut state = State::new(common::FAMILY);
    state.gpr[10] = 0x4400_0002;
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    assert_eq!((state.pc, machine.instructions()), (4, 3));
    // Several registers over the own line, from another page.
    let mut machine = bare(Icache::Coherent);
    put(&mut machine, 0xffc, &words("stmw r20, 0(r9)\nnop\nnop\nsc"));
    let mut state = State::new(common::FAMILY);
    state.pc = 0xffc;
    state.gpr[9] = 0xfe0;
    for (n, register) in state.gpr[20..].iter_mut().enumerate() {
        *register = 0x3863_0000 + n as u64;
    }
    state.gpr[30] = 0x4400_0002;
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    assert_eq!(state.gpr[3], 8 + 9);
}

#[test]
fn a_page_of_code_that_becomes_data_becomes_fast_and_stays_right() {
    let mut machine = bare(Icache::Coherent);
    put(&mut machine, 0x3000, &words("addi r3, r3, 1\nblr"));
    let source = "mtspr 9, r4\nli r9, 0x3100\nstwu r9, 4(r9)\nbdnz -4\nsc";
    put(&mut machine, 0, &words(source));
    for round in 1..5 {
        let mut state = State::new(common::FAMILY);
        (state.pc, state.lr) = (0x3000, 0);
        state.gpr[4] = 200;
        assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
        assert_eq!(state.gpr[3], 1);
        assert_eq!(get(&machine, 0x3104), 0x3100);
        assert_eq!(machine.instructions(), round * (2 + 2 + 400 + 1));
    }
    // It is still code to whoever executes it, and to whoever stores to it then.
    let source = "li r9, 0x3000\nmtspr 9, r9\nbctrl\nstw r10, 0(r9)\nbctrl\nsc";
    put(&mut machine, 0, &words(source));
    let mut state = State::new(common::FAMILY);
    state.gpr[10] = words("addi r3, r3, 16")[0].into();
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    assert_eq!(state.gpr[3], 17);
}

#[test]
fn code_that_the_guest_has_just_written_may_be_written_again() {
    let mut machine = bare(Icache::Coherent);
    let source =
        "li r9, 0x3000\nmtspr 9, r9\nstw r11, 0(r9)\nstw r12, 4(r9)\nbctrl\nstw r10, 0(r9)\nbctrl\nsc";
    put(&mut machine, 0, &words(source));
    let mut state = State::new(common::FAMILY);
    let code = words("addi r3, r3, 16\naddi r3, r3, 1\nblr");
    for (register, word) in state.gpr[10..].iter_mut().zip(code) {
        *register = word.into();
    }
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    assert_eq!(state.gpr[3], 17);
}

#[test]
fn the_byte_order_of_code_may_change() {
    let mut machine = Machine::new(machine::Config::new(magicpage::Family::Book3s64, common::RAM)).unwrap();
    machine.map(place(0), Frame::Memory(0), Rights::all());
    for endian in [Endian::Big, Endian::Little, Endian::Big] {
        let bytes: Vec<u8> = words("addi r3, r0, 7\nsc")
            .iter()
            .flat_map(|word| endian.write_u32(*word))
            .collect();
        machine.write(0, &bytes).unwrap();
        for other in [Endian::Big, Endian::Little] {
            let mut state = State::new(magicpage::Family::Book3s64);
            let exit = machine.enter(
                &mut state,
                &Entry {
                    endian: other,
                    ..entry()
                },
            );
            assert_eq!(exit == Exit::SystemCall, endian == other);
        }
    }
}

#[test]
fn more_code_than_is_kept_decoded_runs_the_same() {
    let mut config = machine::Config::new(common::FAMILY, 20 << 20);
    let mut results = Vec::new();
    for icache in [Icache::Coherent, Icache::Stale] {
        config.icache = icache;
        let mut machine = Machine::new(config).unwrap();
        let pages = 20 << 8;
        for page in 0..pages {
            machine.map(place(page), Frame::Memory(page), Rights::all());
            put(&mut machine, page << 12, &words("addi r3, r3, 1\nb 0xffc"));
        }
        put(&mut machine, (pages - 1) << 12, &words("sc"));
        let mut state = State::new(common::FAMILY);
        for _ in 0..2 {
            state.pc = 0;
            assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
        }
        results.push((state, machine.instructions()));
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0].0.gpr[3], 2 * ((20 << 8) - 1));
}
