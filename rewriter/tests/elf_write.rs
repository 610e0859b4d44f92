//! Writing ELF files and taking it back.
#![cfg(feature = "elf")]

mod elf_support;

use elf_support::*;
use rewriter::elf::*;
use rewriter::plan::Plan;

const BASE: u64 = 0xc000_0000;
const SITE: u64 = BASE + 4;
const GAP: u64 = BASE + 64;
const NEW: u64 = 0xc001_0000;

/// A function with a site, padding, another function.
fn kernel(form: Form) -> Elf {
    let mut words = vec![NOP, MTMSR, NOP];
    words.resize(16, BLR);
    words.resize(32, 0);
    words.extend([MFMSR, BLR]);
    let mut elf = Elf::executable(form, BASE, &words);
    elf.symbol("first", 1, BASE, 64, FUNC);
    elf.symbol("second", 1, BASE + 128, 8, FUNC | GLOBAL);
    elf
}

fn trampoline(at: u64) -> Vec<u32> {
    vec![NOP, MTMSR, branch(at + 8, SITE + 4)]
}

/// A direct rewrite, and one with its trampoline at `at`, in an arena of that kind.
fn plan_at(image: &ElfImage, kind: &str, at: u64) -> Plan {
    let arena = if kind == "new" { NEW } else { at };
    let sites = [
        (SITE, MTMSR, branch(SITE, at), Some((at, trampoline(at)))),
        (BASE + 128, MFMSR, LOAD, None),
    ];
    plan(image, &[(kind, arena, at - arena + 12)], &sites)
}

/// Writes, checks that every byte but the edits is as it was, reverts, and gives the rewritten file.
fn round_trip(
    original: &[u8],
    form: Form,
    make: impl Fn(&ElfImage) -> Plan,
    options: &WriteOptions,
) -> Vec<u8> {
    let image = read(original, form);
    let plan = make(&image);
    let changes = changes(&image, &plan, options).unwrap_or_else(|error| panic!("{error}"));
    let written = write(&image, &plan, options).unwrap();
    assert_eq!(written, changes.apply(original.to_vec()));
    assert_eq!(written.len(), changes.total());
    let mut edits = changes.edits().iter();
    let mut edit = edits.next();
    for (offset, (old, new)) in original.iter().zip(&written).enumerate() {
        let offset = offset as u64;
        while edit.is_some_and(|edit| edit.offset + edit.new.len() as u64 <= offset) {
            edit = edits.next();
        }
        let inside = edit.is_some_and(|edit| edit.offset <= offset);
        assert_eq!(old != new, inside, "byte {offset:#x}");
    }
    let note = read_note(&written).unwrap().expect("a note");
    assert_eq!((note.plan, note.original_size), (plan, original.len() as u64));
    assert_eq!(note.edits, changes.edits());
    assert_eq!(revert(written.clone()).unwrap(), original);
    written
}

fn reread(bytes: &[u8], form: Form) -> ElfImage<'_> {
    let options = ReadOptions {
        accept_rewritten: true,
        ..options(form)
    };
    ElfImage::parse(bytes, &options).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn trampolines_in_a_gap() {
    for form in FORMS {
        let original = kernel(form).build();
        let make = |image: &ElfImage| plan_at(image, "gap", GAP);
        let written = round_trip(&original, form, make, &WriteOptions::default());
        let elf = reread(&written, form);
        let words =
            [SITE, GAP, GAP + 4, GAP + 8, BASE + 128].map(|address| elf.image().word(address).unwrap());
        assert_eq!(
            words,
            [branch(SITE, GAP), NOP, MTMSR, branch(GAP + 8, SITE + 4), LOAD]
        );
    }
}

#[test]
fn trampolines_in_a_new_segment() {
    for form in FORMS {
        let original = kernel(form).build();
        let make = |image: &ElfImage| plan_at(image, "new", NEW + 16);
        let written = round_trip(&original, form, make, &WriteOptions::default());
        let elf = reread(&written, form);
        let new = elf.image().regions.last().unwrap();
        assert_eq!(
            (new.section, new.address, new.bytes.len()),
            (".ppcpv.text", NEW, 28)
        );
        assert_eq!(elf.image().word(NEW), Some(0));
        assert_eq!(elf.image().word(NEW + 20), Some(MTMSR));
        assert_eq!(error(&written, &options(form)), ElfError::AlreadyRewritten);
    }
}

#[test]
fn a_stripped_image_gets_sections_for_what_is_new() {
    for form in FORMS {
        let mut elf = kernel(form);
        elf.stripped = true;
        let make = |image: &ElfImage| plan_at(image, "new", NEW);
        let written = round_trip(&elf.build(), form, make, &WriteOptions::default());
        assert_eq!(reread(&written, form).image().regions[0].section, ".ppcpv.text");
    }
}

