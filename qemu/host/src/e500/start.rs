//! The first instructions: see `start.s`.

use core::arch::global_asm;

use super::{CCSR, PCI, PCI_REAL, context, spr};

global_asm!(
    include_str!("start.s"),
    CCSR = const CCSR,
    PCI = const PCI,
    PCI_REAL = const PCI_REAL,
    SRR0 = const spr::SRR0,
    SRR1 = const spr::SRR1,
    IVPR = const spr::IVPR,
    PID0 = const spr::PID0,
    PID1 = const spr::PID1,
    PID2 = const spr::PID2,
    TCR = const spr::TCR,
    TSR = const spr::TSR,
    DBCR0 = const spr::DBCR0,
    DBSR = const spr::DBSR,
    SPEFSCR = const spr::SPEFSCR,
    HID0 = const spr::HID0,
    MAS0 = const spr::MAS0,
    MAS1 = const spr::MAS1,
    MAS2 = const spr::MAS2,
    MAS3 = const spr::MAS3,
    MAS7 = const spr::MAS7,
);

/// Where `start.s` goes when translation, vectors, the stack and bss are as Rust wants them.
#[unsafe(no_mangle)]
extern "C" fn e500_main() -> ! {
    // SAFETY: nothing has run before.
    unsafe { context::prepare() };
    crate::main()
}
