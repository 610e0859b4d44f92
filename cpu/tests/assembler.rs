//! Encoding against the `powerpc-asm` crate, over all mnemonics that both know.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Random, kinds};
use cpu::{EncodeError, Value, decode, encode};
use magicpage::Family;
use powerpc_asm::{Argument, ArgumentError, Arguments};

/// The mnemonics that are printed, and those of the rows with every suffix.
fn mnemonics() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for family in Family::ALL {
        let mut random = Random(41);
        for kind in kinds(family) {
            for suffix in ["", ".", "o", "o.", "l", "a", "la", "+", "-"] {
                names.insert(format!("{}{suffix}", kind.row.mnemonic));
            }
            for _ in 0..400 {
                let word = kind.word(random.word() & random.word());
                let text = decode(word, family).text(None).to_string();
                names.extend(text.split(' ').next().map(str::to_owned));
            }
        }
    }
    names
}

fn number(random: &mut Random) -> i32 {
    const CORNERS: [i32; 17] = [
        -0x8001, -0x8000, -0x1000, -0x800, -16, -4, -1, 32, 63, 255, 268, 256, 1023, 0x7ffc, 0x7fff, 0x8000,
        0xffff,
    ];
    match random.below(3) {
        0 => CORNERS[random.below(CORNERS.len())],
        1 => i32::from(random.small(32)),
        _ => i32::from(random.small(8)),
    }
}

fn theirs(mnemonic: &str, operands: &[i32]) -> Result<u32, ArgumentError> {
    let mut arguments = Arguments::default();
    for (argument, operand) in arguments.iter_mut().zip(operands) {
        *argument = match u32::try_from(*operand) {
            Ok(number) => Argument::Unsigned(number),
            Err(_) => Argument::Signed(*operand),
        };
    }
    powerpc_asm::assemble(mnemonic, &arguments)
}

fn ours(mnemonic: &str, operands: &[i32]) -> Vec<Result<u32, EncodeError>> {
    let values: Vec<Value> = operands
        .iter()
        .map(|operand| Value::Number((*operand).into()))
        .collect();
    Family::ALL
        .iter()
        .map(|family| encode(mnemonic, &values, None, *family))
        .collect()
}

/// Why the two differ, if they may.
fn exempt(
    mnemonic: &str,
    ours: &[Result<u32, EncodeError>],
    theirs: &Result<u32, ArgumentError>,
) -> Option<&'static str> {
    let refused_as =
        |accepts: fn(&EncodeError) -> bool| ours.iter().any(|ours| ours.as_ref().is_err_and(accepts));
    match theirs {
        Ok(_) if mnemonic.ends_with(['+', '-']) => {
            Some("the crate sets the same bit for either hint, wherever the target is")
        }
        Ok(_) if mnemonic.starts_with("bdzflr") => Some("the crate's word is that of `bdnzflr`"),
        Ok(word) if ours.iter().all(Result::is_err) => {
            if refused_as(|error| matches!(error, EncodeError::Multiple { .. })) {
                Some("the crate drops the lower bits of displacements")
            } else if refused_as(
                |error| matches!(error, EncodeError::Range { value, low: ..0, high, .. } if *value - high < 5),
            ) {
                Some("the crate takes signed numbers that are too large by one")
            } else if refused_as(|error| *error == EncodeError::Invalid)
                || Family::ALL
                    .iter()
                    .all(|family| !decode(*word, *family).is_known())
            {
                Some("the word is an invalid form")
            } else {
                excused(DIFFERENT, mnemonic)
            }
        }
        Err(ArgumentError::ArgCount { .. }) => Some("the crate does not know the optional operands"),
        Err(_) => excused(MORE, mnemonic),
        Ok(_) => None,
    }
}

/// What the crate takes and we do not.
const DIFFERENT: &[(&[&str], &str)] = &[
    (
        &["sync"],
        "the kind of barrier is in the mnemonic: `lwsync`, `ptesync`",
    ),
    (&["dss"], "the stop of all streams is `dssall`"),
    (
        &["vspltb", "vsplth", "vspltw"],
        "there are fewer elements than the field can count",
    ),
];

/// What we take and the crate does not.
const MORE: &[(&[&str], &str)] = &[
    (&["addis", "lis"], "the upper half of a constant may be negative"),
    (&["lswi", "stswi"], "32 bytes may be written as such"),
    (
        &[
            "mfdbatl", "mfdbatu", "mfibatl", "mfibatu", "mtdbatl", "mtdbatu", "mtibatl", "mtibatu",
        ],
        "the 750CL has eight of each",
    ),
    (&["mfsprg", "mtsprg"], "e500 has eight"),
];

fn excused(table: &[(&[&str], &'static str)], mnemonic: &str) -> Option<&'static str> {
    let row = table.iter().find(|(names, _)| names.contains(&mnemonic))?;
    Some(row.1)
}

#[test]
fn words_are_powerpc_asms() {
    let mut random = Random(42);
    let mut report = BTreeMap::new();
    let (mut known, mut equal) = (BTreeSet::new(), BTreeMap::new());
    for mnemonic in mnemonics() {
        let unknown_here = ours(&mnemonic, &[])
            .iter()
            .all(|word| *word == Err(EncodeError::Unknown));
        if unknown_here || matches!(theirs(&mnemonic, &[]), Err(ArgumentError::UnknownMnemonic)) {
            continue;
        }
        known.insert(mnemonic.clone());
        for trial in 0..6000 {
            let operands: Vec<i32> = (0..trial % 6).map(|_| number(&mut random)).collect();
            let (ours, theirs) = (ours(&mnemonic, &operands), theirs(&mnemonic, &operands));
            let same = match theirs {
                Ok(word) => ours.contains(&Ok(word)),
                Err(_) => ours.iter().all(Result::is_err),
            };
            if same {
                *equal.entry(mnemonic.clone()).or_insert(0) += usize::from(theirs.is_ok());
            } else if exempt(&mnemonic, &ours, &theirs).is_none() {
                let entry = report.entry(mnemonic.clone()).or_insert((0, String::new()));
                entry.0 += 1;
                entry.1 = format!("{operands:?}: {theirs:x?}, ours {ours:x?}");
            }
        }
    }
    let report: Vec<String> = report
        .iter()
        .map(|(name, (count, example))| format!("{name}: {count}, such as {example}"))
        .collect();
    assert!(report.is_empty(), "{} known\n{}", known.len(), report.join("\n"));
    assert!(known.len() > 800, "{} mnemonics", known.len());
    let never: Vec<&String> = known
        .iter()
        .filter(|name| equal[*name] == 0 && !name.starts_with("bdzflr"))
        .collect();
    assert!(never.is_empty(), "never a word of both: {never:?}");
}
