//! `ppcpv completions`: what a shell needs to complete command lines.

use clap_complete::Shell;

use crate::cli::Status;
use crate::error::Error;
use crate::ui::Ui;

/// Prints completions for a shell
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  ppcpv completions bash > ~/.local/share/bash-completion/completions/ppcpv"
)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Runs the subcommand.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn run(args: &Args, command: &mut clap::Command, ui: &mut Ui) -> Result<Status, Error> {
    use std::io::Write;

    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "ppcpv", &mut script);
    ui.out().write_all(&script)?;
    Ok(Status::Done)
}
