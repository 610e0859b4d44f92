//! Bad ELF files: one clear error each.
#![cfg(feature = "elf")]

mod elf_support;

use elf_support::*;
use magicpage::{Endian, Family};
use rewriter::elf::{ElfError, ElfImage, ReadOptions};

const BASE: u64 = 0xc000_0000;

fn kernel(form: Form) -> Elf {
    let mut elf = Elf::executable(form, BASE, &[MTMSR, NOP, BLR, 0]);
    elf.symbol("f", 1, BASE, 12, FUNC);
    elf
}

/// The error for a file whose bytes from `offset` on are replaced.
fn with(elf: &Elf, offset: usize, bytes: &[u8]) -> ElfError {
    let mut file = elf.build();
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
    error(&file, &options(elf.form))
}

fn of(elf: &Elf) -> ElfError {
    error(&elf.build(), &options(elf.form))
}

/// The section headers' offset, and the offset of header `number` in it.
fn section_header(elf: &Elf, number: usize) -> usize {
    let file = elf.build();
    let (at, size) = if elf.form.wide { (40, 64) } else { (32, 40) };
    let bytes = &file[at..at + elf.form.long()];
    let value = bytes
        .iter()
        .fold(0, |value, byte| value << 8 | usize::from(*byte));
    let little = bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | usize::from(*byte));
    (if elf.form.endian == Endian::Big {
        value
    } else {
        little
    }) + number * size
}

#[test]
fn what_is_not_elf() {
    assert_eq!(
        error(b"", &options(BE32)),
        ElfError::NotElf {
            found: "nothing".into()
        }
    );
    assert_eq!(
        error(b"\x1f\x8b\x08\x00", &options(BE32)),
        ElfError::NotElf {
            found: "1f8b0800".into()
        }
    );
}

#[test]
fn identification_and_machine() {
    let elf = kernel(BE32);
    assert_eq!(with(&elf, 4, &[3]), ElfError::Class { found: 3 });
    assert_eq!(with(&elf, 5, &[0]), ElfError::ByteOrder { found: 0 });
    assert_eq!(with(&elf, 18, &[0, 62]), ElfError::Machine { found: 62 });
    assert_eq!(
        with(&elf, 18, &[0, 21]),
        ElfError::ClassOfMachine {
            machine: 21,
            class: 1
        }
    );
    assert_eq!(with(&elf, 16, &[0, 4]), ElfError::Type { found: 4 });
    let asked = ReadOptions {
        endian: Some(Endian::Little),
        ..options(BE32)
    };
    let other = ElfError::OtherEndian {
        file: Endian::Big,
        asked: Endian::Little,
    };
    assert_eq!(error(&elf.build(), &asked), other);
}

#[test]
fn families_that_cannot_be() {
    let of = |form: Form, family: Family| {
        error(
            &kernel(form).build(),
            &ReadOptions {
                family: Some(family),
                ..ReadOptions::default()
            },
        )
    };
    let other = |family: Family, class: u32| ElfError::OtherFamily { family, class };
    assert_eq!(of(BE32, Family::Book3s64), other(Family::Book3s64, 32));
    assert_eq!(of(BE64, Family::E500), other(Family::E500, 64));
    let unknown = error(&kernel(BE32).build(), &ReadOptions::default());
    assert!(unknown.to_string().contains("--family"));
}

#[test]
fn every_prefix_of_a_file_is_an_error() {
    for form in FORMS {
        let file = kernel(form).build();
        for size in 0..file.len() {
            let cut = error(&file[..size], &options(form));
            let known = matches!(
                cut,
                ElfError::NotElf { .. } | ElfError::Truncated { .. } | ElfError::BeyondFile { .. }
            );
            assert!(known, "{size}: {cut}");
        }
    }
}

#[test]
fn tables_of_headers() {
    let elf = kernel(BE32);
    assert!(matches!(
        with(&elf, 46, &[0, 41]),
        ElfError::EntrySize {
            found: 41,
            expected: 40,
            ..
        }
    ));
    assert!(matches!(
        with(&elf, 42, &[0, 33]),
        ElfError::EntrySize {
            found: 33,
            expected: 32,
            ..
        }
    ));
    assert!(matches!(
        with(&elf, 48, &[0xff, 0]),
        ElfError::Truncated {
            what: "the table of section headers",
            ..
        }
    ));
    assert!(matches!(
        with(&elf, 44, &[0xff, 0]),
        ElfError::Truncated {
            what: "the table of program headers",
            ..
        }
    ));
    let many = [section_header(&elf, 0) + 20, 0xffff];
    let mut file = elf.build();
    file[many[0]..many[0] + 4].copy_from_slice(&[0xff; 4]);
    file[48..50].copy_from_slice(&[0, 0]);
    assert!(matches!(error(&file, &options(BE32)), ElfError::Truncated { .. }));
}

