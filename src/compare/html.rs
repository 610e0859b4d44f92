//! The table as a page: the runs side by side, exits as bars, and Linux's patching and ours site by site.

use std::fmt::Write;

use super::measure::Column;
use super::rows::{Section, sections};
use super::sites::{Sites, Verdict};
use crate::page::{self, escaped};

const STYLE: &str = "
.bar { display: flex; height: 1.2rem; width: 100%; }
.bar i { display: block; height: 100%; border-right: 1px solid Canvas; }
.key i { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 1rem; }
.bad { color: #d62f3c; font-weight: 600; }";

/// Colours of the reasons for exits, in the order of the reasons; they repeat.
const COLOURS: [&str; 8] = [
    "#3b7dd8", "#e08a00", "#2a9d5c", "#7a4fd0", "#d62f3c", "#00a5b5", "#b0652a", "#888888",
];

/// The page.
pub fn page(image: &str, policy: &str, runs: &[Column], sites: &[(&str, &Sites)]) -> String {
    let mut body = format!(
        "<h1>One kernel, run in several ways</h1><p><code>{}</code>, policy <code>{policy}</code></p><dl>",
        escaped(image)
    );
    for run in runs {
        let _ = write!(
            body,
            "<dt><b>{}</b></dt><dd>{}</dd>",
            escaped(&run.name),
            run.about
        );
    }
    body += "</dl>";
    bars(&mut body, runs);
    for section in sections(runs) {
        table(&mut body, runs, &section);
    }
    for (run, sites) in sites {
        differences(&mut body, run, sites);
    }
    page::page("One kernel, run in several ways", STYLE, &body)
}

/// Exits by reason, to the scale of the run with the most.
fn bars(body: &mut String, runs: &[Column]) {
    let most = runs.iter().map(|run| run.exits).max().unwrap_or(0).max(1);
    let names: Vec<&str> = runs
        .first()
        .map(|run| run.exits_by_reason.keys().copied().collect())
        .unwrap_or_default();
    let used = |name: &&&str| {
        runs.iter()
            .any(|run| run.exits_by_reason.get(**name).is_some_and(|count| *count > 0))
    };
    let coloured: Vec<(&str, &str)> = names
        .iter()
        .filter(used)
        .copied()
        .zip(COLOURS.into_iter().cycle())
        .collect();
    *body += "<table><caption>Exits by reason</caption><tbody>";
    for run in runs {
        let _ = write!(
            body,
            "<tr><th scope=\"row\">{}</th><td style=\"width:80%\"><div class=\"bar\">",
            escaped(&run.name)
        );
        for (name, colour) in &coloured {
            let count = run.exits_by_reason.get(name).copied().unwrap_or(0);
            let width = percent(count, most);
            let _ = write!(
                body,
                "<i style=\"width:{width:.2}%;background:{colour}\" title=\"{name}: {count}\"></i>"
            );
        }
        let _ = write!(body, "</div></td><td class=\"number\">{}</td></tr>", run.exits);
    }
    *body += "</tbody></table><p class=\"key\">";
    for (name, colour) in coloured {
        let _ = write!(body, "<i style=\"background:{colour}\"></i>{name}");
    }
    *body += "</p>";
}

#[expect(clippy::cast_precision_loss, reason = "a width need not be exact")]
fn percent(some: u64, all: u64) -> f64 {
    100.0 * some as f64 / all as f64
}

fn table(body: &mut String, runs: &[Column], section: &Section) {
    let _ = write!(
        body,
        "<table class=\"even\"><caption>{}</caption><thead><tr><td></td>",
        section.title
    );
    for run in runs {
        let _ = write!(
            body,
            "<th scope=\"col\" class=\"number\">{}</th>",
            escaped(&run.name)
        );
    }
    *body += "</tr></thead><tbody>";
    for row in &section.rows {
        let _ = write!(body, "<tr><th scope=\"row\">{}</th>", escaped(&row.name));
        for cell in &row.cells {
            let class = if cell == "NO" { "number bad" } else { "number" };
            let _ = write!(body, "<td class=\"{class}\">{}</td>", escaped(cell));
        }
        *body += "</tr>";
    }
    *body += "</tbody></table>";
}

fn differences(body: &mut String, run: &str, sites: &Sites) {
    let _ = write!(
        body,
        "<h2>Linux's patching in {}, and ours</h2><table><tbody>",
        escaped(run)
    );
    for verdict in Verdict::ALL {
        let count = sites.by_verdict[verdict.name()];
        if count > 0 {
            let (name, sentence) = (verdict.name(), verdict.sentence());
            let _ = write!(
                body,
                "<tr><td class=\"number\">{count}</td><th scope=\"row\">{name}</th><td>{sentence}</td></tr>"
            );
        }
    }
    let _ = write!(
        body,
        "<tr><td class=\"number\">{}</td><th scope=\"row\">others</th><td>Words of other instructions that Linux's own \
         tables have changed.</td></tr></tbody></table>",
        sites.other_changes
    );
    for address in &sites.unexplained_changes {
        let _ = write!(body, "<p class=\"bad\">{address}: changed, and in no table</p>");
    }
    let _ = write!(
        body,
        "<details><summary>{} sites to look at</summary><table><tbody>",
        sites.differences.len()
    );
    for one in &sites.differences {
        let symbol = escaped(one.symbol.as_deref().unwrap_or(""));
        let (instruction, reason) = (escaped(&one.instruction), one.reason.unwrap_or(""));
        let _ = write!(
            body,
            "<tr><td><code>{}</code></td><td>{symbol}</td><td><code>{instruction}</code></td><td>{}</td><td>{reason}</td></tr>",
            one.address,
            one.verdict.name()
        );
    }
    *body += "</tbody></table></details>";
}
