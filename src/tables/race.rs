//! The race laboratory's rows.

use std::io::{self, Write};

use comfy_table::CellAlignment;
use ppcpv::race::case::Origin;
use ppcpv::race::report::Row;

use super::{plain, print};

const HEADER: [&str; 10] = [
    "POLICY",
    "SHAPE",
    "TEMPLATE",
    "BOUNDARIES",
    "MISSED",
    "LATE",
    "TWICE",
    "CLOBBERED",
    "EXITS",
    "REPLAY",
];

/// The rows, one line each. EXITS are those that a deferred interrupt added, on average and at most.
///
/// # Errors
///
/// When `out` cannot be written.
pub fn rows<'a>(out: &mut impl Write, rows: impl Iterator<Item = &'a Row>) -> io::Result<()> {
    let mut table = plain(HEADER.into_iter());
    for column in [1, 2, 9] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Left);
        }
    }
    for row in rows {
        let shape = match row.shape {
            Origin::Linux => "linux",
            Origin::Ours => "ours",
        };
        let exits = format!("{:.1} / {}", row.extra_exits_mean, row.extra_exits_max);
        let counts = [
            row.boundaries.to_string(),
            row.missed.to_string(),
            row.late_max.to_string(),
            row.duplicated.to_string(),
            row.clobbered.to_string(),
        ];
        let names = [row.policy.to_owned(), shape.to_owned(), row.template.clone()];
        table.add_row(
            names
                .into_iter()
                .chain(counts)
                .chain([exits, row.replay.clone().unwrap_or_default()]),
        );
    }
    print(out, &table)
}
