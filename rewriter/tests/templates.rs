//! Every template, family, byte order and operand class: what an instruction becomes, word by word.
//!
//! One snapshot a family, byte order and instruction. A snapshot lists, for each operand and for each amount of what is
//! dead at the site, the chosen shape and its code; equal code is listed once.

use std::collections::BTreeMap;
use std::fmt::Write;

use cpu::{Regs, decode};
use magicpage::{Endian, Family};
use rewriter::analysis::{Ee, Facts, MsrCopy};
use rewriter::classify::{Operation, classify};
use rewriter::plan::Reason;
use rewriter::template::{Allowed, BACK, Choice, Code, Context, choose};

/// Operand registers: zero as a number, the stack pointer, the reserved ones, ordinary ones, and those that other
/// patchers clobber.
const OPERANDS: [u8; 7] = [0, 1, 2, 3, 13, 30, 31];

/// What is dead at the site.
const DEAD: [(&str, Regs); 7] = [
    ("everything", Regs::ALL),
    ("a register and cr0", Regs::gpr(11).union(Regs::cr(0))),
    ("a register and cr7", Regs::gpr(11).union(Regs::cr(7))),
    ("two registers", Regs::gpr(11).union(Regs::gpr(12))),
    ("a register and ctr", Regs::gpr(11).union(Regs::CTR)),
    ("cr0 and ctr", Regs::cr(0).union(Regs::CTR)),
    ("nothing", Regs::NONE),
];

/// What is known of the source register.
const KNOWN: [(&str, Facts); 5] = [
    (
        "nothing",
        Facts {
            source: MsrCopy::No,
            ee: Ee::Unknown,
            copy: None,
        },
    ),
    (
        "ee is 0",
        Facts {
            source: MsrCopy::No,
            ee: Ee::Off,
            copy: None,
        },
    ),
    (
        "msr but for ee and ri, ee is 0",
        Facts {
            source: MsrCopy::ButEeRi,
            ee: Ee::Off,
            copy: None,
        },
    ),
    (
        "msr but for ee, ee is 1",
        Facts {
            source: MsrCopy::ButEe,
            ee: Ee::On,
            copy: None,
        },
    ),
    (
        "msr but for ee",
        Facts {
            source: MsrCopy::ButEe,
            ee: Ee::Unknown,
            copy: None,
        },
    ),
];

/// The instructions of a family, with the place of their operand.
fn instructions(family: Family) -> Vec<(&'static str, u32, Option<u32>)> {
    let mut rows = vec![("mfmsr", 0x7c00_00a6, Some(21)), ("mtmsr", 0x7c00_0124, Some(21))];
    rows.extend(match family {
        Family::Book3s32 => vec![
            ("mtsr", 0x7c05_01a4, Some(21)),
            ("mtsrin", 0x7c00_01e4, Some(21)),
            ("mtsrin-rb", 0x7c60_01e4, Some(11)),
        ],
        Family::Book3s64 => vec![
            ("mtmsrd-0", 0x7c00_0164, Some(21)),
            ("mtmsrd-1", 0x7c01_0164, Some(21)),
        ],
        Family::E500 => vec![
            ("wrtee", 0x7c00_0106, Some(21)),
            ("wrteei-0", 0x7c00_0146, None),
            ("wrteei-1", 0x7c00_8146, None),
        ],
    });
    rows
}

fn context(family: Family, endian: Endian, word: u32) -> Context {
    Context {
        family,
        endian,
        operation: classify(word, family).unwrap(),
        word,
        facts: Facts::default(),
        dead: Regs::NONE,
        r2_is_never_r1: true,
        in_place_only: None,
    }
}

fn listing(context: &Context, choice: &Result<Choice, Reason>) -> String {
    let choice = match choice {
        Ok(choice) => choice,
        Err(reason) => return format!("left: {}\n", reason.name()),
    };
    let mut text = format!("{} {}", choice.kind.name(), choice.shape);
    if !choice.dead.is_empty() {
        write!(text, " (dead: {})", choice.dead.join(", ")).unwrap();
    }
    text.push('\n');
    let words = match &choice.code {
        Code::InPlace(word) => vec![*word],
        Code::Trampoline(words) | Code::Subroutine(words) => words.clone(),
    };
    for (index, word) in words.iter().enumerate() {
        let shown = match *word {
            BACK => "b       behind the site".to_string(),
            word => decode(word, context.family)
                .text(Some(4 * index as u64))
                .to_string(),
        };
        writeln!(text, "  {:4x}: {word:08x}  {shown}", 4 * index).unwrap();
    }
    text
}

