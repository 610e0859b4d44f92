//! The rows as one page with everything in it: no request leaves it, and it follows the reader's light or dark.

use std::fmt::Write;

use super::case::Origin;
use super::report::{Cell, Row};
use super::tickless::Tickless;
use crate::page::{self, escaped};

const STYLE: &str = "
:root { --clean: #2a9d5c; --missed: #d62f3c; --clobbered: #e08a00; --duplicated: #7a4fd0; }
.strip { display: flex; gap: 1px; flex-wrap: wrap; }
.strip i { width: .55rem; height: 1.1rem; background: var(--clean); border-radius: 1px; }
.strip .missed, .key .missed { background: var(--missed); }
.strip .clobbered, .key .clobbered { background: var(--clobbered); }
.strip .duplicated, .key .duplicated { background: var(--duplicated); }
.key i { display: inline-block; width: .8rem; height: .8rem; background: var(--clean); margin: 0 .3rem 0 1rem; }";

const HEAD: [&str; 9] = [
    "policy",
    "shape",
    "template",
    "boundaries",
    "missed",
    "late",
    "clobbered",
    "exits added",
    "replay",
];

/// The page.
pub fn page(rows: &[Row], asleep: &[Tickless], seed: u64, injections: u64) -> String {
    let mut page = String::new();
    let _ = write!(
        page,
        "<h1>Race laboratory</h1><p>{injections} interrupts, one at a time, at every instruction boundary of every \
         template; seed {seed}. A bar is a boundary.</p><p class=\"key\"><i></i>clean<i class=\"missed\"></i>missed\
         <i class=\"clobbered\"></i>clobbered<i class=\"duplicated\"></i>taken twice</p>"
    );
    sleepers(&mut page, asleep);
    page += "<table><thead><tr>";
    for name in HEAD {
        let _ = write!(page, "<th scope=\"col\">{name}</th>");
    }
    page += "</tr></thead><tbody>";
    for row in rows {
        line(&mut page, row);
    }
    page += "</tbody></table>";
    page::page("Race laboratory", STYLE, &page)
}

fn sleepers(page: &mut String, asleep: &[Tickless]) {
    *page += "<h2>A guest with no tick</h2><ul>";
    for Tickless {
        policy,
        boundaries,
        asleep,
        patience,
    } in asleep
    {
        let _ = match asleep {
            0 => write!(
                page,
                "<li><code>{policy}</code>: wakes from all {boundaries} boundaries</li>"
            ),
            _ => write!(
                page,
                "<li><code>{policy}</code>: <strong>never wakes</strong> from {asleep} of {boundaries} boundaries \
                 (asleep after {patience} instructions)</li>"
            ),
        };
    }
    *page += "</ul>";
}

fn line(page: &mut String, row: &Row) {
    let shape = match row.shape {
        Origin::Linux => "Linux",
        Origin::Ours => "ours",
    };
    let (policy, template) = (row.policy, escaped(&row.template));
    let _ = write!(
        page,
        "<tr><td>{policy}</td><td>{shape}</td><td>{template}</td><td><div class=\"strip\">"
    );
    for cell in &row.cells {
        let (class, address) = (class(cell), cell.address);
        let _ = write!(page, "<i class=\"{class}\" title=\"{address:#x} {class}\"></i>");
    }
    *page += "</div></td>";
    for count in [row.missed as u64, row.late_max, row.clobbered as u64] {
        let _ = write!(page, "<td class=\"number\">{count}</td>");
    }
    let (mean, most) = (row.extra_exits_mean, row.extra_exits_max);
    let replay = escaped(row.replay.as_deref().unwrap_or_default());
    let _ = write!(
        page,
        "<td class=\"number\">{mean:.1} / {most}</td><td><code>{replay}</code></td></tr>"
    );
}

const fn class(cell: &Cell) -> &'static str {
    match cell {
        Cell { missed: true, .. } => "missed",
        Cell { duplicated: true, .. } => "duplicated",
        Cell { clobbered: true, .. } => "clobbered",
        _ => "clean",
    }
}
