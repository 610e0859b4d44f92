//! The machine stops exactly where it is told to, and counts exactly.

mod common;

use std::num::NonZeroU32;

use common::{Naive, bare, entry, put, step, with_program, words};
use cpu::State;
use kvm_ppc::hardware::{Cause, Entry, Exit, Hardware};
use machine::{Config, Icache, Machine};

/// Calls, loops, loads and stores over two pages; about 3000 instructions.
const PROGRAM: &str = "
        li r1, 0x4000
        li r30, 25
    round:
        mr r3, r30
        bl work
        stwu r3, -4(r1)
        addic. r30, r30, -1
        bne cr0, round
        sc
    work:
        li r5, 0
        mtspr 9, r3
        li r6, 0x3ff0
    each:
        stwx r5, r6, r5
        lwzx r7, r6, r5
        add r8, r7, r3
        xor r5, r5, r8
        rlwinm r5, r5, 0, 20, 29
        bdnz each
        mr r3, r5
        blr";

/// The state after each number of instructions.
fn reference(machine: &Machine, start: &State) -> Vec<State> {
    let mut naive = Naive::of(machine);
    let mut states = vec![start.clone()];
    let mut state = start.clone();
    while let Some(Ok(())) = naive.step(&mut state) {
        states.push(state.clone());
    }
    states
}

#[test]
fn stops_in_front_of_every_instruction() {
    let (machine, start) = with_program(PROGRAM);
    let states = reference(&machine, &start);
    assert!(states.len() > 2000);
    let mut fork = machine.clone();
    for (count, expected) in states.iter().enumerate() {
        fork.fork_from(&machine);
        fork.stop_at(Some(count as u64));
        let mut state = start.clone();
        assert_eq!(fork.enter(&mut state, &entry()), Exit::Host);
        assert_eq!(fork.instructions(), count as u64);
        assert_eq!(state, *expected, "after {count}");
        // Where as many or more have completed, nothing runs.
        assert_eq!(fork.enter(&mut state, &entry()), Exit::Host);
        fork.stop_at(Some(count as u64 / 2));
        assert_eq!(fork.enter(&mut state, &entry()), Exit::Host);
        assert_eq!((fork.instructions(), &state), (count as u64, expected));
    }
}

#[test]
fn steps_one_instruction() {
    let (mut machine, mut state) = with_program(PROGRAM);
    let states = reference(&machine, &state);
    for expected in &states[1..] {
        assert_eq!(machine.enter(&mut state, &step()), Exit::Trace);
        assert_eq!(state, *expected);
    }
    let count = states.len() as u64;
    assert_eq!(machine.instructions(), count - 1);
    assert_eq!(machine.enter(&mut state, &step()), Exit::SystemCall);
    assert_eq!(machine.instructions(), count);
    // Beside the program is nothing but zeros.
    state.pc = 0x2000;
    assert_eq!(machine.enter(&mut state, &step()), Exit::Program(Cause::Illegal));
    assert_eq!((machine.instructions(), state.pc), (count, 0x2000));
}

#[test]
fn runs_as_a_naive_processor_does() {
    let (mut machine, mut state) = with_program(PROGRAM);
    let mut naive = Naive::of(&machine);
    let mut other = state.clone();
    while let Some(Ok(())) = naive.step(&mut other) {}
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    other.pc += 4;
    assert_eq!(state, other);
    assert_eq!(machine.memory(), naive.bytes);
}

#[test]
fn comes_back_at_the_first_boundary_at_a_deadline() {
    let (mut machine, start) = with_program(PROGRAM);
    machine.set_timebase(1000);
    let mut fork = machine.clone();
    for deadline in 990..1100 {
        fork.fork_from(&machine);
        let mut state = start.clone();
        let entry = Entry {
            deadline: Some(deadline),
            ..entry()
        };
        assert_eq!(fork.enter(&mut state, &entry), Exit::Host);
        assert_eq!(fork.timebase(), deadline.max(1000));
        assert_eq!(fork.instructions(), deadline.saturating_sub(1000) * 8);
        assert_eq!(fork.enter(&mut state, &entry), Exit::Host);
        assert_eq!(fork.instructions(), deadline.saturating_sub(1000) * 8);
    }
}

