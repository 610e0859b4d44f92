//! Encoding against decoding: what is printed assembles to the word that was printed.

mod common;

use std::collections::BTreeMap;

use common::{Kind, Random, kinds};
use cpu::{EncodeError, Ins, Value, assemble, decode, encode};
use magicpage::Family;

/// Words of an instruction: random operands, and each with all bits of one part clear or set.
fn words(kind: &Kind, random: &mut Random) -> Vec<u32> {
    let mut words = vec![kind.word(0), kind.word(u32::MAX)];
    for shift in 0..32 {
        words.push(kind.word(1 << shift));
        words.push(kind.word(31 << shift));
    }
    for _ in 0..300 {
        words.push(kind.word(random.word()));
        words.push(kind.word(random.word() & random.word() & random.word()));
    }
    words
}

/// Why a text stands for another word than the one it was printed for, if it does.
fn exempt(ins: Ins) -> Option<&'static str> {
    let bo = ins.rt();
    let ignored = match (ins.family(), bo & 0b10100) {
        (Family::Book3s64, 0b00100) => bo & 0b00011 == 0b00001,
        (Family::Book3s64, 0b10000) => bo & 0b01001 == 0b00001,
        (Family::Book3s64, 0b00000) => bo & 1 != 0,
        (_, 0b00100) => bo & 0b00010 != 0,
        _ => false,
    };
    if ignored && ins.mnemonic() == "bc" {
        return Some("BO has a bit that means nothing, which is not printed");
    }
    match (ins.family(), ins.mnemonic(), ins.spr()) {
        (Family::E500, "mfspr", Some(276..=279)) => {
            Some("SPRG4 to SPRG7 have a second number to be read by, and one name")
        }
        (Family::E500, "mfspr", Some(268 | 269)) => Some("`mftb` is an instruction of its own, too"),
        _ => None,
    }
}

#[test]
fn text_assembles_to_its_word() {
    let mut report = BTreeMap::new();
    let mut words_seen = 0;
    for family in Family::ALL {
        let mut random = Random(21 + family as u64);
        for kind in kinds(family) {
            for word in words(&kind, &mut random) {
                let ins = decode(word, family);
                if !ins.is_known() || exempt(ins).is_some() {
                    continue;
                }
                words_seen += 1;
                for address in [None, Some(0x1000_0000), Some(0xffff_fff0)] {
                    let text = ins.text(address).to_string();
                    let again = assemble(&text, address, family);
                    if again != Ok(word) {
                        let entry = report
                            .entry((family, ins.mnemonic()))
                            .or_insert((0, String::new()));
                        entry.0 += 1;
                        entry.1 = format!("{word:#010x} `{text}` -> {again:x?}");
                    }
                }
            }
        }
    }
    assert!(words_seen > 500_000, "{words_seen} words");
    let report: Vec<String> = report
        .iter()
        .map(|((family, name), (count, example))| format!("{family} {name}: {count}, such as {example}"))
        .collect();
    assert!(report.is_empty(), "\n{}", report.join("\n"));
}

/// What comes out is an instruction of the family, with the mnemonic's row: any operands, with any row.
#[test]
fn what_is_encoded_is_decoded() {
    let mut random = Random(31);
    for family in Family::ALL {
        for kind in kinds(family) {
            for _ in 0..200 {
                let values: Vec<Value> = (0..random.below(7)).map(|_| value(&mut random)).collect();
                if let Ok(word) = encode(kind.row.mnemonic, &values, None, family) {
                    let ins = decode(word, family);
                    assert_eq!(ins.mnemonic(), kind.row.mnemonic, "{values:?} {word:#010x}");
                }
            }
        }
    }
}

fn value(random: &mut Random) -> Value {
    let number = random.small(36);
    match random.below(9) {
        0 => Value::Gpr(number % 32),
        1 => Value::Fpr(number % 32),
        2 => Value::Vr(number % 32),
        3 => Value::Vsr(number),
        4 => Value::Cr(number % 8),
        5 => Value::CrBit(number % 32),
        6 => Value::Distance(4 * i64::from(number)),
        _ => Value::Number([i64::from(number), -16, 0x7fff, 0x8000, i64::MIN][random.below(5)]),
    }
}

fn error(text: &str) -> EncodeError {
    assemble(text, None, Family::Book3s32).unwrap_err()
}

#[test]
fn errors_name_the_operand() {
    let out_of_range = |operand, value, low, high| EncodeError::Range {
        operand,
        value,
        low,
        high,
    };
    assert_eq!(error("nonsense r3"), EncodeError::Unknown);
    assert_eq!(error("rldicl r3,r4,5,6"), EncodeError::Unknown);
    assert_eq!(
        error("addi r3,r4,0x8000"),
        out_of_range(3, 0x8000, -0x8000, 0x7fff)
    );
    assert_eq!(
        error("lwz r3,-32769(r4)"),
        out_of_range(2, -32769, -0x8000, 0x7fff)
    );
    assert_eq!(
        error("srwi r3,r4,32"),
        EncodeError::Unsuitable {
            operand: 3,
            value: 32
        }
    );
    assert_eq!(
        error("b 0x2000000"),
        out_of_range(1, 0x0200_0000, -0x0200_0000, 0x01ff_ffff)
    );
    assert_eq!(
        error("beq 6"),
        EncodeError::Multiple {
            operand: 1,
            value: 6,
            of: 4
        }
    );
    assert_eq!(
        error("mtmsr cr3"),
        EncodeError::Kind {
            operand: 1,
            wanted: "general register"
        }
    );
    assert_eq!(
        error("add r3,r4"),
        EncodeError::ExactCount {
            given: 2,
            expected: 3
        }
    );
    assert_eq!(error("add r3,r4,what"), EncodeError::Unreadable { operand: 3 });
    assert_eq!(error("lwzu r3,4(r3)"), EncodeError::Invalid);
    assert_eq!(
        error("addi r3,r4,0x8000").to_string(),
        "operand 3 is out of range: 32768 (expected between -32768 and 32767)"
    );
}

#[test]
fn targets_are_addresses_or_distances() {
    let at = |text, address| assemble(text, address, Family::Book3s32);
    assert_eq!(at("b 0xc0000010", Some(0xc000_0000)), Ok(0x4800_0010));
    assert_eq!(at("b .-4", Some(0xc000_0000)), Ok(0x4bff_fffc));
    assert_eq!(at("b -4", None), Ok(0x4bff_fffc));
    assert_eq!(at("b 0", Some(0xffff_fffc)), Ok(0x4800_0004));
    assert_eq!(at("ba 0xfffffffc", None), Ok(0x4bff_fffe));
    // A hint is relative to the default, which is that backward branches are taken.
    assert_eq!(at("beq+ .+8", None), Ok(0x41a2_0008));
    assert_eq!(at("beq+ .-8", None), Ok(0x4182_fff8));
    assert_eq!(assemble("beq+ .-8", None, Family::Book3s64), Ok(0x41e2_fff8));
}
