//! Running other programs.
//!
//! Long programs write to a log file, which the error names when they fail; short ones are run for what they print.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a quiet program may run before a progress line says that it still does.
const PROGRESS: Duration = Duration::from_secs(15);

/// How many of a log's last lines an error shows.
const TAIL: usize = 12;

/// `program` with its arguments, in plain English: the result must not depend on who runs it.
///
/// Of the caller's environment it has PATH, HOME, TMPDIR and the proxies, and nothing else.
pub fn command<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    // Proxies are needed to reach anything on some networks.
    for kept in ["PATH", "HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// A cargo command in the caller's environment.
pub fn cargo(words: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    cargo_at(Path::new(&cargo), words)
}

/// The same with another cargo.
pub fn cargo_at(cargo: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(cargo);
    command.args(words);
    // Cargo tells a program that it runs about that program's package; the cargo inside is about another.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// The command as a person would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a short command and returns what it prints on standard output.
///
/// # Errors
///
/// The program cannot be started or fails; the error shows what it said.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}): {}", shown(command), output.status, said.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed no UTF-8", shown(command)))
}

/// A log file, to which the commands of one piece of work write one after the other.
pub struct Log {
    path: PathBuf,
    /// Whose work it is, in progress lines.
    title: String,
}

impl Log {
    /// Starts an empty log at `path`.
    ///
    /// # Errors
    ///
    /// The file cannot be made.
    pub fn create(path: PathBuf, title: &str) -> Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            path,
            title: title.to_owned(),
        })
    }

    /// Prints one line about the work on standard error.
    pub fn say(&self, text: &str) {
        eprintln!("{}: {text}", self.title);
    }

    /// Runs `command` with all its output going to the log. `what` says in a few words what it does; it appears at
    /// the start, every 15 seconds while it lasts, and in the error.
    ///
    /// # Errors
    ///
    /// The program cannot be started or fails; the error shows the end of the log and names the file.
    pub fn run(&self, what: &str, command: &mut Command) -> Result<()> {
        self.say(what);
        let status = self.status(what, command)?;
        if !status.success() {
            bail!(
                "{}: {what} failed ({status}); the whole output is in {}; it ends\n{}",
                self.title,
                self.path.display(),
                tail(&self.path)
            );
        }
        Ok(())
    }

    fn status(&self, what: &str, command: &mut Command) -> Result<ExitStatus> {
        let context = || format!("cannot write {}", self.path.display());
        let mut file = OpenOptions::new()
            .append(true)
            .open(&self.path)
            .with_context(context)?;
        writeln!(file, "$ {}", shown(command)).with_context(context)?;
        let lines_before = lines(&self.path);
        command.stdout(file.try_clone()?).stderr(file);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", shown(command)))?;
        let start = Instant::now();
        let mut next = PROGRESS;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if start.elapsed() >= next {
                next += PROGRESS;
                let done = lines(&self.path) - lines_before;
                self.say(&format!(
                    "{what}: {} s, {done} lines of output",
                    start.elapsed().as_secs()
                ));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn lines(path: &Path) -> usize {
    fs::read(path).map_or(0, |text| text.split(|byte| *byte == b'\n').count())
}

fn tail(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..]
        .iter()
        .map(|line| format!("    {line}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_names_itself_and_what_it_said() {
        let error = output(&mut command("sh", ["-c", "echo no good >&2; exit 3"]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("sh -c") && error.contains("no good"), "{error}");
    }

    #[test]
    fn a_failing_logged_command_names_the_log_and_shows_its_end() {
        let path = std::env::temp_dir().join(format!("xtask-process-{}.log", std::process::id()));
        let log = Log::create(path.clone(), "trial").unwrap();
        log.run("a good step", &mut command("sh", ["-c", "echo first"]))
            .unwrap();
        let error = log
            .run("a bad step", &mut command("sh", ["-c", "echo last; exit 1"]))
            .unwrap_err()
            .to_string();
        fs::remove_file(&path).unwrap();
        for part in [
            "trial",
            "a bad step",
            &path.display().to_string(),
            "first",
            "last",
        ] {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
    }
}
