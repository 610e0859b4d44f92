//! Plans and images as text: tables for people.

pub mod boot;
pub mod compare;
pub mod race;
pub mod run;

use std::collections::BTreeMap;
use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};
use rewriter::elf::ElfImage;
use rewriter::image::AreaKind;
use rewriter::plan::{Left, Outcome, Plan, Reason, Site, TemplateKind, Totals};
use rewriter::verify::{ExecutedShape, Finding};

use crate::document::State;
use crate::linux;
use crate::listing::NAME;
use crate::ui::{FAINT, HEADING, NEW, OLD, SYMBOL, Ui};

/// Columns of an instruction's text.
const TEXT: usize = 24;
/// Findings that are shown unless more are asked for.
const SCREEN: usize = 20;

/// What an image is.
///
/// # Errors
///
/// When `out` cannot be written; so of all functions here.
pub fn image(out: &mut impl Write, name: &str, elf: &ElfImage, state: State) -> io::Result<()> {
    let image = elf.image();
    let kind = if elf.is_object() {
        "relocatable object"
    } else {
        "linked image"
    };
    let system = if elf.is_linux() { "Linux" } else { "not Linux" };
    let (bits, order) = (
        8 * image.family.word_size().bytes(),
        format!("{:?}", image.endian).to_lowercase(),
    );
    writeln!(out, "{HEADING}{name}{HEADING:#}")?;
    writeln!(
        out,
        "  image    {bits}-bit {order}-endian {kind}, {system}, {} bytes",
        elf.bytes().len()
    )?;
    writeln!(out, "  family   {}", image.family)?;
    if let Some(entry) = elf.entry() {
        writeln!(out, "  entry    {entry:#010x}")?;
    }
    let mut label = "code";
    for region in &image.regions {
        writeln!(
            out,
            "  {label:<8} {:#010x} {:>9} bytes  {}",
            region.address,
            region.bytes.len(),
            region.section
        )?;
        label = "";
    }
    writeln!(out, "  room     {}", room(elf))?;
    writeln!(out, "  state    {}", state.text())?;
    writeln!(out, "  sha256   {}", elf.digest())
}

fn room(elf: &ElfImage) -> String {
    let areas = &elf.image().areas;
    let of = |kind: AreaKind| areas.iter().filter(move |area| area.kind == kind);
    let mut parts = Vec::new();
    for (kind, whose) in [
        (AreaKind::Asked, "as asked"),
        (AreaKind::Buffer, "in Linux's buffer"),
    ] {
        for area in of(kind) {
            let size = area.range.end - area.range.start;
            parts.push(format!("{size} bytes at {:#010x} {whose}", area.range.start));
        }
    }
    let gaps: u64 = of(AreaKind::Gap)
        .map(|area| area.range.end - area.range.start)
        .sum();
    if gaps > 0 {
        parts.push(format!("{gaps} bytes in {} gaps", of(AreaKind::Gap).count()));
    }
    for area in of(AreaKind::New) {
        parts.push(format!("new space from {:#010x}", area.range.start));
    }
    parts.join(", ")
}

/// What becomes of the sites, instruction by instruction.
///
/// # Errors
///
/// As above.
pub fn sums(out: &mut impl Write, plan: &Plan) -> io::Result<()> {
    let totals = plan.totals();
    writeln!(out)?;
    by_instruction(out, plan)?;
    writeln!(out)?;
    let writes = totals.msr_writes;
    if writes.rewritten > 0 {
        let (some, all) = (writes.no_critical_section, writes.candidates);
        writeln!(
            out,
            "{some} of {all} sites that write the MSR need no critical section ({})",
            percent(some, all)
        )?;
    }
    arenas(out, plan, &totals)?;
    left(out, &totals)
}

fn by_instruction(out: &mut impl Write, plan: &Plan) -> io::Result<()> {
    #[derive(Default)]
    struct Row {
        templates: [usize; TemplateKind::ALL.len()],
        left: usize,
    }
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for site in &plan.sites {
        let row = rows.entry(site.mnemonic()).or_default();
        match site.rewrite() {
            Some(rewrite) => row.templates[rewrite.template as usize] += 1,
            None => row.left += 1,
        }
    }
    let header = ["instruction", "sites"]
        .into_iter()
        .chain(TemplateKind::ALL.map(TemplateKind::name));
    let mut table = plain(header.chain(["left", "rewritten"]));
    let mut sum = Row::default();
    let cells = |name: &str, row: &Row| {
        let rewritten: usize = row.templates.iter().sum();
        let sites = rewritten + row.left;
        let counts = [sites]
            .into_iter()
            .chain(row.templates)
            .chain([row.left])
            .map(count);
        [name.to_string()]
            .into_iter()
            .chain(counts)
            .chain([percent(rewritten, sites)])
            .collect::<Vec<_>>()
    };
    for (name, row) in &rows {
        table.add_row(cells(name, row));
        sum.left += row.left;
        for (sum, templates) in sum.templates.iter_mut().zip(row.templates) {
            *sum += templates;
        }
    }
    if rows.len() != 1 {
        table.add_row(cells("all", &sum));
    }
    print(out, &table)
}

