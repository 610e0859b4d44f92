//! Long streams of random instructions.
//!
//! A stream grows an instruction at a time. All its rounds, each with registers of its own, run along in our
//! execution; an instruction that would make one of them stop or touch other memory than the buffer is drawn again.
//! Two registers that are the same in all rounds hold addresses. Branches go forward, so that rounds part and meet.

use cpu::exec::Stop;
use cpu::operand::{Operand, Role};
use cpu::table::Row;
use cpu::{Ins, Regs, State, decode};

use crate::cases::{MOVES, selective_trap, testable_kinds};
use crate::common::{Kind, Random};
use crate::exceptions::execute_as_qemu;
use crate::layout::{BUFFER, BUFFER_BYTES, Buffer, Target};
use crate::stub::{Case, Stub, slot, way};
use crate::values;

/// Rounds of a stream.
const ROUNDS: usize = 32;
/// Streams of a program.
const STREAMS: usize = 400;
/// Draws for one place of a stream.
const DRAWS: usize = 40;

const NOP: u32 = 0x6000_0000;

/// Instructions whose streams would need more thought: they go where registers point, or depend on a reservation.
const LEFT_TO_CASES: &[&str] = &[
    "bclr", "bcctr", "lwarx", "ldarx", "lbarx", "lharx", "stwcx.", "stdcx.", "stbcx.", "sthcx.", "divde",
];

/// What streams are made of.
pub struct Ingredients {
    fixed: Vec<Kind>,
    floating: Vec<Kind>,
}

impl Ingredients {
    pub fn new(target: &Target) -> Self {
        let (floating, fixed) = testable_kinds(target)
            .into_iter()
            .filter(|kind| !LEFT_TO_CASES.contains(&kind.row.mnemonic))
            .partition(|kind| is_floating(kind.row));
        Self { fixed, floating }
    }

    fn word(&self, random: &mut Random, addresses: Addresses) -> u32 {
        let kinds = match random.below(2) {
            0 if !self.floating.is_empty() => &self.floating,
            _ => &self.fixed,
        };
        let Some(kind) = kinds.get(random.below(kinds.len() + 2)) else {
            return 31 << 26 | random.word() & 31 << 21 | MOVES[random.below(MOVES.len())];
        };
        let word = kind.word(random.word());
        let forward = 4 * (1 + u32::from(random.small(4)));
        match kind.row.mnemonic {
            "b" => word & 0xfc00_0001 | forward,
            "bc" => word & 0xffff_0001 | forward,
            "mfocrf" | "mtocrf" => word & !(0xff << 12) | 1 << (12 + random.below(8)),
            "tw" | "twi" | "td" | "tdi" => selective_trap(word),
            "addi" | "addis" | "isel" => word,
            _ => kind.word(addresses.put(kind.row, word, random)),
        }
    }
}

fn is_floating(row: &Row) -> bool {
    let has = |operand: &Operand| matches!(operand, Operand::Fpr(_) | Operand::FpscrField);
    row.operands.iter().any(has) || row.mnemonic.starts_with("mtfs")
}

/// The registers for addresses.
#[derive(Clone, Copy)]
struct Addresses {
    /// Holds the middle of the buffer.
    base: u8,
    /// Holds a small number.
    index: u8,
}

impl Addresses {
    fn new(random: &mut Random) -> Self {
        Self {
            base: 1 + random.small(15),
            index: 16 + random.small(16),
        }
    }

    /// The word with these registers where it makes an address.
    fn put(self, row: &Row, word: u32, random: &mut Random) -> u32 {
        let has = |wanted: fn(&Operand) -> bool| row.operands.iter().any(wanted);
        let with_base = word & !(31 << 16) | u32::from(self.base) << 16;
        if has(|operand| matches!(operand, Operand::Mem(..))) {
            let near = (u32::from(random.small(96)).wrapping_sub(48)) & 0xffff;
            with_base & !0xffff | near
        } else if has(|operand| matches!(operand, Operand::Count)) {
            with_base
        } else if has(|operand| matches!(operand, Operand::Base | Operand::Gpr(16, Role::Update))) {
            with_base & !(31 << 11) | u32::from(self.index) << 11
        } else {
            word
        }
    }

