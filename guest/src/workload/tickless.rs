//! One interrupt, and nothing else that could wake the kernel: it lets interrupts in by an instruction that may have
//! become a trampoline, then waits in a loop that makes no exit. If the interrupt is missed it waits for ever.
//!
//! `source=decrementer` arms the decrementer shortly before, so that it comes before, in or behind the instruction;
//! `ticks=N` says within how many ticks, `from=N` how many there are at least. `source=external` waits for interrupts that somebody else raises.

use core::sync::atomic::{AtomicU32, Ordering};

use super::Setting;
use crate::console::{print, report};
use crate::irq::inlined;
use crate::kernel::kernel;
use crate::random::Random;
use crate::{control, interrupts, irq, timer};

/// Interrupts that have come.
static WOKEN: AtomicU32 = AtomicU32::new(0);

kernel! {
    /// Lets interrupts in and waits for the next one.
    fn enable_and_wait(delay: u32, seen: u32) {
        pass(delay);
        inlined::enable();
        wait(seen);
        inlined::disable();
    }

    /// The same with a value of the MSR that was saved when interrupts were on.
    fn restore_and_wait(delay: u32, seen: u32, on: u32) {
        pass(delay);
        inlined::restore(on);
        wait(seen);
        inlined::disable();
    }

    /// The same, after interrupts were turned off twice.
    fn nest_and_wait(delay: u32, seen: u32, on: u32) {
        let inner = inlined::save();
        pass(delay);
        inlined::restore(inner);
        inlined::restore(on);
        wait(seen);
        inlined::disable();
    }
}

#[inline(always)]
fn pass(turns: u32) {
    for _ in 0..turns {
        core::hint::black_box(turns);
    }
}

#[inline(always)]
fn wait(seen: u32) {
    while WOKEN.load(Ordering::Relaxed) == seen {
        core::hint::spin_loop();
    }
}

fn woken() {
    WOKEN.store(WOKEN.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// Waits `count` times.
pub fn run(setting: &Setting) -> bool {
    let source = setting.command_line.value("source").unwrap_or("decrementer");
    let own = match source {
        "decrementer" => true,
        "external" => false,
        other => {
            print!("source={other} is none of decrementer and external\n");
            return false;
        }
    };
    let least = setting.command_line.number("from", 1);
    let most = setting.command_line.number("ticks", 24).max(1);
    let mut random = Random::new(setting.seed);
    interrupts::listen_to_all(Some(woken));
    irq::enable();
    let on = irq::save();
    control::begin();
    for turn in 0..setting.count {
        let (delay, ticks) = (random.below(32), least + random.below(most));
        let seen = WOKEN.load(Ordering::Relaxed);
        if own {
            timer::once(ticks, Some(woken));
        }
        match turn % 3 {
            0 => enable_and_wait(delay, seen),
            1 => restore_and_wait(delay, seen, on),
            _ => nest_and_wait(delay, seen, on),
        }
    }
    timer::stop();
    interrupts::listen_to_all(None);
    report!("source", source);
    report!("woken", setting.count);
    true
}
