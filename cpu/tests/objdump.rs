//! Decoding and text against GNU objdump.

mod common;

use std::collections::BTreeMap;

use common::{Kind, Random, Scratch, kinds, objdump, references};
use cpu::decode;
use magicpage::{Families, Family};

fn words(kinds: &[Kind], random: &mut Random) -> Vec<u32> {
    let mut words = Vec::new();
    for kind in kinds {
        for _ in 0..64 {
            let word = kind.word(random.word());
            words.push(word);
            words.push(word ^ 1 << random.below(32));
        }
        words.push(kind.word(0));
        words.push(kind.word(u32::MAX));
    }
    for primary in [4, 19, 30, 31, 56, 57, 58, 59, 60, 61, 62, 63] {
        for extended in 0..2048 {
            for _ in 0..4 {
                words.push(primary << 26 | random.word() & 0x03ff_f800 | extended);
                words.push(
                    primary << 26 | random.word() & random.word() & random.word() & 0x03ff_f800 | extended,
                );
            }
        }
    }
    for number in 0..1024 {
        let split = (number & 31) << 16 | number >> 5 << 11;
        words.extend([339, 467, 371].map(|extended| 31 << 26 | 3 << 21 | split | extended << 1));
    }
    words.extend((0..20_000).map(|_| random.word()));
    words
}

/// Words that objdump takes for an instruction and we do not: the family, the mnemonic with no trailing `.`, `+` or
/// `-`, the reason.
const UNKNOWN: &[(Families, &[&str], &str)] = &[
    (
        Families::BOOK3S_32.union(Families::E500),
        &["cmp", "cmpi", "cmpl", "cmpli"],
        "L = 1 needs 64-bit registers",
    ),
    (
        Families::BOOK3S_32.union(Families::E500),
        &["dcbf"],
        "L came with Power ISA 2.04",
    ),
    (
        Families::BOOK3S_32.union(Families::E500),
        &["fres", "frsqrte"],
        "L was never implemented",
    ),
    (
        Families::BOOK3S_32.union(Families::E500),
        &["fsqrt", "fsqrts"],
        "no part of the family has it",
    ),
    (
        Families::ALL,
        &["lswi"],
        "the base may not be among the registers loaded",
    ),
    (
        Families::BOOK3S_32.union(Families::E500),
        &["lwarx"],
        "EH came with Power ISA 2.05",
    ),
    (
        Families::BOOK3S_32.union(Families::E500),
        &["mtmsr"],
        "L is reserved; this word must be exact",
    ),
    (
        Families::BOOK3S_32.union(Families::E500),
        &["sc"],
        "LEV came with the hypervisor of Power ISA 2.0",
    ),
    (Families::BOOK3S_32, &["tlbie"], "L came with 64-bit large pages"),
    (Families::ALL, &["isel"], "Rc is reserved"),
    (
        Families::BOOK3S_64,
        &["hashchk", "hashchkp", "hashst", "hashstp"],
        "Power ISA 3.1",
    ),
    (
        Families::BOOK3S_64,
        &["icswx", "pbt"],
        "coprocessors of POWER7+ and POWER8 that no kernel of ours uses",
    ),
    (
        Families::BOOK3S_64,
        &["mtsle"],
        "split little endian, dropped with Power ISA 2.07",
    ),
    (
        Families::BOOK3S_64,
        &["rmieg"],
        "the ultravisor of a POWER9 prototype",
    ),
    (Families::BOOK3S_64, &["tlbld", "tlbli"], "603 only"),
    (
        Families::E500,
        &["dcblce", "dcbtlse", "dcbtstlse", "icblce", "icbtlse"],
        "needs 64-bit registers",
    ),
    (
        Families::E500,
        &["evlddepx", "evstddepx"],
        "external PID came with e500mc, which has no SPE",
    ),
    (
        Families::E500,
        &["mtfsb0", "mtfsb1", "mtfsfi", "mcrfs", "mffs", "mtfsf"],
        "no floating-point unit",
    ),
    (
        Families::BOOK3S_32.union(Families::E500),
        &["mfocrf", "mtocrf"],
        "came with Power ISA 2.01",
    ),
    (Families::E500, &["tlbli"], "603 only"),
    (
        Families::E500,
        &["tlbre", "tlbsx", "tlbwe"],
        "operands are 4xx's; e500 goes through the MAS registers",
    ),
];

/// The reason why objdump knows a word that we do not, if there is one.
fn excuse(word: u32, text: &str, family: Family, kinds: &[Kind]) -> Option<&'static str> {
    let ignores_reserved_bits = kinds.iter().any(|kind| {
        let strict = kind.word(word);
        strict ^ word != 0
            && (strict ^ word) >> 26 == 0
            && decode(strict, family).text(None).to_string() == text
    });
    if ignores_reserved_bits {
        return Some("objdump ignores reserved bits");
    }
    if family != Family::Book3s64 && word >> 26 == 19 && word & 0x1800 != 0 {
        return Some("the hint in BH came with Power ISA 2.0; before, its bits are reserved");
    }
    if family != Family::Book3s64 && word >> 26 == 16 && word >> 24 & 3 == 3 {
        return Some("two hint bits in BO came with Power ISA 2.0");
    }
    let name = text.split(' ').next().unwrap_or_default();
    UNKNOWN
        .iter()
        .find(|(of, names, _)| of.has(family) && names.contains(&name.trim_end_matches(['.', '+', '-'])))
        .map(|(_, _, reason)| *reason)
}

#[test]
fn text_is_objdumps() {
    let scratch = Scratch::new("text");
    let mut report = String::new();
    for family in Family::ALL {
        let kinds = kinds(family);
        let words = words(&kinds, &mut Random(family as u64));
        let listings: Vec<Vec<String>> = references(family)
            .iter()
            .map(|processor| objdump(&words, family, processor, &scratch.path("words")))
            .collect();
        let mut differences: BTreeMap<(&str, String), (usize, String)> = BTreeMap::new();
        for (index, &word) in words.iter().enumerate() {
            let ins = decode(word, family);
            let text = ins.text(Some(4 * index as u64)).to_string();
            let mut expected = listings
                .iter()
                .map(|listing| &*listing[index])
                .filter(|text| !text.starts_with(".long"));
            let (kind, name, expected) = match (ins.is_known(), expected.next()) {
                (true, _) if listings.iter().any(|listing| listing[index] == text) => continue,
                (true, Some(expected)) => ("text", ins.mnemonic(), expected),
                (true, None) => ("too much", ins.mnemonic(), ".long"),
                (false, None) => continue,
                // What only the other processors have may be unknown.
                (false, Some(expected)) => {
                    if listings[0][index].starts_with(".long")
                        || excuse(word, expected, family, &kinds).is_some()
                    {
                        continue;
                    }
                    (
                        "missing",
                        expected.split(' ').next().unwrap_or_default(),
                        expected,
                    )
                }
            };
            let entry = differences.entry((kind, name.to_owned())).or_default();
            entry.0 += 1;
            entry.1 = format!("{word:#010x}: {text:?}, objdump {expected:?}");
        }
        for ((kind, name), (count, example)) in differences {
            report += &format!("{family} {kind} {name}: {count}, such as {example}\n");
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
