//! Two processes hand a number to and fro: each turn switches twice between them.

use crate::Failure;
use crate::file::File;
use crate::process::Child;
use crate::sys::{Call, call};

const TURNS: u32 = 200;

fn pipe() -> Result<(File, File), Failure> {
    let mut ends = [0_u32; 2];
    // SAFETY: the kernel writes two numbers.
    unsafe { call(Call::Pipe, [ends.as_mut_ptr() as usize, 0, 0, 0, 0, 0]) }
        .map_err(|error| Failure::Call("pipe", error))?;
    Ok((File::of(ends[0] as usize), File::of(ends[1] as usize)))
}

fn receive(from: &File) -> Result<u32, Failure> {
    let mut bytes = [0; 4];
    from.read_all(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

/// Sends a number; the child adds one and sends it back.
pub fn run(_round: u32) -> Result<u32, Failure> {
    let (there, back) = (pipe()?, pipe()?);
    let echo = || -> Result<(), Failure> {
        for _ in 0..TURNS {
            back.1.write(&(receive(&there.0)? + 1).to_be_bytes())?;
        }
        Ok(())
    };
    let child = Child::start(|| u8::from(echo().is_err()))?;
    let mut number = 0_u32;
    for turn in 1..=TURNS {
        there.1.write(&number.to_be_bytes())?;
        number = receive(&back.0)?;
        if number != turn {
            return Err(Failure::Wrong("the number that came back", number, turn));
        }
    }
    match child.wait()? {
        0 => Ok(2 * TURNS),
        status => Err(Failure::Wrong("the child's status", status.into(), 0)),
    }
}