fn arenas(out: &mut impl Write, plan: &Plan, totals: &Totals) -> io::Result<()> {
    if totals.arena_bytes == 0 {
        return writeln!(out, "no trampolines");
    }
    let bytes = |kind| {
        let sizes = plan
            .arenas
            .iter()
            .filter(|arena| arena.kind == kind)
            .map(|arena| arena.size);
        sizes.fold(0, u64::saturating_add)
    };
    let places = [
        (AreaKind::Asked, "in the area asked for"),
        (AreaKind::Buffer, "in Linux's buffer"),
        (AreaKind::Gap, "in gaps"),
        (AreaKind::New, "in new space"),
    ];
    let used = places
        .map(|(kind, place)| (bytes(kind), place))
        .into_iter()
        .filter(|(bytes, _)| *bytes > 0);
    let used: Vec<String> = used.map(|(bytes, place)| format!("{bytes} {place}")).collect();
    let trampolines = plural(plan.trampolines().len(), "trampoline");
    writeln!(
        out,
        "{trampolines} in {} bytes: {}",
        totals.arena_bytes,
        used.join(", ")
    )
}

/// The reasons why sites are left alone.
fn left(out: &mut impl Write, totals: &Totals) -> io::Result<()> {
    if totals.left.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{HEADING}left alone{HEADING:#}")?;
    for reason in Reason::ALL {
        if let Some(sites) = totals.left.get(reason.name()) {
            writeln!(out, "{sites:>5}  {}: {}", reason.name(), reason.sentence())?;
        }
    }
    Ok(())
}

/// One line a site.
///
/// # Errors
///
/// As above.
pub fn sites<'p>(out: &mut impl Write, plan: &Plan, sites: impl Iterator<Item = &'p Site>) -> io::Result<()> {
    for site in sites {
        let symbol = format!("<{}>:", site.symbol.as_deref().unwrap_or("?"));
        let (address, old) = (site.address, &site.instruction);
        write!(
            out,
            "{address:08x} {SYMBOL}{symbol:<NAME$}{SYMBOL:#} {OLD}{old:<TEXT$}{OLD:#} "
        )?;
        match &site.outcome {
            Outcome::Rewritten(rewrite) => {
                let new = cpu::decode(rewrite.new, plan.family)
                    .text(Some(address))
                    .to_string();
                let (template, shape) = (rewrite.template.name(), &rewrite.shape);
                writeln!(out, "{NEW}{new:<TEXT$}{NEW:#} {template} {FAINT}{shape}{FAINT:#}")?;
            }
            Outcome::Left(Left { reason, detail }) => {
                let detail = detail
                    .as_ref()
                    .map_or_else(String::new, |detail| format!(" ({detail})"));
                writeln!(out, "left: {}{detail}", reason.name())?;
            }
        }
    }
    Ok(())
}

/// Instructions executed, shape by shape, with those of Linux's own replacement.
///
/// # Errors
///
/// As above.
pub fn executed(out: &mut impl Write, plan: &Plan, shapes: &[ExecutedShape]) -> io::Result<()> {
    let linux = linux::by_shape(plan);
    let mut table = plain(["template", "shape", "sites", "executed", "at most", "Linux"].into_iter());
    table
        .column_mut(1)
        .into_iter()
        .for_each(|column| column.set_cell_alignment(CellAlignment::Left));
    for shape in shapes {
        let theirs = linux
            .get(shape.shape.trim_end_matches(", borrowing"))
            .map_or_else(|| "-".into(), |instructions| count(*instructions));
        let counts = [shape.sites, shape.executed, shape.executed_max].map(count);
        let names = [shape.template.name().to_string(), shape.shape.clone()];
        table.add_row(names.into_iter().chain(counts).chain([theirs]));
    }
    writeln!(
        out,
        "\n{HEADING}instructions executed{HEADING:#}, entry branch included; at most: an interrupt waits"
    )?;
    print(out, &table)
}

/// One line a finding; unless details are wanted, not more than a screen of them.
///
/// # Errors
///
/// As above.
pub fn findings(ui: &mut Ui, elf: &ElfImage, findings: &[Finding]) -> io::Result<()> {
    let shown = if ui.is_verbose() {
        findings.len()
    } else {
        findings.len().min(SCREEN)
    };
    let out = ui.out();
    for finding in &findings[..shown] {
        let symbol = rewriter::build::symbol(elf.image(), finding.address);
        let symbol = symbol.map_or_else(String::new, |symbol| format!(" {SYMBOL}<{symbol}>{SYMBOL:#}"));
        writeln!(
            out,
            "{OLD}finding{OLD:#}: {:#010x}{symbol}: {}",
            finding.address, finding.problem
        )?;
    }
    if shown < findings.len() {
        writeln!(
            out,
            "... and {} more: -v shows all",
            plural(findings.len() - shown, "finding")
        )?;
    }
    Ok(())
}

/// A share in percent, never rounded up to all.
pub fn percent(some: usize, all: usize) -> String {
    match (some * 1000).checked_div(all) {
        None => "-".into(),
        Some(share) => format!("{}.{} %", share / 10, share % 10),
    }
}

/// A number of things.
pub fn plural(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

fn count(number: usize) -> String {
    if number == 0 {
        ".".into()
    } else {
        number.to_string()
    }
}

/// A table with no lines, whose columns are aligned to the right but the first.
fn plain(header: impl Iterator<Item = impl Into<comfy_table::Cell>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for (number, column) in table.column_iter_mut().enumerate() {
        match number {
            0 => {
                column.set_padding((0, 1));
            }
            _ => column.set_cell_alignment(CellAlignment::Right),
        }
    }
    table
}

fn print(out: &mut impl Write, table: &Table) -> io::Result<()> {
    for (number, line) in table.lines().enumerate() {
        match (number, line.trim_end()) {
            (0, header) => writeln!(out, "{HEADING}{header}{HEADING:#}")?,
            (_, line) => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_not_rounded_up_to_all() {
        assert_eq!(percent(1999, 2000), "99.9 %");
        assert_eq!(percent(2000, 2000), "100.0 %");
        assert_eq!(percent(0, 0), "-");
    }
}
