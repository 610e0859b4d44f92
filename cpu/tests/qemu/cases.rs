//! Instruction words and registers to run them on.

use cpu::exec::{Stop, execute};
use cpu::memory::Memory;
use cpu::operand::Operand;
use cpu::{State, decode};
use magicpage::{Endian, Family, WordSize};

use crate::common::{Kind, Random, kinds};
use crate::layout::{BUFFER, BUFFER_BYTES, Buffer, ROUNDS, SLOT, STUB, TEXT, Target};

/// Words a kind of instruction.
const WORDS: usize = 32;
const NOP: u32 = 0x6000_0000;

/// A block before and after.
pub struct Case {
    pub words: [u32; 2],
    pub before: (State, Buffer),
    pub after: (State, Buffer),
}

/// Instructions that QEMU's user mode does otherwise, or not at all.
const EXCLUDED: &[(&str, &str)] = &[
    ("wait", "ends the program"),
    ("waitrsv", "Power ISA 3.1"),
    ("pause_short", "Power ISA 3.1"),
    ("dcbfps", "Power ISA 3.1"),
    ("dcbstps", "Power ISA 3.1"),
    ("dcbflp", "POWER9 lacks it there"),
    ("icbt", "POWER9 lacks it there"),
    ("dst", "needs a vector unit that is switched on"),
    ("dstt", "needs a vector unit that is switched on"),
    ("dstst", "needs a vector unit that is switched on"),
    ("dststt", "needs a vector unit that is switched on"),
    ("dss", "needs a vector unit that is switched on"),
    ("dssall", "needs a vector unit that is switched on"),
];

/// On little-endian processors these always fault.
const BIG_ONLY: &[&str] = &["lmw", "stmw", "lswi", "lswx", "stswi", "stswx"];

const CONDITIONAL: &[&str] = &["stbcx.", "sthcx.", "stwcx.", "stdcx."];

fn testable(kind: &Kind, target: &Target) -> bool {
    let name = kind.row.mnemonic;
    let elsewhere = name == "mtspr" || name == "mfspr";
    let big_only = target.endian == Endian::Little && BIG_ONLY.contains(&name);
    !elsewhere && !big_only && EXCLUDED.iter().all(|(excluded, _)| *excluded != name)
}

/// The word at `slot`, its operands random, but so that running it can be watched.
fn word(kind: &Kind, random: &mut Random) -> u32 {
    let mut word = kind.word(random.word());
    let (displacement, bo) = (12, word >> 21 & 31);
    match kind.row.mnemonic {
        "b" => word = word & 0xfc00_0001 | displacement,
        "bc" => word = word & 0xffff_0001 | displacement,
        "mfocrf" | "mtocrf" => word = word & !(0xff << 12) | 1 << (12 + bo % 8),
        // Conditions that hold for few pairs, so that the absence of a trap says how the pair compares.
        "tw" | "twi" | "td" | "tdi" => {
            word = word & !(31 << 21) | [13, 14, 21, 22, 27][bo as usize % 5] << 21;
        }
        _ => {}
    }
    word
}

fn random_state(target: &Target, words: [u32; 2], slot: u64, random: &mut Random) -> State {
    let mut state = State::new(target.family);
    let wide = state.word == WordSize::Word64;
    let width = if wide { u64::MAX } else { 0xffff_ffff };
    for register in &mut state.gpr {
        *register = random.value() & width;
    }
    let ins = decode(words[0], target.family);
    if random.below(4) == 0 {
        // Equal operands, and immediates.
        state.gpr[usize::from(ins.ra())] = if random.below(2) == 0 {
            i64::from(ins.si()).cast_unsigned() & width
        } else {
            state.gpr[usize::from(ins.rb())]
        };
    }
    state.cr = random.word();
    state.xer = random.word() & if wide { 0xe00c_007f } else { 0xe000_007f };
    if random.below(4) == 0 {
        state.xer &= !0x60;
    }
    let targets = [slot + 8, slot + 12, (slot + 8) | 3, (slot + 12) | 1, slot + 4];
    state.lr = targets[random.below(5)];
    state.ctr = match random.below(8) {
        0 => random.value() & width,
        1 | 2 => random.below(3) as u64,
        3 if wide => 0x1_0000_0000 + random.below(3) as u64,
        _ => targets[random.below(5)],
    };
    state.pc = slot;
    state
}

/// Runs the slot in our execution. Nothing if it stops, leaves for elsewhere or does not touch the buffer alone.
fn ours(
    target: &Target,
    words: [u32; 2],
    slot: u64,
    before: &(State, Buffer),
) -> Result<(State, Buffer), Option<u64>> {
    let (mut state, mut memory) = before.clone();
    memory.first = None;
    for _ in 0..4 {
        let Some(word) = words.get((state.pc.wrapping_sub(slot) / 4) as usize) else {
            break;
        };
        let ins = decode(*word, target.family);
        if CONDITIONAL.contains(&ins.mnemonic()) {
            // Without a reservation we do not look at the address; QEMU's "none" is an address too.
            let base = if ins.ra() == 0 {
                0
            } else {
                state.gpr[usize::from(ins.ra())]
            };
            let address = base.wrapping_add(state.gpr[usize::from(ins.rb())]);
            memory.clone().load(address, 8).map_err(|_| Some(address))?;
        }
        if ins.mnemonic() == "divde"
            && overflow_is_missed(state.gpr[usize::from(ins.ra())], state.gpr[usize::from(ins.rb())])
        {
            return Err(None);
        }
        execute(ins, &mut state, &mut memory).map_err(|_| memory.first)?;
    }
    if state.pc == slot + 8 || state.pc == slot + 12 {
        Ok((state, memory))
    } else {
        Err(None)
    }
}

