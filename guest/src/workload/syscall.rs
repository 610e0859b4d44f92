//! A user program makes system calls.

use super::{Setting, timed};
use crate::console::report;
use crate::control;
use crate::user::{End, Process, program};

/// `count` calls, and one that ends the program.
pub fn run(setting: &Setting) -> bool {
    let process = Process::new(1, program::calls, [setting.count, setting.seed, 0]);
    control::begin();
    let mut end = End::Exit(u32::MAX);
    let ticks = timed(|| end = process.run());
    report!("syscall_ticks", ticks);
    report!("calls", process.calls());
    report!("page_faults", process.faults());
    report!("end", format_args!("{end:?}"));
    end == End::Exit(0) && process.calls() == setting.count + 1
}
