//! Processes keep all their registers, however often they are interrupted and switched.

use crate::Failure;
use crate::canary;
use crate::process::{Child, give_way};

const TIMES: u32 = 100;
const TURNS: u32 = 2000;

/// Two processes fill all their registers and look at them after a while, again and again.
pub fn run(round: u32) -> Result<u32, Failure> {
    let other = Child::start(|| u8::from(keep(0x5555_0000 ^ round).is_err()))?;
    keep(0x2222_0000 ^ round)?;
    match other.wait()? {
        0 => Ok(2 * TIMES),
        status => Err(Failure::Wrong("the other process's status", status.into(), 0)),
    }
}

fn keep(seed: u32) -> Result<(), Failure> {
    for time in 0..TIMES {
        canary::keep(seed.wrapping_add(time << 8), TURNS)?;
        give_way();
    }
    Ok(())
}
