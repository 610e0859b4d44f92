//! `ppcpv man`: the manual pages, from the one definition of the command line.

use std::fs;
use std::path::PathBuf;

use clap_mangen::Man;

use crate::cli::Status;
use crate::error::Error;
use crate::output::Output;
use crate::ui::Ui;

/// Writes the manual pages: one for the tool, and one for each subcommand
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  ppcpv man ~/.local/share/man/man1 --force")]
pub struct Args {
    /// The directory to write them to; it is made if need be
    directory: PathBuf,
    /// Replace pages that exist
    #[arg(long)]
    force: bool,
}

/// Runs the subcommand.
///
/// # Errors
///
/// When a page exists and is not to be replaced, or cannot be written.
pub fn run(args: &Args, command: &mut clap::Command, _ui: &mut Ui) -> Result<Status, Error> {
    fs::create_dir_all(&args.directory).map_err(|cause| Error::Write {
        path: args.directory.clone(),
        cause,
    })?;
    for (name, page) in pages(command)? {
        Output::new(&args.directory.join(name), args.force)?
            .write(&page, None)?
            .commit()?;
    }
    Ok(Status::Done)
}

/// File names and pages.
fn pages(command: &mut clap::Command) -> Result<Vec<(String, Vec<u8>)>, Error> {
    command.build();
    let name = command.get_name().to_owned();
    let subcommands = command.get_subcommands().filter(|one| one.get_name() != "help");
    let named = subcommands.map(|one| (format!("{name}-{}", one.get_name()), one.clone()));
    let all = [(name.clone(), command.clone())].into_iter().chain(named);
    all.map(|(name, command)| {
        let mut page = Vec::new();
        let command = command.display_name(name.clone());
        Man::new(command).title(name.clone()).render(&mut page)?;
        Ok((format!("{name}.1"), page))
    })
    .collect()
}
