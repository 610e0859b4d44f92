//! The console, for `write!`.

use core::fmt::{self, Write};

use crate::arch::console;

/// The machine's serial line.
#[derive(Clone, Copy, Debug)]
pub struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(console::put);
        Ok(())
    }
}

/// Prints a line.
#[macro_export]
macro_rules! line {
    ($($arguments:tt)*) => {{
        use core::fmt::Write as _;
        // The serial line takes everything.
        let _ = writeln!($crate::output::Console, $($arguments)*);
    }};
}
