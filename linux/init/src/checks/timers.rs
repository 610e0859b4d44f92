//! Timers expire as often as they should while the system is loaded.

use crate::Failure;
use crate::process::{Child, give_way};
use crate::time::Timer;

const PERIOD: u64 = 500_000;
const EXPIRATIONS: u64 = 60;

/// Two processes have a timer each; a third keeps the processor busy, and gives way now and then.
pub fn run(_round: u32) -> Result<u32, Failure> {
    let busy = Child::start(|| {
        (0..200).for_each(|_| {
            (0..500).for_each(|at| drop(core::hint::black_box(at)));
            give_way();
        });
        0
    })?;
    let other = Child::start(|| u8::from(expire(PERIOD / 2).is_err()))?;
    let count = expire(PERIOD)?;
    for (child, what) in [
        (busy, "the busy child's status"),
        (other, "the other timer's status"),
    ] {
        let status = child.wait()?;
        if status != 0 {
            return Err(Failure::Wrong(what, status.into(), 0));
        }
    }
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

fn expire(period: u64) -> Result<u64, Failure> {
    let timer = Timer::every(period)?;
    let mut count = 0;
    while count < EXPIRATIONS {
        match timer.wait()? {
            0 => return Err(Failure::Wrong("the count of a timer that has expired", 0, 1)),
            more => count += more,
        }
    }
    Ok(count)
}
