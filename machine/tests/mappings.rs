//! What the guest reaches is what the host has mapped, and nothing else.

mod common;

use common::{bare, entry, get, place, put, with_program, words};
use cpu::State;
use kvm_ppc::hardware::{Backing, Entry, Exit, Frame, Hardware, NothingThere, Place, Rights, Shared, Space};
use machine::{Config, Icache, Machine, NoDevices};
use magicpage::{Endian, Family, WordSize};

const PAGE: u64 = 0x1000;

#[test]
fn a_fault_changes_nothing() {
    let cases = [
        ("lwz r3, 4(r4)", false),
        ("lwzu r3, 4(r4)", false),
        ("stw r3, 4(r4)", true),
        ("stwu r3, 4(r4)", true),
    ];
    for rights in [
        None,
        Some(Rights::READ),
        Some(Rights::WRITE),
        Some(Rights::EXECUTE),
    ] {
        for (source, store) in cases {
            let (mut machine, mut state) = with_program(source);
            let right = if store { Rights::WRITE } else { Rights::READ };
            match rights {
                None => machine.unmap(place(8)),
                Some(rights) => machine.protect(place(8), rights),
            }
            (state.gpr[3], state.gpr[4]) = (0x1234, 8 * PAGE);
            let (before, memory) = (state.clone(), machine.memory().to_vec());
            let exit = machine.enter(&mut state, &common::step());
            if rights.is_some_and(|rights| rights.contains(right)) {
                assert_eq!(exit, Exit::Trace, "{source} {rights:?}");
                continue;
            }
            let address = 8 * PAGE + 4;
            assert_eq!(exit, Exit::Data { address, store }, "{source} {rights:?}");
            assert_eq!(state, before);
            assert_eq!(machine.memory(), memory);
        }
    }
}

#[test]
fn a_page_that_loses_a_right_loses_it_at_once() {
    let (mut machine, mut state) = with_program("stw r3, 0(r4)\nlwz r5, 0(r4)\nb -8");
    state.gpr[4] = 8 * PAGE;
    machine.stop_at(Some(30));
    assert_eq!(machine.enter(&mut state, &entry()), Exit::Host);
    machine.protect(place(8), Rights::READ);
    machine.stop_at(None);
    let store = Exit::Data {
        address: 8 * PAGE,
        store: true,
    };
    assert_eq!(machine.enter(&mut state, &entry()), store);
    assert_eq!(machine.instructions(), 30);
    machine.map(place(8), Frame::Memory(9), Rights::all());
    state.gpr[3] = 77;
    machine.stop_at(Some(31));
    assert_eq!(machine.enter(&mut state, &entry()), Exit::Host);
    assert_eq!((get(&machine, 8 * PAGE), get(&machine, 9 * PAGE)), (0, 77));
    machine.flush();
    machine.stop_at(None);
    assert_eq!(machine.enter(&mut state, &entry()), Exit::Fetch);
}

#[test]
fn a_flush_takes_all_mappings() {
    let (mut machine, mut state) = with_program("lwz r5, 0(r4)\nstw r5, 0(r4)\nsc\nb -12");
    state.gpr[4] = 8 * PAGE;
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    machine.flush();
    machine.map(place(0), Frame::Memory(0), Rights::EXECUTE);
    let address = 8 * PAGE;
    let exit = machine.enter(&mut state, &entry());
    assert_eq!(
        exit,
        Exit::Data {
            address,
            store: false
        }
    );
}

#[test]
fn pages_that_share_an_entry_of_a_buffer_stay_apart() {
    let (mut machine, mut state) =
        with_program("lwz r5, 0(r4)\nstw r6, 0(r7)\nlwz r8, 0(r4)\nlwz r9, 0(r7)\nsc");
    machine.map(place(0x108), Frame::Memory(9), Rights::all());
    put(&mut machine, 8 * PAGE, &[77]);
    (state.gpr[4], state.gpr[6], state.gpr[7]) = (8 * PAGE, 88, 0x108 * PAGE);
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    assert_eq!((state.gpr[5], state.gpr[8], state.gpr[9]), (77, 77, 88));
}

