//! One or two instructions on registers made for them.

use cpu::State;
use cpu::decode;
use cpu::exec::{Stop, execute};
use cpu::memory::Memory;
use cpu::operand::Operand;
use magicpage::{Endian, Family};

use crate::common::{Kind, Random, kinds};
use crate::exceptions::{execute_as_qemu, is_excluded};
use crate::layout::{BUFFER, BUFFER_BYTES, Buffer, Target};
use crate::stub::{Case, Stub, slot, way};
use crate::values;

/// Words a kind of instruction.
const WORDS: usize = 32;
/// Blocks a stub runs over.
const ROUNDS: usize = 16;
const NOP: u32 = 0x6000_0000;

/// On little-endian processors these always fault.
const BIG_ONLY: &[&str] = &["lmw", "stmw", "lswi", "lswx", "stswi", "stswx"];

const CONDITIONAL: &[&str] = &["stbcx.", "sthcx.", "stwcx.", "stdcx."];

fn testable(kind: &Kind, target: &Target) -> bool {
    let name = kind.row.mnemonic;
    let elsewhere = name == "mtspr" || name == "mfspr";
    let big_only = target.endian == Endian::Little && BIG_ONLY.contains(&name);
    !elsewhere && !big_only && !is_excluded(name, target)
}

/// The instructions that are executed both here and there.
pub fn testable_kinds(target: &Target) -> Vec<Kind> {
    kinds(target.family)
        .into_iter()
        .filter(|kind| testable(kind, target) && executes(kind, target.family))
        .collect()
}

/// The word at `slot`, its operands random, but so that running it can be watched.
fn word(kind: &Kind, random: &mut Random) -> u32 {
    let mut word = kind.word(random.word());
    let (displacement, bo) = (12, word >> 21 & 31);
    match kind.row.mnemonic {
        "b" => word = word & 0xfc00_0001 | displacement,
        "bc" => word = word & 0xffff_0001 | displacement,
        "mfocrf" | "mtocrf" => word = word & !(0xff << 12) | 1 << (12 + bo % 8),
        "tw" | "twi" | "td" | "tdi" => word = selective_trap(word),
        _ => {}
    }
    word
}

/// Conditions that hold for few pairs, so that the absence of a trap says how the pair compares.
pub fn selective_trap(word: u32) -> u32 {
    word & !(31 << 21) | [13, 14, 21, 22, 27][(word >> 21 & 31) as usize % 5] << 21
}

fn random_state(target: &Target, words: [u32; 2], slot: u64, random: &mut Random) -> State {
    let mut state = values::state(target, random);
    let width = target.width();
    let ins = decode(words[0], target.family);
    if random.below(4) == 0 {
        // Equal operands, and immediates.
        state.gpr[usize::from(ins.ra())] = if random.below(2) == 0 {
            i64::from(ins.si()).cast_unsigned() & width
        } else {
            state.gpr[usize::from(ins.rb())]
        };
        state.fpr[usize::from(ins.ra())] = state.fpr[usize::from(ins.rb())];
    }
    let targets = [slot + 8, slot + 12, (slot + 8) | 3, (slot + 12) | 1, slot + 4];
    state.lr = targets[random.below(5)];
    state.ctr = match random.below(8) {
        0 => random.value() & width,
        1 | 2 => random.below(3) as u64,
        3 if target.is_wide() => 0x1_0000_0000 + random.below(3) as u64,
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
) -> Result<((State, Buffer), u64), Option<u64>> {
    let (mut state, mut memory) = before.clone();
    memory.first = None;
    let mut stop = None;
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
        match execute_as_qemu(ins, &mut state, &mut memory) {
            Ok(()) => {}
            Err(Stop::FloatingPointException) => {
                stop = Some(Stop::FloatingPointException);
                break;
            }
            Err(_) => return Err(memory.first),
        }
    }
    let way = way(words.len(), slot, state.pc, stop).ok_or(None)?;
    Ok(((state, memory), way))
}

/// QEMU 7.2 takes a quotient of `divde` for representable if it fits 64 bits without a sign.
fn overflow_is_missed(a: u64, b: u64) -> bool {
    let (a, b) = (a.cast_signed(), b.cast_signed());
    a.unsigned_abs() < b.unsigned_abs() && i64::try_from((i128::from(a) << 64) / i128::from(b)).is_err()
}

fn case(target: &Target, words: [u32; 2], slot: u64, random: &mut Random) -> Option<Case> {
    for _ in 0..100 {
        let buffer = values::buffer(target, random);
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
            *moved = moved.wrapping_add(wanted.wrapping_sub(address)) & target.width();
            after = ours(target, words, slot, &before);
        }
        if let Ok((after, way)) = after {
            return Some(Case { before, after, way });
        }
    }
    None
}

/// Words with their cases; nothing if some case cannot be made.
fn stub(target: &Target, words: [u32; 2], slot: u64, random: &mut Random) -> Option<Stub> {
    let cases: Option<Vec<Case>> = (0..ROUNDS).map(|_| case(target, words, slot, random)).collect();
    Some(Stub {
        words: words.to_vec(),
        cases: cases?,
    })
}

/// Every stub.
pub fn stubs(target: &Target, random: &mut Random) -> Vec<Stub> {
    let kinds = testable_kinds(target);
    let seconds: Vec<Kind> = kinds
        .iter()
        .copied()
        .filter(|kind| kind.row.mnemonic != "bclr")
        .collect();
    let mut stubs = Vec::new();
    for kind in &kinds {
        let mut covered = false;
        for n in 0..WORDS {
            let first = word(kind, random);
            let second = match (kind.row.mnemonic, n % 2) {
                ("lwarx" | "ldarx" | "lbarx" | "lharx", _) => store_conditional(first, random),
                (_, 0) => NOP,
                _ => word(&seconds[random.below(seconds.len())], random),
            };
            let stub = stub(target, [first, second], slot(stubs.len()), random);
            covered |= stub.is_some();
            stubs.extend(stub);
        }
        assert!(covered, "no case for {}", kind.row.mnemonic);
    }
    moves(target, random, &mut stubs);
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

/// The numbers of XER, LR and CTR, where `mfspr` and `mtspr` have them, and what tells the two apart.
pub const MOVES: [u32; 6] = [
    1 << 16 | 339 << 1,
    8 << 16 | 339 << 1,
    9 << 16 | 339 << 1,
    1 << 16 | 467 << 1,
    8 << 16 | 467 << 1,
    9 << 16 | 467 << 1,
];

/// Moves from and to XER, LR and CTR.
fn moves(target: &Target, random: &mut Random, stubs: &mut Vec<Stub>) {
    for what in MOVES {
        let words = [31 << 26 | random.word() & 31 << 21 | what, NOP];
        stubs.extend(stub(target, words, slot(stubs.len()), random));
    }
}
