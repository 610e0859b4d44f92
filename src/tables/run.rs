//! Runs as text: what a guest exited for, and how it ended.

use std::io::{self, Write};

use comfy_table::CellAlignment;
use ppcpv::run::End;
use ppcpv::run::report::Report;
use vm::watch::Injected;

use super::{plain, plural, print};
use crate::guest::Rewritten;
use crate::ui::HEADING;

fn share(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Exits by reason, and by address if they were counted so.
///
/// # Errors
///
/// When `out` cannot be written; so of [`summary`].
pub fn stat(out: &mut impl Write, report: &Report, detailed: bool) -> io::Result<()> {
    let mut table = plain(["EXITS", "COUNT", "SHARE"].into_iter());
    let mut rows: Vec<_> = report.by_reason.iter().filter(|row| row.count > 0).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    for row in rows {
        table.add_row([row.reason.to_owned(), row.count.to_string(), share(row.share)]);
    }
    table.add_row(["all".to_owned(), report.exits.to_string(), String::new()]);
    print(out, &table)?;
    if !report.taken.is_empty() {
        writeln!(out)?;
        let mut table = plain(["INTERRUPTS", "TAKEN"].into_iter());
        for (kind, count) in &report.taken {
            table.add_row([(*kind).to_owned(), count.to_string()]);
        }
        print(out, &table)?;
    }
    if detailed { by_address(out, report) } else { Ok(()) }
}

fn by_address(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out)?;
    let mut table = plain(["EXITS", "COUNT", "ADDRESS", "SYMBOL", "INSTRUCTION"].into_iter());
    for column in [3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Left);
        }
    }
    for row in &report.by_address {
        table.add_row([
            row.reason.to_owned(),
            row.count.to_string(),
            format!("{:08x}", row.address),
            row.symbol.clone().unwrap_or_default(),
            row.instruction.clone().unwrap_or_default(),
        ]);
    }
    print(out, &table)
}

/// How the guest ended, in a few lines.
///
/// # Errors
///
/// See [`stat`].
pub fn summary(out: &mut impl Write, report: &Report, rewritten: Option<&Rewritten>) -> io::Result<()> {
    let at = match &report.symbol {
        Some(symbol) => format!("{:#x} <{symbol}>", report.address),
        None => format!("{:#x}", report.address),
    };
    let (what, why) = ended(report.end);
    writeln!(out, "{HEADING}guest {what}{HEADING:#} at {at}{why}")?;
    if let Some(Rewritten {
        candidates,
        rewritten,
        no_critical_section,
    }) = rewritten
    {
        writeln!(
            out,
            "  rewritten: {rewritten} of {candidates} sites, {no_critical_section} with no critical section"
        )?;
    }
    let interrupts: u64 = report.taken.values().sum();
    writeln!(
        out,
        "  {} instructions, {} exits, {interrupts} interrupts taken, policy {}; {:.2} s, {:.1} million instructions a second",
        report.instructions,
        report.exits,
        report.policy,
        report.seconds,
        report.instructions_per_second / 1e6
    )?;
    if let Some(injected) = &report.injected {
        writeln!(out, "  {}", injections(injected))?;
    }
    if report.unimplemented > 0 {
        let accesses = plural(
            usize::try_from(report.unimplemented).unwrap_or(usize::MAX),
            "access",
        );
        writeln!(
            out,
            "  {accesses} to device registers that the board does not have"
        )?;
    }
    Ok(())
}

/// What happened, and why if that is not clear.
pub fn ended(end: End) -> (String, &'static str) {
    let (what, why) = match end {
        End::Exit { code } => return (format!("exited with status {code}"), ""),
        End::PowerOff => ("switched the power off", ""),
        End::Reset => ("asked for a reset", ""),
        End::Halted => ("halted", ": it branches to itself with interrupts off"),
        End::Asleep => ("sleeps for ever", ": nothing is left that could wake it"),
        End::CheckStop => ("stopped for good", ": a machine check found MSR[ME] clear"),
        End::Stuck => ("is stuck", ": it makes exit after exit and executes nothing"),
        End::Lost => (
            "has lost an interrupt",
            ": one waits that it lets in, and nothing is due that makes it exit",
        ),
        End::Limit => ("stopped at --limit", ": it had not ended"),
        End::Killed => ("ended by the debugger", ""),
    };
    (what.into(), why)
}

/// What became of the interrupts that were raised.
pub fn injections(injected: &Injected) -> String {
    let Injected {
        raised,
        merged,
        taken,
        waiting,
        missed,
        late,
        late_max,
        latency_max,
    } = injected;
    format!(
        "injected: {raised} raised, {merged} merged with one that waited, {taken} taken, {waiting} waiting, {missed} missed, \
         {late} late; taken at most {late_max} instructions after it could have been, trampolines included, {latency_max} after it was \
         raised"
    )
}
