//! Interrupts off and on, in the idioms of kernels.
//!
//! 32-bit Book3S changes the MSR as a whole (Linux: `arch/powerpc/include/asm/hw_irq.h`); Book E has instructions for EE
//! alone. Each idiom is there twice: to be inlined into functions of the kernel's section, where the registers are the
//! compiler's choice, and as a function for everybody else.

use crate::kernel::kernel;
use crate::msr::EE;
use crate::privileged::mfmsr;
#[cfg(book3s32)]
use crate::privileged::mtmsr;
#[cfg(e500)]
use crate::privileged::{wrtee, wrteei};

/// The idioms to be inlined.
pub mod inlined {
    use super::*;

    /// Turns interrupts off.
    #[inline(always)]
    pub fn disable() {
        #[cfg(book3s32)]
        mtmsr(mfmsr() & !EE);
        #[cfg(e500)]
        wrteei::<0>();
    }

    /// Turns interrupts on.
    #[inline(always)]
    pub fn enable() {
        #[cfg(book3s32)]
        mtmsr(mfmsr() | EE);
        #[cfg(e500)]
        wrteei::<1>();
    }

    /// Turns interrupts off and says how they were.
    #[inline(always)]
    pub fn save() -> u32 {
        let before = mfmsr();
        #[cfg(book3s32)]
        mtmsr(before & !EE);
        #[cfg(e500)]
        wrteei::<0>();
        before
    }

    /// Makes interrupts be as they were.
    #[inline(always)]
    pub fn restore(before: u32) {
        #[cfg(book3s32)]
        mtmsr(before);
        #[cfg(e500)]
        wrtee(before);
    }
}

kernel! {
    /// Turns interrupts off.
    pub fn disable() {
        inlined::disable();
    }

    /// Turns interrupts on.
    pub fn enable() {
        inlined::enable();
    }

    /// Turns interrupts off and says how they were.
    pub fn save() -> u32 {
        inlined::save()
    }

    /// Makes interrupts be as they were.
    pub fn restore(before: u32) {
        inlined::restore(before);
    }

    /// Whether interrupts are on.
    pub fn are_enabled() -> bool {
        mfmsr() & EE != 0
    }
}
