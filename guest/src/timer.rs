//! The decrementer.
//!
//! On 32-bit Book3S it interrupts when it passes from 0 to -1 (MPC750 User's Manual 4.5.9); on e500 it stops at 0 and
//! leaves a status bit (e500 Core Family Reference Manual 2.6). It is set far away at boot: a workload that wants it
//! arms it.

use core::cell::Cell;

use crate::kernel::{Single, kernel};
use crate::privileged::{mtspr, spr, time};

/// The furthest count.
pub const FAR: u32 = 0x7fff_ffff;

/// TCR\[DIE\]: the decrementer interrupts.
#[cfg(e500)]
const INTERRUPTS: u32 = 0x0400_0000;
/// TSR\[DIS\]: the decrementer has expired.
#[cfg(e500)]
const EXPIRED: u32 = 0x0800_0000;

struct Timer {
    period: Cell<u32>,
    count: Cell<u32>,
    handler: Cell<Option<fn()>>,
}

static TIMER: Single<Timer> = Single::new(Timer {
    period: Cell::new(FAR),
    count: Cell::new(0),
    handler: Cell::new(None),
});

kernel! {
    /// Sets the decrementer: so many ticks from now it interrupts.
    pub fn set(ticks: u32) {
        mtspr::<{ spr::DEC }>(ticks);
    }

    /// Sets the decrementer far away, with no use of anything that has to be set up.
    pub fn quiet() {
        mtspr::<{ spr::DEC }>(FAR);
    }

    /// Lets the decrementer interrupt.
    pub fn start() {
        #[cfg(e500)]
        mtspr::<{ spr::TCR }>(INTERRUPTS);
    }

    /// Takes back an interrupt that the decrementer has asked for already.
    fn acknowledge() {
        #[cfg(e500)]
        mtspr::<{ spr::TSR }>(EXPIRED);
    }
}

/// Interrupts every so many ticks, from now on; `handler` is called each time.
pub fn every(ticks: u32, handler: Option<fn()>) {
    TIMER.period.set(ticks);
    TIMER.handler.set(handler);
    set(ticks);
}

/// Interrupts once, so many ticks from now.
pub fn once(ticks: u32, handler: Option<fn()>) {
    TIMER.period.set(FAR);
    TIMER.handler.set(handler);
    set(ticks);
}

/// Interrupts no more.
pub fn stop() {
    every(FAR, None);
}

/// How many times as long as its handler the time between two interrupts is at least: where every privileged
/// instruction traps, the way to the handler and back takes longer than the handler.
const SPARE: u32 = 16;

/// Deals with the decrementer's interrupt.
pub fn interrupt() {
    let began = time();
    acknowledge();
    TIMER.count.update(|count| count + 1);
    if let Some(handler) = TIMER.handler.get() {
        handler();
    }
    let least = time().wrapping_sub(began).saturating_mul(SPARE).min(FAR);
    set(TIMER.period.get().max(least));
}

/// The decrementer's interrupts so far.
pub fn interrupts() -> u32 {
    TIMER.count.get()
}
