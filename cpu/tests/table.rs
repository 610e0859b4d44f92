//! The table against itself and against the `powerpc` crate.

mod common;

use std::collections::BTreeSet;

use common::{Random, Zeros, kinds};
use cpu::exec::{Stop, execute};
use cpu::{Ins, Privilege, Regs, State, decode};
use magicpage::Family;
use powerpc::{Argument, Extension, Extensions};

/// Instructions that somebody rewrites must be told exactly: mask, value, families.
#[rustfmt::skip]
const EXACT: &[(&str, u32, u32, &[Family])] = &[
    ("mfmsr",   0xfc1f_ffff, 0x7c00_00a6, &Family::ALL),
    ("mtmsr",   0xfc1f_ffff, 0x7c00_0124, &[Family::Book3s32, Family::E500]),
    ("mtmsr",   0xfc1e_ffff, 0x7c00_0124, &[Family::Book3s64]),
    ("mtmsrd",  0xfc1e_ffff, 0x7c00_0164, &[Family::Book3s64]),
    ("wrtee",   0xfc1f_ffff, 0x7c00_0106, &[Family::E500]),
    ("wrteei",  0xffff_7fff, 0x7c00_0146, &[Family::E500]),
    ("mtsr",    0xfc10_ffff, 0x7c00_01a4, &[Family::Book3s32]),
    ("mtsrin",  0xfc1f_07ff, 0x7c00_01e4, &[Family::Book3s32]),
    ("tlbsync", 0xffff_ffff, 0x7c00_046c, &Family::ALL),
    ("mfspr",   0xfc00_07ff, 0x7c00_02a6, &Family::ALL),
    ("mtspr",   0xfc00_07ff, 0x7c00_03a6, &Family::ALL),
];

#[test]
fn what_is_rewritten_is_matched_exactly() {
    let mut random = Random(11);
    for (name, mask, value, families) in EXACT {
        for family in Family::ALL {
            for n in 0..20_000 {
                let mut word = value | random.word() & !mask;
                if n % 2 == 1 {
                    word ^= 1 << random.below(32) | if n % 4 == 1 { 1 << random.below(32) } else { 0 };
                }
                let matches = word & mask == *value && families.contains(&family);
                let other_row =
                    !families.contains(&family) && EXACT.iter().any(|row| row.0 == *name && row.1 != *mask);
                let ins = decode(word, family);
                assert!(
                    other_row || (ins.mnemonic() == *name) == matches,
                    "{ins:?} as {name}"
                );
            }
        }
    }
}

/// User instructions of the 750 that go to resources outside the state: the host's to execute.
const OUTSIDE: &[&str] = &["eciwx", "ecowx", "mftb"];

#[test]
fn user_instructions_of_the_750_have_a_handler() {
    let mut outside = BTreeSet::new();
    for kind in kinds(Family::Book3s32) {
        let ins = decode(kind.seed, Family::Book3s32);
        if ins.privilege() == Privilege::User && ins.extension().is_none() {
            let done = execute(ins, &mut State::new(Family::Book3s32), &mut Zeros);
            if done == Err(Stop::Unimplemented) && ins.spr().is_none() {
                outside.insert(ins.mnemonic());
            }
        }
    }
    assert_eq!(outside.into_iter().collect::<Vec<_>>(), OUTSIDE);
}

#[test]
fn an_instruction_is_small() {
    assert_eq!(size_of::<Ins>(), 8, "an interpreter keeps many");
}

#[test]
fn an_spr_is_privileged_by_its_number() {
    for family in Family::ALL {
        for number in 0..1024u32 {
            let word = 0x7c60_02a6 | (number & 31) << 16 | number >> 5 << 11;
            let privilege = if number & 0x10 != 0 {
                Privilege::Supervisor
            } else {
                Privilege::User
            };
            assert_eq!(decode(word, family).privilege(), privilege, "{number}");
            assert_eq!(decode(word | 0x100, family).privilege(), privilege, "{number}");
            assert_eq!(decode(word, family).spr().map(u32::from), Some(number));
        }
    }
}

/// The general registers and condition-register fields that a text names.
fn named(text: &str) -> Regs {
    let operands = text.split_once(' ').map_or("", |(_, operands)| operands);
    operands
        .split([',', '(', ')', '*', '+', ' '])
        .filter_map(|token| {
            let (kind, number) = token.split_at(token.find(|c: char| c.is_ascii_digit())?);
            let number = number.parse().ok()?;
            match kind {
                "r" => Some(Regs::gpr(number)),
                "cr" => Some(Regs::cr(number)),
                _ => None,
            }
        })
        .collect()
}

/// Instructions that touch more than their text names.
const IMPLICIT: &[&str] = &["lmw", "stmw", "lswi", "lswx", "stswi", "stswx"];
/// Instructions whose text names what is not read: a field of FPSCR, or the condition of a branch that ignores it.
const NOT_READ: &[&str] = &["mcrfs", "bc", "bclr", "bcctr", "bctar"];

