//! Rewriting in running memory: applied and taken back, and nothing half done.

use std::collections::BTreeMap;

use magicpage::{Endian, Family};
use proptest::prelude::*;
use rewriter::apply::{ApplyError, Text, apply, revert};
use rewriter::build::{self, Options};
use rewriter::image::{Abi, Area, AreaKind, Image, Region, Symbol, SymbolKind};
use rewriter::plan::{Plan, Target};

const START: u64 = 0x1000;
const ARENA: u64 = 0x8000;

/// Memory that fails at a given write, and again at another.
#[derive(Clone, Debug, Default)]
struct Memory {
    words: BTreeMap<u64, u32>,
    writes: usize,
    fail_at: Option<usize>,
    fail_again_at: Option<usize>,
    /// Words written since they were last flushed.
    stale: BTreeMap<u64, u32>,
    /// The order in which addresses were flushed.
    flushed: Vec<u64>,
}

impl Text for Memory {
    type Error = &'static str;

    fn read(&mut self, address: u64) -> Result<u32, &'static str> {
        self.words.get(&address).copied().ok_or("not mapped")
    }

    fn write(&mut self, address: u64, word: u32) -> Result<(), &'static str> {
        self.writes += 1;
        if [self.fail_at, self.fail_again_at].contains(&Some(self.writes)) {
            return Err("write fails");
        }
        self.words.insert(address, word);
        self.stale.insert(address, word);
        Ok(())
    }

    fn flush(&mut self, address: u64, words: usize) {
        for index in 0..words as u64 {
            self.stale.remove(&(address + 4 * index));
            self.flushed.push(address + 4 * index);
        }
    }
}

/// Functions with privileged instructions of every kind.
fn code() -> Vec<u32> {
    let mut words = Vec::new();
    for register in [3u32, 9, 30] {
        let field = register << 21;
        words.extend([
            0x7c00_00a6 | field,
            0x5400_045e | field | register << 16,
            0x7c00_0124 | field,
        ]);
        words.extend([
            0x7c10_42a6 | field,
            0x7c00_0124 | field,
            0x7c00_01e4 | field,
            0x7c00_046c,
        ]);
    }
    words.push(0x4e80_0020);
    words
}

fn plan(words: &[u32]) -> Plan {
    plan_in(AreaKind::New, words)
}

fn plan_in(kind: AreaKind, words: &[u32]) -> Plan {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let symbol = Symbol {
        address: START,
        size: bytes.len() as u64,
        kind: SymbolKind::Function,
        name: "f",
    };
    let image = Image {
        regions: vec![Region {
            section: ".text",
            address: START,
            bytes: &bytes,
        }],
        symbols: vec![symbol],
        abi: Abi {
            r2_is_never_r1: true,
            toc: None,
        },
        areas: vec![Area {
            kind,
            range: ARENA..ARENA + 0x1000,
            serves: None,
        }],
        ..Image::new(Family::Book3s32, Endian::Big)
    };
    build::plan(&image, Target::default(), &Options::default())
}

fn memory(words: &[u32]) -> Memory {
    let mut memory = Memory::default();
    memory
        .words
        .extend((START..).step_by(4).zip(words.iter().copied()));
    memory
        .words
        .extend((ARENA..ARENA + 0x1000).step_by(4).map(|address| (address, 0)));
    memory
}

#[test]
fn taking_back_gives_the_same_memory() {
    let words = code();
    let (plan, before) = (plan(&words), memory(&words));
    let mut memory = before.clone();
    let journal = apply(&plan, &mut memory).unwrap();
    let rewritten = plan.sites.iter().filter(|site| site.rewrite().is_some()).count();
    assert!(rewritten > 15, "{rewritten}");
    assert!(memory.words != before.words);
    assert!(
        memory.stale.is_empty(),
        "words that instruction fetch may not see: {:x?}",
        memory.stale
    );
    revert(&journal, &mut memory).unwrap();
    assert_eq!(memory.words, before.words);
    assert!(memory.stale.is_empty());
}

