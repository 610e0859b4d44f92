//! Whatever the words and the entry, the machine does what a naive processor does, and never panics.

mod common;

use common::{Naive, RAM, entry, put};
use cpu::{State, Stop};
use kvm_ppc::hardware::{Entry, Exit, Frame, Hardware, Place, Rights, Shared, Space};
use machine::{Config, Icache, Machine};
use magicpage::{Endian, Family, WordSize};
use proptest::prelude::*;

fn family() -> impl Strategy<Value = Family> {
    prop::sample::select(Family::ALL.to_vec())
}

/// Words that do something: accesses through r1 to r4, sums, near branches; and any words.
fn word() -> impl Strategy<Value = u32> {
    let base = 1..5_u32;
    let register = 5..32_u32;
    prop_oneof![
        12 => (32..48_u32, register.clone(), base.clone(), -64..64_i32).prop_map(|(op, t, a, d)| {
            op << 26 | t << 21 | a << 16 | d.cast_unsigned() & 0xffff
        }),
        4 => (
            prop::sample::select(vec![23, 87, 279, 343, 151, 215, 407, 534, 662, 20, 597, 725, 1014, 982]),
            register.clone(),
            base,
            prop::sample::select(vec![0_u32, 30, 31])
        ).prop_map(|(x, t, a, b)| 31 << 26 | t << 21 | a << 16 | b << 11 | x << 1),
        4 => (register.clone(), register, -64..64_i32).prop_map(|(t, a, d)| {
            14 << 26 | t << 21 | a << 16 | d.cast_unsigned() & 0xffff
        }),
        4 => (0..32_u32, 0..32_u32, -16..16_i32).prop_map(|(bo, bi, d)| {
            16 << 26 | bo << 21 | bi << 16 | (4 * d).cast_unsigned() & 0xfffc
        }),
        1 => any::<u32>(),
    ]
}

fn state(family: Family, registers: &[u64]) -> State {
    let mut state = State::new(family);
    let width = match family.word_size() {
        WordSize::Word32 => 0xffff_ffff,
        WordSize::Word64 => u64::MAX,
    };
    for (register, value) in state.gpr.iter_mut().zip(registers) {
        *register = value & width;
    }
    // Two addresses in front of page boundaries, one in the code.
    state.gpr[1..5].copy_from_slice(&[0x2000, 0x4ffc, 0x1020, 0x3100]);
    state.gpr[30..].copy_from_slice(&[4, 0x30]);
    state.pc = 0x1000;
    state
}

fn mapped(family: Family, icache: Icache) -> Machine {
    let mut config = Config::new(family, RAM);
    config.icache = icache;
    let mut machine = Machine::new(config).unwrap();
    for page in 0..RAM as u64 >> 12 {
        machine.map(common::place(page), Frame::Memory(page), Rights::all());
    }
    machine
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Self-modifying code, unaligned and page-crossing accesses included; where the machine wants the host, the naive
    /// processor must not have completed the instruction, or must have done what the time base or alignment forbid.
    #[test]
    fn runs_like_a_naive_processor(
        family in family(),
        words in prop::collection::vec(word(), 64),
        registers in prop::collection::vec(any::<u64>(), 32),
        little in any::<bool>(),
        chunk in 1..20_u64,
    ) {
        let mut machine = mapped(family, Icache::Coherent);
        let endian = if little && family == Family::Book3s64 { Endian::Little } else { Endian::Big };
        let bytes: Vec<u8> = words.iter().flat_map(|word| endian.write_u32(*word)).collect();
        machine.write(0x1000, &bytes).unwrap();
        let mut naive = Naive::of(&machine);
        naive.endian = endian;
        let mut ours = state(family, &registers);
        let mut theirs = ours.clone();
        let entry = Entry { endian, ..entry() };
        for _ in 0..100 {
            let before = machine.instructions();
            machine.stop_at(Some(before + chunk));
            let exit = machine.enter(&mut ours, &entry);
            let done = machine.instructions() - before;
            let complete = exit == Exit::SystemCall;
            for _ in 0..done - u64::from(complete) {
                prop_assert_eq!(naive.step(&mut theirs), Some(Ok(())));
            }
            prop_assert_eq!(exit == Exit::Host, done == chunk && !complete);
            match exit {
                Exit::Host | Exit::Alignment { .. } => {}
                Exit::Fetch => prop_assert_eq!(naive.step(&mut theirs), None),
                Exit::SystemCall => {
                    prop_assert_eq!(naive.step(&mut theirs), Some(Err(Stop::SystemCall)));
                    theirs.pc += 4;
                }
                _ => {
                    let stop = naive.step(&mut theirs);
                    prop_assert!(matches!(stop, Some(Err(_))), "{exit:?} {stop:?}");
                }
            }
            prop_assert_eq!(&ours, &theirs);
            match exit {
                Exit::Host | Exit::SystemCall => {}
                Exit::Fetch => break,
                // The host goes on behind the instruction.
                _ => (ours.pc, theirs.pc) = (ours.pc + 4, theirs.pc + 4),
            }
        }
        prop_assert!(machine.memory() == naive.bytes);
    }

    #[test]
    fn survives_anything(
        family in family(),
        stale in any::<bool>(),
        words in prop::collection::vec(any::<u32>(), 1024),
        maps in prop::collection::vec((any::<u64>(), any::<u32>(), any::<u64>(), 0..8_u8), 8),
        pcs in prop::collection::vec(any::<u64>(), 8),
        registers in prop::collection::vec(any::<u64>(), 32),
        spaces in any::<[u32; 16]>(),
        flags in any::<[bool; 4]>(),
        deadline in any::<Option<u64>>(),
        stop in any::<Option<u64>>(),
    ) {
        let icache = if stale { Icache::Stale } else { Icache::Coherent };
        let mut machine = mapped(family, icache);
        put(&mut machine, 0, &words);
        for (page, space, frame, rights) in maps {
            let place = Place { page, space: Space(space) };
            let frame = match frame % 4 {
                0 => Frame::Shared(Shared::Magic),
                1 => Frame::Memory(frame),
                _ => Frame::Memory(frame % 16),
            };
            machine.map(place, frame, Rights::from_bits_truncate(rights));
        }
        machine.stop_at(Some(stop.unwrap_or(u64::MAX).min(10_000)));
        for pc in pcs {
            let mut state = state(family, &registers);
            state.pc = if flags[0] { pc } else { pc & 0xfff };
            (state.lr, state.ctr) = (registers[0], registers[1]);
            state.word = if flags[3] { WordSize::Word64 } else { WordSize::Word32 };
            let entry = Entry {
                fetch: if flags[1] { [Space(1); 16] } else { spaces.map(Space) },
                data: spaces.map(Space),
                endian: if flags[2] { Endian::Little } else { Endian::Big },
                step: false,
                deadline,
            };
            machine.enter(&mut state, &entry);
        }
    }
}
