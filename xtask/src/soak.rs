//! `cargo xtask soak`: what takes too long for every commit. Each row is one long run of something that the tests do
//! in short.

use crate::process::{self, Log};
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// One long run.
struct Row {
    name: &'static str,
    what: &'static str,
    action: Action,
}

/// What a run does.
enum Action {
    /// A cargo command: its words, and the environment variables set for it.
    Cargo(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// The race laboratory with pairs of interrupts, under a policy that promises to miss none.
    Race(&'static str),
    /// A fuzz target, for as long as asked.
    Fuzz(&'static str),
}

const ROWS: &[Row] = &[
    Row {
        name: "cpu-qemu",
        what: "ten million instructions of each processor against qemu-user",
        action: Action::Cargo(
            &["test", "-p", "cpu", "--release", "--test", "qemu"],
            &[("CPU_QEMU_INSTRUCTIONS", "10000000")],
        ),
    },
    Row {
        name: "properties",
        what: "the host's properties on many random guests",
        action: Action::Cargo(
            &["test", "-p", "kvm-ppc", "--release"],
            &[("PROPTEST_CASES", "50000")],
        ),
    },
    Row {
        name: "race-qemu",
        what: "every boundary on bare metal in QEMU, under all policies that promise to miss nothing",
        action: Action::Cargo(
            &[
                "run",
                "--release",
                "--",
                "race",
                "--qemu",
                "--policy",
                "single-step",
                "--policy",
                "store-trap",
                "--policy",
                "split-critical",
                "--policy",
                "notification-page",
                "--policy",
                "emulate-forward",
            ],
            &[],
        ),
    },
    Row {
        name: "linux",
        what: "a million interrupts and more over living Linux: none is lost, duplicated or late",
        action: Action::Cargo(
            &[
                "test",
                "--release",
                "--test",
                "linux",
                "it_counts_every_interrupt",
            ],
            &[("LINUX_LOAD", "12")],
        ),
    },
    race("race-single-step", "single-step"),
    race("race-store-trap", "store-trap"),
    race("race-split-critical", "split-critical"),
    race("race-notification-page", "notification-page"),
    race("race-emulate-forward", "emulate-forward"),
    fuzz("fuzz-image", "image"),
    fuzz("fuzz-plan", "plan"),
    fuzz("fuzz-host", "host"),
];

const fn race(name: &'static str, policy: &'static str) -> Row {
    Row {
        name,
        what: "pairs of interrupts at every two boundaries; none is missed",
        action: Action::Race(policy),
    }
}

const fn fuzz(name: &'static str, target: &'static str) -> Row {
    Row {
        name,
        what: "the fuzz target, from the corpus of the tree",
        action: Action::Fuzz(target),
    }
}

/// How long each fuzz target runs when nobody says.
const MINUTES: u64 = 10;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    names: Vec<String>,
    minutes: u64,
    list: bool,
}

/// Runs the rows, or those named; goes on when one fails, and fails then.
///
/// # Errors
///
/// An argument is wrong, or rows failed; the error names them.
pub fn run(arguments: &[String]) -> Result<()> {
    let asked = parse(arguments)?;
    if asked.list {
        for row in ROWS {
            println!("{:<24}{}", row.name, row.what);
        }
        return Ok(());
    }
    let directory = directory()?;
    let results: Vec<(&Row, Duration, Result<()>)> = chosen(&asked)
        .map(|row| {
            let start = Instant::now();
            let result = perform(row, asked.minutes, &directory);
            if let Err(error) = &result {
                eprintln!("soak: {}: {error:#}", row.name);
            }
            (row, start.elapsed(), result)
        })
        .collect();
    summary(&results)
}

fn parse(arguments: &[String]) -> Result<Asked> {
    let mut asked = Asked {
        names: Vec::new(),
        minutes: MINUTES,
        list: false,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--list" => asked.list = true,
            "--minutes" => {
                let number = arguments.next().context("--minutes needs a number")?;
                let minutes = number.parse().ok().filter(|minutes| *minutes > 0);
                asked.minutes =
                    minutes.with_context(|| format!("--minutes needs a number above 0, not {number:?}"))?;
            }
            name if ROWS.iter().any(|row| row.name == name) => asked.names.push(name.to_owned()),
            other => {
                bail!("no long run is called {other:?}; --list names them, --minutes N limits fuzz targets")
            }
        }
    }
    Ok(asked)
}

fn chosen(asked: &Asked) -> impl Iterator<Item = &'static Row> {
    let all = asked.names.is_empty();
    ROWS.iter()
        .filter(move |row| all || asked.names.iter().any(|name| name == row.name))
}

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Logs, and what fuzz targets find: in cargo's own directory.
fn directory() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(std::path::absolute(target)?.join("soak"))
}

