//! Execution against QEMU's user mode.
//!
//! A static program is generated, assembled and run: stubs that load all registers from a block, execute the words
//! under test and store all registers back. The program ends by writing the blocks out, and each must hold what our
//! execution of the same words made of the same registers: general and floating-point registers, CR, XER, LR, CTR,
//! FPSCR, the memory that loads and stores touch, and whether a floating-point exception stopped the words.
//!
//! [Cases](cases) are one or two instructions, every kind on registers made for it. [Streams](streams) are up to 32
//! random instructions. Two variables of the environment ask for more of them: `CPU_QEMU_INSTRUCTIONS`, how many
//! instructions to execute on each processor, and `CPU_QEMU_SEED`. [Exceptions](exceptions) lists where QEMU is not
//! followed.

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod exceptions;
mod layout;
mod program;
mod streams;
mod stub;
mod values;

use std::io::Write as _;
use std::time::Instant;

use common::Random;
use layout::{E500, G3, G4, POWER9, POWER9_LITTLE, Target};
use streams::{Ingredients, streams};
use stub::verify;

/// Instructions that streams execute on each processor when nobody asks for more.
const INSTRUCTIONS: usize = 200_000;

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|error| panic!("{variable}: {error}")),
    )
}

fn check_cases(target: &Target, seed: u64) {
    let seed = number("CPU_QEMU_SEED").unwrap_or(seed);
    println!("{}: seed {seed}", target.processor);
    let stubs = cases::stubs(target, &mut Random(seed));
    let cases = verify(target, &stubs, "cases").unwrap_or_else(|report| panic!("{report}"));
    assert!(cases > 30_000, "only {cases}");
}

fn check_streams(target: &Target) {
    let asked = number("CPU_QEMU_INSTRUCTIONS");
    let wanted = asked.map_or(INSTRUCTIONS, |n| usize::try_from(n).expect("a count"));
    let seed = number("CPU_QEMU_SEED").unwrap_or(1);
    println!("{}: seed {seed}", target.processor);
    let from = Ingredients::new(target);
    let start = Instant::now();
    let (mut executed, mut program) = (0, 0);
    while executed < wanted {
        let (stubs, count) = streams(target, &from, &mut Random(seed.wrapping_add(program << 32)));
        if let Err(report) = verify(target, &stubs, "streams") {
            panic!("program {program} of seed {seed}: {report}");
        }
        executed += count;
        program += 1;
        if asked.is_some() {
            // Past the test harness, which keeps what is printed to itself.
            let seconds = start.elapsed().as_secs();
            let _ = writeln!(
                std::io::stderr(),
                "{}: seed {seed}, {executed} of {wanted} instructions, {seconds} s",
                target.processor
            );
        }
    }
}

#[test]
fn cases_on_a_g4() {
    check_cases(&G4, 1);
}

#[test]
fn cases_on_an_e500() {
    check_cases(&E500, 4);
}

#[test]
fn cases_on_a_big_endian_power9() {
    check_cases(&POWER9, 2);
}

#[test]
fn cases_on_a_little_endian_power9() {
    check_cases(&POWER9_LITTLE, 3);
}

#[test]
fn streams_on_a_g3() {
    check_streams(&G3);
}

#[test]
fn streams_on_an_e500() {
    check_streams(&E500);
}

#[test]
fn streams_on_a_big_endian_power9() {
    check_streams(&POWER9);
}

#[test]
fn streams_on_a_little_endian_power9() {
    check_streams(&POWER9_LITTLE);
}
