//! A process sleeps as long as it asked for, and not much longer.

use crate::Failure;
use crate::time;

const SLEEPS: u32 = 10;
const LENGTH: u64 = 3_000_000;
/// A sleep that takes longer than this was not woken by its timer.
const TOO_LONG: u64 = 500_000_000;

/// Sleeps a few times.
pub fn run(_round: u32) -> Result<u32, Failure> {
    let start = time::now()?;
    for _ in 0..SLEEPS {
        let before = time::now()?;
        time::sleep(LENGTH)?;
        let slept = time::now()? - before;
        if !(LENGTH..TOO_LONG).contains(&slept) {
            return Err(Failure::Wrong(
                "the length of a sleep in microseconds",
                microseconds(slept),
                microseconds(LENGTH),
            ));
        }
    }
    Ok(microseconds(time::now()? - start))
}

fn microseconds(nanoseconds: u64) -> u32 {
    u32::try_from(nanoseconds / 1000).unwrap_or(u32::MAX)
}
