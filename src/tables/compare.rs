//! Comparisons as text: a column a run.

use std::io::{self, Write};

use ppcpv::compare::measure::Column;
use ppcpv::compare::rows::{self, Section};
use ppcpv::compare::sites::{Sites, Verdict};

use super::{plain, print};
use crate::ui::HEADING;

/// The runs side by side.
///
/// # Errors
///
/// When `out` cannot be written; so of [`sites`].
pub fn runs(out: &mut impl Write, image: &str, runs: &[Column]) -> io::Result<()> {
    writeln!(out, "{HEADING}{image}{HEADING:#}")?;
    for run in runs {
        writeln!(out, "  {:<10} {}", run.name, run.about)?;
    }
    for Section { title, rows } in rows::sections(runs) {
        writeln!(out)?;
        let names = runs.iter().map(|run| run.name.clone());
        let mut table = plain([title.to_uppercase()].into_iter().chain(names));
        for row in rows {
            table.add_row([row.name].into_iter().chain(row.cells));
        }
        print(out, &table)?;
    }
    Ok(())
}

/// Linux's patching and ours, site by site: the sums, and every difference if asked for.
pub fn sites(out: &mut impl Write, compared: &[(&str, &Sites)], verbose: bool) -> io::Result<()> {
    for (run, sites) in compared {
        writeln!(out, "\n{HEADING}Linux's patching in {run}, and ours{HEADING:#}")?;
        for verdict in Verdict::ALL {
            let count = sites.by_verdict[verdict.name()];
            if count > 0 {
                writeln!(out, "{count:>6}  {}: {}", verdict.name(), verdict.sentence())?;
            }
        }
        writeln!(
            out,
            "{:>6}  words of other instructions that Linux's own tables have changed",
            sites.other_changes
        )?;
        for address in &sites.unexplained_changes {
            writeln!(out, "        {address}: changed, and in no table")?;
        }
        let shown = sites
            .differences
            .iter()
            .filter(|one| verbose || one.verdict == Verdict::Unexplained);
        for one in shown {
            let (symbol, reason) = (one.symbol.as_deref().unwrap_or("-"), one.reason.unwrap_or(""));
            writeln!(
                out,
                "        {} {symbol}: {}  {} {reason}",
                one.address,
                one.instruction,
                one.verdict.name()
            )?;
        }
    }
    Ok(())
}
