//! Interrupts whose handlers let further interrupts in: trampolines run in handlers that interrupted trampolines.
//!
//! The handler of each line raises the next one and turns interrupts on and off again while it is pending, so that as
//! many frames as there are lines stand on the stack.

use core::cell::Cell;

use super::{Setting, timed};
use crate::console::report;
use crate::control;
use crate::kernel::Single;
use crate::{interrupts, irq};

/// Lines that are nested.
const LINES: usize = 8;

struct Nest {
    depth: Cell<u32>,
    deepest: Cell<u32>,
    handled: [Cell<u32>; LINES],
}

static NEST: Single<Nest> = Single::new(Nest {
    depth: Cell::new(0),
    deepest: Cell::new(0),
    handled: [const { Cell::new(0) }; LINES],
});

fn handle<const LINE: usize>() {
    NEST.handled[LINE].update(|count| count + 1);
    NEST.depth.update(|depth| depth + 1);
    NEST.deepest.set(NEST.deepest.get().max(NEST.depth.get()));
    if LINE + 1 < LINES {
        interrupts::raise(LINE + 1);
        irq::enable();
        irq::disable();
        let before = irq::save();
        irq::restore(before);
    }
    NEST.depth.update(|depth| depth - 1);
}

/// Starts `count` nests.
pub fn run(setting: &Setting) -> bool {
    let handlers: [interrupts::Handler; LINES] = [
        handle::<0>,
        handle::<1>,
        handle::<2>,
        handle::<3>,
        handle::<4>,
        handle::<5>,
        handle::<6>,
        handle::<7>,
    ];
    for (line, handler) in handlers.into_iter().enumerate() {
        interrupts::listen(line, handler);
    }
    control::begin();
    let ticks = timed(|| {
        for _ in 0..setting.count {
            interrupts::raise(0);
            irq::enable();
            irq::disable();
        }
    });
    report!("nested_ticks", ticks);
    report!("deepest", NEST.deepest.get());
    report!("handled", interrupts::handled());
    let all = NEST.handled.iter().all(|count| count.get() == setting.count);
    report!("each_line", all);
    all && NEST.depth.get() == 0 && NEST.deepest.get() == LINES as u32
}
