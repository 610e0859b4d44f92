//! `ppcpv rewrite`: makes a rewritten image, verified, in a new file.

use std::io::Write;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::{self, ScopedJoinHandle};

use rewriter::elf::{self, Changes, ElfImage, Stub, WriteOptions};
use rewriter::plan::Plan;
use rewriter::verify::{Effort, Report, verify};

use crate::args::{ImageArgs, PlanArgs};
use crate::cli::Status;
use crate::document::{ImageDocument, PlanDocument, State, VerifiedDocument};
use crate::error::Error;
use crate::input::Input;
use crate::output::{Output, Staged, is_same_file};
use crate::ui::Ui;
use crate::{plans, proofs, tables};

const EXAMPLES: &str = "\
The image is verified first: one that fails is not written, and the exit status is 1.

Examples:
  ppcpv rewrite vmlinux                        writes vmlinux.pv
  ppcpv rewrite vmlinux -o new --entry-stub    maps the page before the kernel starts
  ppcpv rewrite vmlinux --exclude idle_loop --exclude 0xc0001000-0xc0002000
  ppcpv rewrite --demo                         a small kernel made on the spot; writes demo.pv";

/// Rewrites a kernel or module: a new file, or the same one if asked
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    plan: PlanArgs,
    /// The file to write [default: IMAGE.pv]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
    /// Replace the image itself
    #[arg(long, conflicts_with_all = ["output", "demo"])]
    in_place: bool,
    /// Where there is no room for another program header, move their table to the end of the file
    #[arg(long)]
    relayout: bool,
    /// Add a stub that maps the magic page and goes on to the old entry point
    #[arg(long)]
    entry_stub: bool,
    /// Leave the image as it is and append the plan, for a host or guest that carries it out itself
    #[arg(long, conflicts_with_all = ["entry_stub", "relayout"])]
    plan_only: bool,
    /// Write the plan to this file too
    #[arg(long = "plan", value_name = "FILE")]
    plan_output: Option<PathBuf>,
    /// Carry out the plan in this file instead of making one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["features", "templates", "exclude", "entry_stub"])]
    from_plan: Option<PathBuf>,
    #[command(flatten)]
    effort: EffortArgs,
}

/// How thoroughly to verify.
#[derive(Clone, Copy, clap::Args)]
pub struct EffortArgs {
    /// Random states that each site is executed in, besides the corner cases
    #[arg(long, value_name = "N", default_value_t = Effort::default().random_states)]
    states: u32,
    /// Seed of the random states
    #[arg(long, value_name = "N", default_value_t = Effort::default().seed)]
    seed: u64,
}

impl From<EffortArgs> for Effort {
    fn from(args: EffortArgs) -> Self {
        Self {
            random_states: args.states,
            seed: args.seed,
        }
    }
}

/// Verifies a plan, with a progress bar.
pub fn verified(elf: &ElfImage, plan: &Plan, effort: EffortArgs, ui: &Ui) -> Report {
    let progress = ui.progress("verifying", plan.sites.len());
    verify(elf.image(), plan, effort.into(), |sites| progress.set(sites))
}

/// Runs the subcommand.
///
/// # Errors
///
/// When the image cannot be read or rewritten, or a file cannot be written; none is then.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    let input = Input::of(&args.image)?;
    let (output, plan_output) = outputs(args, &input)?;
    let elf = input.parse(&args.image.read_options())?;
    let (plan, report, image) = thread::scope(|scope| {
        // The original is copied while the plan is made: then only what differs is left to write.
        let copying = scope.spawn(|| output.write(&input.bytes, input.permissions()));
        let plan = plan(args, &elf, &input.name)?;
        let changes = changes(args, &elf, &plan, &input.name)?;
        let changing = scope.spawn(move || change(join(copying)?, &changes));
        let report = judge(args, &elf, &plan, ui);
        Ok::<_, Error>((plan, report, join(changing)?))
    })?;
    if !report.findings.is_empty() {
        refuse(ui, &input.name, &elf, &plan, &report)?;
        return Ok(Status::Findings);
    }
    if let Some(file) = plan_output {
        file.write(format!("{}\n", plan.to_json()).as_bytes(), None)?
            .commit()?;
    }
    let path = image.commit()?;
    show(ui, &input.name, &elf, &plan, &report, &path)?;
    Ok(Status::Done)
}