#[test]
fn sections_and_segments_beyond_the_file() {
    for form in FORMS {
        let elf = kernel(form);
        let size = section_header(&elf, 1) + if form.wide { 32 } else { 20 };
        let huge = with(&elf, size, &form.bytes(0x4000_0000, form.long()));
        assert!(
            matches!(&huge, ElfError::BeyondFile { what, size: 0x4000_0000, .. } if what == "section `.text`")
        );
        let segment = if form.wide { 64 + 32 } else { 52 + 16 };
        let huge = with(&elf, segment, &form.bytes(0x4000_0000, form.long()));
        assert!(
            matches!(&huge, ElfError::BeyondFile { what, .. } if what == "segment 0"),
            "{huge}"
        );
        let memory = if form.wide { 64 + 40 } else { 52 + 20 };
        let huge = with(&elf, memory, &form.bytes(u64::MAX, form.long()));
        assert!(
            matches!(&huge, ElfError::BeyondAddresses { what, .. } if what == "segment 0"),
            "{huge}"
        );
    }
}

#[test]
fn overlaps() {
    let mut elf = kernel(BE32);
    elf.code(".text2", BASE + 8, &[NOP; 4]);
    assert!(matches!(of(&elf), ElfError::Overlap { .. }));
    let mut elf = kernel(BE32);
    elf.phdr = true;
    let mut file = elf.build();
    file.copy_within(52 + 32..52 + 64, 52);
    assert!(matches!(
        error(&file, &options(BE32)),
        ElfError::Overlap { address: BASE, .. }
    ));
    file[52 + 8] = 0xd0;
    let shared = error(&file, &options(BE32));
    assert!(
        matches!(shared, ElfError::Overlap { address: 0x200, .. }),
        "{shared}"
    );
}

#[test]
fn code_at_odd_addresses_or_elsewhere_than_loaded() {
    let mut elf = kernel(BE32);
    elf.sections[0].address += 2;
    assert_eq!(
        of(&elf),
        ElfError::Misaligned {
            what: "section `.text`".into(),
            address: BASE + 2
        }
    );
    let elf = kernel(BE32);
    let address = section_header(&elf, 1) + 12;
    let moved = with(&elf, address, &0xc000_0004u32.to_be_bytes());
    assert_eq!(
        moved,
        ElfError::NotLoaded {
            section: ".text".into(),
            address: BASE + 4
        }
    );
}

#[test]
fn addresses_that_wrap() {
    let elf = Elf::executable(BE32, 0xffff_fff0, &[NOP; 8]);
    assert!(matches!(of(&elf), ElfError::BeyondAddresses { .. }));
}

#[test]
fn names_and_links() {
    let elf = kernel(BE32);
    let missing = with(&elf, section_header(&elf, 1), &[0xff; 4]);
    assert!(
        matches!(&missing, ElfError::Names { what, .. } if what == "section 1"),
        "{missing}"
    );
    let link = section_header(&elf, 2) + 24;
    let wrong = with(&elf, link, &[0, 0, 0, 1]);
    assert_eq!(
        wrong,
        ElfError::Link {
            section: ".symtab".into(),
            link: 1,
            expected: "a string table"
        }
    );
    let entry = with(&elf, section_header(&elf, 2) + 36, &[0, 0, 0, 0]);
    assert!(matches!(
        entry,
        ElfError::EntrySize {
            found: 0,
            expected: 16,
            ..
        }
    ));
}

#[test]
fn functions_that_leave_their_section() {
    let mut elf = kernel(BE32);
    elf.symbols[0].size = 20;
    let outside = ElfError::SymbolOutside {
        symbol: "f".into(),
        address: BASE,
        size: 20,
        section: ".text".into(),
    };
    assert_eq!(of(&elf), outside);
}

