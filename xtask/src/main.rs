//! The project's tasks: `cargo xtask NAME`.
//!
//! Everything that is more than one ordinary cargo command is a row of [`TASKS`]. Continuous integration calls these
//! same tasks, so what it does can be done on any desk with the same words.

mod dist;
mod docs;
mod first_use;
mod guest;
mod kernels;
mod soak;
mod test;

use anyhow::{Result, bail};
use qemu::{packages, process};
use std::process::ExitCode;

/// One task.
struct Task {
    /// What stands after `cargo xtask`.
    name: &'static str,
    /// The arguments, as the help shows them.
    arguments: &'static str,
    /// One line of help.
    help: &'static str,
    /// Does it, given the arguments after the name.
    run: fn(&[String]) -> Result<()>,
}

/// Every task, in the order of the help.
const TASKS: &[Task] = &[
    Task {
        name: "test",
        arguments: "[--list] [--only STEP]...",
        help: "run all tests, as continuous integration does",
        run: test::run,
    },
    Task {
        name: "kernels",
        arguments: "[--list] [--force] [NAME...]",
        help: "make the real kernels that the tests use, print their paths",
        run: kernels::run,
    },
    Task {
        name: "guest",
        arguments: "[--family NAME]...",
        help: "build the guest and the host for bare metal, print the paths",
        run: guest::run,
    },
    Task {
        name: "docs",
        arguments: "",
        help: "build the book, print where its first page is",
        run: docs::run,
    },
    Task {
        name: "dist",
        arguments: "",
        help: "make what people install: a tarball and a Debian package; print the paths",
        run: dist::run,
    },
    Task {
        name: "first-use",
        arguments: "[--first]",
        help: "run the README's two commands (or the first) on a new Debian in a directory of its own; needs root",
        run: first_use::run,
    },
    Task {
        name: "soak",
        arguments: "[--list] [--minutes N] [NAME...]",
        help: "what takes too long for every commit: runs of minutes to hours, fuzz targets for N minutes each",
        run: soak::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        eprint!("{}", help());
        bail!("name a task");
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        print!("{}", help());
        return Ok(());
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprint!("{}", help());
        bail!("no task is called {name:?}");
    };
    if rest
        .iter()
        .any(|argument| argument == "-h" || argument == "--help")
    {
        println!("{}", usage(task));
        return Ok(());
    }
    (task.run)(rest)
}

fn usage(task: &Task) -> String {
    format!("cargo xtask {} {}\n    {}", task.name, task.arguments, task.help)
}

fn help() -> String {
    TASKS
        .iter()
        .fold(String::new(), |text, task| text + &usage(task) + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_task() {
        for task in TASKS {
            assert!(help().contains(&format!("cargo xtask {} ", task.name)));
        }
    }

    #[test]
    fn an_unknown_task_is_an_error() {
        assert!(dispatch(&["no-such-task".to_owned()]).is_err());
        assert!(dispatch(&[]).is_err());
    }
}
