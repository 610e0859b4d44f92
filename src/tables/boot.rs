//! Guests on bare metal as text.

use std::io::{self, Write};

use vm::record::Ended;

use super::run::{ended as how, injections};
use super::{plain, print};
use crate::ui::HEADING;

/// What the guest exited for, and how it ended.
///
/// # Errors
///
/// When `out` cannot be written.
pub fn summary(out: &mut impl Write, ended: &Ended, policy: &str, seconds: f64) -> io::Result<()> {
    let mut table = plain(["EXITS", "COUNT"].into_iter());
    let mut rows = ended.exits.clone();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let exits: u64 = rows.iter().map(|(_, count)| count).sum();
    for (reason, count) in rows {
        table.add_row([reason.name().to_owned(), count.to_string()]);
    }
    print(out, &table)?;
    let (what, why) = how(ended.end);
    writeln!(
        out,
        "{HEADING}guest {what}{HEADING:#} at {:#x}{why}",
        ended.address
    )?;
    let taken: Vec<String> = ended
        .taken
        .iter()
        .map(|(interrupt, count)| format!("{count} {}", interrupt.name()))
        .collect();
    let taken = if taken.is_empty() {
        "none".to_owned()
    } else {
        taken.join(", ")
    };
    writeln!(
        out,
        "  {} instructions in {} ticks of the guest's time base, {exits} exits, interrupts taken: {taken}; policy {policy}; \
         {seconds:.2} s",
        ended.instructions, ended.timebase
    )?;
    match &ended.injected {
        Some(injected) => writeln!(out, "  {}", injections(injected)),
        None => Ok(()),
    }
}