#[test]
fn trampolines_are_visible_before_sites_lead_to_them() {
    let words = code();
    let mut memory = memory(&words);
    apply(&plan(&words), &mut memory).unwrap();
    let first_site = memory
        .flushed
        .iter()
        .position(|address| *address < ARENA)
        .unwrap();
    assert!(first_site > 0);
    assert!(
        memory.flushed[first_site..]
            .iter()
            .all(|address| *address < ARENA),
        "a trampoline after a site"
    );
}

#[test]
fn a_failure_anywhere_takes_everything_back() {
    let words = code();
    let (plan, before) = (plan(&words), memory(&words));
    let mut complete = before.clone();
    let journal = apply(&plan, &mut complete).unwrap();
    for fail_at in 1..=journal.changes.len() {
        let mut memory = Memory {
            fail_at: Some(fail_at),
            ..before.clone()
        };
        let error = apply(&plan, &mut memory).unwrap_err();
        assert!(matches!(error, ApplyError::Access { .. }), "{error}");
        assert_eq!(memory.words, before.words, "failure at write {fail_at}");
        assert!(memory.stale.is_empty());
    }
    for fail_at in 1..=journal.changes.len() {
        let mut memory = Memory {
            fail_at: Some(fail_at),
            ..complete.clone()
        };
        memory.writes = 0;
        revert(&journal, &mut memory).unwrap_err();
        assert_eq!(
            memory.words, complete.words,
            "failure of the reverting write {fail_at}"
        );
    }
}

#[test]
fn a_failure_of_taking_back_is_told_word_by_word() {
    let words = code();
    let (plan, before) = (plan(&words), memory(&words));
    let mut memory = Memory {
        fail_at: Some(6),
        fail_again_at: Some(8),
        ..before.clone()
    };
    let Err(ApplyError::Stuck { left, .. }) = apply(&plan, &mut memory) else {
        panic!("not stuck")
    };
    let differing: Vec<u64> = before
        .words
        .iter()
        .filter(|(at, word)| memory.words[at] != **word)
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(
        left.iter().map(|change| change.address).collect::<Vec<_>>(),
        differing
    );
}

#[test]
fn another_image_is_refused_untouched() {
    let words = code();
    let plan = plan(&words);
    let mut memory = memory(&words);
    memory.words.insert(START + 4 * 2, 0x6000_0000);
    let before = memory.words.clone();
    let error = apply(&plan, &mut memory).unwrap_err();
    assert!(
        matches!(error, ApplyError::Mismatch { address, found: 0x6000_0000, .. } if address == START + 8),
        "{error}"
    );
    assert_eq!(memory.words, before);
}

/// Linux's patcher has been there first.
#[test]
fn a_buffer_in_use_is_not_overwritten() {
    let words = code();
    let plan = plan_in(AreaKind::Buffer, &words);
    let mut memory = memory(&words);
    apply(&plan, &mut memory).unwrap();
    let last = *plan.trampolines().keys().next_back().unwrap();
    let mut memory = self::memory(&words);
    memory.words.insert(last, 0x4e80_0020);
    let before = memory.words.clone();
    let error = apply(&plan, &mut memory).unwrap_err();
    assert!(
        matches!(error, ApplyError::Mismatch { address, expected: 0, .. } if address == last),
        "{error}"
    );
    assert_eq!(memory.words, before);
}

#[test]
fn somebody_elses_change_is_not_taken_back() {
    let words = code();
    let mut memory = memory(&words);
    let journal = apply(&plan(&words), &mut memory).unwrap();
    let site = journal.changes.last().unwrap().address;
    memory.words.insert(site, 0x4e80_0020);
    let before = memory.words.clone();
    assert!(matches!(
        revert(&journal, &mut memory),
        Err(ApplyError::Mismatch { .. })
    ));
    assert_eq!(memory.words, before);
}

proptest! {
    #[test]
    fn any_words_come_back(words in prop::collection::vec(prop_oneof![any::<u32>(), prop::sample::select(code())], 1..200)) {
        let before = memory(&words);
        let mut memory = before.clone();
        let journal = apply(&plan(&words), &mut memory).unwrap();
        revert(&journal, &mut memory).unwrap();
        prop_assert_eq!(memory.words, before.words);
    }
}
