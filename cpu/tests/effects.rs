//! Effects against execution: what liveness rests on.
//!
//! Random words of every instruction that executes run on random states, in every mode. A resource that changed must
//! be in `writes`. Changing a resource that is not in `reads` must change nothing else; and if the resource is in
//! `defines`, not even it.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Kind, Random, kinds};
use cpu::exec::{Done, Stop, execute};
use cpu::memory::{Fault, Memory};
use cpu::state::{CA, CA32, COUNT, OV, OV32, Reservation, SO};
use cpu::{Ins, Regs, State, decode, fpscr};
use magicpage::{Family, WordSize};

/// Memory at every address, its content a function of the address, its stores remembered.
#[derive(Clone, Default, PartialEq, Debug)]
struct Everywhere(BTreeMap<u64, u8>);

impl Memory for Everywhere {
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        Ok((0..u64::from(bytes)).fold(0, |value, n| {
            let at = address.wrapping_add(n);
            let byte = self
                .0
                .get(&at)
                .copied()
                .unwrap_or(Random(at).next().to_le_bytes()[0]);
            value << 8 | u64::from(byte)
        }))
    }

    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        for n in 0..bytes {
            let byte = value.to_be_bytes()[usize::from(8 - bytes + n)];
            self.0.insert(address.wrapping_add(n.into()), byte);
        }
        Ok(())
    }
}

/// The resources that a state holds.
fn resources() -> impl Iterator<Item = Regs> {
    (!(Regs::MSR | Regs::VECTOR)).each()
}

/// All floating-point registers and FPSCR in one number, which tells them apart well enough.
fn floating(state: &State) -> u64 {
    let start = Random(state.fpscr.into()).next();
    state
        .fpr
        .iter()
        .fold(start, |sum, register| Random(sum ^ register).next())
}

/// The value of one resource.
fn get(state: &State, resource: Regs) -> u64 {
    if let Some(n) = resource.gprs().next() {
        return state.gpr[usize::from(n)];
    }
    if let Some(field) = resource.crs().next() {
        return state.cr_field(field).into();
    }
    match resource {
        Regs::LR => state.lr,
        Regs::CTR => state.ctr,
        Regs::XER_CA => (state.xer & (CA | CA32)).into(),
        Regs::XER_OV => (state.xer & (SO | OV | OV32)).into(),
        Regs::XER_COUNT => (state.xer & !(CA | CA32 | SO | OV | OV32)).into(),
        Regs::FPU => floating(state),
        Regs::OTHER => state
            .reservation
            .map_or(0, |r| r.address << 4 | u64::from(r.bytes)),
        _ => 0,
    }
}

/// Copies one resource.
fn put(state: &mut State, resource: Regs, from: &State) {
    let mut xer = |mask: u32| state.xer = state.xer & !mask | from.xer & mask;
    match resource {
        Regs::LR => state.lr = from.lr,
        Regs::CTR => state.ctr = from.ctr,
        Regs::XER_CA => xer(CA | CA32),
        Regs::XER_OV => xer(SO | OV | OV32),
        Regs::XER_COUNT => xer(!(CA | CA32 | SO | OV | OV32)),
        Regs::FPU => (state.fpr, state.fpscr) = (from.fpr, from.fpscr),
        Regs::OTHER => state.reservation = from.reservation,
        _ => {
            resource
                .gprs()
                .for_each(|n| state.gpr[usize::from(n)] = from.gpr[usize::from(n)]);
            resource
                .crs()
                .for_each(|field| state.set_cr_field(field, from.cr_field(field)));
        }
    }
}

/// The bits of a double, mostly of one near others.
fn float(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => random.value(),
        _ => random.next() & 0x803f_ffff_ffff_ffff | 0x3fc0_0000_0000_0000,
    }
}

