//! `ppcpv race`: an interrupt at every instruction boundary of every template, under every policy.

mod processors;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use clap::builder::ValueParser;
use kvm_ppc::deferral::{self, POLICIES, Policy};
use magicpage::Family;
use ppcpv::race::replay::{Replay, Token, replay};
use ppcpv::race::report::{Row, SCHEMA_VERSION};
use ppcpv::race::step::changes;
use ppcpv::race::tickless::{Tickless, tickless};
use ppcpv::race::trace::traces;
use ppcpv::race::{Options, case, html, sweep};
use serde::Serialize;

use crate::args::{machines, named};
use crate::cli::Status;
use crate::error::Error;
use crate::tables;
use crate::ui::{FAINT, HEADING, NEW, OLD, Ui};

const EXAMPLES: &str = "\
Examples:
  ppcpv race
  ppcpv race --policy legacy
  ppcpv race --policy all --format json | jq '.rows[] | select(.missed > 0)'
  ppcpv race --policy all --format html > race.html
  ppcpv race --replay legacy:1:3:2:external:17
  ppcpv race --qemu --policy all";

/// Raises interrupts at every instruction boundary of every template, and says what became of them
///
/// Shapes are Linux's and the rewriter's own, for all families; interrupts are external, decrementer, machine check,
/// system reset and critical; the handlers run trampolines themselves. A trampoline counts as one instruction: LATE is
/// in instructions of the guest's own code.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What the host does about an interrupt in a critical section; may be given several times, or be `all`
    #[arg(long, value_name = "NAME", value_parser = policies(), default_value = deferral::DEFAULT.name())]
    policy: Vec<Choice>,
    /// Raise a second interrupt at every boundary behind the first as well; takes minutes
    #[arg(long)]
    pairs: bool,
    /// Raise them on bare metal, on processors that QEMU emulates, and compare with this process
    #[arg(long, conflicts_with_all = ["pairs", "replay"])]
    qemu: bool,
    /// With --qemu: only on this family's processor
    #[arg(long, value_parser = machines(), requires = "qemu")]
    family: Option<Family>,
    /// Seed of the registers' values
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Show one injection, instruction by instruction: a token from the column REPLAY
    #[arg(long, value_name = "TOKEN", conflicts_with_all = ["policy", "pairs", "seed"])]
    replay: Option<Token>,
}

/// One policy, or all.
type Choice = Vec<&'static dyn Policy>;

impl Args {
    /// The policies, each once.
    fn policies(&self) -> Vec<&'static dyn Policy> {
        let is_chosen = |policy: &&&'static dyn Policy| {
            let mut chosen = self.policy.iter().flatten();
            chosen.any(|chosen| chosen.name() == policy.name())
        };
        POLICIES.iter().filter(is_chosen).copied().collect()
    }
}

fn policies() -> ValueParser {
    let mut names: Vec<(&'static str, Choice)> = POLICIES
        .iter()
        .map(|policy| (policy.name(), vec![*policy]))
        .collect();
    names.push(("all", POLICIES.to_vec()));
    named(names)
}

/// The report, for programs.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    seed: u64,
    pairs: bool,
    injections: u64,
    rows: &'a [Row],
    tickless: &'a [Tickless],
}

/// Runs the subcommand.
///
/// # Errors
///
/// When the token names nothing, or results cannot be printed.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    if let Some(token) = &args.replay {
        return show_replay(
            ui,
            &replay(token).map_err(|error| Error::Usage(error.to_string()))?,
        );
    }
    if args.qemu {
        return processors::run(&args.policies(), args.family, args.seed, ui);
    }
    let policies = args.policies();
    let options = Options {
        policies: policies.clone(),
        seed: args.seed,
        pairs: args.pairs,
    };
    let begun = Instant::now();
    let subjects = case::subjects();
    let bar = ui.progress("replacements", subjects.len() * options.policies.len());
    let rows = sweep(&options, &subjects, |done| bar.set(done));
    drop(bar);
    let took = begun.elapsed();
    let asleep: Vec<Tickless> = policies
        .iter()
        .map(|policy| tickless(*policy, args.seed))
        .collect();
    let injections = rows.iter().map(|row| row.injections).sum();
    if ui.is_json() {
        ui.json(&Document {
            schema_version: SCHEMA_VERSION,
            seed: args.seed,
            pairs: args.pairs,
            injections,
            rows: &rows,
            tickless: &asleep,
        })?;
    } else if ui.is_html() {
        let page = html::page(&rows, &asleep, &traces(&rows), args.seed, injections);
        ui.out().write_all(page.as_bytes())?;
    } else {
        show(ui, &rows, &asleep, injections, took)?;
    }
    let clean = rows.iter().all(Row::is_clean) && asleep.iter().all(|guest| guest.asleep == 0);
    Ok(if clean { Status::Done } else { Status::Findings })
}

