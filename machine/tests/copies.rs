//! Copies are equal to what they were made from, and apart from it.

mod common;

use common::{RAM, entry, get, place, put, with_program, words};
use cpu::State;
use kvm_ppc::hardware::{Exit, Frame, Hardware, Rights, Shared};
use machine::{Config, Icache, Machine, RestoreError, Saved};
use proptest::prelude::*;

#[test]
fn a_copy_is_apart() {
    let (mut base, mut state) = with_program("lwz r3, 0(r4)\naddi r3, r3, 1\nstw r3, 0(r4)\nb -12");
    state.gpr[4] = 0x3000;
    base.stop_at(Some(40));
    base.enter(&mut state, &entry());
    let (saved, before) = (base.save(), state.clone());
    let mut copy = base.clone();
    for _ in 0..3 {
        let mut state = state.clone();
        copy.stop_at(Some(100));
        assert_eq!(copy.enter(&mut state, &entry()), Exit::Host);
        assert_eq!(get(&copy, 0x3000), 25);
        copy.shared_mut(Shared::Magic)[0] = 1;
        copy.unmap(place(0));
        assert_eq!(base.save(), saved);
        copy.fork_from(&base);
        assert_eq!(copy.save(), saved);
    }
    base.stop_at(Some(100));
    base.enter(&mut state, &entry());
    assert_ne!(state, before);
    assert_eq!(get(&base, 0x3000), 25);
}

#[test]
fn a_snapshot_resumes_elsewhere() {
    let (mut machine, mut state) = with_program("lwz r3, 0(r4)\naddi r3, r3, 1\nstw r3, 0(r4)\nb -12");
    state.gpr[4] = 0x3000;
    machine.stop_at(Some(41));
    machine.set_timebase(1 << 40);
    machine.shared_mut(Shared::Second)[7] = 8;
    machine.enter(&mut state, &entry());
    let text = serde_json::to_string(&machine.save()).unwrap();
    let saved: Saved = serde_json::from_str(&text).unwrap();
    let (mut other, _) = with_program("trap");
    other.restore(&saved).unwrap();
    assert_eq!(other.save(), saved);
    assert_eq!(other.enter(&mut state.clone(), &entry()), Exit::Fetch);
    for page in 0..16 {
        other.map(place(page), Frame::Memory(page), Rights::all());
    }
    let mut copy = state.clone();
    for (machine, state) in [(&mut machine, &mut state), (&mut other, &mut copy)] {
        machine.stop_at(Some(1001));
        assert_eq!(machine.enter(state, &entry()), Exit::Host);
    }
    assert_eq!(state, copy);
    assert_eq!(machine.save(), other.save());
}

#[test]
fn a_snapshot_that_does_not_fit_changes_nothing() {
    let (mut machine, _) = with_program("sc");
    let before = machine.save();
    let cases = [
        Saved {
            version: 0,
            ..before.clone()
        },
        Saved {
            ram_bytes: 4096,
            ..before.clone()
        },
        Saved {
            magic: vec![0; 5],
            ..before.clone()
        },
        Saved {
            pages: vec![(16, vec![0; 4096])],
            ..before.clone()
        },
        Saved {
            pages: vec![(1 << 32, vec![0; 4096])],
            ..before.clone()
        },
        Saved {
            pages: vec![(1, vec![0; 4095])],
            ..before.clone()
        },
    ];
    for saved in &cases {
        assert!(machine.restore(saved).is_err());
        assert_eq!(machine.save(), before);
    }
    assert_eq!(machine.restore(&cases[0]), Err(RestoreError::Version(0)));
    let mut reserved = before.clone();
    reserved.reserved = Some(machine::SavedReservation {
        address: 0,
        bytes: 4,
        frame: u32::MAX,
        lost: false,
    });
    assert!(machine.restore(&reserved).is_ok());
}

