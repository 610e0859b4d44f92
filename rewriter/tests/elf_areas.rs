//! Where trampolines may go.
#![cfg(feature = "elf")]

mod elf_support;

use elf_support::*;
use magicpage::Family;
use rewriter::elf::{ElfError, ElfImage, ReadOptions};
use rewriter::image::{Area, AreaKind};

const BASE: u64 = 0xc000_0000;
const AREA: u64 = BASE + 64;

/// Two functions, the second at a multiple of 128, with zero bytes between; and a symbol in the zero bytes of the
/// third, a buffer of 256 bytes.
fn padded(form: Form) -> Elf {
    let mut words = vec![NOP; 16];
    words.resize(32, 0);
    words.extend([NOP; 16]);
    words.resize(32 + 16 + 64, 0);
    words.push(BLR);
    let mut elf = Elf::executable(form, BASE, &words);
    elf.symbol("first", 1, BASE, 64, FUNC);
    elf.symbol("second", 1, BASE + 128, 64, FUNC);
    elf.symbol("buffer", 1, BASE + 192, 0, NOTYPE);
    elf.symbol("last", 1, BASE + 448, 4, FUNC);
    elf
}

fn areas(elf: &Elf, options: &ReadOptions) -> Vec<Area> {
    let bytes = elf.build();
    ElfImage::parse(&bytes, options)
        .unwrap_or_else(|error| panic!("{error}"))
        .image()
        .areas
        .clone()
}

fn gaps(elf: &Elf, family: Family) -> Vec<(u64, u64)> {
    let options = ReadOptions {
        family: Some(family),
        ..ReadOptions::default()
    };
    let areas = areas(elf, &options);
    let gaps = areas.iter().filter(|area| area.kind == AreaKind::Gap);
    gaps.map(|area| (area.range.start, area.range.end)).collect()
}

#[test]
fn padding_between_functions_is_a_gap() {
    for form in FORMS {
        let found = areas(&padded(form), &options(form));
        let kinds: Vec<_> = found.iter().map(|area| (area.kind, area.range.start)).collect();
        assert_eq!(
            kinds,
            [(AreaKind::Gap, AREA), (AreaKind::New, 0xc001_0000)],
            "{form:?}"
        );
        assert_eq!(found[0].range.end, BASE + 128);
        assert!(found.iter().all(|area| area.serves.is_none()));
    }
}

#[test]
fn what_is_not_padding_is_no_gap() {
    let none: &[(u64, u64)] = &[];
    let check = |what: &str, change: &dyn Fn(&mut Elf)| {
        let mut elf = padded(BE32);
        change(&mut elf);
        assert_eq!(gaps(&elf, Family::Book3s32), none, "{what}");
    };
    check("the symbol before has no size", &|elf| elf.symbols[0].size = 0);
    check("a symbol stands at the start", &|elf| {
        elf.symbol("label", 1, AREA, 0, NOTYPE);
    });
    check("a symbol stands inside", &|elf| {
        elf.symbol("label", 1, AREA + 32, 0, NOTYPE);
    });
    check("a byte is not zero", &|elf| elf.sections[0].bytes[100] = 1);
    check("what follows is not aligned", &|elf| {
        elf.symbols[1].value = BASE + 124
    });
    check("an exception arrives there", &|elf| {
        let relative = |from: u64, to: u64| BE32.bytes(to.wrapping_sub(from), 4);
        let entry = [relative(BASE + 0x1c4, BASE), relative(BASE + 0x1c8, AREA + 16)].concat();
        elf.section("__ex_table", A, BASE + 0x1c4, entry);
    });
    check("a relocation changes it", &|elf| {
        elf.section(".data", A, BASE + 0x1c4, vec![0; 4]);
        elf.relocations(2, &[(AREA + 8, 0, 22, 0)]);
        let dynamic = elf.sections.last_mut().unwrap();
        (dynamic.flags, dynamic.address) = (A, BASE + 0x900);
    });
}

#[test]
fn padding_between_sections_is_a_gap() {
    let mut elf = padded(BE32);
    elf.symbols.clear();
    elf.section(".rodata", A, BASE + 0x400, vec![1; 16]);
    assert_eq!(gaps(&elf, Family::Book3s32), [(BASE + 452, BASE + 0x400)]);
    elf.section(".data", A, BASE + 0x1000, vec![1; 16]);
    assert_eq!(
        gaps(&elf, Family::Book3s32).len(),
        1,
        "behind data no code can be expected to run"
    );
}

