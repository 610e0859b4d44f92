//! What there is to run.
//!
//! A workload is a row. It prints `key=value` lines, and what it prints is the same in every run and in every world,
//! except where a key ends in `_ticks`. Interrupts are off when it begins.

use crate::commandline::CommandLine;
use crate::console::{print, report};
use crate::control;
use crate::devicetree::Tree;
use crate::privileged::time;
use crate::pv::Pv;
use crate::{interrupts, thread};

mod context;
mod hello;
mod nested;
mod selfmod;
pub mod shadow;
mod stress;
mod syscall;
mod text_sum;
mod tickless;
mod toggle;
mod user_probe;

/// What a workload is given.
pub struct Setting<'a> {
    /// The device tree.
    pub tree: &'a Tree,
    /// The command line.
    pub command_line: CommandLine<'a>,
    /// What was done to the kernel.
    pub pv: Pv,
    /// How often.
    pub count: u32,
    /// Seed of random numbers.
    pub seed: u32,
}

/// A workload.
struct Row {
    name: &'static str,
    /// How often it does its thing where the command line does not say.
    count: u32,
    /// Runs it, and answers whether everything was right.
    run: fn(&Setting) -> bool,
}

/// Every workload, the one first that runs where the command line does not say.
#[rustfmt::skip]
const WORKLOADS: &[Row] = &[
    Row { name: "stress",     count: 200,    run: stress::run },
    Row { name: "hello",      count: 1,      run: hello::run },
    Row { name: "toggle",     count: 10_000, run: toggle::run },
    Row { name: "context",    count: 10_000, run: context::run },
    Row { name: "syscall",    count: 10_000, run: syscall::run },
    Row { name: "tickless",   count: 100,    run: tickless::run },
    Row { name: "nested",     count: 100,    run: nested::run },
    Row { name: "user-probe", count: 1,      run: user_probe::run },
    Row { name: "text-sum",   count: 100,    run: text_sum::run },
    Row { name: "selfmod",    count: 100,    run: selfmod::run },
];

/// Runs the workload that the command line names. Answers with the guest's exit status.
pub fn run(tree: &Tree, command_line: &CommandLine, pv: Pv) -> u32 {
    let name = command_line.value("workload").unwrap_or(WORKLOADS[0].name);
    let Some(row) = WORKLOADS.iter().find(|row| row.name == name) else {
        print!("no workload is called {name}; there are");
        WORKLOADS.iter().for_each(|row| print!(" {}", row.name));
        print!("\n");
        return control::USAGE;
    };
    let setting = Setting {
        tree,
        command_line: *command_line,
        pv,
        count: command_line.number("count", row.count),
        seed: command_line.number("seed", 1),
    };
    report!("workload", name);
    report!("count", setting.count);
    let good = (row.run)(&setting);
    report!("spurious", interrupts::spurious());
    report!("asynchronous", thread::asynchronous());
    report!("result", if good { "good" } else { "wrong" });
    if good { control::GOOD } else { control::WRONG }
}

/// Ticks of the time base that something takes.
fn timed(what: impl FnOnce()) -> u32 {
    let start = time();
    what();
    time().wrapping_sub(start)
}
