//! Words under test with the registers before and after; and what QEMU makes of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use cpu::exec::Stop;
use cpu::{State, decode};

use crate::common::{self, Scratch, run};
use crate::layout::{
    BLOCKS, Buffer, CONTROL, SLOT, STUB, TEXT, Target, block_bytes, differences, encode,
    without_missing_xer_bits,
};
use crate::program::program;

/// A block before and after.
pub struct Case {
    pub before: (State, Buffer),
    pub after: (State, Buffer),
    /// How the words were left: for the first instruction after them, for the one after that, or by a floating-point
    /// exception.
    pub way: u64,
}

/// Words, and the blocks that they run over.
pub struct Stub {
    pub words: Vec<u32>,
    pub cases: Vec<Case>,
}

/// The stubs' part of the text comes after the program's own.
const OWN: u64 = 3;

/// The signal of a floating-point exception.
const SIGFPE: u64 = 8;

/// Where the words of stub `number` stand.
pub fn slot(number: usize) -> u64 {
    TEXT + STUB * (OWN + number as u64) + SLOT
}

/// How the words at `slot` were left.
pub fn way(words: usize, slot: u64, pc: u64, stop: Option<Stop>) -> Option<u64> {
    let end = slot + 4 * words as u64;
    match stop {
        None if pc == end => Some(0),
        None if pc == end + 4 => Some(1),
        Some(Stop::FloatingPointException) => Some((SIGFPE << 16) | (pc % STUB)),
        _ => None,
    }
}

/// Runs the stubs in QEMU and compares all blocks. Gives the number of cases, or a report of those that differ.
pub fn verify(target: &Target, stubs: &[Stub], name: &str) -> Result<usize, String> {
    let scratch = Scratch::new(&format!("{name}-{}-{}", target.emulator, target.processor));
    let path = |name: &str| scratch.path(name).to_str().expect("a path in UTF-8").to_owned();
    let cases = || {
        stubs
            .iter()
            .flat_map(|stub| stub.cases.iter().map(move |case| (stub, case)))
    };
    let blocks: Vec<u8> = cases()
        .flat_map(|(_, case)| encode(target, &case.before, 0))
        .collect();
    fs::write(path("blocks"), blocks).expect("a temporary file");
    fs::write(path("program.s"), program(target, stubs)).expect("a temporary file");
    let executable = build(target, &scratch);
    let output = run(
        target.emulator,
        "qemu-user",
        &["-cpu", target.processor, &executable],
    );
    let count = cases().count();
    let bytes = block_bytes(target);
    assert_eq!(output.len(), count * bytes, "the program ran to its end");
    let mut report = String::new();
    let mut wrong = 0;
    let mut described = 0;
    let mut kinds = BTreeMap::new();
    for ((stub, case), found) in cases().zip(output.chunks(bytes)) {
        let expected = encode(target, &case.after, case.way);
        let found = without_missing_xer_bits(target, found);
        if expected != found {
            wrong += 1;
            let name = decode(stub.words[0], target.family).mnemonic();
            let of_kind: &mut usize = kinds.entry(name).or_default();
            *of_kind += 1;
            if *of_kind <= 1
                && described < 8
                && (stub.words.len() != 2 || wrong > 8 || stub.words[1] == 0x6000_0000)
            {
                described += 1;
                let what = differences(target, &expected, &found);
                writeln!(report, "{what}").expect("a string");
                describe(&mut report, target, stub, case);
            }
        }
    }
    if wrong == 0 {
        Ok(count)
    } else {
        Err(format!(
            "{wrong} of {count} cases differ on {} {}: {kinds:?}\n{report}",
            target.emulator, target.processor
        ))
    }
}

fn build(target: &Target, scratch: &Scratch) -> String {
    let path = |name: &str| scratch.path(name).to_str().expect("a path in UTF-8").to_owned();
    let (source, object, executable) = (path("program.s"), path("program.o"), path("program"));
    let directory = format!("-I{}", path(""));
    let mut arguments = target.assembler.to_vec();
    arguments.extend([&*directory, "-o", &object, &source]);
    run("powerpc-linux-gnu-as", common::BINUTILS, &arguments);
    let addresses = [
        format!("-Ttext={TEXT:#x}"),
        format!("--section-start=.control={CONTROL:#x}"),
        format!("-Tdata={BLOCKS:#x}"),
        "-zmax-page-size=4096".to_owned(),
    ];
    let mut arguments = vec!["-m", target.linker, "-e", "_start", "-o", &executable, &object];
    arguments.extend(addresses.iter().map(String::as_str));
    run("powerpc-linux-gnu-ld", common::BINUTILS, &arguments);
    executable
}

/// The instructions, each with the registers that it named before the first ran.
fn describe(report: &mut String, target: &Target, stub: &Stub, case: &Case) {
    let before = &case.before.0;
    writeln!(report, "fpscr {:08x}, way {:#x}:", before.fpscr, case.way).expect("a string");
    for word in &stub.words {
        let ins = decode(*word, target.family);
        let fields = [ins.rt(), ins.ra(), ins.rb(), (word >> 6 & 31) as u8].map(usize::from);
        let gprs = fields.map(|n| before.gpr[n]);
        let fprs = fields.map(|n| before.fpr[n]);
        writeln!(report, "  {word:08x} {} r{gprs:x?} f{fprs:x?}", ins.text(None)).expect("a string");
    }
}
