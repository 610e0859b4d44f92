//! Answers lines that are typed on the console: shows that input arrives.

use crate::Failure;
use crate::file::File;
use crate::print::print;

/// Answers each line until an empty one, or the end of input.
pub fn run() -> Result<(), Failure> {
    let input = core::mem::ManuallyDrop::new(File::of(0));
    print!("init: type a line\n");
    loop {
        let mut line = [0; 128];
        let count = input.read(&mut line)?;
        let text = core::str::from_utf8(&line[..count])
            .unwrap_or("?")
            .trim_ascii_end();
        if text.is_empty() {
            return Ok(());
        }
        print!("init: you typed \"{text}\"\n");
    }
}
