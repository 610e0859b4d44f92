//! Reading ELF files: what an image holds.
#![cfg(feature = "elf")]

mod elf_support;

use elf_support::*;
use magicpage::{Endian, Family};
use rewriter::elf::{ElfError, ElfImage, ReadOptions};
use rewriter::image::{AreaKind, Edge, Relocated, SymbolKind};

const BASE: u64 = 0xc000_0000;

/// `.text` with two functions, 64 bytes each, the first with padding behind it.
fn kernel(form: Form) -> Elf {
    let mut words = vec![MFMSR, NOP, BLR];
    words.resize(32, 0);
    words[16..19].copy_from_slice(&[MTMSR, NOP, BLR]);
    let mut elf = Elf::executable(form, BASE, &words);
    elf.symbol("first", 1, BASE, 12, FUNC);
    elf.symbol("second", 1, BASE + 64, 64, FUNC | GLOBAL);
    elf
}

#[test]
fn code_symbols_and_roots_of_every_form() {
    for form in FORMS {
        let bytes = kernel(form).build();
        let elf = read(&bytes, form);
        let image = elf.image();
        assert_eq!(
            (image.endian, image.family == Family::Book3s64),
            (form.endian, form.wide)
        );
        assert_eq!(image.regions.len(), 1);
        assert_eq!(
            (image.regions[0].section, image.regions[0].address),
            (".text", BASE)
        );
        assert_eq!(
            [BASE, BASE + 64, BASE + 128].map(|address| image.word(address)),
            [Some(MFMSR), Some(MTMSR), None]
        );
        let names: Vec<_> = image
            .symbols
            .iter()
            .map(|symbol| (symbol.name, symbol.address, symbol.size))
            .collect();
        assert_eq!(names, [("first", BASE, 12), ("second", BASE + 64, 64)]);
        assert!(
            image
                .symbols
                .iter()
                .all(|symbol| symbol.kind == SymbolKind::Function)
        );
        assert_eq!(image.roots, [BASE]);
        assert_eq!(elf.entry(), Some(BASE));
        assert_eq!(image.abi.r2_is_never_r1, form.wide);
        assert!(!elf.is_linux() && !elf.is_object());
    }
}

#[test]
fn vectors_are_roots_in_an_image_for_physical_0() {
    let mut elf = Elf::executable(BE32, BASE, &[NOP; 0x700]);
    let roots = |elf: &Elf| read(&elf.build(), BE32).image().roots.clone();
    let vectors: Vec<u64> = (1..=15)
        .chain(16..0x1c)
        .map(|number| BASE + number * 0x100)
        .collect();
    let expected: Vec<u64> = [BASE].into_iter().chain(vectors).chain([BASE + 0xf20]).collect();
    let mut found = roots(&elf);
    found.sort_by_key(|root| (*root == BASE + 0xf20, *root));
    assert_eq!(found, expected);
    elf.base.1 = 0x10_0000;
    assert_eq!(roots(&elf), [BASE]);
}

#[test]
fn physical_entry_point_is_found() {
    let mut elf = kernel(BE32);
    elf.base.1 = 0x40_0000;
    elf.entry = 0x40_0040;
    assert_eq!(read(&elf.build(), BE32).entry(), Some(BASE + 0x40));
}

#[test]
fn stripped_image_is_its_executable_segments() {
    for form in FORMS {
        let mut elf = kernel(form);
        elf.stripped = true;
        let bytes = elf.build();
        let elf = read(&bytes, form);
        assert_eq!(elf.image().regions[0].section, "PT_LOAD");
        assert_eq!(elf.image().word(BASE + 64), Some(MTMSR));
        assert!(elf.image().symbols.is_empty());
    }
}

#[test]
fn sections_that_are_written_are_code_too() {
    let mut elf = kernel(LE64);
    elf.sections[0].flags |= W;
    assert_eq!(read(&elf.build(), LE64).image().regions.len(), 1);
}

#[test]
fn function_descriptors_name_their_code() {
    let mut elf = kernel(BE64);
    elf.symbols.clear();
    let opd = elf.section(
        ".opd",
        A | W,
        BASE + 0x100,
        BE64.longs(&[BASE + 64, BASE + 0x8000, 0]),
    );
    elf.symbol("second", opd, BASE + 0x100, 64, FUNC);
    elf.entry = BASE + 0x100;
    let bytes = elf.build();
    let elf = read(&bytes, BE64);
    let symbol = elf.image().symbols[0];
    assert_eq!(
        (symbol.name, symbol.address, symbol.kind),
        ("second", BASE + 64, SymbolKind::Function)
    );
    assert_eq!(elf.image().roots, [BASE + 64]);
}