/// The listings of an instruction, the settings that give the same code together.
fn listings(family: Family, endian: Endian, word: u32, place: Option<u32>) -> String {
    let mut listed: Vec<(String, Vec<String>)> = Vec::new();
    let mut index: BTreeMap<String, usize> = BTreeMap::new();
    let operands = place.map_or(&OPERANDS[..1], |_| &OPERANDS[..]);
    let with_source = classify(word, family).unwrap().source().is_some() && place == Some(21);
    let known = if with_source && classify(word, family).unwrap().writes_msr() {
        &KNOWN[..]
    } else {
        &KNOWN[..1]
    };
    for operand in operands {
        for (knows, facts) in known {
            // Every combination for one register; for the others what saves most.
            let plain = *operand == 3 || place.is_none();
            let dead = DEAD
                .iter()
                .filter(|(name, _)| plain || (*name == "nothing" && *knows == "nothing"));
            for (name, dead) in dead {
                let word = word | place.map_or(0, |shift| u32::from(*operand) << shift);
                let context = Context {
                    facts: *facts,
                    dead: *dead,
                    ..context(family, endian, word)
                };
                let text = listing(&context, &choose(&context, Allowed::ALL));
                let instruction = decode(word, family).text(None).to_string();
                let setting = format!("{instruction}; known: {knows}; dead: {name}");
                let entry = *index.entry(text.clone()).or_insert_with(|| {
                    listed.push((text, Vec::new()));
                    listed.len() - 1
                });
                listed[entry].1.push(setting);
            }
        }
    }
    listed
        .into_iter()
        .map(|(text, settings)| format!("{}\n{text}\n", settings.join("\n")))
        .collect()
}

fn snapshot(family: Family, endian: Endian) {
    let order = if endian == Endian::Big { "big" } else { "little" };
    for (name, word, place) in instructions(family) {
        insta::assert_snapshot!(
            format!("{family}-{order}-{name}"),
            listings(family, endian, word, place)
        );
    }
}

#[test]
fn book3s_32() {
    snapshot(Family::Book3s32, Endian::Big);
}

#[test]
fn book3s_64_big() {
    snapshot(Family::Book3s64, Endian::Big);
}

#[test]
fn book3s_64_little() {
    snapshot(Family::Book3s64, Endian::Little);
}

#[test]
fn e500() {
    snapshot(Family::E500, Endian::Big);
}

/// The same register numbers as the page's rows: one line an SPR and direction.
#[test]
fn direct_moves() {
    let mut text = String::new();
    for (family, endian) in [
        (Family::Book3s32, Endian::Big),
        (Family::Book3s64, Endian::Big),
        (Family::Book3s64, Endian::Little),
        (Family::E500, Endian::Big),
    ] {
        writeln!(text, "{family} {endian:?}").unwrap();
        for row in magicpage::registers::SHARED_SPRS
            .iter()
            .filter(|row| row.families.has(family))
        {
            let field = u32::from(row.number & 31) << 16 | u32::from(row.number >> 5) << 11;
            for base in [0x7c60_02a6, 0x7c60_03a6] {
                let Some(Operation::ReadSpr { .. } | Operation::WriteSpr { .. }) =
                    classify(base | field, family)
                else {
                    continue;
                };
                let context = context(family, endian, base | field);
                let Ok(Choice {
                    code: Code::InPlace(word),
                    ..
                }) = choose(&context, Allowed::ALL)
                else {
                    panic!()
                };
                let (old, new) = (decode(base | field, family), decode(word, family));
                writeln!(
                    text,
                    "  {:08x} {:<16} {word:08x} {}",
                    base | field,
                    old.text(None).to_string(),
                    new.text(None)
                )
                .unwrap();
            }
        }
    }
    insta::assert_snapshot!(text);
}

