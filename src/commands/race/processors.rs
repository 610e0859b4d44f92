//! `ppcpv race --qemu`: the laboratory on processors that nobody here wrote.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use kvm_ppc::deferral::Policy;
use magicpage::{Endian, Family};
use ppcpv::race::case::{self, Origin, Target};
use ppcpv::race::course::{Difference, Findings, Prepared, prepare};
use ppcpv::race::report::Row;
use qemu::machine::MACHINES;
use qemu::{Machine, Spec, image};
use rayon::prelude::*;
use serde::Serialize;
use vm::record::Record;
use vm::sweep::Report as _;

use crate::cli::Status;
use crate::error::Error;
use crate::tables;
use crate::ui::{HEADING, Ui};

/// The version of the document.
const SCHEMA_VERSION: u32 = 1;
/// How long a run may take.
const LIMIT: Duration = Duration::from_secs(600);
/// How many interrupts are raised for a policy on a processor, at least.
const ENOUGH: usize = 100_000;
/// How many differences are shown.
const SHOWN: usize = 10;

/// What came of one run of QEMU.
struct Swept {
    course: Prepared,
    rows: Vec<Row>,
    injections: u64,
    differences: Vec<Difference>,
    seconds: f64,
}

/// A run, for programs.
#[derive(Serialize)]
struct Document<'s> {
    family: &'static str,
    policy: &'static str,
    shape: Origin,
    injections: u64,
    /// Boundaries that were not met, and ends that were not this process's.
    differences: usize,
    rows: &'s [Row],
}

/// All runs, for programs.
#[derive(Serialize)]
struct Documents<'s> {
    schema_version: u32,
    injections: u64,
    runs: Vec<Document<'s>>,
}

/// Sweeps every machine, and compares.
///
/// # Errors
///
/// When QEMU cannot be run, or results cannot be printed.
pub fn run(
    policies: &[&'static dyn Policy],
    family: Option<Family>,
    seed: u64,
    ui: &mut Ui,
) -> Result<Status, Error> {
    let subjects = case::subjects();
    let mut work = Vec::new();
    let wanted = |machine: &&Machine| family.is_none_or(|family| machine.family == family);
    for machine in MACHINES.iter().filter(wanted) {
        let host = image::find(image::HOST, machine.family)?;
        let target = Target {
            family: machine.family,
            endian: Endian::Big,
        };
        for policy in policies {
            let courses =
                [Origin::Ours, Origin::Linux].map(|origin| prepare(*policy, target, origin, &subjects, seed));
            let once: usize = courses.iter().map(Prepared::injections).sum();
            let times = u32::try_from(ENOUGH.div_ceil(once)).unwrap_or(u32::MAX);
            work.extend(courses.map(|course| (machine, host.clone(), course, times)));
        }
    }
    let bar = ui.progress("runs of QEMU", work.len());
    let swept: Result<Vec<Swept>, Error> = work
        .into_par_iter()
        .with_max_len(1)
        .map(|(machine, host, course, times)| {
            let swept = sweep(machine, &host, course, times);
            bar.advance();
            swept
        })
        .collect();
    drop(bar);
    let swept = swept?;
    if ui.is_json() {
        ui.json(&documents(&swept))?;
    } else {
        for run in &swept {
            show(ui, run)?;
        }
    }
    let clean = |run: &Swept| run.differences.is_empty() && run.rows.iter().all(Row::is_clean);
    Ok(if swept.iter().all(clean) {
        Status::Done
    } else {
        Status::Findings
    })
}

fn sweep(machine: &Machine, host: &Path, course: Prepared, times: u32) -> Result<Swept, Error> {
    let handover = course
        .handover(times)
        .map_err(|error| Error::Qemu(error.into()))?;
    let spec = Spec {
        machine,
        host: host.into(),
        handover: &handover,
        deterministic: true,
        limit: LIMIT,
        gdb: None,
        extra: Vec::new(),
    };
    let begun = Instant::now();
    let mut there = Findings::default();
    qemu::run(&spec, |record| match record {
        Record::Undisturbed(undisturbed) => there.undisturbed(*undisturbed),
        Record::Found { found, times } => there.found(*found, *times),
        _ => {}
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    if there.injections == 0 {
        return Err(Error::Qemu(anyhow!(
            "the host on bare metal has raised no interrupt"
        )));
    }
    let differences = course.differences(&course.here(), &there);
    Ok(Swept {
        rows: course.rows(&there),
        injections: there.injections,
        differences,
        seconds,
        course,
    })
}

fn documents(swept: &[Swept]) -> Documents<'_> {
    let runs = swept.iter().map(|run| Document {
        family: run.course.target.family.name(),
        policy: run.course.policy.name(),
        shape: run.course.origin,
        injections: run.injections,
        differences: run.differences.len(),
        rows: &run.rows,
    });
    Documents {
        schema_version: SCHEMA_VERSION,
        injections: swept.iter().map(|run| run.injections).sum(),
        runs: runs.collect(),
    }
}

fn show(ui: &mut Ui, run: &Swept) -> Result<(), Error> {
    let Swept {
        course,
        rows,
        injections,
        differences,
        seconds,
    } = run;
    let (family, policy) = (course.target.family, course.policy.name());
    let quiet = ui.is_quiet();
    let out = ui.out();
    writeln!(
        out,
        "{HEADING}{family}, {policy}{HEADING:#}: {injections} injections in {seconds:.1} s, {} boundaries or ends differ from this process",
        differences.len()
    )?;
    tables::race::rows(out, rows.iter().filter(|row| !quiet || !row.is_clean()))?;
    for difference in differences.iter().take(SHOWN) {
        match difference {
            Difference::NotMet {
                template,
                interrupt,
                address,
            } => writeln!(
                out,
                "  {template}: no {} interrupt came in front of {address:#x}",
                interrupt.name()
            )?,
            Difference::Other { template, what } => writeln!(out, "  {template}: {what}")?,
        }
    }
    if differences.len() > SHOWN {
        writeln!(out, "  and {} more", differences.len() - SHOWN)?;
    }
    Ok(())
}
