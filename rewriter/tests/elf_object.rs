//! Relocatable objects: branches between sections become relocations that GNU's linker understands.
#![cfg(feature = "elf")]

mod elf_support;

use std::path::{Path, PathBuf};
use std::process::Command;

use elf_support::*;
use rewriter::elf::*;
use rewriter::image::AreaKind;
use rewriter::plan::Plan;

const REL24: u64 = 10;

/// Two sections of code, one of them for initialisation, with a site each; a call that is relocated already.
fn module(form: Form) -> Elf {
    let mut elf = Elf::object(form, &[NOP, MTMSR, 0x4800_0001, BLR]);
    let init = elf.code(".init.text", 0, &[MTMSR, BLR]);
    elf.symbol("", init, 0, 0, SECTION);
    elf.symbol("work", 1, 0, 16, FUNC | GLOBAL);
    elf.symbol("start", init, 0, 8, FUNC | GLOBAL);
    elf.symbol("outside", 0, 0, 0, GLOBAL);
    elf.relocations(1, &[(8, 4, REL24, 0)]);
    elf
}

/// Each site gets a trampoline 16 bytes into the section for its kind.
fn plan_for(image: &ElfImage) -> Plan {
    let sites: Vec<_> = [("work", 4), ("start", 0)]
        .into_iter()
        .map(|(name, offset)| {
            let symbol = image
                .image()
                .symbols
                .iter()
                .find(|symbol| symbol.name == name)
                .unwrap();
            let site = symbol.address + offset;
            let serves = |area: &&rewriter::image::Area| area.serves.as_ref().unwrap().contains(&site);
            let area = image.image().areas.iter().find(serves).unwrap();
            assert_eq!(area.kind, AreaKind::New);
            let at = area.range.start + 16;
            (
                site,
                MTMSR,
                branch(site, at),
                Some((at, vec![NOP, MTMSR, branch(at + 8, site + 4)])),
            )
        })
        .collect();
    let arenas: Vec<_> = sites
        .iter()
        .map(|(.., code)| ("new", code.as_ref().unwrap().0 - 16, 28))
        .collect();
    plan(image, &arenas, &sites)
}

