//! What Linux counted.

use crate::Failure;
use crate::file::{File, Mode};

/// Interrupts, by `/proc/interrupts` (`arch/powerpc/kernel/irq.c`, `arch_show_interrupts`).
#[derive(Default)]
pub struct Counts {
    /// External interrupts for which the interrupt controller named no reason: `SPU`.
    pub spurious: u32,
    /// Decrementer interrupts, for the timers and for nothing: both lines `LOC`.
    pub decrementers: u32,
}

/// Reads `/proc/interrupts`.
pub fn read() -> Result<Counts, Failure> {
    let mut bytes = [0; 4096];
    let used = File::open(c"/proc/interrupts", Mode::Read)?.read_all(&mut bytes)?;
    let text = core::str::from_utf8(&bytes[..used]).unwrap_or("");
    let mut counts = Counts::default();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let sum = match words.next() {
            Some("SPU:") => &mut counts.spurious,
            Some("LOC:") => &mut counts.decrementers,
            _ => continue,
        };
        *sum += words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    }
    Ok(counts)
}

/// How long the system has been up.
pub struct Uptime {
    /// Seconds.
    pub seconds: u32,
    /// Hundredths of a second.
    pub hundredths: u32,
}

/// Reads `/proc/uptime`.
pub fn uptime() -> Result<Uptime, Failure> {
    let mut bytes = [0; 64];
    let used = File::open(c"/proc/uptime", Mode::Read)?.read_all(&mut bytes)?;
    let text = core::str::from_utf8(&bytes[..used]).unwrap_or("");
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    let mut parts = text.split(['.', ' ']);
    match (number(parts.next()), number(parts.next())) {
        (Some(seconds), Some(hundredths)) => Ok(Uptime { seconds, hundredths }),
        _ => Err(Failure::Wrong(
            "the length of /proc/uptime",
            u32::try_from(used).unwrap_or(u32::MAX),
            0,
        )),
    }
}