#[test]
fn names_that_are_not_utf_8_are_skipped() {
    let mut bytes = kernel(BE32).build();
    let at = bytes.windows(6).position(|name| name == b"first\0").unwrap();
    bytes[at] = 0xff;
    assert_eq!(read(&bytes, BE32).image().symbols.len(), 1);
}

#[test]
fn dynamic_relocations_protect_words_and_tell_references() {
    const RELATIVE: u64 = 22;
    let mut elf = kernel(BE64);
    let data = elf.section(".data", A | W, BASE + 0x100, vec![0; 16]);
    elf.relocations(
        data,
        &[
            (BASE + 8, 0, RELATIVE, 0x1234),
            (BASE + 0x100, 0, RELATIVE, (BASE + 64).cast_signed()),
        ],
    );
    let dynamic = elf.sections.last_mut().unwrap();
    (dynamic.flags, dynamic.address) = (A, BASE + 0x200);
    let bytes = elf.build();
    let words = [BASE + 8, BASE + 12].map(|address| Relocated {
        address,
        target: None,
    });
    let elf = read(&bytes, BE64);
    assert_eq!(elf.image().relocated, words);
    assert_eq!(elf.image().referenced, [BASE + 64]);
}

#[test]
fn relocations_that_a_linker_kept_change_nothing() {
    let mut elf = kernel(BE32);
    elf.relocations(1, &[(8, 1, 10, 0)]);
    assert!(read(&elf.build(), BE32).image().relocated.is_empty());
}

#[test]
fn objects_get_addresses_and_branch_targets() {
    const REL24: u64 = 10;
    const ADDR16_LO: u64 = 4;
    for form in FORMS {
        let mut elf = Elf::object(form, &[0x4800_0001, 0x3860_0000, 0x4800_0001, BLR]);
        let init = elf.code(".init.text", 0, &[NOP, BLR]);
        elf.symbol("", init, 0, 0, SECTION);
        elf.symbol("outside", 0, 0, 0, GLOBAL);
        let half = if form.endian == Endian::Big { 6 } else { 4 };
        elf.relocations(1, &[(0, 1, REL24, 4), (half, 2, ADDR16_LO, 0), (8, 2, REL24, 0)]);
        let bytes = elf.build();
        let elf = read(&bytes, form);
        let image = elf.image();
        let [text, init] = [&image.regions[0], &image.regions[1]];
        assert_eq!((text.section, init.section), (".text", ".init.text"));
        assert!(init.address >= text.end() + 4);
        let targets: Vec<_> = image
            .relocated
            .iter()
            .map(|word| (word.address - text.address, word.target))
            .collect();
        assert_eq!(targets, [(0, Some(init.address + 4)), (4, None), (8, None)]);
        assert!(elf.is_object() && elf.entry().is_none() && image.roots.is_empty());
        let served: Vec<_> = image
            .areas
            .iter()
            .map(|area| (area.kind, area.serves.clone().unwrap().start))
            .collect();
        assert_eq!(
            served,
            [(AreaKind::New, text.address), (AreaKind::New, init.address)]
        );
    }
}

#[test]
fn calls_of_the_second_abi_arrive_at_the_local_entry() {
    let mut elf = Elf::object(LE64, &[0x4800_0001, BLR, NOP, NOP, NOP, BLR]);
    elf.symbol("callee", 1, 8, 16, FUNC | GLOBAL);
    elf.symbols[0].other = 3 << 5;
    elf.relocations(1, &[(0, 1, 10, 0)]);
    let bytes = elf.build();
    let elf = read(&bytes, LE64);
    let start = elf.image().regions[0].address;
    assert_eq!(elf.image().relocated[0].target, Some(start + 16));
}

