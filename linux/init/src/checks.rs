//! The checks, one file each, and their list.

mod files;
mod forks;
mod memory;
mod monotonic;
mod pipes;
mod registers;
mod sleeps;
mod timers;

use crate::Failure;

/// A check.
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What its figure counts.
    pub unit: &'static str,
    /// Does it, given the number of the round; answers a figure.
    pub run: fn(u32) -> Result<u32, Failure>,
}

/// Rows `module "what the figure counts"`.
macro_rules! checks {
    ($($module:ident $unit:literal;)*) => {
        /// Every check.
        pub const ALL: &[Check] = &[$(Check { name: stringify!($module), unit: $unit, run: $module::run }),*];
    };
}

checks! {
    memory "KiB written, read again and given back";
    forks "children";
    pipes "switches between two processes";
    files "bytes written and read again";
    sleeps "microseconds slept, of 30000";
    timers "expirations";
    registers "times that two processes kept their registers";
    monotonic "readings of two clocks";
}