fn rewritten(form: Form) -> (Vec<u8>, Vec<u8>) {
    let original = module(form).build();
    let image = read(&original, form);
    let written =
        write(&image, &plan_for(&image), &WriteOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    drop(image);
    (original, written)
}

#[test]
fn branches_become_relocations_and_revert_is_exact() {
    for form in FORMS {
        let (original, written) = rewritten(form);
        assert_eq!(revert(written.clone()).unwrap(), original);
        let options = ReadOptions {
            accept_rewritten: true,
            ..options(form)
        };
        let elf = ElfImage::parse(&written, &options).unwrap_or_else(|error| panic!("{error}"));
        let image = elf.image();
        let region = |name: &str| {
            image
                .regions
                .iter()
                .find(|region| region.section == name)
                .unwrap()
                .address
        };
        let [text, init, new, new_init] =
            [".text", ".init.text", ".text.ppcpv", ".init.text.ppcpv"].map(region);
        let target = |address: u64| image.relocation(address).and_then(|word| word.target);
        assert_eq!(target(text + 4), Some(new + 16));
        assert_eq!(target(new + 24), Some(text + 8));
        assert_eq!(target(init), Some(new_init + 16));
        assert_eq!(target(new_init + 24), Some(init + 4));
        assert!(image.relocation(text + 8).is_some(), "the old relocation is kept");
        assert_eq!(image.relocated.len(), 5);
        assert_eq!(image.word(text + 4), Some(0x4800_0000));
    }
}

#[test]
fn a_branch_within_the_new_section_stays_a_branch() {
    let original = module(BE32).build();
    let image = read(&original, BE32);
    let site = image.image().regions[0].address + 4;
    let at = image.image().areas[0].range.start;
    let bne = 0x4082_0008;
    let words = vec![bne, MTMSR, branch(at + 8, site + 4)];
    let make = |words: Vec<u32>| {
        plan(
            &image,
            &[("new", at, 12)],
            &[(site, MTMSR, branch(site, at), Some((at, words)))],
        )
    };
    let written = write(&image, &make(words), &WriteOptions::default()).unwrap();
    let options = ReadOptions {
        accept_rewritten: true,
        ..options(BE32)
    };
    let elf = ElfImage::parse(&written, &options).unwrap();
    let new = elf
        .image()
        .regions
        .iter()
        .find(|region| region.section == ".text.ppcpv")
        .unwrap()
        .address;
    assert_eq!(elf.image().word(new), Some(bne));
}

#[test]
fn a_conditional_branch_cannot_leave_its_section() {
    let mut words = vec![NOP; 0xf000 / 4];
    words[0] = MTMSR;
    let original = Elf::object(BE32, &words).build();
    let image = read(&original, BE32);
    let (site, end) = (image.image().regions[0].address, image.image().regions[0].end());
    let at = image.image().areas[0].range.start;
    let refuse = |target: u64| {
        let beq = 0x4182_0000 | (u32::try_from(target.wrapping_sub(at) & 0xfffc).unwrap());
        let sites = [(site, MTMSR, branch(site, at), Some((at, vec![beq])))];
        changes(
            &image,
            &plan(&image, &[("new", at, 4)], &sites),
            &WriteOptions::default(),
        )
        .unwrap_err()
    };
    assert!(matches!(refuse(end - 4), WriteError::LeavesSection { .. }));
    assert_eq!(
        refuse(end),
        WriteError::Misplaced {
            what: "a branch's target",
            address: end
        }
    );
}

#[test]
fn what_an_object_cannot_have_is_refused() {
    let original = module(BE64).build();
    let image = read(&original, BE64);
    let plan = plan_for(&image);
    let stub = Some(Stub {
        address: 0,
        words: vec![0],
    });
    let refused = changes(
        &image,
        &plan,
        &WriteOptions {
            stub,
            ..WriteOptions::default()
        },
    )
    .unwrap_err();
    assert!(matches!(refused, WriteError::Stub { .. }), "{refused}");
    let refuse = |change: &dyn Fn(&mut Elf)| {
        let mut elf = module(BE64);
        change(&mut elf);
        let bytes = elf.build();
        let image = read(&bytes, BE64);
        changes(&image, &plan_for(&image), &WriteOptions::default()).unwrap_err()
    };
    const SHF_GROUP: u64 = 0x200;
    let error = refuse(&|elf| elf.sections[0].flags |= SHF_GROUP);
    assert!(
        matches!(&error, WriteError::Object { section, .. } if section == ".text"),
        "{error}"
    );
    let error = refuse(&|elf| {
        elf.section(".symtab_shndx", 0, 0, vec![0; 4]);
        elf.sections.last_mut().unwrap().kind = 18;
    });
    assert!(
        matches!(&error, WriteError::Object { section, .. } if section == ".symtab"),
        "{error}"
    );
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ppcpv-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(program: &str, arguments: &[&str], directory: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output();
    let output =
        output.unwrap_or_else(|error| panic!("{program} (install binutils-powerpc-linux-gnu): {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The words of a linked file, by address, as objdump prints them: address, mnemonic and operands.
fn disassembly(file: &str, directory: &Path) -> Vec<(u64, String)> {
    let text = run(
        "powerpc-linux-gnu-objdump",
        &["-d", "--no-show-raw-insn", file],
        directory,
    );
    let line = |line: &str| {
        let (address, text) = line.split_once(":\t")?;
        let text = text
            .split('<')
            .next()?
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        Some((u64::from_str_radix(address.trim(), 16).ok()?, text))
    };
    text.lines().filter_map(line).collect()
}

#[test]
fn gnu_ld_links_rewritten_objects() {
    for (form, emulation) in FORMS
        .into_iter()
        .zip(["elf32ppc", "elf32lppc", "elf64ppc", "elf64lppc"])
    {
        let scratch = Scratch::new(emulation);
        let directory = scratch.0.as_path();
        let (_, written) = rewritten(form);
        std::fs::write(directory.join("module.o"), written).unwrap();
        let ld = |arguments: &[&str]| {
            let all = [&["-m", emulation], arguments].concat();
            run("powerpc-linux-gnu-ld", &all, directory)
        };
        ld(&["-r", "-o", "again.o", "module.o"]);
        for input in ["module.o", "again.o"] {
            ld(&[
                "-e",
                "work",
                "--defsym=outside=work",
                "-Ttext=0x10000",
                "-o",
                "linked",
                input,
            ]);
            let code = disassembly("linked", directory);
            let sites: Vec<_> = code
                .windows(2)
                .filter(|pair| pair[1].1.starts_with("b "))
                .collect();
            let follow = |text: &str| u64::from_str_radix(text.strip_prefix("b ").unwrap(), 16).unwrap();
            let at = |address: u64| &code.iter().find(|(at, _)| *at == address).unwrap().1;
            let trampolines: Vec<_> = sites.iter().filter(|pair| pair[0].1 == "mtmsr r3").collect();
            assert_eq!(trampolines.len(), 2, "{form:?} {code:?}");
            for pair in trampolines {
                let back = follow(&pair[1].1);
                assert_eq!(
                    at(back - 4),
                    &format!("b {:x}", pair[0].0 - 4),
                    "{form:?} {code:?}"
                );
            }
        }
    }
}
