//! The command line, defined once: parsing, help and completions come from it.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::commands::{
    boot, compare, completions, diff, explain, inspect, man, race, report, revert, rewrite, run, verify,
};
use crate::error::Error;
use crate::ui::Ui;

/// Rewrites PowerPC kernels for the magic page of KVM's PR mode: says what it did, proves it, undoes it.
#[derive(Parser)]
#[command(
    name = "ppcpv",
    version,
    about,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
#[command(after_help = "Exit status: 0 done, 1 findings or a difference, 2 an error.")]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every subcommand takes.
#[derive(Args)]
#[command(next_help_heading = "Options everywhere")]
pub struct Global {
    /// How to print results
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// When to use colour; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Say nothing but errors and findings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// Form of the results.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document.
    Json,
    /// For browsers: one page with everything in it.
    Html,
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand)]
enum Command {
    Inspect(inspect::Args),
    Rewrite(rewrite::Args),
    Revert(revert::Args),
    Verify(verify::Args),
    Diff(diff::Args),
    Explain(explain::Args),
    Report(report::Args),
    Run(Box<run::Args>),
    Race(race::Args),
    Compare(Box<compare::Args>),
    Boot(Box<boot::Args>),
    Completions(completions::Args),
    Man(man::Args),
}

/// How a command ended that did what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing to report.
    Done,
    /// There are findings, or a difference.
    Findings,
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let mut ui = Ui::new(&cli.global);
    let result = run(&cli.command, &mut ui).and_then(|status| ui.flush().map(|()| status));
    match result {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::Findings) => ExitCode::from(1),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            ui.error(&error);
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command, ui: &mut Ui) -> Result<Status, Error> {
    if ui.is_html() && !matches!(command, Command::Race(_) | Command::Compare(_)) {
        return Err(Error::Usage(
            "--format html is for `race` and `compare`; take text or json".into(),
        ));
    }
    match command {
        Command::Inspect(args) => inspect::run(args, ui),
        Command::Rewrite(args) => rewrite::run(args, ui),
        Command::Revert(args) => revert::run(args, ui),
        Command::Verify(args) => verify::run(args, ui),
        Command::Diff(args) => diff::run(args, ui),
        Command::Explain(args) => explain::run(args, ui),
        Command::Report(args) => report::run(args, ui),
        Command::Run(args) => run::run(args, ui),
        Command::Race(args) => race::run(args, ui),
        Command::Compare(args) => compare::run(args, ui),
        Command::Boot(args) => boot::run(args, ui),
        Command::Man(args) => man::run(args, &mut Cli::command(), ui),
        Command::Completions(args) => completions::run(args, &mut Cli::command(), ui),
    }
}

/// Help, the version, or what is wrong with the command line; in JSON if it asks for that.
fn refuse(error: &clap::Error) -> ExitCode {
    let wants_json = asks_for_json(std::env::args_os().skip(1));
    if wants_json && error.use_stderr() {
        crate::ui::print_error_json(&Error::Usage(usage(error)));
    } else {
        // Nobody is left to tell when this fails.
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// What is wrong with the command line, on one line.
fn usage(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "no subcommand".into();
    }
    let text = error.render().to_string();
    let what = text
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .map(str::trim);
    what.collect::<Vec<_>>()
        .join(" ")
        .trim_start_matches("error: ")
        .to_string()
}

fn asks_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<OsString> = arguments.collect();
    let pair = |pair: &[OsString]| pair[0] == "--format" && pair[1] == "json";
    arguments.windows(2).any(pair) || arguments.iter().any(|argument| argument == "--format=json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wish_for_json_is_seen_in_a_wrong_command_line() {
        let asks = |words: &[&str]| asks_for_json(words.iter().map(OsString::from));
        assert!(asks(&["inspect", "--format", "json", "--wrong"]));
        assert!(asks(&["--format=json"]));
        assert!(!asks(&["--format", "text", "json"]));
    }
}