#[test]
fn a_step_does_not_pass_a_deadline_or_a_stop() {
    let (mut machine, mut state) = with_program("li r3, 1\nli r4, 2\nli r5, 3");
    let entry = Entry {
        deadline: Some(1),
        ..step()
    };
    assert_eq!(machine.enter(&mut state, &entry), Exit::Trace);
    machine.skip_to(1);
    assert_eq!(machine.enter(&mut state, &entry), Exit::Host);
    machine.stop_at(Some(1));
    assert_eq!(machine.enter(&mut state, &step()), Exit::Host);
    machine.stop_at(Some(2));
    assert_eq!(machine.enter(&mut state, &step()), Exit::Trace);
    assert_eq!((state.pc, machine.instructions()), (8, 2));
}

#[test]
fn reads_the_time_base_exactly_wherever_it_stands() {
    let mut config = Config::new(common::FAMILY, common::RAM);
    config.ratio = NonZeroU32::new(3).unwrap();
    for lead in 0..9 {
        let mut machine = Machine::new(config).unwrap();
        machine.map(
            common::place(0),
            kvm_ppc::hardware::Frame::Memory(0),
            kvm_ppc::hardware::Rights::all(),
        );
        let mut source = "nop\n".repeat(lead);
        // mftb, mftbu, and the same as mfspr.
        source += ".long 0x7c6c42e6\n.long 0x7c8d42e6\n.long 0x7cac42a6\n.long 0x7ccd42a6\nsc";
        put(&mut machine, 0, &words(&source));
        let base = (5_u64 << 32) - 2;
        machine.set_timebase(base);
        let mut state = State::new(common::FAMILY);
        assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
        let at = |more: u64| base + (lead as u64 + more) / 3;
        let expected = [at(0) & 0xffff_ffff, at(1) >> 32, at(2) & 0xffff_ffff, at(3) >> 32];
        assert_eq!(state.gpr[3..7], expected, "behind {lead}");
        assert_eq!(machine.instructions(), lead as u64 + 5);
        assert_eq!(machine.timebase(), at(5));
    }
}

#[test]
fn time_passes_without_instructions_and_never_goes_back() {
    let mut machine = bare(Icache::Coherent);
    machine.skip_to(500);
    assert_eq!((machine.timebase(), machine.instructions()), (500, 0));
    machine.skip_to(400);
    assert_eq!(machine.timebase(), 500);
    machine.set_timebase(10);
    assert_eq!(machine.timebase(), 10);
}

#[test]
fn an_instruction_that_does_not_complete_does_not_count() {
    for (source, exit) in [
        ("mfmsr r3", Exit::Program(Cause::Privileged)),
        (".long 0", Exit::Program(Cause::Illegal)),
        ("trap", Exit::Program(Cause::Trap)),
        (
            "lis r3, 0x7000\nlwz r3, 4(r3)",
            Exit::Data {
                address: 0x7000_0004,
                store: false,
            },
        ),
        ("ba 0x1000000", Exit::Fetch),
    ] {
        let (mut machine, mut state) = with_program(&format!("nop\n{source}"));
        assert_eq!(machine.enter(&mut state, &entry()), exit, "{source}");
        let executed = if exit == Exit::Fetch {
            0x100_0000
        } else {
            4 * machine.instructions()
        };
        assert_eq!(state.pc, executed, "{source}");
    }
}

#[test]
fn shows_every_instruction_to_an_observer() {
    let (mut machine, start) = with_program(PROGRAM);
    let states = reference(&machine, &start);
    let (sender, receiver) = std::sync::mpsc::channel();
    machine.observe(Some(Box::new(move |pc, word, state: &State| {
        sender.send((pc, word, state.clone())).unwrap();
    })));
    let mut state = start.clone();
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    machine.observe(None);
    let seen: Vec<_> = receiver.iter().collect();
    assert_eq!(seen.len(), states.len());
    for ((pc, word, seen), state) in seen.iter().zip(&states) {
        assert_eq!((*pc, *word), (state.pc, common::get(&machine, state.pc)));
        assert_eq!(seen, state);
    }
}
