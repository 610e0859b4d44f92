//! Execution against QEMU's user mode.
//!
//! A static program is generated, assembled and run: one stub an instruction word, which loads all registers from a
//! block, executes two words and stores all registers back; every stub runs over several blocks. The program ends by
//! writing the blocks out, and each must hold what our execution of the same words made of the same registers.

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod layout;
mod program;

use std::fmt::Write as _;
use std::fs;

use cases::{Case, stubs};
use common::{Random, Scratch, run};
use cpu::decode;
use layout::{
    BLOCKS, CONTROL, TARGETS, TEXT, Target, block_bytes, differences, encode, without_missing_xer_bits,
};
use program::program;

fn check(target: &Target, seed: u64) -> usize {
    let scratch = Scratch::new(&format!("{}-{}", target.emulator, target.processor));
    let stubs = stubs(target, &mut Random(seed));
    let cases: Vec<&Case> = stubs.iter().flatten().collect();
    let path = |name: &str| scratch.path(name).to_str().expect("a path in UTF-8").to_owned();
    let blocks: Vec<u8> = cases
        .iter()
        .flat_map(|case| encode(target, &case.before, 0))
        .collect();
    fs::write(path("blocks"), blocks).expect("a temporary file");
    fs::write(path("program.s"), program(target, &stubs)).expect("a temporary file");
    let (source, object, executable) = (path("program.s"), path("program.o"), path("program"));
    let directory = format!("-I{}", path(""));
    let mut arguments = target.assembler.to_vec();
    arguments.extend([&*directory, "-o", &object, &source]);
    run("powerpc-linux-gnu-as", common::BINUTILS, &arguments);
    let addresses = [
        format!("-Ttext={TEXT:#x}"),
        format!("--section-start=.control={CONTROL:#x}"),
        format!("-Tdata={BLOCKS:#x}"),
    ];
    let mut arguments = vec!["-m", target.linker, "-e", "_start", "-o", &executable, &object];
    arguments.extend(addresses.iter().map(String::as_str));
    run("powerpc-linux-gnu-ld", common::BINUTILS, &arguments);
    let output = run(
        target.emulator,
        "qemu-user",
        &["-cpu", target.processor, &executable],
    );
    assert_eq!(
        output.len(),
        cases.len() * block_bytes(target),
        "the program ran to its end"
    );
    let mut report = String::new();
    let mut wrong = 0;
    for (case, found) in cases.iter().zip(output.chunks(block_bytes(target))) {
        let way = u64::from(case.after.0.pc & 15 == 12);
        let expected = encode(target, &case.after, way);
        let found = without_missing_xer_bits(target, found);
        if expected != found {
            wrong += 1;
            if wrong <= 8 {
                let texts = case
                    .words
                    .map(|word| decode(word, target.family).text(None).to_string());
                let before = case.words.map(|word| {
                    let ins = decode(word, target.family);
                    [ins.rt(), ins.ra(), ins.rb()].map(|n| (n, case.before.0.gpr[usize::from(n)]))
                });
                let what = differences(target, &expected, &found);
                writeln!(report, "{:08x?} {texts:?} on {before:x?}:{what}", case.words).expect("a string");
            }
        }
    }
    assert!(
        wrong == 0,
        "{wrong} of {} cases differ on {}:\n{report}",
        cases.len(),
        target.emulator
    );
    cases.len()
}

#[test]
fn book3s_32_is_qemus() {
    assert!(check(&TARGETS[0], 1) > 30_000);
}

#[test]
fn e500_is_qemus() {
    assert!(check(&TARGETS[3], 4) > 30_000);
}

#[test]
fn book3s_64_big_endian_is_qemus() {
    assert!(check(&TARGETS[1], 2) > 30_000);
}

#[test]
fn book3s_64_little_endian_is_qemus() {
    assert!(check(&TARGETS[2], 3) > 30_000);
}
