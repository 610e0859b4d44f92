//! How fast guests run, and what a copy costs.
//!
//! The same program runs on the machine and under `qemu-ppc`, which translates it to the processor that it runs on:
//! once with a block for each instruction, the finest grain it has, and once as it likes. Needs GNU binutils for
//! PowerPC, and `qemu-ppc` for the comparison. The last lines say how many times faster than that the machine is, which
//! translates nothing but every address.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cpu::State;
use divan::counter::ItemsCount;
use divan::{Bencher, Divan};
use kvm_ppc::hardware::{Entry, Exit, Frame, Hardware, Place, Rights, Space};
use machine::{Config, Machine};
use magicpage::{Endian, Family};

const ROUNDS: u32 = 10;
/// Where the program is linked.
const TEXT: u64 = 0x1000_0000;

fn main() {
    let divan = Divan::from_args();
    divan.main();
    if std::env::args().any(|argument| argument == "--bench") {
        compare();
    }
}

struct Program {
    directory: tempfile::TempDir,
}

impl Program {
    fn new(rounds: u32) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let program = Self { directory };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/mix.s");
        let rounds = format!("ROUNDS={rounds}");
        run(Command::new("powerpc-linux-gnu-as")
            .args(["-mregnames", "--defsym", &rounds, "-o"])
            .arg(program.path("mix.o"))
            .arg(source));
        let text = format!("-Ttext={TEXT:#x}");
        run(Command::new("powerpc-linux-gnu-ld")
            .args(["-m", "elf32ppclinux", &text, "-o"])
            .arg(program.path("mix"))
            .arg(program.path("mix.o")));
        run(Command::new("powerpc-linux-gnu-objcopy")
            .args(["-O", "binary"])
            .arg(program.path("mix"))
            .arg(program.path("mix.bin")));
        program
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A machine with the program in memory, mapped.
    fn machine(&self) -> (Machine, State, Entry) {
        let mut machine =
            Machine::new(Config::new(Family::Book3s32, 1 << 20)).expect("a size that is possible");
        let bytes = std::fs::read(self.path("mix.bin")).expect("the program");
        machine.write(0, &bytes).expect("it fits");
        for page in 0..256 {
            let place = Place {
                page: (TEXT >> 12) + page,
                space: Space(1),
            };
            machine.map(place, Frame::Memory(page), Rights::all());
        }
        let mut state = State::new(Family::Book3s32);
        state.pc = TEXT;
        (machine, state, entry())
    }
}

fn entry() -> Entry {
    Entry {
        fetch: [Space(1); 16],
        data: [Space(1); 16],
        endian: Endian::Big,
        step: false,
        deadline: None,
    }
}

fn run(command: &mut Command) {
    let status = command.status();
    let status =
        status.unwrap_or_else(|error| panic!("{command:?}: {error}; GNU binutils for PowerPC are needed"));
    assert!(status.success(), "{command:?}");
}

/// Runs the program to its end; the instructions it took and its exit status.
fn to_the_end((machine, state, entry): &mut (Machine, State, Entry)) -> (u64, u64) {
    assert_eq!(machine.enter(state, entry), Exit::SystemCall);
    (machine.instructions(), state.gpr[3])
}

#[divan::bench]
fn mix(bencher: Bencher) {
    let program = Program::new(ROUNDS);
    let (instructions, _) = to_the_end(&mut program.machine());
    bencher
        .counter(ItemsCount::new(instructions))
        .with_inputs(|| program.machine())
        .bench_local_refs(|machine| black_box(to_the_end(machine)));
}

/// A copy of a machine that has run 60 instructions since the last one, with what it takes to run them.
#[divan::bench(args = [16, 32])]
fn copy_and_run_60(bencher: Bencher, kib: usize) {
    let (base, state) = small(kib);
    let mut copy = base.clone();
    let entry = entry();
    bencher.bench_local(|| {
        copy.fork_from(&base);
        copy.stop_at(Some(60));
        let mut state = state.clone();
        black_box(copy.enter(&mut state, &entry));
    });
}

/// The same, without the copy.
#[divan::bench(args = [16, 32])]
fn run_60(bencher: Bencher, kib: usize) {
    let (mut base, state) = small(kib);
    let entry = entry();
    bencher.bench_local(|| {
        base.stop_at(Some(base.instructions() + 60));
        let mut state = state.clone();
        black_box(base.enter(&mut state, &entry));
    });
}

/// An entry that a system call ends at once.
#[divan::bench]
fn enter_and_exit(bencher: Bencher) {
    let (mut base, state) = small(16);
    base.write(0, &0x4400_0002_u32.to_be_bytes()).expect("memory");
    let entry = entry();
    let mut state = state;
    bencher.bench_local(|| {
        state.pc = 0;
        black_box(base.enter(&mut state, &entry));
    });
}

/// A machine of the size that race exploration wants, in a loop that stores to three pages.
fn small(kib: usize) -> (Machine, State) {
    let mut machine =
        Machine::new(Config::new(Family::Book3s32, kib << 10)).expect("a size that is possible");
    let words = [
        0x9061_0000_u32,
        0x9062_0004,
        0x9064_0000,
        0x3863_0001,
        0x8061_0000,
        0x4bff_ffec,
    ];
    for (address, word) in (0..).step_by(4).zip(words) {
        machine.write(address, &word.to_be_bytes()).expect("memory");
    }
    for page in 0..kib as u64 / 4 {
        let place = Place {
            page,
            space: Space(1),
        };
        machine.map(place, Frame::Memory(page), Rights::all());
    }
    let mut state = State::new(Family::Book3s32);
    (state.gpr[1], state.gpr[2], state.gpr[4]) = (0x1000, 0x2000, 0x3000);
    machine.seal();
    (machine, state)
}

/// The best of several times.
fn best(mut work: impl FnMut() -> Duration) -> Duration {
    (0..5).map(|_| work()).min().expect("several")
}

/// Prints how many times faster than `qemu-ppc` the machine is.
fn compare() {
    let help = Command::new("qemu-ppc").arg("-h").output();
    let Ok(help) = help else {
        println!("qemu-ppc is not installed: nothing to compare with");
        return;
    };
    let single = if String::from_utf8_lossy(&help.stdout).contains("one-insn-per-tb") {
        "-one-insn-per-tb"
    } else {
        "-singlestep"
    };
    let program = Program::new(20 * ROUNDS);
    let (instructions, sum) = to_the_end(&mut program.machine());
    let here = best(|| {
        let mut machine = program.machine();
        let start = Instant::now();
        to_the_end(&mut machine);
        start.elapsed()
    });
    let rate = |time: Duration| instructions as f64 / time.as_secs_f64() / 1e6;
    println!("{instructions} instructions: machine {:.0} million/s", rate(here));
    for options in [&[single][..], &[]] {
        let there = best(|| {
            let mut command = Command::new("qemu-ppc");
            command.args(options).arg(program.path("mix"));
            let start = Instant::now();
            let status = command.status();
            let time = start.elapsed();
            assert_eq!(
                status.ok().and_then(|status| status.code()),
                i32::try_from(sum).ok()
            );
            time
        });
        println!(
            "qemu-ppc {options:?} {:.0} million/s: the machine is {:.2} times as fast",
            rate(there),
            there.as_secs_f64() / here.as_secs_f64()
        );
    }
}
