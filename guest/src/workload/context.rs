//! The registers of exception entry and exit: what a vector does to save and restore the state of what it interrupts,
//! with no exception.

use super::{Setting, timed};
use crate::console::report;
use crate::control;
use crate::irq::{self, inlined};
use crate::kernel::kernel;
use crate::privileged::{mfspr, mtspr, spr};
use crate::random::Random;
use crate::thread;

#[cfg(book3s32)]
use spr::{DAR as ADDRESS, DSISR as REASON};
#[cfg(e500)]
use spr::{DEAR as ADDRESS, ESR as REASON};

kernel! {
    /// One entry and one exit a turn, with interrupts off as they are there. Answers with the sum of what was read.
    fn enter_and_leave(count: u32, seed: u32) -> u32 {
        let mut sum = 0u32;
        let (mut first, mut second) = (seed, !seed);
        for _ in 0..count {
            let enabled = inlined::save();
            let (nip, msr) = (mfspr::<{ spr::SRR0 }>(), mfspr::<{ spr::SRR1 }>());
            mtspr::<{ spr::SPRG0 }>(first);
            mtspr::<{ spr::SPRG1 }>(second);
            mtspr::<{ spr::SPRG2 }>(first ^ second);
            mtspr::<{ ADDRESS }>(second);
            mtspr::<{ REASON }>(first & 0x0a80_0000);
            mtspr::<{ spr::SRR0 }>(first & !3);
            mtspr::<{ spr::SRR1 }>(second & 0xffff);
            let thread = mfspr::<{ spr::SPRG3 }>();
            let read = mfspr::<{ spr::SPRG0 }>()
                ^ mfspr::<{ spr::SPRG1 }>().rotate_left(1)
                ^ mfspr::<{ spr::SPRG2 }>().rotate_left(2)
                ^ mfspr::<{ ADDRESS }>().rotate_left(3)
                ^ mfspr::<{ REASON }>().rotate_left(4)
                ^ mfspr::<{ spr::SRR0 }>().rotate_left(5)
                ^ mfspr::<{ spr::SRR1 }>().rotate_left(6);
            mtspr::<{ spr::SRR0 }>(nip);
            mtspr::<{ spr::SRR1 }>(msr);
            mtspr::<{ spr::SPRG3 }>(thread);
            inlined::restore(enabled);
            sum = sum.rotate_left(7) ^ read;
            (first, second) = (second.wrapping_mul(0x0100_0193), first.wrapping_add(0x9e37_79b9));
        }
        sum
    }
}

/// What [`enter_and_leave`] has to answer.
fn expected(count: u32, seed: u32) -> u32 {
    let mut sum = 0u32;
    let (mut first, mut second) = (seed, !seed);
    for _ in 0..count {
        let read = first
            ^ second.rotate_left(1)
            ^ (first ^ second).rotate_left(2)
            ^ second.rotate_left(3)
            ^ (first & 0x0a80_0000).rotate_left(4)
            ^ (first & !3).rotate_left(5)
            ^ (second & 0xffff).rotate_left(6);
        sum = sum.rotate_left(7) ^ read;
        (first, second) = (second.wrapping_mul(0x0100_0193), first.wrapping_add(0x9e37_79b9));
    }
    sum
}

/// Enters and leaves a few times; answers whether every register held what was put into it.
pub fn few(seed: u32) -> bool {
    enter_and_leave(4, seed) == expected(4, seed)
}

/// Enters and leaves `count` times.
pub fn run(setting: &Setting) -> bool {
    let seed = Random::new(setting.seed).next();
    let right = expected(setting.count, seed);
    let thread = thread::register();
    irq::enable();
    control::begin();
    let mut sum = 0;
    let ticks = timed(|| sum = enter_and_leave(setting.count, seed));
    irq::disable();
    report!("context_ticks", ticks);
    report!("sum", format_args!("{sum:#010x}"));
    report!("thread_kept", thread == thread::register());
    sum == right && thread == thread::register()
}
