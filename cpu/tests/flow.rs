//! Decoding never fails, and control flow is what execution does.

mod common;

use common::{Random, Zeros, kinds};
use cpu::exec::{Stop, execute};
use cpu::{Effects, Extension, Flow, Privilege, Regs, State, Via, decode};
use magicpage::{Family, WordSize};
use proptest::prelude::*;

fn family() -> impl Strategy<Value = Family> {
    prop::sample::select(Family::ALL.as_slice())
}

/// Words of which most are instructions.
fn word() -> impl Strategy<Value = u32> {
    let extended = prop::sample::select([4, 19, 30, 31, 58, 62, 63].as_slice());
    prop_oneof![
        any::<u32>(),
        (16u32..20, any::<u32>()).prop_map(|(primary, rest)| primary << 26 | rest >> 6),
        (extended, any::<u32>(), 0u32..2048).prop_map(|(p, rest, x)| p << 26 | rest & 0x03ff_f800 | x),
    ]
}

/// What a branch puts the program counter to.
fn indirect(state: &State, via: Via) -> Option<u64> {
    match via {
        Via::Lr => Some(state.lr & !3),
        Via::Ctr => Some(state.ctr & !3),
        Via::Tar => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_word_decodes(word: u32, family in family(), address: u64) {
        let ins = decode(word, family);
        prop_assert_eq!(ins.word, word);
        prop_assert_eq!(ins.is_known(), ins.flow(address) != Flow::Unknown);
        prop_assert!(!ins.text(Some(address)).to_string().is_empty());
        prop_assert!(!ins.text(None).to_string().is_empty());
        let effects = ins.effects();
        prop_assert!(effects.writes.contains(effects.defines));
        if !ins.is_known() {
            prop_assert_eq!(effects, Effects { reads: Regs::ALL, writes: Regs::ALL, defines: Regs::NONE });
            prop_assert_eq!(ins.privilege(), Privilege::Supervisor);
            prop_assert_eq!(ins.mnemonic(), ".long");
        }
    }

    #[test]
    fn execution_goes_where_flow_says(word in word(), family in family(), seed: u64) {
        let mut random = Random(seed);
        let mut state = State::new(family);
        let width = if family == Family::Book3s64 { u64::MAX } else { 0xffff_ffff };
        state.gpr.fill_with(|| random.value() & width);
        state.cr = random.word();
        state.lr = random.value() & width;
        state.ctr = if seed & 1 == 0 { random.value() & width } else { 1 };
        state.pc = random.value() & width & !3;
        state.fp = random.below(8) != 0;
        let ins = decode(word, family);
        let (flow, before) = (ins.flow(state.pc), state.clone());
        let next = state.pc.wrapping_add(4) & width;
        let done = execute(ins, &mut state, &mut Zeros);
        let Ok(()) = done else {
            prop_assert_eq!(&state, &before);
            match done.unwrap_err() {
                Stop::SystemCall => prop_assert_eq!(flow, Flow::SystemCall),
                Stop::Trap => prop_assert!(matches!(flow, Flow::Trap { .. }), "{:?}", ins),
                Stop::Privileged => prop_assert_eq!(ins.privilege(), Privilege::Supervisor),
                Stop::Illegal => {
                    let counts = ins.mnemonic() == "bcctr" && ins.rt() & 4 == 0;
                    let paired = ins.extension() == Some(Extension::PairedSingles);
                    let checked = ["lswx", "addex"].contains(&ins.mnemonic());
                    prop_assert!(!ins.is_known() || counts || paired || checked);
                }
                Stop::Unimplemented => prop_assert!(ins.is_known()),
                Stop::FloatingPointUnavailable => {
                    prop_assert!(!before.fp && ins.effects().reads.contains(Regs::FPU));
                }
                Stop::FloatingPointException => prop_assert!(false, "{:?}: none is enabled", ins),
                Stop::Fault(_) => prop_assert!(before.reservation.is_none()),
            }
            return Ok(());
        };
        let links = match flow {
            Flow::Next | Flow::Trap { unconditional: false } => {
                prop_assert_eq!(state.pc, next);
                false
            }
            Flow::Branch { target, conditional, link } => {
                prop_assert!(state.pc == target || conditional && state.pc == next, "{:?}", ins);
                link
            }
            Flow::Indirect { via, conditional, link } => {
                let target = indirect(&before, via);
                prop_assert!(Some(state.pc) == target || conditional && state.pc == next, "{:?}", ins);
                link
            }
            _ => return Err(TestCaseError::fail(format!("{ins:?} completed and flows {flow:?}"))),
        };
        if links {
            prop_assert_eq!(state.lr, next);
        } else if flow != Flow::Next {
            prop_assert_eq!(state.lr, before.lr);
        }
    }

    #[test]
    fn branch_targets_are_address_plus_displacement(li in -0x80_0000i32..0x80_0000, address: u32, bits in 0u32..4) {
        let word = 18 << 26 | (li << 2).cast_unsigned() & 0x03ff_fffc | bits;
        let base = if bits & 2 != 0 { 0 } else { i64::from(address) };
        let target = (base + 4 * i64::from(li)).cast_unsigned();
        let link = bits & 1 != 0;
        for family in Family::ALL {
            let target = if family == Family::Book3s64 { target } else { target & 0xffff_ffff };
            prop_assert_eq!(
                decode(word, family).flow(address.into()),
                Flow::Branch { target, conditional: false, link }
            );
        }
    }
}

/// A 64-bit processor in 32-bit mode does to the low halves what a 32-bit processor does.
#[test]
fn the_modes_agree_on_32_bits() {
    let mut random = Random(5);
    let mut completed = 0;
    for kind in kinds(Family::Book3s32) {
        for _ in 0..500 {
            let word = kind.word(random.word());
            let (narrow, wide) = (decode(word, Family::Book3s32), decode(word, Family::Book3s64));
            // The cache lines differ.
            if !narrow.is_known() || narrow.mnemonic() != wide.mnemonic() || narrow.mnemonic() == "dcbz" {
                continue;
            }
            let mut low = State::new(Family::Book3s32);
            let mut full = State::new(Family::Book3s64);
            full.word = WordSize::Word32;
            full.gpr.fill_with(|| random.value());
            low.gpr = full.gpr.map(|value| value & 0xffff_ffff);
            full.cr = random.word();
            full.xer = random.word() & 0xe000_007f;
            full.lr = random.next();
            full.ctr = if random.below(2) == 0 {
                random.value()
            } else {
                random.next() << 32 | 1
            };
            full.pc = u64::from(random.word() & !3);
            (low.cr, low.xer, low.pc) = (full.cr, full.xer, full.pc);
            (low.lr, low.ctr) = (full.lr & 0xffff_ffff, full.ctr & 0xffff_ffff);
            let done = execute(narrow, &mut low, &mut Zeros);
            assert_eq!(done, execute(wide, &mut full, &mut Zeros), "{narrow:?}");
            completed += usize::from(done.is_ok());
            full.gpr = full.gpr.map(|value| value & 0xffff_ffff);
            full.lr &= 0xffff_ffff;
            full.ctr &= 0xffff_ffff;
            full.xer &= 0xe000_007f;
            assert_eq!(low, full, "{narrow:?}");
        }
    }
    assert!(completed > 40_000, "{completed}");
}

#[test]
fn unconditional_means_always() {
    let flow = |word| decode(word, Family::Book3s32).flow(0x100);
    let branch = |target, conditional, link| Flow::Branch {
        target,
        conditional,
        link,
    };
    assert_eq!(flow(0x429f_0005), branch(0x104, false, true), "bcl 20,31,.+4");
    assert_eq!(flow(0x4082_fff8), branch(0xf8, true, false), "bne");
    assert_eq!(flow(0x4200_fff8), branch(0xf8, true, false), "bdnz");
    assert_eq!(
        flow(0x4e80_0020),
        Flow::Indirect {
            via: Via::Lr,
            conditional: false,
            link: false
        },
        "blr"
    );
    assert_eq!(
        flow(0x4d82_0020),
        Flow::Indirect {
            via: Via::Lr,
            conditional: true,
            link: false
        },
        "beqlr"
    );
    assert_eq!(
        flow(0x4e80_0421),
        Flow::Indirect {
            via: Via::Ctr,
            conditional: false,
            link: true
        },
        "bctrl"
    );
    assert_eq!(flow(0x7fe0_0008), Flow::Trap { unconditional: true }, "trap");
    assert_eq!(
        flow(0x0f00_0000),
        Flow::Trap { unconditional: false },
        "twnei r0,0"
    );
    assert_eq!(flow(0x4400_0002), Flow::SystemCall);
    assert_eq!(flow(0x4c00_0064), Flow::Return);
}