#[test]
fn fetches_need_their_own_right() {
    let (mut machine, mut state) = with_program("nop\nb -4");
    machine.stop_at(Some(10));
    assert_eq!(machine.enter(&mut state, &entry()), Exit::Host);
    machine.stop_at(None);
    machine.protect(place(0), Rights::READ | Rights::WRITE);
    let before = state.clone();
    assert_eq!(machine.enter(&mut state, &entry()), Exit::Fetch);
    assert_eq!(state, before);
    machine.unmap(place(0));
    machine.protect(place(0), Rights::all());
    assert_eq!(machine.enter(&mut state, &entry()), Exit::Fetch);
}

#[test]
fn accesses_across_pages_are_whole_or_not_at_all() {
    for offset in 0xff8..0x1000_u64 {
        let bytes = 4.min(PAGE - offset);
        let (mut machine, mut state) = with_program("stw r3, 0(r4)\nlwz r5, 0(r4)\nlhbrx r6, 0, r4\nsc");
        // Neighbours in effective addresses are no neighbours in memory.
        machine.map(place(8), Frame::Memory(12), Rights::all());
        machine.map(place(9), Frame::Memory(10), Rights::all());
        (state.gpr[3], state.gpr[4]) = (0x1122_3344, 8 * PAGE + offset);
        let mut second = state.clone();
        assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
        assert_eq!((state.gpr[5], state.gpr[6]), (0x1122_3344, 0x2211), "{offset:#x}");
        if bytes < 4 {
            let rest = 0x1122_3344_u32 << (8 * bytes);
            assert_eq!(get(&machine, 10 * PAGE) >> (8 * bytes), rest >> (8 * bytes));
        }
        if bytes == 4 {
            continue;
        }
        for missing in [8, 9] {
            let mut fork = machine.clone();
            fork.protect(place(missing), Rights::READ);
            second.gpr[3] = 0x5566_7788;
            let memory = fork.memory().to_vec();
            let address = if missing == 8 { 8 * PAGE + offset } else { 9 * PAGE };
            let mut state = second.clone();
            let exit = fork.enter(&mut state, &entry());
            assert_eq!(exit, Exit::Data { address, store: true });
            assert_eq!(state, second);
            assert_eq!(fork.memory(), memory);
        }
    }
}

#[test]
fn the_last_page_of_a_32_bit_space_is_followed_by_the_first() {
    let (mut machine, mut state) = with_program("lwz r3, -2(r0)\nstw r3, -2(r0)\nsc");
    machine.map(place(0xf_ffff), Frame::Shared(Shared::Magic), Rights::all());
    machine.shared_mut(Shared::Magic)[0xffe..].copy_from_slice(&[0xaa, 0xbb]);
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    assert_eq!(state.gpr[3], 0xaabb_8060);
}

#[test]
fn every_segment_has_its_space_for_fetches_and_for_data() {
    let mut machine = bare(Icache::Coherent);
    let (code, data) = (Space(5), Space(machine.spaces() - 1));
    let at = |page, space| Place { page, space };
    for segment in 0..16 {
        let page = segment << 16 | 3;
        machine.map(at(page, code), Frame::Memory(2), Rights::EXECUTE);
        machine.map(at(page, data), Frame::Memory(4 + segment % 8), Rights::READ);
    }
    put(&mut machine, 2 * PAGE, &words("lwz r3, 0(r4)\nsc"));
    for segment in 0..16_u32 {
        put(
            &mut machine,
            (4 + u64::from(segment) % 8) * PAGE,
            &[segment % 8 + 100],
        );
    }
    for segment in 0..16_usize {
        let mut state = State::new(common::FAMILY);
        let address = ((segment as u64) << 28) + 3 * PAGE;
        (state.pc, state.gpr[4]) = (address, address);
        let mut entry = entry();
        entry.fetch[segment] = code;
        entry.data[segment] = data;
        assert_eq!(machine.enter(&mut state, &entry), Exit::SystemCall);
        assert_eq!(state.gpr[3], segment as u64 % 8 + 100);
        entry.data[segment] = code;
        state.pc = address;
        let exit = machine.enter(&mut state, &entry);
        assert_eq!(
            exit,
            Exit::Data {
                address,
                store: false
            }
        );
        entry.fetch[segment] = Space(9);
        assert_eq!(machine.enter(&mut state, &entry), Exit::Fetch);
    }
}