#[test]
fn relocations_that_cannot_be() {
    const REL24: u64 = 10;
    let check = |relocations: &[(u64, u64, u64, i64)], why: &str| {
        let mut elf = Elf::object(BE32, &[NOP; 4]);
        elf.symbol("f", 1, 0, 16, FUNC);
        elf.relocations(1, relocations);
        let error = of(&elf);
        assert!(
            matches!(error, ElfError::Relocation { .. }) && error.to_string().contains(why),
            "{error}"
        );
    };
    check(&[(16, 1, REL24, 0)], "outside the section");
    check(&[(0, 2, REL24, 0)], "symbol that does not exist");
    let mut elf = Elf::object(BE32, &[NOP; 4]);
    let table = elf.section("__ex_table", A, 0, vec![0; 8]);
    elf.relocations(table, &[(0, 0, 255, 0)]);
    assert!(matches!(
        of(&elf),
        ElfError::Relocation {
            kind: 255,
            offset: 0,
            ..
        }
    ));
    let mut elf = Elf::object(BE32, &[NOP; 4]);
    elf.relocations(1, &[]);
    elf.sections[1].bytes = vec![0; 13];
    assert!(matches!(of(&elf), ElfError::EntrySize { .. }));
    elf.sections[1].bytes = vec![0; 12];
    elf.sections[1].link = 1;
    assert!(matches!(
        of(&elf),
        ElfError::Link {
            link: 1,
            expected: "a symbol table",
            ..
        }
    ));
    elf.sections[1].link = 3;
    elf.sections[1].info = 99;
    assert!(matches!(
        of(&elf),
        ElfError::Link {
            link: 99,
            expected: "a section to relocate",
            ..
        }
    ));
}

#[test]
fn tables_of_linux_that_are_damaged() {
    let check = |name: &str, bytes: Vec<u8>, why: &str| {
        let mut elf = kernel(BE32);
        elf.section(name, A, BASE + 0x100, bytes);
        let error = of(&elf);
        assert!(
            matches!(error, ElfError::Table { .. }) && error.to_string().contains(why),
            "{error}"
        );
    };
    check("__ex_table", vec![0; 9], "no multiple");
    check(
        "__ftr_fixup",
        BE32.longs(&[0, 0, 8, 4, 0, 0]),
        "ends before it starts",
    );
    check(
        "__restart_table",
        BE32.longs(&[BASE, BASE + 0x8_0000, BASE]),
        "longer than any kernel's",
    );
    let mut elf = Elf::executable(LE64, BASE, &[NOP; 4]);
    elf.section("__mcount_loc", A, BASE + 0x100, LE64.longs(&[0]));
    let address = section_header(&elf, 2) + 16;
    assert!(matches!(
        with(&elf, address, &[0xff; 8]),
        ElfError::Table {
            address: u64::MAX,
            ..
        }
    ));
    let mut elf = kernel(BE32);
    elf.symbol("__start___ex_table", 1, BASE + 8, 0, NOTYPE);
    elf.symbol("__stop___ex_table", 1, BASE, 0, NOTYPE);
    assert!(matches!(
        of(&elf),
        ElfError::Table {
            table: "__ex_table",
            ..
        }
    ));
}

#[test]
fn no_code() {
    let mut elf = kernel(BE32);
    elf.sections[0].flags = A;
    assert_eq!(of(&elf), ElfError::NoCode);
    let mut elf = Elf::object(BE32, &[NOP]);
    elf.sections[0].kind = NOBITS;
    assert_eq!(of(&elf), ElfError::NoCode);
}

#[test]
fn damage_that_nobody_needs_is_no_error() {
    let mut elf = kernel(BE32);
    elf.section(".debug_info", 0, 0, vec![1; 16]);
    let size = section_header(&elf, 2) + 20;
    let mut file = elf.build();
    file[size..size + 4].copy_from_slice(&[0x7f; 4]);
    assert!(ElfImage::parse(&file, &options(BE32)).is_ok());
}

#[test]
fn a_table_with_no_end_of_string_costs_no_time() {
    let mut elf = kernel(LE64);
    elf.symbols = (0..20_000).map(|_| elf.symbols[0].clone()).collect();
    for symbol in &mut elf.symbols {
        symbol.name = "x".repeat(100);
    }
    let file = elf.build();
    let names = file
        .windows(100)
        .position(|window| window == [b'x'; 100])
        .unwrap();
    let mut damaged = file.clone();
    damaged[names..names + 101 * 20_000].fill(b'x');
    let start = std::time::Instant::now();
    assert!(read(&damaged, LE64).image().symbols.len() < 100);
    assert!(start.elapsed().as_secs() < 20);
}
