//! The page: sums and map as markup, so that they are there printed and with no program run; the sites as data.

use std::collections::BTreeMap;
use std::fmt::Write;

use rewriter::image::Image;
use rewriter::plan::{Plan, Reason, Totals};

use super::data::{Class, Data, Function};
use crate::page::{self, GRID, escaped};

const STYLE: &str = include_str!("page.css");
const PROGRAM: &str = include_str!("page.js");

/// The page for a plan.
pub fn page(name: &str, image: &Image<'_>, plan: &Plan) -> String {
    let data = Data::new(image, plan);
    let totals = plan.totals();
    let mut body = String::new();
    heading(&mut body, name, plan, &totals);
    map(&mut body, &data.functions);
    body += "<div class=\"columns\">";
    histogram(&mut body, "What sites became", &templates(&totals));
    histogram(&mut body, "Why sites were left alone", &totals.left);
    body += "</div>";
    reasons(&mut body, &totals);
    table(&mut body);
    let json = serde_json::to_string(&data)
        .unwrap_or_default()
        .replace('<', "\\u003c");
    let _ = write!(
        body,
        "<script type=\"application/json\" id=\"data\">{json}</script><script>{GRID}{PROGRAM}</script>"
    );
    page::page(&format!("{name}: what was rewritten"), STYLE, &body)
}

fn heading(body: &mut String, name: &str, plan: &Plan, totals: &Totals) {
    let writes = totals.msr_writes;
    let _ = write!(
        body,
        "<h1>{}</h1><p>{} of {} sites rewritten ({}), {} of them with no critical section; {} of {} writes of the MSR with \
         none. {} trampolines in {} bytes. Family {}, original <code>sha256 {}</code>.</p>",
        escaped(name),
        totals.rewritten,
        totals.candidates,
        percent(totals.rewritten, totals.candidates),
        totals.no_critical_section,
        writes.no_critical_section,
        writes.candidates,
        plan.trampolines().len(),
        totals.arena_bytes,
        plan.family,
        escaped(&plan.target.digest)
    );
}

#[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
fn percent(some: usize, all: usize) -> String {
    format!("{:.1} %", 100.0 * some as f64 / all.max(1) as f64)
}

fn map(body: &mut String, functions: &[Function]) {
    *body += "<h2>The text, function by function</h2><p class=\"key\">";
    for (_, class, meaning) in Class::ALL {
        let _ = write!(body, "<i class=\"{class}\"></i>{meaning}");
    }
    *body += "</p><div class=\"map\" role=\"group\" aria-label=\"functions\">";
    for function in functions {
        let (class, name, sites) = (function.class.name(), escaped(&function.name), function.sites);
        if function.class == Class::Empty {
            let _ = write!(body, "<button class=\"{class}\" disabled></button>");
        } else {
            let _ = write!(
                body,
                "<button class=\"{class}\" tabindex=\"-1\" data-name=\"{name}\" title=\"{name}: {sites} sites\"></button>"
            );
        }
    }
    *body += "</div>";
}

fn templates(totals: &Totals) -> BTreeMap<&'static str, usize> {
    let mut counts = totals.by_template.clone();
    counts.insert("left alone", totals.candidates - totals.rewritten);
    counts
}

fn histogram(body: &mut String, title: &str, counts: &BTreeMap<&'static str, usize>) {
    let most = counts.values().copied().max().unwrap_or(0);
    let _ = write!(body, "<table><caption>{title}</caption><tbody>");
    for (name, count) in counts {
        let width = percent(*count, most).replace(' ', "");
        let _ = write!(
            body,
            "<tr><th scope=\"row\">{name}</th><td class=\"number\">{count}</td><td class=\"bar\" style=\"width:50%\">\
             <i style=\"width:{width}\"></i></td></tr>"
        );
    }
    *body += "</tbody></table>";
}

fn reasons(body: &mut String, totals: &Totals) {
    let named = Reason::ALL
        .iter()
        .filter(|reason| totals.left.contains_key(reason.name()));
    *body += "<dl>";
    for reason in named {
        let _ = write!(
            body,
            "<dt><b>{}</b></dt><dd>{}</dd>",
            reason.name(),
            reason.sentence()
        );
    }
    *body += "</dl>";
}

fn table(body: &mut String) {
    *body += "<h2>Sites</h2><form><label>Search<input name=\"text\" type=\"search\" placeholder=\"address, symbol, text\"></label>\
              <label>Function<input name=\"function\"></label>";
    for (name, title) in [
        ("instruction", "Instruction"),
        ("template", "Template"),
        ("reason", "Left alone"),
    ] {
        let _ = write!(
            body,
            "<label>{title}<select name=\"{name}\"><option value=\"\">all</option></select></label>"
        );
    }
    *body += "<button type=\"reset\">All</button><output id=\"count\" aria-live=\"polite\"></output></form>\
              <div id=\"sites\"></div><button id=\"more\" type=\"button\">More</button>\
              <noscript><p>The list of sites needs a browser that runs the program in this page.</p></noscript>";
}
