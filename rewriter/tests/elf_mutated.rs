//! Files with damaged headers: an image or an error, never a panic, and never long.
#![cfg(feature = "elf")]

mod elf_support;

use elf_support::*;
use proptest::prelude::*;
use rewriter::elf::{ElfImage, ReadOptions, WriteOptions, changes, read_note, revert, write};
use rewriter::plan::Plan;

const BASE: u64 = 0xc000_0000;

fn kernel(form: Form) -> Vec<u8> {
    let mut words = vec![NOP, MTMSR, NOP, BLR];
    words.resize(32, 0);
    let mut elf = Elf::executable(form, BASE, &words);
    elf.symbol("f", 1, BASE, 16, FUNC);
    elf.section("__ex_table", A, BASE + 0x100, vec![0; 16]);
    elf.section("__ftr_fixup", A, BASE + 0x140, vec![0; 6 * form.long()]);
    let restart = form.longs(&[BASE, BASE + 8, BASE]);
    elf.section("__restart_table", A, BASE + 0x180, restart);
    elf.section(".opd", A, BASE + 0x200, form.longs(&[BASE, 0, 0]));
    elf.build()
}

fn module(form: Form) -> Vec<u8> {
    let mut elf = Elf::object(form, &[NOP, MTMSR, BLR]);
    elf.symbol("", 1, 0, 0, SECTION);
    let table = elf.section("__ex_table", A, 0, vec![0; 8]);
    elf.relocations(1, &[(0, 1, 10, 8)]);
    elf.relocations(table, &[(0, 1, 26, 0), (4, 1, 26, 8)]);
    elf.build()
}

fn rewritten(form: Form) -> Vec<u8> {
    let original = kernel(form);
    let image = read(&original, form);
    let plan = plan(
        &image,
        &[("new", 0xc001_0000, 8)],
        &[(BASE + 4, MTMSR, LOAD, None)],
    );
    write(&image, &plan, &WriteOptions::default()).unwrap()
}

/// Interesting values for a field of up to eight bytes.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let edge = prop::sample::select(vec![
        0,
        1,
        2,
        3,
        0x7f,
        0xff,
        0x7fff_ffff,
        0xffff_ffff,
        u64::MAX >> 1,
        u64::MAX,
    ]);
    let number = prop_oneof![edge, any::<u64>(), 0..0x800u64];
    (number, prop::sample::select(vec![1usize, 2, 4, 8]), any::<bool>()).prop_map(|(value, size, big)| {
        if big {
            value.to_be_bytes()[8 - size..].to_vec()
        } else {
            value.to_le_bytes()[..size].to_vec()
        }
    })
}

fn exercise(bytes: &[u8]) {
    for options in [ReadOptions::default(), options(BE32), options(BE64)] {
        let options = ReadOptions {
            accept_rewritten: true,
            ..options
        };
        let Ok(elf) = ElfImage::parse(bytes, &options) else {
            continue;
        };
        let image = elf.image();
        for region in &image.regions {
            assert!(region.address.is_multiple_of(4) && image.word(region.address).is_some());
        }
        for area in &image.areas {
            assert!(area.range.start < area.range.end && area.range.start.is_multiple_of(4));
        }
        let plan = plan(&elf, &[], &[]);
        if let Ok(changes) = changes(
            &elf,
            &plan,
            &WriteOptions {
                relayout: true,
                ..WriteOptions::default()
            },
        ) {
            let written = changes.apply(bytes.to_vec());
            if let Ok(reverted) = revert(written) {
                assert_eq!(reverted, bytes);
            }
        }
    }
    let _ = read_note(bytes);
    let _ = revert(bytes.to_vec());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn damaged_files_never_panic(
        form in prop::sample::select(FORMS.to_vec()),
        kind in 0..3usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), value()), 1..5),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut bytes = [kernel, module, rewritten][kind](form);
        for (place, in_headers, value) in damage {
            let from = if in_headers { 0 } else { bytes.len() / 2 };
            let at = from + place.index(if in_headers { 128 } else { bytes.len() - from });
            let end = (at + value.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&value[..end - at]);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        exercise(&bytes);
    }
}

/// The files that the fuzzer has found worth keeping.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let entries =
        std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn the_fuzz_corpus_never_panics() {
    for bytes in corpus("image") {
        exercise(&bytes);
    }
    for bytes in corpus("plan") {
        if let Ok(plan) = Plan::from_json(&String::from_utf8_lossy(&bytes)) {
            assert_eq!(Plan::from_json(&plan.to_json()).unwrap(), plan);
        }
    }
}