/// QEMU 7.2 takes a quotient of `divde` for representable if it fits 64 bits without a sign.
fn overflow_is_missed(a: u64, b: u64) -> bool {
    let (a, b) = (a.cast_signed(), b.cast_signed());
    a.unsigned_abs() < b.unsigned_abs() && i64::try_from((i128::from(a) << 64) / i128::from(b)).is_err()
}

fn case(target: &Target, words: [u32; 2], slot: u64, random: &mut Random) -> Option<Case> {
    for _ in 0..100 {
        let mut buffer = Buffer {
            bytes: [0; BUFFER_BYTES],
            endian: target.endian,
            first: None,
        };
        buffer.bytes.fill_with(|| random.word().to_le_bytes()[0]);
        let mut before = (random_state(target, words, slot, random), buffer);
        let mut after = ours(target, words, slot, &before);
        if let Err(Some(address)) = after {
            // Move the address into the buffer, by the base or by the index.
            let ins = decode(words[0], target.family);
            let wanted = (BUFFER + random.below(BUFFER_BYTES) as u64) & !(random.next() & 7);
            let indexed = ins
                .operands()
                .iter()
                .any(|operand| matches!(operand, Operand::Gpr(11, _)));
            let register = if ins.ra() == 0 || indexed && random.below(2) == 0 {
                ins.rb()
            } else {
                ins.ra()
            };
            let moved = &mut before.0.gpr[usize::from(register)];
            *moved = moved.wrapping_add(wanted.wrapping_sub(address));
            if target.family == Family::Book3s32 {
                *moved &= 0xffff_ffff;
            }
            after = ours(target, words, slot, &before);
        }
        if let Ok(after) = after {
            return Some(Case { words, before, after });
        }
    }
    None
}

/// Every stub's cases.
pub fn stubs(target: &Target, random: &mut Random) -> Vec<Vec<Case>> {
    let kinds: Vec<Kind> = kinds(target.family)
        .into_iter()
        .filter(|kind| testable(kind, target))
        .collect();
    let seconds: Vec<Kind> = kinds
        .iter()
        .copied()
        .filter(|kind| kind.row.mnemonic != "bclr")
        .collect();
    let mut stubs = Vec::new();
    for kind in &kinds {
        let mut covered = false;
        for n in 0..WORDS {
            let slot = TEXT + STUB * (stubs.len() as u64 + 1) + SLOT;
            let first = word(kind, random);
            let second = match (kind.row.mnemonic, n % 2) {
                ("lwarx" | "ldarx" | "lbarx" | "lharx", _) => store_conditional(first, random),
                (_, 0) => NOP,
                _ => word(&seconds[random.below(seconds.len())], random),
            };
            let words = [first, second];
            let cases: Option<Vec<Case>> = (0..ROUNDS).map(|_| case(target, words, slot, random)).collect();
            covered |= cases.is_some();
            stubs.extend(cases);
        }
        assert!(
            covered || !executes(kind, target.family),
            "no case for {}",
            kind.row.mnemonic
        );
    }
    stubs.extend(moves(target, random, stubs.len()));
    stubs
}

/// Whether we execute the instruction at all.
fn executes(kind: &Kind, family: Family) -> bool {
    let mut memory = Buffer {
        bytes: [0; BUFFER_BYTES],
        endian: Endian::Big,
        first: None,
    };
    (0..64u32).any(|n| {
        let ins = decode(kind.word(n.wrapping_mul(0x9e37_79b9)), family);
        let done = execute(ins, &mut State::new(family), &mut memory);
        matches!(done, Ok(()) | Err(Stop::Trap | Stop::Fault(_)))
    })
}

/// A store conditional that mostly matches the load and reserve before it.
fn store_conditional(load: u32, random: &mut Random) -> u32 {
    let stores = [(20, 150), (84, 214), (52, 694), (116, 726)];
    let (_, extended) = stores
        .into_iter()
        .find(|(load_x, _)| load >> 1 & 1023 == *load_x)
        .expect("a load and reserve");
    let address = if random.below(4) == 0 { random.word() } else { load } & 0x001f_f800;
    31 << 26 | random.word() & 31 << 21 | address | extended << 1 | 1
}

/// Moves from and to XER, LR and CTR.
fn moves(target: &Target, random: &mut Random, before: usize) -> Vec<Vec<Case>> {
    let mut stubs: Vec<Vec<Case>> = Vec::new();
    for (spr, extended) in [1, 8, 9].into_iter().flat_map(|spr| [(spr, 339), (spr, 467)]) {
        let slot = TEXT + STUB * ((before + stubs.len()) as u64 + 1) + SLOT;
        let words = [
            31 << 26 | random.word() & 31 << 21 | spr << 16 | extended << 1,
            NOP,
        ];
        stubs.extend(
            (0..ROUNDS)
                .map(|_| case(target, words, slot, random))
                .collect::<Option<Vec<Case>>>(),
        );
    }
    stubs
}