#[test]
fn shared_pages_are_shared() {
    let (mut machine, mut state) = with_program("lwz r3, -4096(r0)\nstw r4, -8188(r0)\nsc");
    machine.map(place(0xf_ffff), Frame::Shared(Shared::Magic), Rights::all());
    machine.map(place(0xf_fffe), Frame::Shared(Shared::Second), Rights::all());
    machine.shared_mut(Shared::Magic)[..4].copy_from_slice(&[1, 2, 3, 4]);
    state.gpr[4] = 0x0506_0708;
    assert_eq!(machine.enter(&mut state, &entry()), Exit::SystemCall);
    assert_eq!(state.gpr[3], 0x0102_0304);
    assert_eq!(machine.shared(Shared::Second)[4..8], [5, 6, 7, 8]);
    assert!(machine.memory()[0x1000..].iter().all(|byte| *byte == 0));
}

#[test]
fn frames_that_do_not_exist_are_not_mapped() {
    let (mut machine, mut state) = with_program("nop");
    for page in [common::RAM as u64 >> 12, 1 << 20, 1 << 40, u64::MAX] {
        machine.map(place(0), Frame::Memory(page), Rights::all());
        assert_eq!(machine.enter(&mut state, &entry()), Exit::Fetch);
    }
}

#[test]
fn bytes_are_in_the_order_of_the_entry() {
    let mut machine = Machine::new(Config::new(Family::Book3s64, common::RAM)).unwrap();
    let high = 0xc000_0000_0000_0000_u64 >> 12;
    for page in 0..16 {
        machine.map(place(high + page), Frame::Memory(page), Rights::all());
    }
    let program = words("std r3, 0(r4)\nlwz r5, 0(r4)\nlhz r6, 6(r4)\nlwbrx r7, 0, r4\nld r8, 0(r4)\nsc");
    for endian in [Endian::Big, Endian::Little] {
        for offset in [0, 2, 0xffd] {
            let bytes: Vec<u8> = program.iter().flat_map(|word| endian.write_u32(*word)).collect();
            machine.write(0, &bytes).unwrap();
            let mut state = State::new(Family::Book3s64);
            state.word = WordSize::Word64;
            state.pc = high << 12;
            state.gpr[3] = 0x0102_0304_0506_0708;
            state.gpr[4] = ((high + 4) << 12) + offset;
            let entry = Entry { endian, ..entry() };
            assert_eq!(machine.enter(&mut state, &entry), Exit::SystemCall);
            let mut bytes = [0; 8];
            machine.read(4 * PAGE + offset, &mut bytes).unwrap();
            let expected = match endian {
                Endian::Big => (0x0102_0304, 0x0708, 0x0403_0201),
                Endian::Little => (0x0506_0708, 0x0102, 0x0807_0605),
            };
            assert_eq!(endian.read_u64(bytes), 0x0102_0304_0506_0708);
            assert_eq!((state.gpr[5], state.gpr[6], state.gpr[7]), expected);
            assert_eq!(state.gpr[8], 0x0102_0304_0506_0708);
        }
    }
}

#[test]
fn the_host_reaches_memory_by_physical_address() {
    let mut machine = bare(Icache::Coherent);
    let end = common::RAM as u64;
    let data: Vec<u8> = (0..10_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    machine.write(100, &data).unwrap();
    let mut back = vec![0; data.len()];
    machine.read(100, &mut back).unwrap();
    assert_eq!(back, data);
    let memory = machine.memory().to_vec();
    for (address, bytes) in [
        (end - 3, 4),
        (end, 1),
        (u64::MAX, 1),
        (u64::MAX - 1, 4),
        (0, RAM_AND_MORE),
    ] {
        assert_eq!(machine.write(address, &vec![1; bytes]), Err(NothingThere));
        assert_eq!(machine.read(address, &mut vec![0; bytes]), Err(NothingThere));
    }
    assert_eq!(machine.memory(), memory);
    assert_eq!(machine.backing(end - 1), Backing::Memory);
    assert_eq!(machine.backing(end), Backing::Nothing);
    assert!(!machine.external_line());
    *machine.devices_mut() = NoDevices { line: true };
    assert!(machine.external_line());
    assert_eq!(machine.device_load(end, 4), Err(NothingThere));
}

const RAM_AND_MORE: usize = common::RAM + 1;

#[test]
fn memory_has_a_size_that_is_possible() {
    for size in [0, 4096, (16 << 10) + 1, (512 << 20) + 4096] {
        assert!(Machine::new(Config::new(common::FAMILY, size)).is_err());
    }
}
