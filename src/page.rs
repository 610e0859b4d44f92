//! What all pages have in common: one document with everything in it, that asks nobody for anything.

/// Colours follow the reader's light or dark; printed, the page takes the whole sheet.
const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --bar: #3b7dd8; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; padding-bottom: .5rem; font-weight: 600; }
table.even { table-layout: fixed; }
th, td { padding: .2rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: 90%; }
@media print { body { margin: 0; max-width: none; } }";

/// What the browser holds the page to: no request leaves it, and nothing but what stands in it runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// For pages with a grid of buttons: the function `grid`, which makes it one stop of the keyboard.
pub const GRID: &str = include_str!("page.js");

/// A whole page. `style` is added to what all have; `body` is markup.
pub fn page(title: &str, style: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <title>{title}</title><style>{STYLE}{style}</style></head><body>{body}</body></html>\n"
    )
}

/// A text as markup.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
