//! A file keeps what is written to it.

use crate::Failure;
use crate::file::{self, File, Mode};

const BLOCKS: u32 = 16;

/// Writes blocks of numbers, reads them again, and deletes the file.
pub fn run(round: u32) -> Result<u32, Failure> {
    let path = c"/check";
    let mut block = [0; 4096];
    let file = File::open(path, Mode::Create)?;
    let pattern = |number: u32| (number ^ round).to_be_bytes()[3];
    for number in 0..BLOCKS {
        block.fill(pattern(number));
        file.write(&block)?;
    }
    let file = File::open(path, Mode::Read)?;
    for number in 0..BLOCKS {
        file.read_all(&mut block)?;
        if let Some(byte) = block.iter().find(|byte| **byte != pattern(number)) {
            return Err(Failure::Wrong(
                "a byte of a file",
                (*byte).into(),
                pattern(number).into(),
            ));
        }
    }
    file::unlink(path)?;
    Ok(BLOCKS * 4096)
}