/// Something that happens to a machine.
#[derive(Clone, Debug)]
enum Event {
    Run(u64),
    Write(u64, u32),
    Shared(usize),
    Map(u64, u64, u8),
    Unmap(u64),
    Flush,
    Time(u64),
    Seal,
    EmptyIcache,
    Restore,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1..200_u64).prop_map(Event::Run),
        2 => (0..RAM as u64 / 4, any::<u32>()).prop_map(|(word, value)| Event::Write(4 * word, value)),
        1 => (0..4096_usize).prop_map(Event::Shared),
        2 => (0..20_u64, 0..16_u64, 0..8_u8).prop_map(|(page, frame, rights)| Event::Map(page, frame, rights)),
        1 => (0..20_u64).prop_map(Event::Unmap),
        1 => Just(Event::Flush),
        1 => any::<u64>().prop_map(Event::Time),
        1 => Just(Event::Seal),
        1 => Just(Event::EmptyIcache),
        1 => Just(Event::Restore),
    ]
}

fn happen(machine: &mut Machine, state: &mut State, event: &Event) {
    match *event {
        Event::Run(count) => {
            machine.stop_at(Some(machine.instructions() + count));
            if machine.enter(state, &entry()) != Exit::Host {
                *state = start();
            }
        }
        Event::Write(address, value) => put(machine, address, &[value]),
        Event::Shared(at) => machine.shared_mut(Shared::Magic)[at] ^= 0x55,
        Event::Map(page, frame, rights) => {
            machine.map(
                place(page),
                Frame::Memory(frame),
                Rights::from_bits_truncate(rights),
            );
        }
        Event::Unmap(page) => machine.unmap(place(page)),
        Event::Flush => {
            machine.flush();
            map_all(machine);
        }
        Event::Time(ticks) => machine.set_timebase(ticks),
        Event::Seal => machine.seal(),
        Event::EmptyIcache => machine.invalidate_icache(),
        Event::Restore => {
            let saved = machine.save();
            machine.restore(&saved).unwrap();
            map_all(machine);
        }
    }
}

fn map_all(machine: &mut Machine) {
    for page in 0..16 {
        machine.map(place(page), Frame::Memory(page), Rights::all());
    }
    machine.map(place(0x10), Frame::Shared(Shared::Magic), Rights::all());
}

/// Walks over memory with loads and stores, changes its own code now and then, flushes it more rarely still.
const PROGRAM: &str = "
    again:
        addi r5, r5, 1
        rlwinm r6, r7, 12, 17, 27
        lwzx r8, r6, r5
        add r7, r7, r8
        mullw r7, r7, r9
        addi r7, r7, 77
        stwx r7, r6, r10
        andi. r11, r7, 0x700
        bne cr0, again
        lwz r12, 0x60(r0)
        xori r12, r12, 1
        stw r12, 0x60(r0)
        andi. r11, r7, 0x3000
        bne cr0, patched
        li r13, 0x60
        icbi 0, r13
        nop
        nop
        nop
        nop
        nop
        nop
        nop
        nop
    patched:
        addi r14, r14, 4
        b again";

fn start() -> State {
    let mut state = State::new(common::FAMILY);
    (state.gpr[7], state.gpr[9], state.gpr[10]) = (12345, 0x4_1c65, 0x1000);
    state
}