fn perform(row: &Row, minutes: u64, directory: &Path) -> Result<()> {
    let log = Log::create(
        directory.join(format!("{}.log", row.name)),
        &format!("soak: {}", row.name),
    )?;
    log.run(row.what, command(row, minutes, directory)?.current_dir(root()))
}

fn command(row: &Row, minutes: u64, directory: &Path) -> Result<Command> {
    match row.action {
        Action::Cargo(words, environment) => {
            let mut command = process::cargo(words);
            command.envs(environment.iter().copied());
            Ok(command)
        }
        Action::Race(policy) => {
            let mut command = process::cargo(&["run", "--release", "--quiet", "--bin", "ppcpv", "--"]);
            command.args(["race", "--pairs", "--policy", policy]);
            Ok(command)
        }
        Action::Fuzz(target) => fuzz_command(target, minutes, directory),
    }
}

/// What a target finds goes to a directory of its own, the first one: the corpus of the tree is read only.
///
/// `--sanitizer none` needs no nightly compiler; the crates under test forbid unsafe code.
fn fuzz_command(target: &str, minutes: u64, directory: &Path) -> Result<Command> {
    let found = directory.join("corpus").join(target);
    std::fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let available = process::output(process::cargo(&["fuzz", "--version"]).env("LC_ALL", "C"));
    available.context("`cargo fuzz` is needed: cargo install cargo-fuzz")?;
    let mut command = process::cargo(&["fuzz", "run", "--sanitizer", "none", target]);
    command
        .arg(found)
        .arg(format!("fuzz/corpus/{target}"))
        .arg("--")
        .arg(format!("-max_total_time={}", minutes * 60))
        .arg("-print_final_stats=1");
    Ok(command)
}

fn summary(results: &[(&Row, Duration, Result<()>)]) -> Result<()> {
    for (row, time, result) in results {
        let end = if result.is_ok() { "ok" } else { "FAILED" };
        eprintln!("soak: {:<24}{:>9.1} s  {end}", row.name, time.as_secs_f64());
    }
    let failed: Vec<&str> = results
        .iter()
        .filter(|(.., result)| result.is_err())
        .map(|(row, ..)| row.name)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(anyhow!("failed: {}", failed.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Result<Asked> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        parse(&arguments)
    }

    fn words(name: &str) -> Vec<String> {
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        let directory = std::env::temp_dir().join(format!("xtask-soak-{}", std::process::id()));
        let command = command(row, 7, &directory).unwrap();
        let _ = std::fs::remove_dir_all(&directory);
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn without_names_every_row_runs() {
        let asked = asked(&[]).unwrap();
        assert_eq!(
            (chosen(&asked).count(), asked.minutes, asked.list),
            (ROWS.len(), MINUTES, false)
        );
    }

    #[test]
    fn names_choose_and_keep_the_order() {
        let asked = asked(&["fuzz-host", "cpu-qemu", "--minutes", "3"]).unwrap();
        let names: Vec<_> = chosen(&asked).map(|row| row.name).collect();
        assert_eq!((names, asked.minutes), (vec!["cpu-qemu", "fuzz-host"], 3));
    }

    #[test]
    fn a_wrong_argument_is_an_error() {
        for wrong in [
            &["nothing"][..],
            &["--minutes"],
            &["--minutes", "0"],
            &["--minutes", "x"],
        ] {
            assert!(asked(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn names_are_used_once() {
        for (at, row) in ROWS.iter().enumerate() {
            assert!(
                ROWS[..at].iter().all(|other| other.name != row.name),
                "{}",
                row.name
            );
        }
    }

    #[test]
    fn the_laboratory_is_told_the_policy() {
        let words = words("race-store-trap");
        assert_eq!(
            words[words.len() - 4..],
            ["race", "--pairs", "--policy", "store-trap"]
        );
    }

    #[test]
    fn every_fuzz_target_of_the_tree_has_a_row() {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/Cargo.toml");
        let text = std::fs::read_to_string(manifest).unwrap();
        let targets = text
            .lines()
            .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""));
        for target in targets {
            let rows = ROWS
                .iter()
                .filter(|row| matches!(row.action, Action::Fuzz(name) if name == target));
            assert_eq!(rows.count(), 1, "{target}");
        }
    }

    #[test]
    fn one_failure_fails_all() {
        let rows = [
            (&ROWS[0], Duration::ZERO, Ok(())),
            (&ROWS[1], Duration::ZERO, Err(anyhow!("no"))),
        ];
        assert!(summary(&rows).unwrap_err().to_string().contains(ROWS[1].name));
        assert!(summary(&rows[..1]).is_ok());
    }
}