fn show(
    ui: &mut Ui,
    rows: &[Row],
    asleep: &[Tickless],
    injections: u64,
    took: Duration,
) -> Result<(), Error> {
    let wrong = |row: &&Row| !row.is_clean();
    if ui.is_verbose() || !rows.iter().all(Row::is_clean) || !ui.is_quiet() {
        let quiet = ui.is_quiet();
        tables::race::rows(ui.out(), rows.iter().filter(|row| !quiet || wrong(row)))?;
    }
    for guest in asleep {
        tickless_line(ui.out(), guest)?;
    }
    if !ui.is_quiet() {
        let rate = injections as f64 / took.as_secs_f64();
        let (count, seconds) = (rows.iter().filter(wrong).count(), took.as_secs_f64());
        writeln!(
            ui.out(),
            "{injections} injections in {seconds:.1} s ({rate:.0} a second); {count} rows with findings"
        )?;
    }
    Ok(())
}

fn tickless_line(out: &mut impl Write, guest: &Tickless) -> io::Result<()> {
    let Tickless {
        policy,
        boundaries,
        asleep,
        patience,
    } = guest;
    if *asleep == 0 {
        writeln!(
            out,
            "tickless guest, {policy}: {NEW}wakes{NEW:#} from all {boundaries} boundaries"
        )
    } else {
        writeln!(
            out,
            "tickless guest, {policy}: {OLD}never wakes{OLD:#} from {asleep} of {boundaries} boundaries \
             (asleep after {patience} instructions)"
        )
    }
}

fn show_replay(ui: &mut Ui, replay: &Replay) -> Result<Status, Error> {
    let clean = !replay.missed && replay.late == 0 && replay.duplicated == 0 && !replay.clobbered;
    let status = if clean { Status::Done } else { Status::Findings };
    if ui.is_json() {
        ui.json(replay)?;
        return Ok(status);
    }
    let is_verbose = ui.is_verbose();
    let out = ui.out();
    writeln!(
        out,
        "{HEADING}{}{HEADING:#}, {}: {} for `{}`",
        replay.policy, replay.target, replay.template, replay.original
    )?;
    writeln!(out, "{}", replay.setting)?;
    for step in &replay.steps {
        for event in &step.events {
            writeln!(out, "        -- {HEADING}{event}{HEADING:#}")?;
        }
        let ee = if step.ee { "EE" } else { "" };
        let critical = if step.critical { "critical" } else { "" };
        let pending = if step.pending { "pending" } else { "" };
        let hold = step.hold.unwrap_or_default();
        let page = if is_verbose {
            changes(&step.page)
        } else {
            String::new()
        };
        let flags = format!("{ee:2} {critical:8} {pending:7} {hold:14} {page}");
        let (address, instruction) = (step.address, &step.instruction);
        match flags.trim_end() {
            "" => writeln!(out, "{address:8x}  {instruction}")?,
            flags => writeln!(out, "{address:8x}  {instruction:32} {FAINT}{flags}{FAINT:#}")?,
        }
    }
    let findings = [
        (replay.missed, "missed".to_owned()),
        (replay.late > 0, format!("late by {} instructions", replay.late)),
        (
            replay.duplicated > 0,
            format!("taken {} times too often", replay.duplicated),
        ),
        (replay.clobbered, "registers clobbered".to_owned()),
    ];
    let findings: Vec<String> = findings
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, what)| what)
        .collect();
    let verdict = if findings.is_empty() {
        "clean".to_owned()
    } else {
        findings.join(", ")
    };
    writeln!(out, "{HEADING}{verdict}{HEADING:#}")?;
    Ok(status)
}