/// Gives one resource another value.
fn perturb(state: &mut State, resource: Regs, family: Family, random: &mut Random) {
    let width = if family == Family::Book3s64 {
        u64::MAX
    } else {
        0xffff_ffff
    };
    let before = get(state, resource);
    while get(state, resource) == before {
        let value = random.value();
        let low = random.word();
        let mut xer = |mask: u32| state.xer = state.xer & !mask | low & mask;
        if let Some(n) = resource.gprs().next() {
            state.gpr[usize::from(n)] = if random.below(4) == 0 {
                before ^ 1 << random.below(64)
            } else {
                value
            } & width;
        } else if let Some(field) = resource.crs().next() {
            state.set_cr_field(field, low);
        } else {
            match resource {
                Regs::LR => state.lr = value & width,
                Regs::CTR => state.ctr = value & width,
                Regs::XER_CA if family == Family::Book3s64 => xer(CA | CA32),
                Regs::XER_CA => xer(CA),
                Regs::XER_OV if family == Family::Book3s64 => xer(SO | OV | OV32),
                Regs::XER_OV => xer(SO | OV),
                Regs::XER_COUNT => xer(COUNT),
                Regs::FPU => {
                    state.fpr.fill_with(|| float(random));
                    state.fpscr =
                        fpscr::summarised(low & if value & 3 == 0 { u32::MAX } else { !fpscr::ENABLES });
                }
                Regs::OTHER => {
                    state.reservation = Some(Reservation {
                        address: value & width & !7,
                        bytes: 4,
                    })
                }
                _ => unreachable!("{resource:?}"),
            }
        }
    }
}

fn random_state(ins: Ins, random: &mut Random) -> State {
    let family = ins.family();
    let mut state = State::new(family);
    if family == Family::Book3s64 && random.below(3) == 0 {
        state.word = WordSize::Word32;
    }
    state.pc = if state.word == WordSize::Word32 {
        random.next() & 0xffff_fffc
    } else {
        random.next() & !3
    };
    for resource in resources() {
        perturb(&mut state, resource, family, random);
    }
    // Addresses that are aligned and reserved, and counters about to reach zero, are rare otherwise.
    for n in 0..32 {
        if random.below(2) == 0 {
            state.gpr[n] &= !7;
        }
    }
    if random.below(2) == 0 {
        let base = if ins.ra() == 0 {
            0
        } else {
            state.gpr[usize::from(ins.ra())]
        };
        let address = base.wrapping_add(state.gpr[usize::from(ins.rb())]);
        let address = if state.word == WordSize::Word32 {
            address & 0xffff_ffff
        } else {
            address
        };
        state.reservation = Some(Reservation {
            address,
            bytes: [1, 2, 4, 8][random.below(4)],
        });
    }
    if random.below(2) == 0 {
        state.ctr = random.below(3) as u64;
    }
    state.fp = random.below(16) != 0;
    state.fp_exceptions = random.below(4) == 0;
    state
}

fn run(ins: Ins, state: &State) -> (Done, State, Everywhere) {
    let (mut state, mut memory) = (state.clone(), Everywhere::default());
    let done = execute(ins, &mut state, &mut memory);
    (done, state, memory)
}

/// What was seen of one instruction.
#[derive(Default)]
struct Seen {
    runs: usize,
    /// Resources in `reads`, and those that made a difference: by class, all registers being one.
    read: BTreeSet<String>,
    mattered: BTreeSet<String>,
}

/// A resource's name, all registers and all fields being one.
fn class(resource: Regs) -> String {
    match (resource.gprs().next(), resource.crs().next()) {
        (Some(_), _) => "gpr".into(),
        (_, Some(_)) => "cr".into(),
        _ => format!("{resource:?}"),
    }
}