fn join<T>(thread: ScopedJoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

fn change(image: Staged, changes: &Changes) -> Result<Staged, Error> {
    let edits = changes
        .edits()
        .iter()
        .map(|edit| (edit.offset, edit.new.as_slice()));
    image.change(edits, changes.tail())?;
    Ok(image)
}

/// Verifies the plan; one that was read from a file is proved again first.
fn judge(args: &Args, elf: &ElfImage, plan: &Plan, ui: &Ui) -> Report {
    let mut report = verified(elf, plan, args.effort, ui);
    if args.from_plan.is_some() {
        report
            .findings
            .extend(proofs::check(elf, plan, args.plan.assume_r2));
    }
    report
}

/// The files to write, if that is allowed.
fn outputs(args: &Args, input: &Input) -> Result<(Output, Option<Output>), Error> {
    let default = || match &input.path {
        Some(path) => with_suffix(path, ".pv"),
        None => "demo.pv".into(),
    };
    let output = match &input.path {
        Some(path) if args.in_place => Output::new(path, true)?,
        _ => another(&args.output.clone().unwrap_or_else(default), input, args.force)?,
    };
    let plan = match &args.plan_output {
        Some(path) if output.is(path) => {
            return Err(Error::Usage(format!(
                "`{}` cannot be the image and the plan",
                path.display()
            )));
        }
        Some(path) => Some(another(path, input, args.force)?),
        None => None,
    };
    Ok((output, plan))
}

/// A file that is not the input.
///
/// # Errors
///
/// When it is the input, or exists and is not to be replaced.
pub fn another(path: &Path, input: &Input, replace: bool) -> Result<Output, Error> {
    if input.path.as_ref().is_some_and(|input| is_same_file(path, input)) {
        return Err(Error::SameFile(path.into()));
    }
    Output::new(path, replace)
}

/// The path with a suffix behind its name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    name.into()
}

fn plan(args: &Args, elf: &ElfImage, name: &str) -> Result<Plan, Error> {
    match &args.from_plan {
        Some(path) => plans::read(path, elf, name),
        None => plans::make(elf, name, &args.plan, args.entry_stub),
    }
}

fn changes(args: &Args, elf: &ElfImage, plan: &Plan, name: &str) -> Result<Changes, Error> {
    let stub = plan.stub.as_ref().map(|stub| Stub {
        address: stub.address,
        words: stub.words.clone(),
    });
    let options = WriteOptions {
        relayout: args.relayout,
        stub,
        plan_only: args.plan_only,
    };
    elf::changes(elf, plan, &options).map_err(|cause| Error::Rewrite {
        image: name.into(),
        cause,
    })
}

fn refuse(ui: &mut Ui, name: &str, elf: &ElfImage, plan: &Plan, report: &Report) -> Result<(), Error> {
    if ui.is_json() {
        let image = ImageDocument::new(name, elf, State::Original);
        let document = PlanDocument::new(image, plan, None);
        return ui.json(&document.verified(VerifiedDocument::new(elf, report)));
    }
    tables::findings(ui, elf, &report.findings)?;
    let findings = tables::plural(report.findings.len(), "finding");
    writeln!(ui.out(), "{name}: {findings}, nothing was written")?;
    Ok(())
}

fn show(
    ui: &mut Ui,
    name: &str,
    elf: &ElfImage,
    plan: &Plan,
    report: &Report,
    path: &Path,
) -> Result<(), Error> {
    if ui.is_json() {
        let image = ImageDocument::new(name, elf, State::Original);
        let document = PlanDocument::new(image, plan, None).written(Some(path.display().to_string()));
        return ui.json(&document.verified(VerifiedDocument::new(elf, report)));
    }
    if ui.is_quiet() {
        return Ok(());
    }
    let totals = plan.totals();
    let share = tables::percent(totals.rewritten, totals.candidates);
    let (some, all) = (totals.rewritten, totals.candidates);
    writeln!(
        ui.out(),
        "{name} -> {}: {some} of {all} sites rewritten ({share})",
        path.display()
    )?;
    tables::sums(ui.out(), plan)?;
    if ui.is_verbose() {
        tables::executed(ui.out(), plan, &report.shapes)?;
    }
    writeln!(
        ui.out(),
        "\nverified: {} executions, no difference",
        report.executions
    )?;
    Ok(())
}