#[test]
fn a_full_header_table_needs_relayout() {
    for (form, phdr) in FORMS.into_iter().flat_map(|form| [(form, false), (form, true)]) {
        let mut elf = kernel(form);
        elf.phdr = phdr;
        elf.offset = 64 + 56 * 2;
        elf.offset -= if form.wide { 0 } else { 12 + 24 * 2 };
        elf.offset -= if phdr {
            0
        } else if form.wide {
            56
        } else {
            32
        };
        let original = elf.build();
        let image = read(&original, form);
        let plan = plan_at(&image, "new", NEW);
        let refused = changes(&image, &plan, &WriteOptions::default()).unwrap_err();
        assert!(
            matches!(&refused, WriteError::NoHeaderRoom { used, .. } if used == "section `.text`"),
            "{refused}"
        );
        assert!(refused.to_string().contains("--relayout"));
        let make = |image: &ElfImage| plan_at(image, "new", NEW);
        let written = round_trip(
            &original,
            form,
            make,
            &WriteOptions {
                relayout: true,
                ..WriteOptions::default()
            },
        );
        assert_eq!(reread(&written, form).image().word(NEW + 4), Some(MTMSR));
    }
}

#[test]
fn bytes_behind_the_header_table_must_be_zero() {
    let mut original = kernel(BE32).build();
    original[52 + 32] = 1;
    let image = read(&original, BE32);
    let refused = changes(&image, &plan_at(&image, "new", NEW), &WriteOptions::default()).unwrap_err();
    assert!(
        matches!(
            refused,
            WriteError::NoHeaderRoom {
                offset: 84,
                end: 116,
                ..
            }
        ),
        "{refused}"
    );
}

#[test]
fn the_stub_runs_first() {
    for (form, physical) in FORMS.into_iter().flat_map(|form| [(form, false), (form, true)]) {
        let mut elf = kernel(form);
        if physical {
            elf.base.1 = 0x40_0000;
            elf.entry = 0x40_0000;
        }
        let original = elf.build();
        let stub = Stub {
            address: NEW,
            words: vec![NOP, NOP, 0],
        };
        let options = WriteOptions {
            stub: Some(stub),
            ..WriteOptions::default()
        };
        let make = |image: &ElfImage| plan_at(image, "new", NEW + 12);
        let written = round_trip(&original, form, make, &options);
        let elf = reread(&written, form);
        assert_eq!(elf.entry(), Some(NEW));
        assert_eq!(elf.image().word(NEW + 8), Some(branch(NEW + 8, BASE)));
    }
}

#[test]
fn a_plan_alone_leaves_the_image() {
    for form in FORMS {
        let original = kernel(form).build();
        let make = |image: &ElfImage| plan_at(image, "new", NEW);
        let options = WriteOptions {
            plan_only: true,
            ..WriteOptions::default()
        };
        let written = round_trip(&original, form, make, &options);
        let elf = reread(&written, form);
        assert_eq!(elf.image().word(SITE), Some(MTMSR));
        assert_eq!(elf.image().regions.len(), 1);
        assert_eq!(read_note(&written).unwrap().unwrap().kind, NoteKind::PlanOnly);
    }
}

#[test]
fn plans_that_do_not_fit_are_refused() {
    let original = kernel(BE32).build();
    let image = read(&original, BE32);
    let refuse = |arenas: &[(&str, u64, u64)], sites: &[Site]| {
        changes(&image, &plan(&image, arenas, sites), &WriteOptions::default()).unwrap_err()
    };
    let misplaced = |what, address| WriteError::Misplaced { what, address };
    let other = WriteError::OtherWord {
        address: SITE,
        found: MTMSR,
        expected: MFMSR,
    };
    assert_eq!(refuse(&[], &[(SITE, MFMSR, LOAD, None)]), other);
    assert_eq!(
        refuse(&[], &[(BASE + 0x4000, MFMSR, LOAD, None)]),
        misplaced("a site", BASE + 0x4000)
    );
    assert_eq!(
        refuse(&[], &[(BASE + 2, MFMSR, LOAD, None)]),
        misplaced("a site", BASE + 2)
    );
    let site = |at: u64| (SITE, MTMSR, branch(SITE, at), Some((at, trampoline(at))));
    assert_eq!(refuse(&[], &[site(NEW)]), misplaced("a trampoline", NEW));
    assert_eq!(
        refuse(&[("new", NEW, 8)], &[site(NEW)]),
        misplaced("a trampoline", NEW)
    );
    assert_eq!(refuse(&[], &[site(BASE)]), misplaced("a trampoline", BASE));
    assert_eq!(
        refuse(&[], &[site(GAP + 56)]),
        misplaced("a trampoline", GAP + 56)
    );
    assert_eq!(
        refuse(&[("new", NEW + 16, 64)], &[]),
        misplaced("a new arena", NEW + 16)
    );
    assert_eq!(
        refuse(&[("new", NEW, u64::MAX)], &[]),
        misplaced("a new arena", NEW)
    );
    assert_eq!(
        refuse(&[("new", NEW, 8), ("new", NEW, 8)], &[]),
        misplaced("a new arena", NEW)
    );
    let second = (BASE + 128, MFMSR, LOAD, Some((GAP + 8, vec![NOP])));
    assert_eq!(
        refuse(&[], &[site(GAP), second]),
        WriteError::Twice { address: GAP + 8 }
    );
    let twice = refuse(&[], &[(SITE, MTMSR, LOAD, None), (SITE, MTMSR, NOP, None)]);
    assert!(matches!(twice, WriteError::Twice { .. }), "{twice}");
}