fn check(ins: Ins, random: &mut Random, seen: &mut Seen) {
    let effects = ins.effects();
    assert!(
        effects.writes.contains(effects.defines),
        "{ins:?}: defines what it does not write"
    );
    let before = random_state(ins, random);
    let (done, after, memory) = run(ins, &before);
    // A floating-point exception may come with a result.
    let delivered = matches!(done, Ok(()) | Err(Stop::FloatingPointException));
    if !delivered {
        assert_eq!(
            after, before,
            "{ins:?} stopped with {done:?} and changed a register"
        );
    }
    if matches!(
        done,
        Err(Stop::Privileged | Stop::Unimplemented | Stop::SystemCall)
    ) {
        return;
    }
    seen.runs += usize::from(done.is_ok());
    for resource in resources() {
        let changed = get(&before, resource) != get(&after, resource);
        assert!(
            !changed || effects.writes.contains(resource),
            "{ins:?} changes {resource:?} on {before:x?}"
        );
        let read = effects.reads.contains(resource);
        let name = class(resource);
        // Each register on one run in four: there are many, and nothing distinguishes one from the next.
        if random.below(4) != 0
            && (read && seen.mattered.contains(&name)
                || !read && (Regs::GPRS | Regs::CR_FIELDS).contains(resource))
        {
            continue;
        }
        let mut other = before.clone();
        perturb(&mut other, resource, ins.family(), random);
        let (other_done, mut other_after, other_memory) = run(ins, &other);
        let untouched = get(&other_after, resource) == get(&other, resource);
        if done.is_err() || !effects.defines.contains(resource) {
            put(&mut other_after, resource, &after);
        }
        let same = (done, &memory) == (other_done, &other_memory) && (!delivered || after == other_after);
        if read {
            seen.read.insert(name.clone());
            if !same {
                seen.mattered.insert(name);
            }
        } else {
            assert!(
                same,
                "{ins:?} depends on {resource:?}: {before:x?}\ngives {after:x?}\nand {other_after:x?}"
            );
            assert!(
                untouched || effects.writes.contains(resource),
                "{ins:?} changes {resource:?}"
            );
        }
    }
}

/// Instructions that read more according to their effects than execution looks at: a trap shows all registers to its
/// handler, and the address of a cache line or a stream has no effect on the state.
const OVERSTATED: &[&str] = &[
    "tw", "twi", "td", "tdi", "dcbst", "dcbf", "dcbfl", "dcbflp", "dcbfps", "dcbstps", "dcbt", "dcbtst",
    "dcba", "icbi", "icbt", "dst", "dstt", "dstst", "dststt",
];

fn sound(family: Family) {
    let mut random = Random(family as u64);
    let mut report = String::new();
    let mut executable = 0;
    for kind in kinds(family) {
        let mut seen = Seen::default();
        for _ in 0..WORDS {
            let ins = decode(word(&kind, &mut random), family);
            if !ins.is_known() {
                continue;
            }
            for _ in 0..STATES {
                check(ins, &mut random, &mut seen);
            }
        }
        executable += usize::from(seen.runs > 0);
        for class in seen.read.difference(&seen.mattered) {
            // The floating-point unit is one resource: whoever keeps a part of it reads it.
            let kept = class == "{fpu}";
            if seen.runs > 0 && !kept && !OVERSTATED.contains(&kind.row.mnemonic) {
                report += &format!("{} {class}\n", kind.row.mnemonic);
            }
        }
    }
    assert!(
        report.is_empty(),
        "read according to effects, never looked at:\n{report}"
    );
    let least = if family == Family::E500 { 110 } else { 170 };
    assert!(executable > least, "only {executable} instructions execute");
}

const WORDS: usize = 40;
const STATES: usize = 3;

/// A random word, its registers often the same.
fn word(kind: &Kind, random: &mut Random) -> u32 {
    let word = kind.word(random.word());
    let register = word >> 16 & 31;
    match random.below(6) {
        0 => kind.word(word & !(31 << 11) | register << 11),
        1 => kind.word(word & !(31 << 21) | register << 21),
        2 => kind.word(word & !(31 << 16)),
        3 if kind.row.mnemonic.ends_with("spr") => {
            kind.word(word & !(0x3ff << 11) | [1, 8, 9][random.below(3)] << 16)
        }
        _ => word,
    }
}

#[test]
fn book3s_32() {
    sound(Family::Book3s32);
}

#[test]
fn book3s_64() {
    sound(Family::Book3s64);
}

#[test]
fn e500() {
    sound(Family::E500);
}