/// A kernel that says it is Linux, with a table of each kind.
fn linux(form: Form) -> Elf {
    let mut elf = Elf::executable(form, BASE, &[NOP; 64]);
    let (long, end) = (form.long() as u64, BASE + 0x1000);
    let far = |from: u64, to: u64| to.wrapping_sub(from);
    let table =
        |elf: &mut Elf, name: &str, address: u64, bytes: Vec<u8>| elf.section(name, A, address, bytes);
    let words = |values: [u64; 2]| values.iter().flat_map(|value| form.bytes(*value, 4)).collect();
    table(
        &mut elf,
        "__ex_table",
        BASE + 0x200,
        words([far(BASE + 0x200, BASE + 8), far(BASE + 0x204, BASE + 32)]),
    );
    let key = form.longs(&[0]);
    let jump = [
        words([far(BASE + 0x240, BASE + 16), far(BASE + 0x244, BASE + 64)]),
        key,
    ]
    .concat();
    let data = table(&mut elf, ".data", BASE + 0x240, jump);
    elf.symbol("__start___jump_table", data, BASE + 0x240, 0, NOTYPE);
    elf.symbol("__stop___jump_table", data, BASE + 0x248 + long, 0, NOTYPE);
    let here = BASE + 0x280;
    let ends = [BASE + 80, BASE + 88, BASE + 200, BASE + 204].map(|address| far(here, address));
    table(
        &mut elf,
        "__ftr_fixup",
        here,
        form.longs(&[&[1, 1], &ends[..]].concat()),
    );
    table(
        &mut elf,
        "__rfi_flush_fixup",
        BASE + 0x300,
        form.longs(&[far(BASE + 0x300, BASE + 100)]),
    );
    table(&mut elf, "__mcount_loc", BASE + 0x340, form.longs(&[BASE + 120]));
    let site = table(
        &mut elf,
        ".rodata",
        BASE + 0x380,
        words([far(BASE + 0x380, BASE + 124), 0]),
    );
    elf.symbol("patch__site", site, BASE + 0x380, 0, NOTYPE);
    elf.symbol("linux_banner", site, BASE + 0x384, 4, OBJECT);
    elf.symbol("init_task", site, BASE + 0x384, 4, OBJECT);
    elf.symbol("__SCT__call", 1, BASE + 128, 32, FUNC);
    elf.symbol("kvm_template_start", 1, BASE + 160, 0, NOTYPE);
    elf.symbol("kvm_tmp", 1, BASE + 168, 0, NOTYPE);
    elf.symbol("kvm_template_end", 1, BASE + 176, 0, NOTYPE);
    elf.symbol("epapr_hypercall_start", 1, BASE + 176, 0, NOTYPE);
    elf.symbol("optprobe_template_entry", 1, BASE + 208, 0, NOTYPE);
    elf.symbol("optprobe_template_end", 1, BASE + 224, 0, NOTYPE);
    elf.symbol("_stext", 1, BASE, 0, NOTYPE);
    elf.symbol("__init_begin", site, end, 0, NOTYPE);
    elf
}

#[test]
fn linux_tables_become_edges_and_patched_ranges() {
    for form in FORMS {
        let bytes = linux(form).build();
        let elf = read(&bytes, form);
        assert!(elf.is_linux());
        let image = elf.image();
        assert!(image.abi.r2_is_never_r1);
        let edge = |from, to| Edge {
            from: BASE + from,
            to: BASE + to,
        };
        assert_eq!(image.edges, [edge(8, 32), edge(16, 64)]);
        let patched: Vec<_> = image
            .patched
            .iter()
            .map(|patched| {
                (
                    patched.table,
                    patched.range.start - BASE..patched.range.end - BASE,
                )
            })
            .collect();
        let expected = [
            ("__jump_table", 16..20),
            ("__ftr_fixup", 80..88),
            ("__rfi_flush_fixup", 100..112),
            ("__mcount_loc", 120..124),
            ("patch_site", 124..128),
            ("static_call", 128..160),
            ("epapr_hypercall_start", 176..192),
        ];
        assert_eq!(patched, expected);
        assert_eq!(image.patched[1].alternative, BASE + 200..BASE + 204);
        assert_eq!(image.pinned.first(), Some(&(BASE + 208..BASE + 224)));
        assert_eq!(image.reserved.first(), Some(&(BASE + 160..BASE + 168)));
    }
}

#[test]
fn restart_ranges_are_pinned_and_lead_to_their_start() {
    let mut elf = Elf::executable(LE64, BASE, &[NOP; 64]);
    elf.section(
        "__restart_table",
        A,
        BASE + 0x200,
        LE64.longs(&[BASE + 16, BASE + 24, BASE + 8]),
    );
    elf.section(
        "__soft_mask_table",
        A,
        BASE + 0x240,
        LE64.longs(&[BASE + 32, BASE + 64]),
    );
    let bytes = elf.build();
    let elf = read(&bytes, LE64);
    assert_eq!(elf.image().pinned, [BASE + 16..BASE + 24, BASE + 32..BASE + 64]);
    let edge = |from| Edge { from, to: BASE + 8 };
    assert_eq!(elf.image().edges, [edge(BASE + 16), edge(BASE + 20)]);
}

