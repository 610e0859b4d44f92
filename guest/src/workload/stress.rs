//! Everything at once: threads that check their registers, user processes, the timer, lines that are raised and whose
//! handlers let others in, code that is patched and run, registers of exception entry and exit, sleep.
//!
//! `slice=N` is the timer's period in ticks.

use alloc::vec::Vec;
use core::cell::Cell;

use super::shadow::Shadow;
use super::{Setting, context, selfmod};
use crate::console::report;
use crate::kernel::Single;
use crate::privileged::time;
use crate::random::Random;
use crate::thread::Handle;
use crate::user::{End, Process, program};
use crate::{control, idle, interrupts, irq, thread, timer};

/// Threads that check registers.
const CHECKERS: usize = 2;
/// Turns of a checker before it is given other values.
const TURNS: u32 = 16;
/// User processes.
const PROCESSES: u32 = 2;
/// The first of the lines that are raised here.
const FIRST_LINE: usize = 8;
/// How often the kernel sleeps at the end.
const SLEEPS: u32 = 8;

struct Shared {
    count: Cell<u32>,
    seed: Cell<u32>,
    checked: [Cell<u32>; CHECKERS],
    wrong: Cell<u32>,
    outer: Cell<u32>,
    inner: Cell<u32>,
    slept: Cell<u32>,
}

static SHARED: Single<Shared> = Single::new(Shared {
    count: Cell::new(0),
    seed: Cell::new(0),
    checked: [const { Cell::new(0) }; CHECKERS],
    wrong: Cell::new(0),
    outer: Cell::new(0),
    inner: Cell::new(0),
    slept: Cell::new(0),
});

/// A thread that checks its registers, `count` times.
extern "C" fn check(index: u32) {
    let mut random = Random::new(SHARED.seed.get() + index);
    for _ in 0..SHARED.count.get() {
        let wrong = Shadow::new(&mut random, TURNS).run();
        let enabled = irq::save();
        SHARED.wrong.update(|sum| sum + wrong);
        irq::restore(enabled);
        SHARED.checked[index as usize].update(|count| count + TURNS);
    }
}

/// The handler of the first line raises the second and lets it in.
fn outer() {
    SHARED.outer.update(|count| count + 1);
    interrupts::raise(FIRST_LINE + 1);
    irq::enable();
    irq::disable();
}

fn inner() {
    SHARED.inner.update(|count| count + 1);
}

fn awake() {
    SHARED.slept.update(|count| count + 1);
}

/// Sleeps until the timer has come.
fn sleep(ticks: u32) {
    let before = SHARED.slept.get();
    timer::once(ticks, Some(awake));
    while SHARED.slept.get() == before {
        idle::wait();
    }
}

/// Runs everything to its end, then sums up.
pub fn run(setting: &Setting) -> bool {
    SHARED.count.set(setting.count);
    SHARED.seed.set(setting.seed);
    interrupts::listen(FIRST_LINE, outer);
    interrupts::listen(FIRST_LINE + 1, inner);
    let processes: Vec<&'static Process> = (0..PROCESSES)
        .map(|index| {
            Process::new(
                index + 1,
                program::calls,
                [10 * setting.count, setting.seed + index, 0],
            )
        })
        .collect();
    control::begin();
    let started = time();
    thread::slice(setting.command_line.number("slice", 4000));
    let checkers: [Handle; CHECKERS] =
        core::array::from_fn(|index| thread::start(check, u32::try_from(index).unwrap_or(0), None));
    let running: Vec<Handle> = processes.iter().map(|process| process.start()).collect();
    let mut random = Random::new(setting.seed ^ 0x5a5a);
    let (mut patched_wrong, mut moved_wrong) = (0, 0);
    irq::enable();
    for turn in 0..setting.count {
        interrupts::raise(FIRST_LINE);
        let before = irq::save();
        if turn % 8 == 7 {
            interrupts::raise(FIRST_LINE);
        }
        irq::restore(before);
        let (answer, expected) = selfmod::turn(&mut random, turn % 10 == 9);
        patched_wrong += u32::from(answer != expected);
        moved_wrong += u32::from(!context::few(random.next()));
        thread::give_way();
    }
    checkers.into_iter().for_each(thread::join);
    let ends: Vec<End> = processes
        .iter()
        .zip(running)
        .map(|(process, handle)| process.join(handle))
        .collect();
    irq::disable();
    timer::stop();
    (0..SLEEPS).for_each(|_| sleep(1000));
    timer::stop();
    report!("patched_wrong", patched_wrong);
    report!("moved_wrong", moved_wrong);
    tell(setting, &processes, &ends, time().wrapping_sub(started)) && patched_wrong == 0 && moved_wrong == 0
}

fn tell(setting: &Setting, processes: &[&Process], ends: &[End], ticks: u32) -> bool {
    let checked: u32 = SHARED.checked.iter().map(Cell::get).sum();
    let calls: u32 = processes.iter().map(|process| process.calls()).sum();
    let right = ends.iter().all(|end| *end == End::Exit(0));
    let raised = setting.count + setting.count / 8;
    report!("checked", checked);
    report!("wrong_registers", SHARED.wrong.get());
    report!("outer_interrupts", SHARED.outer.get());
    report!("inner_interrupts", SHARED.inner.get());
    report!("system_calls", calls);
    report!("programs_right", right);
    report!("sleeps", SHARED.slept.get());
    report!("switched", thread::switches() > 0);
    report!("switches_ticks", thread::switches());
    report!("timer_interrupts_ticks", timer::interrupts());
    report!("stress_ticks", ticks);
    SHARED.wrong.get() == 0
        && checked == setting.count * TURNS * CHECKERS as u32
        && SHARED.outer.get() == raised
        && SHARED.inner.get() == raised
        && right
        && SHARED.slept.get() >= SLEEPS
}