#[test]
fn effects_cover_the_operands_and_no_other_register() {
    let mut random = Random(12);
    for family in Family::ALL {
        for kind in kinds(family) {
            for _ in 0..50 {
                let ins = decode(kind.word(random.word()), family);
                let effects = ins.effects();
                if !ins.is_known() || effects.reads == Regs::ALL || ambiguous(ins) {
                    continue;
                }
                let text = ins.text(None).to_string();
                let touched = (effects.reads | effects.writes) & (Regs::GPRS | Regs::CR_FIELDS);
                let mut named = named(&text);
                if NOT_READ.contains(&ins.mnemonic()) {
                    continue;
                }
                // SPE and paired singles print a base of zero as r0; nothing else does.
                if ins.ra() == 0
                    && ["ev", "psq", "dcbz_l"]
                        .iter()
                        .any(|name| ins.mnemonic().starts_with(name))
                {
                    named = named - (Regs::gpr(0) - touched);
                }
                assert!(touched.contains(named), "{text}: touches only {touched:?}");
                let gprs = (touched & Regs::GPRS) - named;
                assert!(
                    gprs.is_empty() || IMPLICIT.contains(&ins.mnemonic()) || names_implied(ins, gprs),
                    "{text}: {gprs:?}"
                );
            }
        }
    }
}

/// Register pairs are named by the even one.
fn names_implied(ins: Ins, more: Regs) -> bool {
    ["lq", "stq", "lqarx", "stqcx."].contains(&ins.mnemonic()) && more == Regs::gpr(ins.rt() + 1)
}

fn crate_gprs(arguments: &[Argument]) -> Regs {
    arguments
        .iter()
        .filter_map(|argument| match argument {
            Argument::GPR(gpr) => Some(Regs::gpr(gpr.0)),
            _ => None,
        })
        .collect()
}

/// Where the crate sees another set of registers: the mnemonic and why we differ.
const CRATE_DIFFERS: &[(&[&str], &str)] = &[
    (
        &["andi.", "andis."],
        "the crate lists the immediate's upper bits as a register",
    ),
    (
        &["srw", "srd"],
        "the crate lists RA, the target, where RS is read",
    ),
    (
        &["stdx", "lwaux"],
        "the crate confuses the base registers of update forms",
    ),
    (&["ldarx"], "the crate lists r0 where RA = 0 is the number zero"),
    (&["rldimi"], "the crate forgets that the target keeps some bits"),
    (
        &["lmw", "stmw", "lswi", "lswx", "stswi", "stswx"],
        "the crate lists the first of several registers",
    ),
];

/// The words of which the effects are those of either of two instructions.
fn ambiguous(ins: Ins) -> bool {
    ins.family() == Family::Book3s32 && ins.word >> 26 == 4
}

#[test]
fn general_registers_are_those_that_the_crate_sees() {
    let mut random = Random(13);
    let mut report = BTreeSet::new();
    let mut compared = BTreeSet::new();
    for (family, extensions) in [
        (Family::Book3s32, Extensions::gekko_broadway()),
        (Family::Book3s32, Extension::AltiVec.into()),
        (Family::Book3s64, Extension::Ppc64 | Extension::AltiVec),
    ] {
        for kind in kinds(family) {
            for _ in 0..50 {
                let word = kind.word(random.word());
                let ins = decode(word, family);
                let theirs = powerpc::Ins::new(word, extensions);
                let effects = ins.effects();
                if !ins.is_known()
                    || ambiguous(ins)
                    || theirs.op.mnemonic() != ins.mnemonic()
                    || effects.reads == Regs::ALL
                {
                    continue;
                }
                compared.insert(ins.mnemonic());
                let defs = crate_gprs(&theirs.defs());
                let uses = crate_gprs(&theirs.uses());
                let (reads, writes) = (effects.reads & Regs::GPRS, effects.writes & Regs::GPRS);
                let differs = (defs, uses) != (writes, reads);
                if differs
                    && !CRATE_DIFFERS
                        .iter()
                        .any(|(names, _)| names.contains(&ins.mnemonic()))
                {
                    report.insert(ins.mnemonic());
                    eprintln!("{ins:?}: crate {uses:?} -> {defs:?}, we {reads:?} -> {writes:?}");
                }
            }
        }
    }
    assert!(report.is_empty(), "{report:?}");
    assert!(compared.len() > 300, "{} compared", compared.len());
}

/// Paired singles whose every word is an AltiVec instruction too, which comes first.
const BEHIND_ALTIVEC: &[&str] = &[
    "ps_add",
    "ps_sub",
    "ps_div",
    "ps_sel",
    "ps_merge00",
    "ps_merge01",
    "ps_merge10",
    "ps_merge11",
    "ps_cmpu0",
    "ps_cmpo0",
    "ps_cmpu1",
];

#[test]
fn every_row_is_reached() {
    for family in Family::ALL {
        let reached: BTreeSet<&str> = kinds(family).iter().map(|kind| kind.row.mnemonic).collect();
        let rows = cpu::table::instructions()
            .iter()
            .filter(|row| row.families.has(family));
        let missed: Vec<&str> = rows
            .map(|row| row.mnemonic)
            .filter(|name| !reached.contains(name) && !BEHIND_ALTIVEC.contains(name))
            .collect();
        assert!(missed.is_empty(), "{family}: {missed:?}");
    }
}

#[test]
fn rows_cite_their_source() {
    for row in cpu::table::instructions() {
        let (book, place) = row.source.split_once(' ').unwrap_or_default();
        let books = [
            "I", "II", "III", "III-E", "750", "750CL", "E500", "AV", "SPE", "PEM",
        ];
        assert!(
            books.contains(&book) && !place.is_empty(),
            "{}: {:?}",
            row.mnemonic,
            row.source
        );
    }
}
