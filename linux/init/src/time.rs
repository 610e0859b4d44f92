//! Clocks and timers.

use crate::Failure;
use crate::file::File;
use crate::sys::{Call, call};

const MONOTONIC: usize = 1;
const SECOND: u64 = 1_000_000_000;

/// Seconds and nanoseconds, as 32-bit programs have them.
type Timespec = [u32; 2];

fn timespec(nanoseconds: u64) -> Timespec {
    let part = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    [part(nanoseconds / SECOND), part(nanoseconds % SECOND)]
}

/// Nanoseconds since the start of the system.
pub fn now() -> Result<u64, Failure> {
    let mut time: Timespec = [0; 2];
    // SAFETY: the kernel writes the time.
    let done = unsafe {
        call(
            Call::ClockGettime,
            [MONOTONIC, time.as_mut_ptr() as usize, 0, 0, 0, 0],
        )
    };
    done.map_err(|error| Failure::Call("clock_gettime", error))?;
    Ok(u64::from(time[0]) * SECOND + u64::from(time[1]))
}

/// The processor's time base.
pub fn ticks() -> u64 {
    loop {
        let (high, low, again): (u32, u32, u32);
        // SAFETY: reads two registers.
        unsafe {
            core::arch::asm!("mftbu {}", "mftb {}", "mftbu {}", out(reg) high, out(reg) low, out(reg) again);
        }
        if high == again {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Sleeps.
pub fn sleep(nanoseconds: u64) -> Result<(), Failure> {
    let time = timespec(nanoseconds);
    // SAFETY: the kernel reads the time.
    let done = unsafe { call(Call::Nanosleep, [time.as_ptr() as usize, 0, 0, 0, 0, 0]) };
    done.map(drop).map_err(|error| Failure::Call("nanosleep", error))
}

/// A timer that expires again and again.
pub struct Timer(File);

impl Timer {
    /// A timer with this period.
    pub fn every(nanoseconds: u64) -> Result<Self, Failure> {
        // SAFETY: the call takes numbers only.
        let number = unsafe { call(Call::TimerfdCreate, [MONOTONIC, 0, 0, 0, 0, 0]) };
        let file = File::of(number.map_err(|error| Failure::Call("timerfd_create", error))?);
        let period = timespec(nanoseconds);
        let setting = [period, period];
        // SAFETY: the kernel reads the setting.
        let done = unsafe {
            call(
                Call::TimerfdSettime,
                [file.number(), 0, setting.as_ptr() as usize, 0, 0, 0],
            )
        };
        done.map_err(|error| Failure::Call("timerfd_settime", error))?;
        Ok(Self(file))
    }

    /// Waits until it has expired, and answers how often it has since it was last asked.
    pub fn wait(&self) -> Result<u64, Failure> {
        let mut count = [0; 8];
        self.0.read(&mut count)?;
        Ok(u64::from_be_bytes(count))
    }
}
