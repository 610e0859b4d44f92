//! The project's rewriter, applied to the kernel that runs it.
//!
//! What it is shown is the vectors and the section of privileged code, with the names and places that the table of
//! functions has.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use magicpage::Endian;
use magicpage::hypercall::PageFeatures;
use rewriter::apply::apply;
use rewriter::build::{self, Options};
use rewriter::image::{Abi, Area, AreaKind, Image, Region, Symbol, SymbolKind};
use rewriter::plan::{Outcome as Fate, Plan, Reason, Target, TemplateKind};
use rewriter::scan::scan;
use rewriter::template::Allowed;
use rewriter::verify::{Effort, verify};

use super::live::Live;
use super::{FAMILY, Outcome};
use crate::commandline::CommandLine;
use crate::console::{print, report};
use crate::kernel::{Function, functions};
use crate::{irq, text};

/// Plans, verifies if the command line says `verify=yes`, and applies.
pub fn rewrite(features: PageFeatures, command_line: &CommandLine) -> Outcome {
    let image = image(&[(".vectors", text::vectors()), (".text.kernel", text::kernel())]);
    let options = Options {
        features,
        templates: allowed(command_line.value("templates")),
        ..Options::default()
    };
    let plan = build::plan(&image, Target::default(), &options);
    if command_line.value("verify") == Some("yes") {
        prove(&image, &plan);
    }
    let enabled = irq::save();
    let journal = apply(&plan, &mut Live).expect("the text is what was planned for");
    irq::restore(enabled);
    tell(&plan);
    if command_line.value("list") == Some("left") {
        list(&plan);
    }
    let rewritten = plan.sites.iter().filter(|site| site.rewrite().is_some()).count();
    Outcome {
        sites: plan.sites.len() as u32,
        left: (plan.sites.len() - rewritten) as u32,
        trampoline_bytes: plan.arenas.iter().map(|arena| arena.size as usize).sum(),
        changes: journal.changes,
    }
}

/// The kinds of templates that are named.
fn allowed(names: Option<&str>) -> Allowed {
    let Some(names) = names else {
        return Allowed::ALL;
    };
    let kinds: Vec<TemplateKind> = names
        .split(',')
        .map(|name| {
            let mut kinds = TemplateKind::ALL.into_iter();
            let kind = kinds.find(|kind| kind.name() == name);
            kind.unwrap_or_else(|| panic!("no template is called {name}"))
        })
        .collect();
    Allowed::only(&kinds)
}

/// Privileged instructions that the rewriter would find in other code than that which it is shown.
pub fn outside() -> usize {
    scan(&image(&[(".text", text::kernel().end..text::text().end)])).len()
}

/// These parts of the text.
fn image(parts: &[(&'static str, Range<usize>)]) -> Image<'static> {
    let regions: Vec<Region> = parts
        .iter()
        .map(|(section, range)| Region {
            section,
            address: range.start as u64,
            // SAFETY: the ranges lie in the image, and nothing is changed while the image is in use.
            bytes: unsafe { text::bytes(range.clone()) },
        })
        .collect();
    let mut rows: Vec<&Function> = functions().iter().collect();
    rows.sort_unstable_by_key(|row| row.address());
    let end = |index: usize| {
        rows.get(index + 1)
            .map_or(text::kernel().end, |next| next.address())
    };
    let symbols = rows.iter().enumerate().map(|(index, row)| Symbol {
        address: row.address() as u64,
        size: if row.is_compiled() {
            (end(index) - row.address()) as u64
        } else {
            0
        },
        kind: if row.is_compiled() {
            SymbolKind::Function
        } else {
            SymbolKind::Label
        },
        name: row.name(),
    });
    let assembly = rows.iter().filter(|row| !row.is_compiled());
    let space = text::trampolines();
    Image {
        regions,
        symbols: symbols.collect(),
        roots: assembly.map(|row| row.address() as u64).collect(),
        // In the kernel r2 is the running thread.
        abi: Abi {
            r2_is_never_r1: true,
            toc: None,
        },
        areas: vec![Area {
            kind: AreaKind::New,
            range: space.start as u64..space.end as u64,
            serves: None,
        }],
        ..Image::new(FAMILY, Endian::Big)
    }
}

fn prove(image: &Image, plan: &Plan) {
    let effort = Effort {
        random_states: 2,
        ..Effort::default()
    };
    let report = verify(image, plan, effort, |_| {});
    report!("verified", report.executions);
    for finding in &report.findings {
        print!("finding={finding}\n");
    }
    assert!(report.findings.is_empty(), "the plan is wrong");
}

/// How many sites got which template, and why others were left.
fn tell(plan: &Plan) {
    for kind in TemplateKind::ALL {
        let count = plan
            .sites
            .iter()
            .filter_map(|site| site.rewrite())
            .filter(|rewrite| rewrite.template == kind)
            .count();
        report!(format_args!("template_{}", kind.name()), count);
    }
    for reason in Reason::ALL {
        let count = plan
            .sites
            .iter()
            .filter(|site| matches!(&site.outcome, Fate::Left(left) if left.reason == *reason))
            .count();
        if count > 0 {
            report!(format_args!("left_{}", reason.name()), count);
        }
    }
}

fn list(plan: &Plan) {
    for site in &plan.sites {
        if let Fate::Left(left) = &site.outcome {
            let name = site.symbol.as_deref().unwrap_or("");
            print!(
                "left {:#x} {name} {} {}\n",
                site.address,
                site.instruction,
                left.reason.name()
            );
        }
    }
}
