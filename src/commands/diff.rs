//! `ppcpv diff`: old and new code side by side.

mod compare;
mod show;

use std::path::PathBuf;

use rewriter::elf::{Note, ReadOptions};

use crate::args::families;
use crate::cli::Status;
use crate::error::Error;
use crate::input::Input;
use crate::place::{Place, all_ranges};
use crate::ui::Ui;
use compare::Comparison;
use magicpage::Family;

const EXAMPLES: &str = "\
A line is: address <symbol>: old word and instruction | new word and instruction.
The words of a trampoline follow the first site that leads to it. Without OLD, NEW is compared with its original.
The exit status is 0 where nothing differs and 1 where something does, as with diff.

Examples:
  ppcpv diff vmlinux.pv
  ppcpv diff vmlinux vmlinux.pv --site local_irq_enable --context 3";

/// Shows the code of two images side by side where it differs
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// OLD and NEW, or NEW alone, which is then compared with the original in it
    #[arg(required = true, num_args = 1..=2, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Words to show around each difference
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1000))]
    context: u32,
    /// Only this place: an address, a function or a range FIRST-END; may be repeated
    #[arg(long, value_name = "PLACE")]
    site: Vec<Place>,
    /// Processor family, where the images do not show it
    #[arg(long, value_parser = families())]
    family: Option<Family>,
}

/// Runs the subcommand.
///
/// # Errors
///
/// When an image cannot be read, or one image is given and it was not rewritten.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    let (old, new) = images(&args.images)?;
    if old.bytes == new.bytes {
        if ui.is_json() {
            ui.json(&show::Document::equal(&old.name, &new.name))?;
        }
        return Ok(Status::Done);
    }
    let note = new.note()?;
    let options = options(args.family, note.as_ref());
    let (old_elf, new_elf) = (old.parse(&options)?, new.parse(&options)?);
    let only = all_ranges(&args.site, old_elf.image(), &old.name)?;
    let comparison = Comparison::new(&old_elf, &new_elf, note.as_ref(), &only);
    if ui.is_json() {
        ui.json(&show::Document::new(&old.name, &new.name, &comparison))?;
    } else {
        show::text(ui, &old, &new, &comparison, args.context)?;
    }
    let differs = only.is_empty() || comparison.wanted().next().is_some();
    Ok(if differs { Status::Findings } else { Status::Done })
}

/// Both images; the original of the one where there is just one.
fn images(paths: &[PathBuf]) -> Result<(Input, Input), Error> {
    let [first, rest @ ..] = paths else {
        return Err(Error::Usage("no image".into()));
    };
    if let [new, ..] = rest {
        return Ok((Input::file(first)?, Input::file(new)?));
    }
    let new = Input::file(first)?;
    let old = Input {
        name: format!("{} (its original)", new.name),
        ..new.original()?
    };
    Ok((old, new))
}

fn options(family: Option<Family>, note: Option<&Note>) -> ReadOptions {
    let family = family.or(note.map(|note| note.plan.family));
    ReadOptions {
        family,
        accept_rewritten: true,
        ..ReadOptions::default()
    }
}
