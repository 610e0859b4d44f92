//! Random functions, executed as they are and rewritten: the analysis against execution.
//!
//! A function of random instructions, branches and privileged operations is planned as if it were part of a kernel.
//! The original (every privileged instruction trapping) and the rewritten code run from the same random states; at the
//! return, everything the calling convention keeps must agree, and so must the page and what reached the host. A
//! register wrongly called dead, or an MSR wrongly called known, shows as a difference.

use cpu::exec::{Stop, execute};
use cpu::state::State;
use cpu::{Regs, decode};
use magicpage::layout::{self, Place};
use magicpage::msr::{EE, ME, RI, SF};
use magicpage::{Endian, Family, WordSize, critical};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use rewriter::build::{self, Options};
use rewriter::classify::classify;
use rewriter::image::{Abi, Area, AreaKind, Image, Region, Symbol, SymbolKind};
use rewriter::plan::{Plan, Target, TemplateKind};
use rewriter::template::Allowed;
use rewriter::verify::model::World;

const START: u64 = 0xc000_1000;
const ARENA: u64 = 0xc010_0000;
const RETURN_TO: u64 = 0xc020_0000;

/// Registers that random instructions use: few, so that they meet.
const REGISTERS: [u8; 8] = [0, 3, 7, 8, 9, 10, 30, 31];

/// One random instruction as a word; branches are given as a distance in instructions.
fn instruction(family: Family) -> impl Strategy<Value = Vec<u32>> {
    let reg = || prop::sample::select(REGISTERS.to_vec());
    let r = |n: u8, shift: u32| u32::from(n) << shift;
    let wide = family.word_size() == WordSize::Word64;
    let plain = (reg(), reg(), reg(), any::<u16>(), 0..12u8).prop_map(move |(a, b, c, imm, kind)| {
        let imm32 = u32::from(imm);
        vec![match kind {
            0 => 14 << 26 | r(a, 21) | imm32,                          // li
            1 => 24 << 26 | r(a, 21) | r(b, 16) | imm32,               // ori
            2 => 28 << 26 | r(a, 21) | r(b, 16) | imm32,               // andi.
            3 => 31 << 26 | r(a, 21) | r(b, 16) | r(c, 11) | 266 << 1, // add
            4 => 31 << 26 | r(a, 21) | r(b, 16) | r(a, 11) | 444 << 1, // mr
            5 => 11 << 26 | (imm32 & 7) << 23 | r(b, 16) | imm32,      // cmpwi crN
            6 => 0x7c00_0026 | r(a, 21),                               // mfcr
            7 => 0x7c00_0120 | r(a, 21) | (imm32 & 0xff) << 12,        // mtcrf
            8 => 0x7c09_03a6 | r(a, 21),                               // mtctr
            9 => 0x7c09_02a6 | r(a, 21),                               // mfctr
            10 => 20 << 26 | r(a, 21) | r(b, 16) | imm32 & 0xfffe,     // rlwimi
            _ => {
                19 << 26 | (imm32 & 31) << 21 | (imm32 >> 5 & 31) << 16 | (imm32 >> 10 & 31) << 11 | 449 << 1
            } // cror
        }]
    });
    let branch =
        (0..8u32, 1..6u32).prop_map(|(bit, over)| vec![0x4080_0000 | ((bit * 4) << 16) | (over * 4)]);
    let mask = reg().prop_map(move |a| {
        if wide {
            vec![
                0x7800_0000 | r(a, 21) | r(a, 16) | 16 << 11 | 0x22 | 1 << 6,
                0x7800_0000 | r(a, 21) | r(a, 16) | 16 << 11,
            ]
        } else {
            vec![21 << 26 | r(a, 21) | r(a, 16) | 17 << 6 | 15 << 1]
        }
    });
    let clear = (reg(), mask).prop_map(|(_, words)| words);
    let set = reg().prop_map(move |a| vec![24 << 26 | r(a, 21) | r(a, 16) | 0x8000]);
    prop_oneof![6 => plain, 2 => branch, 2 => clear, 1 => set, 5 => privileged(family)]
}

