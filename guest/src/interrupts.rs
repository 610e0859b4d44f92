//! The plain interrupt controller: 32 lines.

use core::cell::Cell;

use crate::kernel::Single;
use crate::mmio::Registers;

const STATUS: usize = 0x00;
const ENABLE: usize = 0x04;
const RAISE: usize = 0x08;
const ACKNOWLEDGE: usize = 0x0c;

/// A handler of a line.
pub type Handler = fn();

struct Controller {
    registers: Cell<Option<Registers>>,
    handlers: [Cell<Option<Handler>>; 32],
    handled: Cell<u32>,
    spurious: Cell<u32>,
    /// Called for each external interrupt, whatever it is for.
    listener: Cell<Option<Handler>>,
}

static CONTROLLER: Single<Controller> = Single::new(Controller {
    registers: Cell::new(None),
    handlers: [const { Cell::new(None) }; 32],
    handled: Cell::new(0),
    spurious: Cell::new(0),
    listener: Cell::new(None),
});

/// Says where the controller is.
pub fn set(registers: Option<Registers>) {
    CONTROLLER.registers.set(registers);
    if let Some(registers) = registers {
        registers.write(ENABLE, 0);
        registers.write(ACKNOWLEDGE, u32::MAX);
    }
}

/// Lets a line in.
pub fn listen(line: usize, handler: Handler) {
    CONTROLLER.handlers[line].set(Some(handler));
    if let Some(registers) = CONTROLLER.registers.get() {
        registers.write(ENABLE, registers.read(ENABLE) | 1 << line);
    }
}

/// Calls `handler` for each external interrupt, spurious ones included.
pub fn listen_to_all(handler: Option<Handler>) {
    CONTROLLER.listener.set(handler);
}

/// Raises a line.
pub fn raise(line: usize) {
    if let Some(registers) = CONTROLLER.registers.get() {
        registers.write(RAISE, 1 << line);
    }
}

/// Deals with an external interrupt: every pending line is acknowledged, then handled. One that no line accounts for is
/// spurious.
pub fn external() {
    if let Some(listener) = CONTROLLER.listener.get() {
        listener();
    }
    let pending = CONTROLLER
        .registers
        .get()
        .map_or(0, |registers| registers.read(STATUS) & registers.read(ENABLE));
    if pending == 0 {
        CONTROLLER.spurious.update(|count| count + 1);
    }
    for (line, handler) in CONTROLLER.handlers.iter().enumerate() {
        if pending & 1 << line == 0 {
            continue;
        }
        if let Some(registers) = CONTROLLER.registers.get() {
            registers.write(ACKNOWLEDGE, 1 << line);
        }
        CONTROLLER.handled.update(|count| count + 1);
        if let Some(handler) = handler.get() {
            handler();
        }
    }
}

/// Lines that were handled.
pub fn handled() -> u32 {
    CONTROLLER.handled.get()
}

/// External interrupts for which no line was pending.
pub fn spurious() -> u32 {
    CONTROLLER.spurious.get()
}
