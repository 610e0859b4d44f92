//! Printing on standard output, a line at a time.

use core::fmt;

use crate::sys::{Call, call};

/// Standard output.
pub struct Out {
    line: [u8; 256],
    used: usize,
}

impl Out {
    /// Nothing is waiting to be printed.
    pub const fn new() -> Self {
        Self {
            line: [0; 256],
            used: 0,
        }
    }

    /// Prints what waits.
    pub fn flush(&mut self) {
        let mut from = 0;
        while from < self.used {
            let at = self.line[from..].as_ptr() as usize;
            // SAFETY: the bytes are in the line.
            match unsafe { call(Call::Write, [1, at, self.used - from, 0, 0, 0]) } {
                Ok(count @ 1..) => from += count,
                // Nobody can be told.
                _ => break,
            }
        }
        self.used = 0;
    }
}

impl fmt::Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.used == self.line.len() {
                self.flush();
            }
            self.line[self.used] = byte;
            self.used += 1;
        }
        Ok(())
    }
}

/// Prints like `format!`.
macro_rules! print {
    ($($argument:tt)*) => {{
        use core::fmt::Write as _;
        let mut out = $crate::print::Out::new();
        // Writing to the line cannot fail.
        let _ = write!(out, $($argument)*);
        out.flush();
    }};
}
pub(crate) use print;
