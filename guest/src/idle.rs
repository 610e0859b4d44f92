//! Waiting for an interrupt.

use core::cell::Cell;

use magicpage::hypercall::Hypercall;

use crate::kernel::{Single, kernel};
use crate::privileged::{mfmsr, mfspr, mtmsr, mtspr, spr, synchronise};
use crate::{hypercall, irq, msr};

/// How to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Ask the host.
    Hypercall,
    /// Let the processor sleep: MSR\[POW\] with HID0\[DOZE\] (MPC750 User's Manual 10.2), MSR\[WE\] (e500 Core Family
    /// Reference Manual 2.5.1).
    Power,
}

/// HID0\[DOZE\].
const DOZE: u32 = 0x0080_0000;

static WAY: Single<Cell<Way>> = Single::new(Cell::new(Way::Power));

/// Says how to wait.
pub fn set(way: Way) {
    WAY.set(way);
    if way == Way::Power {
        allow_sleep();
    }
}

/// Waits for an interrupt and lets it in. Interrupts are off before and after.
pub fn wait() {
    match WAY.get() {
        Way::Hypercall => {
            hypercall::call(Hypercall::Idle, 0, 0);
            irq::enable();
            irq::disable();
        }
        Way::Power => sleep(),
    }
}

kernel! {
    fn allow_sleep() {
        mtspr::<{ spr::HID0 }>(mfspr::<{ spr::HID0 }>() | DOZE);
    }

    /// Sleeps with interrupts on: the one that ends the sleep is taken before the next instruction.
    fn sleep() {
        synchronise();
        mtmsr(mfmsr() | msr::EE | msr::SLEEP);
        irq::inlined::disable();
    }
}
