//! The plain console: every byte is printed by a store.

use core::cell::Cell;
use core::fmt;

use crate::kernel::Single;
use crate::mmio::Registers;

/// Takes a byte.
const DATA: usize = 0x00;

static CONSOLE: Single<Cell<Option<Registers>>> = Single::new(Cell::new(None));

/// Says where the console is.
pub fn set(registers: Option<Registers>) {
    CONSOLE.set(registers);
}

/// The console as a writer; without a console, what is written is lost.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if let Some(console) = CONSOLE.get() {
            for byte in text.bytes() {
                console.write(DATA, byte.into());
            }
        }
        Ok(())
    }
}

/// Prints formatted text.
macro_rules! print {
    ($($argument:tt)*) => {{
        use core::fmt::Write;
        // The console cannot fail.
        let _ = write!($crate::console::Console, $($argument)*);
    }};
}

/// Prints a `key=value` line.
macro_rules! report {
    ($key:expr, $value:expr) => {
        $crate::console::print!("{}={}\n", $key, $value)
    };
}

pub(crate) use {print, report};
