//! The control device: when the measured part begins, and the end.

use core::cell::Cell;

use crate::kernel::Single;
use crate::mmio::Registers;

/// A store ends the guest with this status.
const EXIT: usize = 0x0c;
/// A store says that what is measured begins.
const BEGIN: usize = 0x18;

/// Exit status of a guest that did what it should.
pub const GOOD: u32 = 0;
/// Exit status of a workload that found something wrong.
pub const WRONG: u32 = 1;
/// Exit status of a command line that names no workload.
pub const USAGE: u32 = 2;
/// Exit status of a guest that panicked.
pub const PANIC: u32 = 101;

static CONTROL: Single<Cell<Option<Registers>>> = Single::new(Cell::new(None));

/// Says where the control device is.
pub fn set(registers: Option<Registers>) {
    CONTROL.set(registers);
}

/// The workload's measured part begins.
pub fn begin() {
    if let Some(control) = CONTROL.get() {
        control.write(BEGIN, 1);
    }
}

/// Ends the guest.
pub fn exit(status: u32) -> ! {
    if let Some(control) = CONTROL.get() {
        control.write(EXIT, status);
    }
    crate::irq::disable();
    loop {
        core::hint::spin_loop();
    }
}