fn fresh(icache: Icache) -> Machine {
    let mut config = Config::new(common::FAMILY, RAM);
    config.icache = icache;
    let mut machine = Machine::new(config).unwrap();
    map_all(&mut machine);
    put(&mut machine, 0, &words(PROGRAM));
    machine
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// After anything has happened to either, a copy that catches up is what a whole copy is: it holds the same and
    /// goes on the same. And what happened to the base happens to another machine the same way.
    #[test]
    fn catching_up_makes_equal(
        stale in any::<bool>(),
        rounds in prop::collection::vec(
            (prop::collection::vec(event(), 0..6), prop::collection::vec(event(), 0..6)), 1..8),
    ) {
        let icache = if stale { Icache::Stale } else { Icache::Coherent };
        let (mut base, mut state) = (fresh(icache), start());
        let (mut replay, mut replayed) = (fresh(icache), start());
        let mut copy = base.clone();
        for (to_base, to_copy) in &rounds {
            let mut copied = state.clone();
            for event in to_copy {
                happen(&mut copy, &mut copied, event);
            }
            for event in to_base {
                happen(&mut base, &mut state, event);
                happen(&mut replay, &mut replayed, event);
            }
            prop_assert_eq!(&state, &replayed);
            prop_assert_eq!(base.save(), replay.save());
            copy.fork_from(&base);
            let mut whole = base.clone();
            prop_assert_eq!(copy.save(), base.save());
            prop_assert_eq!(whole.save(), base.save());
            // The copy itself goes on, so that what it kept of its past shows, and the next round undoes it.
            let mut states = [state.clone(), state.clone()];
            for (machine, state) in [&mut whole, &mut copy].into_iter().zip(&mut states) {
                machine.stop_at(Some(machine.instructions() + 300));
                for _ in 0..3 {
                    machine.enter(state, &entry());
                }
            }
            prop_assert_eq!(&states[0], &states[1]);
            prop_assert_eq!(whole.save(), copy.save());
        }
    }
}

#[test]
fn a_log_that_overflows_is_no_harm() {
    let (mut base, mut state) = with_program("stw r3, 0(r4)\naddi r4, r4, 4096\nb -8");
    let mut copy = base.clone();
    for round in 0..3000_u64 {
        base.map(
            place(round % 16),
            Frame::Memory(round % 16),
            Rights::from_bits_truncate(4 + 3 * (round % 2) as u8),
        );
        base.seal();
        state.gpr[3] = round;
        (state.gpr[4], state.pc) = ((round % 15 + 1) << 12, 0);
        base.stop_at(Some(base.instructions() + 1));
        base.enter(&mut state, &entry());
        if round % 1234 == 0 {
            copy.fork_from(&base);
            assert_eq!(copy.save(), base.save());
        }
    }
    copy.fork_from(&base);
    assert_eq!(copy.save(), base.save());
    // A machine of another size, with a history of its own.
    let mut other = Machine::new(Config::new(common::FAMILY, 2 * RAM)).unwrap();
    other.write(0, &[1, 2, 3]).unwrap();
    other.fork_from(&base);
    assert_eq!(other.save(), base.save());
    assert_eq!(other.config(), base.config());
}

#[test]
fn stores_count_anew_when_the_log_overflows() {
    const PAGES: u64 = 16 << 20 >> 12;
    let mut base = Machine::new(Config::new(common::FAMILY, 16 << 20)).unwrap();
    for page in 0..PAGES {
        base.map(place(page), Frame::Memory(page), Rights::all());
    }
    // Stores to page 1, to as many even pages as r5 says, and to page 1 again.
    put(
        &mut base,
        0,
        &words("stw r3, 0(r4)\nmtspr 9, r5\nli r6, 0\naddis r6, r6, 1\nstw r3, 0(r6)\nbdnz -8\nsc"),
    );
    put(&mut base, 24, &words("sc\nstw r3, 0(r4)\nsc"));
    put(&mut base, 12, &words("addi r6, r6, 0x2000"));
    let mut state = State::new(common::FAMILY);
    (state.gpr[3], state.gpr[4], state.gpr[5]) = (1, 0x1000, 1500);
    assert_eq!(base.enter(&mut state, &entry()), Exit::SystemCall);
    let mut copy = base.clone();
    state.gpr[3] = 2;
    assert_eq!(base.enter(&mut state, &entry()), Exit::SystemCall);
    assert_eq!(get(&base, 0x1000), 2);
    copy.fork_from(&base);
    assert_eq!(get(&copy, 0x1000), 2);
}

#[test]
fn machines_go_to_other_threads() {
    fn goes<T: Send>(_: &T) {}
    goes(&fresh(Icache::Coherent));
}