    /// Whether they still hold addresses after `ins`, which may move the base a little.
    fn survive(self, ins: Ins) -> bool {
        let moves =
            |operand: &Operand| matches!(operand, Operand::Mem(_, true) | Operand::Gpr(16, Role::Update));
        let moved = if ins.operands().iter().any(moves) && ins.ra() == self.base {
            Regs::gpr(self.base)
        } else {
            Regs::NONE
        };
        let overwritten = ins.effects().writes - moved;
        !overwritten.intersects(Regs::gpr(self.base) | Regs::gpr(self.index))
    }
}

/// A round of a stream as far as it has come.
#[derive(Clone)]
struct Round {
    state: State,
    memory: Buffer,
    stop: Option<Stop>,
}

/// Executes `ins` in the rounds that have come to `pc`. Gives how many did; nothing, and no change, if the
/// instruction is no good in one of them.
fn step(rounds: &mut Vec<Round>, pc: u64, ins: Ins, target: &Target) -> Option<usize> {
    let mut after = rounds.clone();
    let mut executed = 0;
    for round in &mut after {
        if round.state.pc != pc || round.stop.is_some() {
            continue;
        }
        let sets_missing_bits = ins.mnemonic() == "mtspr"
            && ins.spr() == Some(cpu::spr::XER)
            && round.state.gpr[usize::from(ins.rt())] & 0xffff_ffff & !u64::from(target.xer_bits()) != 0;
        if sets_missing_bits {
            return None;
        }
        match execute_as_qemu(ins, &mut round.state, &mut round.memory) {
            Ok(()) => {}
            Err(Stop::FloatingPointException) => round.stop = Some(Stop::FloatingPointException),
            Err(_) => return None,
        }
        executed += 1;
    }
    *rounds = after;
    Some(executed)
}

/// The rounds of a stream at `slot` before its first instruction.
fn rounds(target: &Target, slot: u64, addresses: Addresses, random: &mut Random) -> Vec<Round> {
    let offset = 8 * u64::from(random.small(5));
    let round = |random: &mut Random| {
        let mut state = values::state(target, random);
        state.gpr[usize::from(addresses.base)] = BUFFER + BUFFER_BYTES as u64 / 2;
        state.gpr[usize::from(addresses.index)] = offset;
        state.lr = random.value() & target.width();
        state.ctr = match random.below(2) {
            0 => random.below(4) as u64,
            _ => random.value() & target.width(),
        };
        state.pc = slot;
        Round {
            state,
            memory: values::buffer(target, random),
            stop: None,
        }
    };
    (0..ROUNDS).map(|_| round(random)).collect()
}

/// A stream at `slot`, and how many instructions its rounds execute.
fn stream(target: &Target, from: &Ingredients, slot: u64, random: &mut Random) -> (Stub, usize) {
    let addresses = Addresses::new(random);
    let before = rounds(target, slot, addresses, random);
    let mut after = before.clone();
    let mut executed = 0;
    let length = 8 + random.below(25);
    let mut words = Vec::with_capacity(length);
    for place in 0..length {
        let pc = slot + 4 * place as u64;
        let mut draw = |word: u32, may_lose: bool| {
            let ins = decode(word, target.family);
            let keeps = may_lose || addresses.survive(ins);
            // A branch may reach the second way out, no further.
            let reaches = ins.mnemonic().starts_with('b') && (word & 0x1c) as usize / 4 > length - place + 1;
            let good = ins.is_known() && keeps && !reaches;
            let count = good.then(|| step(&mut after, pc, ins, target)).flatten();
            count.map(|count| (word, count))
        };
        let drawn = (0..DRAWS).find_map(|_| {
            let word = from.word(random, addresses);
            draw(word, random.below(16) == 0)
        });
        let (word, count) = drawn
            .or_else(|| draw(NOP, false))
            .expect("a word that is always good");
        words.push(word);
        executed += count;
    }
    let cases = before.into_iter().zip(after).map(|(before, after)| Case {
        way: way(length, slot, after.state.pc, after.stop).expect("a way out"),
        before: (before.state, before.memory),
        after: (after.state, after.memory),
    });
    let cases = cases.collect();
    (Stub { words, cases }, executed)
}

/// A program's streams, and how many instructions they execute.
pub fn streams(target: &Target, from: &Ingredients, random: &mut Random) -> (Vec<Stub>, usize) {
    let mut executed = 0;
    let stubs = (0..STREAMS).map(|number| {
        let (stub, count) = stream(target, from, slot(number), random);
        executed += count;
        stub
    });
    let stubs = stubs.collect();
    (stubs, executed)
}
