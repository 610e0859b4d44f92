//! `ppcpv inspect`: what an image is, and what rewriting it would do.

use std::io::Write;

use rewriter::elf::{ElfImage, ReadOptions};
use rewriter::plan::{Plan, Reason};

use crate::args::{ImageArgs, PlanArgs, reasons};
use crate::cli::Status;
use crate::document::{ImageDocument, PlanDocument, State, is_asked};
use crate::error::Error;
use crate::input::Input;
use crate::ui::Ui;
use crate::{plans, tables};

const EXAMPLES: &str = "\
Examples:
  ppcpv inspect vmlinux
  ppcpv inspect vmlinux --sites --reason data
  ppcpv inspect vmlinux --format json | jq .totals.left";

/// Says what an image is and what rewriting it would do, or did
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    plan: PlanArgs,
    /// List the sites
    #[arg(long)]
    sites: bool,
    /// Of the sites, only those that are left alone for this reason
    #[arg(long, value_parser = reasons())]
    reason: Option<Reason>,
}

/// Runs the subcommand.
///
/// # Errors
///
/// When the image cannot be read, or results cannot be printed.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    let input = Input::of(&args.image)?;
    match input.note()? {
        None => {
            let elf = input.parse(&args.image.read_options())?;
            let plan = plans::make(&elf, &input.name, &args.plan, false)?;
            show(args, ui, &input.name, &elf, State::Original, &plan)?;
        }
        Some(note) => {
            let family = Some(note.plan.family);
            let options = ReadOptions {
                family,
                accept_rewritten: true,
                ..args.image.read_options()
            };
            let elf = input.parse(&options)?;
            show(
                args,
                ui,
                &input.name,
                &elf,
                State::from(Some(note.kind)),
                &note.plan,
            )?;
        }
    }
    Ok(Status::Done)
}

fn show(
    args: &Args,
    ui: &mut Ui,
    name: &str,
    elf: &ElfImage,
    state: State,
    plan: &Plan,
) -> Result<(), Error> {
    if ui.is_json() {
        let image = ImageDocument::new(name, elf, state);
        return ui.json(&PlanDocument::new(image, plan, args.reason));
    }
    let asked = plan.sites.iter().filter(|site| is_asked(site, args.reason));
    if args.sites || args.reason.is_some() {
        tables::sites(ui.out(), plan, asked)?;
        if ui.is_quiet() {
            return Ok(());
        }
        writeln!(ui.out())?;
    }
    tables::image(ui.out(), name, elf, state)?;
    tables::sums(ui.out(), plan)?;
    Ok(())
}