/// A Linux kernel: text, data behind `_etext`, init sections.
fn linux() -> Elf {
    let mut elf = padded(BE32);
    let data = elf.section(".rodata", A, BASE + 0x1000, vec![1; 64]);
    elf.code(".init.text", BASE + 0x2000, &[NOP; 4]);
    elf.section(".data", A, BASE + 0x3000, vec![1; 16]);
    elf.symbol("linux_banner", data, BASE + 0x1000, 4, OBJECT);
    elf.symbol("init_task", data, BASE + 0x1000, 4, OBJECT);
    elf.symbol("_stext", 1, BASE, 0, NOTYPE);
    elf.symbol("_etext", data, BASE + 0x1000, 0, NOTYPE);
    elf.symbol("__init_begin", 3, BASE + 0x2000, 0, NOTYPE);
    elf
}

#[test]
fn gaps_of_linux_stay_executable_and_are_not_freed() {
    let text = (BASE + 452, BASE + 0x1000);
    assert_eq!(gaps(&linux(), Family::Book3s32), [(AREA, BASE + 128), text]);
    assert_eq!(
        gaps(&linux(), Family::E500),
        [(AREA, BASE + 128), text, (BASE + 0x1040, BASE + 0x2000)]
    );
    let mut unknown = linux();
    unknown.symbols.retain(|symbol| symbol.name != "_stext");
    assert!(gaps(&unknown, Family::Book3s32).is_empty());
}

#[test]
fn the_buffer_of_linux_is_used_without_being_asked_for() {
    let mut elf = linux();
    elf.symbol("kvm_tmp", 1, BASE + 192, 256, NOTYPE);
    let upper = BASE + 192 + 32..BASE + 448;
    for name in [None, Some("kvm_tmp".to_owned())] {
        let kind = if name.is_some() {
            AreaKind::Asked
        } else {
            AreaKind::Buffer
        };
        let found = areas(
            &elf,
            &ReadOptions {
                use_area: name,
                ..options(BE32)
            },
        );
        assert_eq!(
            (found[0].kind, found[0].range.clone()),
            (kind, upper.clone()),
            "an eighth is Linux's"
        );
        assert_eq!(
            found.iter().filter(|area| area.range.start < BASE + 448).count(),
            2,
            "and one gap: {found:x?}"
        );
    }
    elf.sections[0].bytes[200] = 7;
    let found = areas(&elf, &options(BE32));
    assert!(
        found.iter().all(|area| area.kind != AreaKind::Buffer),
        "it is in use"
    );
}

#[test]
fn behind_linux_on_book3s_32_only_the_entry_has_space() {
    let serves = |family| {
        let options = ReadOptions {
            family: Some(family),
            ..ReadOptions::default()
        };
        let found = areas(&linux(), &options);
        found
            .iter()
            .find(|area| area.kind == AreaKind::New)
            .unwrap()
            .serves
            .clone()
    };
    assert_eq!(serves(Family::Book3s32), Some(BASE - 4..BASE));
    assert_eq!(serves(Family::E500), None);
}

#[test]
fn an_area_that_was_asked_for_comes_first() {
    let ask = |elf: &Elf, name: &str| {
        let options = ReadOptions {
            use_area: Some(name.into()),
            ..options(BE32)
        };
        ElfImage::parse(&elf.build(), &options).map(|elf| elf.image().areas.clone())
    };
    let found = ask(&padded(BE32), "buffer").unwrap();
    assert_eq!(
        (found[0].kind, found[0].range.clone()),
        (AreaKind::Asked, BASE + 192..BASE + 448)
    );
    let why = |elf: &Elf, name: &str| match ask(elf, name) {
        Err(ElfError::Area { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    assert!(why(&padded(BE32), "nobody").contains("no symbol"));
    let mut used = padded(BE32);
    used.sections[0].bytes[200] = 7;
    assert!(why(&used, "buffer").contains("0xc00000c8"));
    assert!(why(&padded(BE32), "last").contains("is not zero"));
    let mut small = padded(BE32);
    small.symbols[2].size = 40;
    assert!(why(&small, "buffer").contains("48 bytes"));
    assert!(why(&Elf::object(BE32, &[NOP]), "x").contains("relocatable"));
}

#[test]
fn a_new_segment_ends_before_the_magic_page() {
    let elf = Elf::executable(BE32, 0xfff0_0000, &[NOP; 4]);
    let areas = areas(&elf, &options(BE32));
    assert_eq!(areas[0].range, 0xfff1_0000..0xffff_f000);
}
