//! The rows as one page with everything in it: no request leaves it, and it follows the reader's light or dark.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::case::Origin;
use super::report::Row;
use super::tickless::Tickless;
use super::trace::Traces;
use crate::page::{self, GRID, escaped};

const STYLE: &str = include_str!("page.css");
const PROGRAM: &str = include_str!("page.js");

const HEAD: [&str; 8] = [
    "policy",
    "shape",
    "template",
    "boundaries",
    "missed",
    "late",
    "clobbered",
    "exits added",
];

/// The page. `traces` has an entry for each cell of the rows.
pub fn page(rows: &[Row], asleep: &[Tickless], traces: &Traces, seed: u64, injections: u64) -> String {
    let mut page = String::new();
    let _ = write!(
        page,
        "<h1>Race laboratory</h1><p>{injections} interrupts, one at a time, at every instruction boundary of every \
         template; seed {seed}. A cell is a boundary; it opens the trace of an injection there.</p><p class=\"key\">"
    );
    for (class, meaning) in [
        ("clean", "clean"),
        ("missed", "missed"),
        ("late", "late"),
        ("clobbered", "clobbered"),
        ("duplicated", "taken twice"),
    ] {
        let _ = write!(page, "<i class=\"{class}\"></i>{meaning}");
    }
    page += "</p>";
    sleepers(&mut page, asleep);
    form(&mut page, rows);
    page += "<table><thead><tr>";
    for name in HEAD {
        let _ = write!(page, "<th scope=\"col\">{name}</th>");
    }
    page += "</tr></thead><tbody id=\"rows\">";
    let mut first = 0;
    for row in rows {
        line(&mut page, row, first);
        first += row.cells.len();
    }
    page += "</tbody></table><dialog><h2 tabindex=\"-1\"></h2><p></p><code></code><div class=\"trace\" tabindex=\"0\"><table><thead><tr><th>address</th><th>instruction</th>\
             <th>EE</th><th>section</th><th>int_pending</th><th>hold</th><th>changed in the page</th></tr></thead><tbody></tbody></table></div>\
             <form method=\"dialog\"><button>Close</button></form></dialog>";
    let json = serde_json::to_string(traces)
        .unwrap_or_default()
        .replace('<', "\\u003c");
    let _ = write!(
        page,
        "<script type=\"application/json\" id=\"data\">{json}</script><script>{GRID}{PROGRAM}</script>"
    );
    page::page("Race laboratory", STYLE, &page)
}

fn form(page: &mut String, rows: &[Row]) {
    let policies: BTreeSet<&str> = rows.iter().map(|row| row.policy).collect();
    *page += "<form><label>Policy <select name=\"policy\"><option value=\"\">all</option>";
    for policy in policies {
        let _ = write!(page, "<option>{policy}</option>");
    }
    *page +=
        "</select></label><label><input type=\"checkbox\" name=\"findings\"> findings only</label></form>";
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

/// A row; its cells are numbered from `first` on.
fn line(page: &mut String, row: &Row, first: usize) {
    let shape = match row.shape {
        Origin::Linux => "Linux",
        Origin::Ours => "ours",
    };
    let (policy, template) = (row.policy, escaped(&row.template));
    let _ = write!(
        page,
        "<tr data-policy=\"{policy}\" data-clean=\"{}\"><td>{policy}</td><td>{shape}</td><td>{template}</td><td><div class=\"strip\">",
        row.is_clean()
    );
    for (number, cell) in (first..).zip(&row.cells) {
        let (class, address) = (cell.name(), cell.address);
        let _ = write!(
            page,
            "<button class=\"{class}\" tabindex=\"-1\" data-cell=\"{number}\" title=\"{address:#x} {class}\"></button>"
        );
    }
    *page += "</div></td>";
    for count in [row.missed as u64, row.late_max, row.clobbered as u64] {
        let _ = write!(page, "<td class=\"number\">{count}</td>");
    }
    let (mean, most) = (row.extra_exits_mean, row.extra_exits_max);
    let _ = write!(page, "<td class=\"number\">{mean:.1} / {most}</td></tr>");
}