fn privileged(family: Family) -> impl Strategy<Value = Vec<u32>> {
    let reg = prop::sample::select(REGISTERS.to_vec());
    (reg, 0..4u8).prop_map(move |(register, kind)| {
        let register = u32::from(register) << 21;
        vec![match (family, kind) {
            (_, 0 | 1) => 0x7c00_00a6 | register,
            (Family::Book3s64, 2) => 0x7c01_0164 | register,
            (Family::Book3s64, _) => 0x7c00_0164 | register,
            (Family::E500, 2) => 0x7c00_0106 | register,
            (Family::E500, _) => 0x7c00_0146 | register & 0x8000,
            (Family::Book3s32, _) => 0x7c00_0124 | register,
        }]
    })
}

/// A function: random words, every branch forwards and within, then `blr`.
fn function(family: Family) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(instruction(family), 4..40).prop_map(|parts| {
        let mut words = parts.concat();
        let length = words.len();
        for (index, word) in words.iter_mut().enumerate() {
            if *word >> 26 == 16 {
                let over = ((*word & 0xfffc) / 4).min(u32::try_from(length - index).unwrap());
                *word = (*word & 0xffff_0000) | (over * 4);
            }
        }
        words.push(0x4e80_0020);
        words
    })
}

fn plan(family: Family, endian: Endian, words: &[u32], templates: Allowed) -> Plan {
    let bytes: Vec<u8> = words.iter().flat_map(|word| endian.write_u32(*word)).collect();
    let symbol = Symbol {
        address: START,
        size: bytes.len() as u64,
        kind: SymbolKind::Function,
        name: "random",
    };
    let image = Image {
        regions: vec![Region {
            section: ".text",
            address: START,
            bytes: &bytes,
        }],
        symbols: vec![symbol],
        abi: Abi {
            r2_is_never_r1: true,
            toc: None,
        },
        areas: vec![Area {
            kind: AreaKind::New,
            range: ARENA..ARENA + 0x10000,
            serves: None,
        }],
        ..Image::new(family, endian)
    };
    build::plan(
        &image,
        Target::default(),
        &Options {
            templates,
            ..Options::default()
        },
    )
}

/// Executes words at addresses until control returns; every privileged operation traps.
fn run(family: Family, fetch: impl Fn(u64) -> Option<u32>, state: &mut State, world: &mut World) {
    state.pc = START;
    state.lr = RETURN_TO;
    for _ in 0..4000 {
        if state.pc == RETURN_TO {
            return;
        }
        let word = fetch(state.pc).unwrap_or_else(|| panic!("control went to {:#x}", state.pc));
        match execute(decode(word, family), state, world) {
            Ok(()) => {}
            Err(Stop::Privileged) => {
                let operation = classify(word, family).unwrap();
                assert!(!world.is_critical(state), "a trap inside a critical section");
                world.trap(operation, state);
                state.pc += 4;
            }
            Err(stop) => panic!("{stop:?} at {:#x}: {word:#010x}", state.pc),
        }
    }
    panic!("the function does not return");
}

fn start(family: Family, endian: Endian, seed: u64) -> (State, World) {
    let mut seed = seed | 1;
    let mut next = || {
        seed = seed
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        seed >> 13 ^ seed
    };
    let size = family.word_size();
    let truncate = |value: u64| {
        if size == WordSize::Word32 {
            value & 0xffff_ffff
        } else {
            value
        }
    };
    let mut state = State::new(family);
    for register in &mut state.gpr {
        *register = truncate(next());
    }
    state.gpr[2] = truncate(!state.gpr[1]);
    state.cr = u32::try_from(next() >> 32).unwrap();
    state.ctr = truncate(next());
    let mode = if size == WordSize::Word64 { SF } else { 0 };
    let mut world = World::new(endian, size);
    world.set(world.word(layout::MSR), mode | ME | next() & (EE | RI));
    world.waiting = world.msr() & EE == 0 && next() & 1 != 0;
    world.set(
        Place {
            offset: layout::INT_PENDING.offset,
            bytes: 4,
        },
        u64::from(world.waiting),
    );
    world.set(world.word(critical::FIELD), state.gpr[2]);
    (state, world)
}

