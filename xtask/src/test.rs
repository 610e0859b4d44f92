//! `cargo xtask test`: everything that continuous integration runs, in order, in one command.

use crate::{dist, docs, guest, kernels, packages, process};
use anyhow::{Context, Result, anyhow, bail};
use std::time::{Duration, Instant};

/// One step of the run.
struct Step {
    name: &'static str,
    action: Action,
}

/// What a step does.
enum Action {
    /// A cargo command: its words, and the environment variables set for it.
    Cargo(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// The formatter and the linter, installed where Debian's Rust is without them.
    RustTools,
    /// The task `kernels`, for all of them.
    Kernels,
    /// The task `guest`, for all families.
    Guest,
    /// The task `dist`.
    Dist,
    /// The task `docs`.
    Docs,
    /// Debian packages that tests use, installed where they are missing.
    Packages(&'static [&'static str]),
}

/// The steps. The quick ones come first, and the kernels before the tests that use them.
const STEPS: &[Step] = &[
    Step {
        name: "rust-tools",
        action: Action::RustTools,
    },
    Step {
        name: "format",
        action: Action::Cargo(&["fmt", "--all", "--check"], &[]),
    },
    Step {
        name: "format-guest",
        action: Action::Cargo(&["fmt", "--manifest-path", "guest/Cargo.toml", "--check"], &[]),
    },
    Step {
        name: "format-host",
        action: Action::Cargo(
            &["fmt", "--manifest-path", "qemu/host/Cargo.toml", "--check"],
            &[],
        ),
    },
    Step {
        name: "format-init",
        action: Action::Cargo(
            &["fmt", "--manifest-path", "linux/init/Cargo.toml", "--check"],
            &[],
        ),
    },
    Step {
        name: "clippy",
        action: Action::Cargo(
            &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
            &[],
        ),
    },
    Step {
        name: "doc",
        action: Action::Cargo(
            &["doc", "--workspace", "--no-deps"],
            &[("RUSTDOCFLAGS", "-D warnings")],
        ),
    },
    Step {
        name: "package",
        action: Action::Cargo(
            &[
                "package",
                "--allow-dirty",
                "--quiet",
                "-p",
                "magicpage",
                "-p",
                "cpu",
                "-p",
                "rewriter",
                "-p",
                "kvm-ppc",
                "-p",
                "machine",
                "-p",
                "board",
                "-p",
                "vm",
                "-p",
                "qemu",
            ],
            &[],
        ),
    },
    Step {
        name: "docs",
        action: Action::Docs,
    },
    Step {
        name: "packages",
        // GNU as, ld and objdump, for the tests of the instruction table and the text cases; QEMU for those of execution
        // and for the host on bare metal; a browser for the pages.
        action: Action::Packages(&[
            "binutils-powerpc-linux-gnu",
            "chromium",
            "fonts-dejavu-core",
            "gdb-multiarch",
            "qemu-system-ppc",
            "qemu-user",
        ]),
    },
    Step {
        name: "guest",
        action: Action::Guest,
    },
    Step {
        name: "dist",
        action: Action::Dist,
    },
    Step {
        name: "kernels",
        action: Action::Kernels,
    },
    Step {
        name: "tests",
        action: Action::Cargo(&["test", "--workspace"], &[]),
    },
];

/// Runs the steps, or those named with `--only`; stops at the first that fails.
///
/// # Errors
///
/// An argument is wrong, or a step failed; the error names it.
pub fn run(arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|argument| argument == "--list") {
        STEPS.iter().for_each(|step| println!("{}", step.name));
        return Ok(());
    }
    let start = Instant::now();
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for step in chosen(arguments)? {
        eprintln!("test: {}", step.name);
        let step_start = Instant::now();
        let result = perform(&step.action);
        times.push((step.name, step_start.elapsed()));
        if let Err(error) = result {
            summary(&times, start.elapsed());
            return Err(error.context(format!("step `{}` failed", step.name)));
        }
    }
    summary(&times, start.elapsed());
    Ok(())
}

fn chosen(arguments: &[String]) -> Result<Vec<&'static Step>> {
    let mut names = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument != "--only" {
            bail!("`test` does not know {argument:?}; it takes [--list] [--only STEP]...");
        }
        names.push(
            arguments
                .next()
                .context("--only needs a step; --list names them")?,
        );
    }
    if let Some(unknown) = names
        .iter()
        .find(|name| !STEPS.iter().any(|step| step.name == name.as_str()))
    {
        bail!("no step is called {unknown:?}; --list names them");
    }
    Ok(STEPS
        .iter()
        .filter(|step| names.is_empty() || names.iter().any(|name| *name == step.name))
        .collect())
}

fn perform(action: &Action) -> Result<()> {
    match action {
        Action::RustTools => rust_tools(),
        Action::Kernels => kernels::make_all(),
        Action::Guest => guest::run(&[]),
        Action::Dist => dist::run(&[]),
        Action::Docs => docs::run(&[]),
        Action::Packages(names) => packages::require(names),
        Action::Cargo(words, environment) => {
            let mut command = process::cargo(words);
            command.envs(environment.iter().copied());
            let shown = format!("cargo {}", words.join(" "));
            let status = command
                .status()
                .with_context(|| format!("cannot start `{shown}`"))?;
            if status.success() {
                Ok(())
            } else {
                Err(anyhow!("`{shown}`: {status}"))
            }
        }
    }
}

/// Cargo's subcommands that are not part of a minimal Rust, and the packages that Debian has them in.
const RUST_TOOLS: [(&str, &str); 2] = [("fmt", "rustfmt-web"), ("clippy", "rust-web-clippy")];

fn rust_tools() -> Result<()> {
    let missing = RUST_TOOLS
        .iter()
        .filter(|(tool, _)| process::output(&mut process::cargo(&[tool, "--version"])).is_err());
    let packages: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if !packages.is_empty() && packages::installed("cargo-web").is_none() {
        bail!("`cargo fmt` or `cargo clippy` is missing; type `rustup component add rustfmt clippy`");
    }
    packages::require(&packages)
}

fn summary(times: &[(&str, Duration)], total: Duration) {
    for (name, time) in times {
        eprintln!("test: {name:<12} {:>7.1} s", time.as_secs_f64());
    }
    eprintln!("test: {:<12} {:>7.1} s", "total", total.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Result<Vec<&'static str>> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Ok(chosen(&arguments)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn without_arguments_every_step_runs() {
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
    }

    #[test]
    fn only_chooses_steps_and_keeps_their_order() {
        assert_eq!(
            names(&["--only", "tests", "--only", "format"]).unwrap(),
            ["format", "tests"]
        );
    }

    #[test]
    fn a_wrong_argument_is_an_error() {
        assert!(names(&["--only"]).is_err());
        assert!(names(&["--only", "nothing"]).is_err());
        assert!(names(&["--fast"]).is_err());
    }
}
