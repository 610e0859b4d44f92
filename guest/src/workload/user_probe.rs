//! A user program tries to reach what it may not: the magic page above all.

use super::Setting;
use crate::console::report;
use crate::control;
use crate::pv::PAGE;
use crate::user::program::{Program, probe_read, probe_write};
use crate::user::{End, Process};

/// What is tried: a name, the address, and the program.
const PROBES: [(&str, u32, Program); 6] = [
    ("read_page", PAGE, probe_read),
    ("write_page", PAGE, probe_write),
    ("read_page_msr", PAGE + 0x5c, probe_read),
    ("write_page_msr", PAGE + 0x5c, probe_write),
    ("read_kernel", 0x3000, probe_read),
    ("write_device", 0x0d00_2008, probe_write),
];

/// Every probe must fault, at its address and as what it was.
pub fn run(setting: &Setting) -> bool {
    control::begin();
    report!("page", setting.pv.has_page);
    let mut good = true;
    for (context, (name, address, program)) in (1..).zip(PROBES) {
        let end = Process::new(context, program, [address, setting.seed, 0]).run();
        let faulted = matches!(end, End::Fault { address: at, store, .. }
            if at == address && store == name.starts_with("write"));
        report!(name, format_args!("{end:x?}"));
        good &= faulted;
    }
    good
}