/// The wanted figures of the product: instructions executed from the site to behind it, the entry branch included,
/// with nothing pending; and what Linux's trampoline takes (`arch/powerpc/kernel/kvm_emul.S`).
#[test]
fn instructions_executed() {
    let one = Regs::gpr(11).union(Regs::cr(0));
    let copy = |ee| Facts {
        source: MsrCopy::ButEe,
        ee,
        copy: None,
    };
    let nothing = Facts::default();
    #[rustfmt::skip]
    let rows = [
        // what                                  family            word         known          dead        limit Linux
        ("mtmsr, clear EE, idiom",               Family::Book3s32, 0x7d20_0124, copy(Ee::Off), Regs::NONE, 1,  24),
        ("mtmsr, set EE, idiom",                 Family::Book3s32, 0x7d20_0124, copy(Ee::On),  one,        6,  24),
        ("wrteei 0, dead register",              Family::E500,     0x7c00_0146, nothing,       one,        5,  15),
        ("wrteei 0, nothing dead",               Family::E500,     0x7c00_0146, nothing,       Regs::NONE, 9,  15),
        ("mtmsr, free registers",                Family::Book3s32, 0x7d20_0124, nothing,       one,        12, 24),
        ("mtmsr, critical section",              Family::Book3s32, 0x7d20_0124, nothing,       Regs::NONE, 20, 24),
        ("mtmsrd rS,1, critical section",        Family::Book3s64, 0x7d21_0164, nothing,       Regs::NONE, 18, 23),
        ("wrtee, critical section",              Family::E500,     0x7d20_0106, nothing,       Regs::NONE, 17, 21),
        ("mtsrin, critical section",             Family::Book3s32, 0x7d20_51e4, nothing,       Regs::NONE, 17, 17),
    ];
    let mut table = format!(
        "{:32} {:>8} {:>6} {:>6}\n",
        "operation", "executed", "wanted", "Linux"
    );
    for (what, family, word, facts, dead, limit, linux) in rows {
        let context = Context {
            facts,
            dead,
            ..context(family, Endian::Big, word)
        };
        let executed = common::executed(&context, &choose(&context, Allowed::ALL).unwrap());
        writeln!(table, "{what:32} {executed:8} {limit:6} {linux:6}").unwrap();
        assert!(
            executed <= limit,
            "{what}: {executed} instructions, at most {limit} wanted"
        );
    }
    println!("{table}");
    insta::assert_snapshot!(table);
}

mod common {
    use super::*;
    use cpu::exec::execute;
    use cpu::state::State;
    use magicpage::layout;
    use magicpage::msr::{EE, ME, SF};
    use rewriter::verify::model::World;

    /// Instructions from the site to behind it: nothing is pending, and EE alone changes where the operation allows
    /// it, so that the host is not needed.
    pub fn executed(context: &Context, choice: &Choice) -> usize {
        const SITE: u64 = 0x1000;
        const TRAMPOLINE: u64 = 0x2000;
        let size = context.family.word_size();
        let mut world = World::new(context.endian, size);
        let mode = if size == magicpage::WordSize::Word64 {
            SF
        } else {
            0
        };
        world.set(world.word(layout::MSR), mode | ME);
        let mut state = State::new(context.family);
        (state.gpr[1], state.gpr[2], state.pc) = (0xc000_8000, 0xc000_2000, SITE);
        state.gpr[9] = mode | ME | if context.facts.ee == Ee::Off { 0 } else { EE };
        let (first, words) = match &choice.code {
            Code::InPlace(word) => (*word, vec![]),
            Code::Trampoline(words) => (rewriter::asm::branch(SITE, TRAMPOLINE).unwrap(), words.clone()),
            Code::Subroutine(words) => (rewriter::asm::call(SITE, TRAMPOLINE).unwrap(), words.clone()),
        };
        let fetch = |address: u64| match address {
            SITE => first,
            _ => {
                let index = usize::try_from((address - TRAMPOLINE) / 4).unwrap();
                if words[index] == BACK {
                    rewriter::asm::branch(address, SITE + 4).unwrap()
                } else {
                    words[index]
                }
            }
        };
        let mut count = 0;
        while state.pc != SITE + 4 {
            execute(decode(fetch(state.pc), context.family), &mut state, &mut world).unwrap();
            count += 1;
        }
        count
    }
}
