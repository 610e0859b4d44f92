//! The rows of the table: what is said of every run, once for text and for pages.

use std::collections::BTreeSet;

use super::measure::Column;

/// Rows that belong together.
pub struct Section {
    /// What they are about.
    pub title: &'static str,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row: a cell a run.
pub struct Row {
    /// What it says.
    pub name: String,
    /// The cells, in the order of the runs.
    pub cells: Vec<String>,
}

/// What is said of a run in one row.
type Cell = fn(&Column) -> String;

const WHOLE: &[(&str, Cell)] = &[
    (
        "as expected",
        |run| if run.good { "yes".into() } else { "NO".into() },
    ),
    ("its own patching", |run| {
        run.said
            .as_deref()
            .map_or("-".into(), |said| last_word(said).into())
    }),
    ("sites patched", |run| run.sites_patched.to_string()),
    ("sites left", |run| run.sites_left.to_string()),
    ("instructions", |run| run.instructions.to_string()),
    ("guest's seconds", |run| format!("{:.3}", run.guest_seconds)),
    ("seconds here", |run| format!("{:.2}", run.seconds)),
];

const PRIVILEGED: &[(&str, Cell)] = &[
    ("executed", |run| run.privileged_executed.to_string()),
    ("trapped", |run| run.privileged_trapped.to_string()),
    ("writes of the MSR", |run| run.msr_writes_executed.to_string()),
    ("writes of the MSR trapped", |run| {
        run.msr_writes_trapped.to_string()
    }),
    ("instructions per write", |run| {
        run.instructions_per_msr_write
            .map_or("-".into(), |count| format!("{count:.2}"))
    }),
    ("in trampolines", |run| {
        run.counts.trampoline_instructions.to_string()
    }),
];

/// Everything that is said of runs.
pub fn sections(runs: &[Column]) -> Vec<Section> {
    let fixed = |rows: &[(&str, Cell)]| {
        let row = |(name, cell): &(&str, Cell)| Row {
            name: (*name).into(),
            cells: runs.iter().map(cell).collect(),
        };
        rows.iter().map(row).collect()
    };
    vec![
        Section {
            title: "run",
            rows: fixed(WHOLE),
        },
        Section {
            title: "privileged instructions",
            rows: fixed(PRIVILEGED),
        },
        Section {
            title: "exits",
            rows: exits(runs),
        },
        Section {
            title: "trapped",
            rows: counts(runs, |run| &run.trapped_by_instruction),
        },
    ]
}

/// By reason, the most frequent first, then all, and all as a share of the most.
fn exits(runs: &[Column]) -> Vec<Row> {
    let mut rows = counts(runs, |run| &run.exits_by_reason);
    let most = runs.iter().map(|run| run.exits).max().unwrap_or(0).max(1);
    rows.push(Row {
        name: "all".into(),
        cells: runs.iter().map(|run| run.exits.to_string()).collect(),
    });
    let baseline = runs
        .iter()
        .find(|run| run.name == "trapping")
        .map_or(most, |run| run.exits.max(1));
    rows.push(Row {
        name: "of trapping's".into(),
        cells: runs.iter().map(|run| percent(run.exits, baseline)).collect(),
    });
    rows
}

#[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
fn percent(some: u64, all: u64) -> String {
    format!("{:.1} %", 100.0 * some as f64 / all as f64)
}

/// A row for each name that some run has counted, the most frequent first.
fn counts(runs: &[Column], of: fn(&Column) -> &std::collections::BTreeMap<&'static str, u64>) -> Vec<Row> {
    let count = |run: &Column, name: &str| of(run).get(name).copied().unwrap_or(0);
    let sum = |name: &str| runs.iter().map(|run| count(run, name)).sum::<u64>();
    let names: BTreeSet<&str> = runs.iter().flat_map(|run| of(run).keys().copied()).collect();
    let mut names: Vec<&str> = names.into_iter().filter(|name| sum(name) > 0).collect();
    names.sort_by_key(|name| std::cmp::Reverse(sum(name)));
    let row = |name: &str| Row {
        name: name.into(),
        cells: runs.iter().map(|run| count(run, name).to_string()).collect(),
    };
    names.into_iter().map(row).collect()
}

fn last_word(text: &str) -> &str {
    text.rsplit(' ').next().unwrap_or(text)
}
