//! A reservation survives exits, and falls to whoever writes to its granule.

mod common;

use common::{bare, entry, place, with_program};
use cpu::State;
use kvm_ppc::hardware::{Exit, Frame, Hardware, Rights, Shared};
use machine::{Icache, Machine};

const PROGRAM: &str = "lwarx r3, 0, r4\nsc\nstwcx. r5, 0, r4\nsc";
const ADDRESS: u64 = 0x2008;

/// Reserves, lets the host do something, and says whether the store succeeds.
fn succeeds(between: impl FnOnce(&mut Machine, &mut State)) -> bool {
    let (mut machine, mut state) = with_program(PROGRAM);
    machine.map(place(0x100), Frame::Shared(Shared::Magic), Rights::all());
    (state.gpr[4], state.gpr[5]) = (ADDRESS, 9);
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    assert!(state.reservation.is_some());
    between(&mut machine, &mut state);
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    let stored = common::get(&machine, ADDRESS) == 9;
    assert_eq!(state.cr_field(0) & 2 != 0, stored);
    stored
}

#[test]
fn survives_an_exit() {
    assert!(succeeds(|_, _| {}));
}

#[test]
fn falls_to_writes_to_its_granule_only() {
    for (address, kept) in [
        (0x1fff, true),
        (0x2000, false),
        (0x2008, false),
        (0x201f, false),
        (0x2020, true),
        (0x3008, true),
    ] {
        let write = |machine: &mut Machine, _: &mut State| machine.write(address, &[0]).unwrap();
        assert_eq!(succeeds(write), kept, "{address:#x}");
    }
    assert!(!succeeds(|machine, _| machine.write(0x1ff0, &[0; 64]).unwrap()));
    assert!(succeeds(|machine, _| machine.shared_mut(Shared::Magic)[8] = 1));
    // Even though the guest does something else in between.
    assert!(!succeeds(|machine, state| {
        machine.write(ADDRESS, &[0]).unwrap();
        state.pc = 4;
        assert_eq!(machine.enter(state, &entry()), Exit::SystemCall);
    }));
}

#[test]
fn falls_where_its_address_reaches_another_frame() {
    assert!(succeeds(|machine, _| machine.map(
        place(2),
        Frame::Memory(2),
        Rights::all()
    )));
    assert!(!succeeds(|machine, state| {
        machine.map(place(2), Frame::Memory(3), Rights::all());
        state.pc = 4;
        assert_eq!(machine.enter(state, &entry()), Exit::SystemCall);
        machine.map(place(2), Frame::Memory(2), Rights::all());
    }));
}

#[test]
fn survives_while_its_address_is_not_mapped() {
    assert!(succeeds(|machine, state| {
        machine.unmap(place(2));
        state.pc = 4;
        assert_eq!(machine.enter(state, &entry()), Exit::SystemCall);
        machine.map(place(2), Frame::Memory(2), Rights::all());
    }));
    assert!(!succeeds(|machine, state| {
        machine.unmap(place(2));
        state.pc = 4;
        assert_eq!(machine.enter(state, &entry()), Exit::SystemCall);
        machine.write(ADDRESS, &[0]).unwrap();
        machine.map(place(2), Frame::Memory(2), Rights::all());
    }));
}

#[test]
fn one_that_the_host_made_counts() {
    let reservation = |address| cpu::state::Reservation { address, bytes: 4 };
    assert!(succeeds(|_, state| state.reservation = Some(reservation(ADDRESS))));
    // Nobody knows what this one is about.
    let mut machine = bare(Icache::Coherent);
    common::put(&mut machine, 0, &[0x4400_0002]);
    let mut state = State::new(common::FAMILY);
    state.reservation = Some(reservation(0x7000_0000));
    machine.enter(&mut state, &entry());
    assert_eq!(state.reservation, None);
}

#[test]
fn is_taken_along() {
    let (mut machine, mut state) = with_program(PROGRAM);
    (state.gpr[4], state.gpr[5]) = (ADDRESS, 9);
    machine.enter(&mut state, &entry());
    for lost in [false, true] {
        let mut copy = machine.clone();
        let mut other = bare(Icache::Coherent);
        if lost {
            copy.write(ADDRESS, &[0]).unwrap();
        }
        other.restore(&copy.save()).unwrap();
        for page in 0..16 {
            other.map(place(page), Frame::Memory(page), Rights::all());
        }
        for machine in [&mut copy, &mut other] {
            let mut state = state.clone();
            machine.enter(&mut state, &entry());
            assert_eq!(common::get(machine, ADDRESS) == 9, !lost);
        }
    }
}