#[test]
fn a_plan_for_another_image_is_refused() {
    let original = kernel(BE32).build();
    let image = read(&original, BE32);
    let mut plan = plan_at(&image, "gap", GAP);
    plan.target.digest = "0".repeat(64);
    assert!(matches!(
        changes(&image, &plan, &WriteOptions::default()),
        Err(WriteError::OtherImage { .. })
    ));
}

#[test]
fn stubs_that_cannot_be_are_refused() {
    let refuse = |elf: &Elf, stub: Stub, plan_only: bool| {
        let original = elf.build();
        let image = read(&original, BE32);
        let options = WriteOptions {
            stub: Some(stub),
            plan_only,
            ..WriteOptions::default()
        };
        changes(&image, &plan(&image, &[("new", NEW, 64)], &[]), &options).unwrap_err()
    };
    let stub = |address, words: &[u32]| Stub {
        address,
        words: words.to_vec(),
    };
    let why = |error: WriteError| match error {
        WriteError::Stub { why } => why,
        other => panic!("{other}"),
    };
    assert!(why(refuse(&kernel(BE32), stub(NEW, &[]), false)).contains("no words"));
    assert!(why(refuse(&kernel(BE32), stub(NEW, &[0]), true)).contains("only appended"));
    let mut elf = kernel(BE32);
    elf.entry = 0x1234_0000;
    assert!(why(refuse(&elf, stub(NEW, &[0]), false)).contains("not in its code"));
    let far = NEW + 0x400_0000;
    assert_eq!(
        refuse(&kernel(BE32), stub(far, &[0]), false),
        WriteError::Reach { from: far, to: BASE }
    );
}

#[test]
fn a_changed_file_is_not_reverted() {
    let original = kernel(BE32).build();
    let image = read(&original, BE32);
    let written = write(&image, &plan_at(&image, "gap", GAP), &WriteOptions::default()).unwrap();
    let after = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = written.clone();
        change(&mut bytes);
        revert(bytes).unwrap_err()
    };
    let site = 0x204;
    let error = after(&|bytes| bytes[site] = 0);
    assert!(
        matches!(
            error,
            RevertError::Changed {
                offset: 0x204,
                found: 0,
                expected: 0x48
            }
        ),
        "{error}"
    );
    let error = after(&|bytes| bytes[0x200] ^= 1);
    assert!(matches!(error, RevertError::Digest { .. }), "{error}");
    let json = written
        .windows(16)
        .position(|text| text == b"\"original_size\":")
        .unwrap()
        + 16;
    let error = after(&|bytes| bytes[json] = if bytes[json] == b'1' { b'2' } else { b'1' });
    assert!(
        matches!(error, RevertError::Edit { .. } | RevertError::Digest { .. }),
        "{error}"
    );
    let error = after(&|bytes| bytes[json] = b'x');
    assert!(matches!(error, RevertError::Note(NoteError::Json(_))), "{error}");
    let error = revert(original.clone()).unwrap_err();
    assert!(matches!(error, RevertError::NoNote), "{error}");
    let error = revert(b"text".to_vec()).unwrap_err();
    assert!(
        matches!(error, RevertError::Note(NoteError::Elf(ElfError::NotElf { .. }))),
        "{error}"
    );
}

#[test]
fn notes_of_other_versions_and_forms_are_refused() {
    let original = kernel(BE32).build();
    let image = read(&original, BE32);
    let written = write(&image, &plan_at(&image, "gap", GAP), &WriteOptions::default()).unwrap();
    let text = b"{\"schema_version\":1";
    let at = written
        .windows(text.len())
        .position(|window| window == text)
        .unwrap();
    let after = |offset: usize, byte: u8| {
        let mut bytes = written.clone();
        bytes[offset] = byte;
        read_note(&bytes).unwrap_err()
    };
    assert!(matches!(
        after(at + text.len() - 1, b'7'),
        NoteError::Version { found: 7 }
    ));
    let owner = at - 8;
    assert!(matches!(after(owner, b'P'), NoteError::Form));
    assert!(matches!(after(owner - 1, 9), NoteError::Form));
    assert!(matches!(after(owner - 8, 0xff), NoteError::Form));
}
