//! The first process of a Linux guest.
//!
//! It does what shows whether a kernel works under its host: forks and waits, switches between processes, sleeps, loads
//! the timers, touches memory, keeps every register it has under interrupts. Then it says what Linux counted, prints
//! `INIT OK` with figures, and switches the power off. At the first thing that is wrong it prints `INIT FAILED` with
//! the name of the check and why.
//!
//! Words of the kernel's command line that the kernel does not know arrive in its environment:
//!
//! | word | meaning |
//! |---|---|
//! | `load=N` | how often the checks are gone through; 1 if absent |
//! | `control=ADDRESS` | physical address of the board's control device, which is told when the checks are done |
//! | `shell=1` | at the end, answer lines that are typed on the console until an empty one comes |
//!
//! ```text
//! start -> environment -> proc and dev -> checks, load times -> control -> interrupts, uptime -> INIT OK -> power off
//! ```
#![no_std]
#![no_main]

mod canary;
mod checks;
mod control;
mod counts;
mod environment;
mod file;
mod print;
mod process;
mod shell;
mod sys;
mod time;

use control::Control;
use environment::Environment;
use print::print;

/// Why the guest is not as it should be.
pub enum Failure {
    /// A system call failed with this number of Linux's.
    Call(&'static str, i32),
    /// Something else than what should be.
    Wrong(&'static str, u32, u32),
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Call(call, number) => write!(f, "{call}: error {number}"),
            Self::Wrong(what, is, should) => write!(f, "{what} is {is:#x}, should be {should:#x}"),
        }
    }
}

/// What comes behind the assembly of the start.
extern "C" fn main(stack: *const usize) -> ! {
    // SAFETY: the kernel has put the program's arguments and environment there.
    let environment = unsafe { Environment::at(stack) };
    match run(&environment) {
        Ok(()) => {}
        Err((name, failure)) => print!("INIT FAILED {name}: {failure}\n"),
    }
    sys::power_off()
}

fn run(environment: &Environment) -> Result<(), (&'static str, Failure)> {
    let named = |name| move |failure| (name, failure);
    file::mount_all().map_err(named("mount"))?;
    let control = Control::open(environment.number("control")).map_err(named("control"))?;
    for round in 0..environment.number("load").unwrap_or(1) {
        for check in checks::ALL {
            let figure = (check.run)(round).map_err(named(check.name))?;
            if round == 0 {
                print!("init: {}: {figure} {}\n", check.name, check.unit);
            }
        }
    }
    control.end();
    let counts = counts::read().map_err(named("interrupts"))?;
    let uptime = counts::uptime().map_err(named("uptime"))?;
    if environment.number("shell").is_some() {
        shell::run().map_err(named("shell"))?;
    }
    print!(
        "INIT OK spurious={} decrementers={} uptime={}.{:02}\n",
        counts.spurious, counts.decrementers, uptime.seconds, uptime.hundredths
    );
    Ok(())
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    print!("INIT FAILED panic: {info}\n");
    sys::power_off()
}

core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "mr 3, 1",
    "li 0, 0",
    "stwu 0, -16(1)",
    "bl {main}",
    main = sym main,
);
