//! `ppcpv report`: what was rewritten, as a page.

use std::path::PathBuf;

use ppcpv::report;
use rewriter::elf::ReadOptions;

use crate::args::{ImageArgs, PlanArgs};
use crate::cli::Status;
use crate::error::Error;
use crate::input::Input;
use crate::output::Output;
use crate::plans;
use crate::ui::Ui;

const EXAMPLES: &str = "\
The page needs no network and no server: it opens from disk. An image that was rewritten is reported by the plan in it, any \
other by the plan that `rewrite` would carry out.

Examples:
  ppcpv report vmlinux -o report.html
  ppcpv report vmlinux.pv -o report.html --force
  ppcpv report --demo -o demo.html";

/// Makes a page of what rewriting an image does, or did: a map of the text, and every site with its proof
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    plan: PlanArgs,
    /// Where to write the page
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the page if it exists
    #[arg(long)]
    force: bool,
}

/// Runs the subcommand.
///
/// # Errors
///
/// When the image cannot be read or planned, or the page cannot be written.
pub fn run(args: &Args, _ui: &mut Ui) -> Result<Status, Error> {
    let output = Output::new(&args.output, args.force)?;
    let input = Input::of(&args.image)?;
    let page = match input.note()? {
        None => {
            let elf = input.parse(&args.image.read_options())?;
            let plan = plans::make(&elf, &input.name, &args.plan, false)?;
            report::page(file_name(&input.name), elf.image(), &plan)
        }
        Some(note) => {
            let options = ReadOptions {
                family: Some(note.plan.family),
                accept_rewritten: true,
                ..args.image.read_options()
            };
            report::page(file_name(&input.name), input.parse(&options)?.image(), &note.plan)
        }
    };
    output.write(page.as_bytes(), None)?.commit()?;
    Ok(Status::Done)
}

/// A page is shown to others: where the image lies here is not their matter.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