#[test]
fn tables_of_objects_are_relocated_first() {
    for form in FORMS {
        let mut elf = Elf::object(form, &[NOP; 16]);
        elf.symbol("", 1, 0, 0, SECTION);
        let table = elf.section("__ex_table", A, 0, vec![0; 8]);
        elf.relocations(table, &[(0, 1, 26, 8), (4, 1, 26, 32)]);
        let fixups = elf.section("__ftr_fixup", A, 0, vec![0; 6 * form.long()]);
        let long = form.long() as u64;
        let relative = if form.wide { 44 } else { 26 };
        let field =
            |number: u64, target: i64| (number * long, 1, relative, target + (number * long).cast_signed());
        elf.relocations(fixups, &[field(2, 16), field(3, 24), field(4, 40), field(5, 44)]);
        let bytes = elf.build();
        let elf = read(&bytes, form);
        let start = elf.image().regions[0].address;
        assert_eq!(
            elf.image().edges,
            [Edge {
                from: start + 8,
                to: start + 32
            }]
        );
        let patched = &elf.image().patched[0];
        assert_eq!(
            (patched.range.clone(), patched.alternative.clone()),
            (start + 16..start + 24, start + 40..start + 44)
        );
        assert!(elf.image().referenced.is_empty());
    }
}

#[test]
fn jump_tables_of_objects_are_referenced() {
    const ADDR16_LO: u64 = 4;
    const REL32: u64 = 26;
    let mut elf = Elf::object(BE32, &[NOP; 16]);
    elf.symbol("", 1, 0, 0, SECTION);
    let table = elf.section(".rodata", A, 0, vec![0; 16]);
    elf.symbol("", table, 0, 0, SECTION);
    elf.relocations(1, &[(2, 2, ADDR16_LO, 0), (6, 2, ADDR16_LO, 8)]);
    let entries = [
        (0, 1, REL32, 0x20),
        (4, 1, REL32, 0x28 + 4),
        (8, 1, REL32, 0x30),
        (12, 1, REL32, 0x34 + 4),
    ];
    elf.relocations(table, &entries);
    let bytes = elf.build();
    let elf = read(&bytes, BE32);
    let start = elf.image().regions[0].address;
    assert_eq!(
        elf.image().referenced,
        [0x20, 0x28, 0x30, 0x34].map(|offset| start + offset)
    );
}

#[test]
fn family_is_told_by_names_or_by_instructions_in_functions() {
    let detect = |name: &str, words: &[u32], size: u64| {
        let mut elf = Elf::executable(BE32, BASE, words);
        elf.symbol(name, 1, BASE, size, FUNC);
        ElfImage::parse(&elf.build(), &ReadOptions::default()).map(|elf| elf.image().family)
    };
    assert_eq!(detect("set_ivor", &[BLR], 4), Ok(Family::E500));
    assert_eq!(detect("hash_page", &[BLR], 4), Ok(Family::Book3s32));
    assert_eq!(detect("f", &[WRTEEI, BLR], 8), Ok(Family::E500));
    assert_eq!(detect("f", &[MTSR, BLR], 8), Ok(Family::Book3s32));
    assert_eq!(detect("f", &[BLR, WRTEEI], 4), Err(ElfError::FamilyUnknown));
    assert_eq!(detect("f", &[MTMSR, BLR], 8), Err(ElfError::FamilyUnknown));
    assert!(matches!(
        detect("f", &[MTSR, WRTEEI, BLR], 12),
        Err(ElfError::FamilyAmbiguous { .. })
    ));
    let bytes = Elf::executable(LE64, BASE, &[BLR]).build();
    let elf = ElfImage::parse(&bytes, &ReadOptions::default()).unwrap();
    assert_eq!(elf.image().family, Family::Book3s64);
}

#[test]
fn a_linux_module_that_writes_the_msr_is_book3s() {
    let mut elf = Elf::object(BE32, &[MTMSR, BLR]);
    elf.symbol("f", 1, 0, 8, FUNC);
    elf.section(
        ".modinfo",
        A,
        0,
        b"license=GPL\0vermagic=6.1 mod_unload \0".to_vec(),
    );
    let bytes = elf.build();
    let elf = ElfImage::parse(&bytes, &ReadOptions::default()).unwrap();
    assert!(elf.is_linux());
    assert_eq!(elf.image().family, Family::Book3s32);
}

#[test]
fn rewritten_images_are_read_only_when_asked() {
    let mut elf = kernel(BE32);
    elf.section(".note.ppcpv", 0, 0, vec![0; 16]);
    let bytes = elf.build();
    assert_eq!(error(&bytes, &options(BE32)), ElfError::AlreadyRewritten);
    let options = ReadOptions {
        accept_rewritten: true,
        ..options(BE32)
    };
    assert!(ElfImage::parse(&bytes, &options).is_ok());
}
