//! Clocks never go back, and agree.

use crate::Failure;
use crate::time;

const READINGS: u32 = 500;

/// Reads the kernel's clock and the processor's time base in turn.
pub fn run(_round: u32) -> Result<u32, Failure> {
    let low = |number: u64| u32::try_from(number & 0xffff_ffff).unwrap_or(0);
    let (mut clock, mut ticks) = (time::now()?, time::ticks());
    for _ in 0..READINGS {
        let now = time::now()?;
        if now < clock {
            return Err(Failure::Wrong(
                "the clock, having gone back,",
                low(now),
                low(clock),
            ));
        }
        let later = time::ticks();
        if later < ticks {
            return Err(Failure::Wrong(
                "the time base, having gone back,",
                low(later),
                low(ticks),
            ));
        }
        (clock, ticks) = (now, later);
    }
    Ok(READINGS)
}