/// What a caller may rely on: `analysis::convention::KEPT`, written down again.
fn kept() -> impl Iterator<Item = usize> {
    (0..32).filter(|register| !matches!(register, 0 | 7..=12))
}

fn check(
    family: Family,
    endian: Endian,
    words: &[u32],
    templates: Allowed,
    seed: u64,
) -> Result<(), TestCaseError> {
    let plan = plan(family, endian, words, templates);
    let original = |address: u64| {
        words
            .get(usize::try_from((address.checked_sub(START)?) / 4).ok()?)
            .copied()
    };
    let mut changed = std::collections::BTreeMap::new();
    for site in &plan.sites {
        if let Some(rewrite) = site.rewrite() {
            changed.insert(site.address, rewrite.new);
            for (trampoline, _) in rewrite.trampoline.iter().map(|trampoline| (trampoline, ())) {
                changed.extend(
                    (trampoline.address..)
                        .step_by(4)
                        .zip(trampoline.words.iter().copied()),
                );
            }
        }
    }
    let rewritten = |address: u64| changed.get(&address).copied().or_else(|| original(address));
    let (state, world) = start(family, endian, seed);
    let (mut expected, mut reference) = (state.clone(), world.clone());
    run(family, original, &mut expected, &mut reference);
    let (mut after, mut page) = (state, world);
    run(family, rewritten, &mut after, &mut page);
    for register in kept() {
        prop_assert_eq!(
            after.gpr[register],
            expected.gpr[register],
            "r{}\n{:#?}",
            register,
            plan.sites
        );
    }
    prop_assert_eq!(after.cr & 0x00ff_f000, expected.cr & 0x00ff_f000, "cr2 to cr4");
    prop_assert_eq!(page.msr(), reference.msr(), "msr\n{:#?}", plan.sites);
    prop_assert_eq!(page.delivered, reference.delivered, "interrupts delivered");
    prop_assert_eq!(page.waiting, reference.waiting, "interrupt waiting");
    prop_assert_eq!(
        page.changes_seen,
        reference.changes_seen,
        "msr changes that reach the host"
    );
    Ok(())
}

/// At least this many of the random functions' MSR writes must become something else than a critical section, or the
/// test tests nothing.
fn uses_proofs(plan: &Plan) -> usize {
    let rewrites = plan.sites.iter().filter_map(|site| site.rewrite());
    rewrites
        .filter(|rewrite| rewrite.template != TemplateKind::CriticalSection && !rewrite.dead.is_empty())
        .count()
}

macro_rules! families {
    ($($name:ident $family:ident $endian:ident;)*) => { $(
        mod $name {
            use super::*;
            const FAMILY: Family = Family::$family;
            const ENDIAN: Endian = Endian::$endian;

            proptest! {
                #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

                #[test]
                fn behave_the_same(words in function(FAMILY), seeds in prop::array::uniform8(any::<u64>())) {
                    for seed in seeds {
                        check(FAMILY, ENDIAN, &words, Allowed::ALL, seed)?;
                    }
                }

                #[test]
                fn behave_the_same_with_critical_sections_only(words in function(FAMILY), seed: u64) {
                    let only = Allowed::only(&[TemplateKind::Direct, TemplateKind::CriticalSection]);
                    check(FAMILY, ENDIAN, &words, only, seed)?;
                }
            }

            #[test]
            fn are_rewritten_by_proof() {
                let mut runner = proptest::test_runner::TestRunner::deterministic();
                let mut found = 0;
                for _ in 0..200 {
                    let words = function(FAMILY).new_tree(&mut runner).unwrap().current();
                    found += uses_proofs(&plan(FAMILY, ENDIAN, &words, Allowed::ALL));
                }
                assert!(found > 200, "{found} rewrites use dead registers");
            }
        }
    )* };
}

families! {
    book3s_32 Book3s32 Big;
    book3s_64_big Book3s64 Big;
    book3s_64_little Book3s64 Little;
    e500 E500 Big;
}

#[test]
fn kept_registers_are_the_conventions() {
    let volatile: Vec<u8> = Regs::GPRS
        .gprs()
        .filter(|n| !kept().any(|kept| kept == usize::from(*n)))
        .collect();
    assert_eq!(volatile, [0, 7, 8, 9, 10, 11, 12]);
}
