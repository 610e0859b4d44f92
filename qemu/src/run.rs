//! One run of QEMU.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use vm::record::{Ended, Record};

use crate::find;
use crate::machine::Machine;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Spec<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// The host's image.
    pub host: PathBuf,
    /// The bytes that it finds at [`Machine::handover`].
    pub handover: &'a [u8],
    /// Whether time passes with instructions: every run is the same, but slower.
    pub deterministic: bool,
    /// How long it may take.
    pub limit: Duration,
    /// Where QEMU waits for a debugger before the first instruction, if it is to: a TCP port of 127.0.0.1.
    pub gdb: Option<u16>,
    /// More arguments of QEMU.
    pub extra: Vec<OsString>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How the guest ended; nothing where boundaries were swept.
    pub ended: Option<Ended>,
    /// What else stood on the serial line.
    pub log: Vec<String>,
    /// The command line, as one types it.
    pub command_line: String,
    /// How long it took.
    pub time: Duration,
}

/// The command line of a run whose handover is in a file.
fn command(spec: &Spec<'_>, program: &std::path::Path, handover: &std::path::Path) -> Command {
    let Machine {
        arguments,
        memory,
        handover: address,
        shift,
        ..
    } = spec.machine;
    let mut command = Command::new(program);
    command
        .args(*arguments)
        .args(["-m", memory])
        .args(["-display", "none", "-serial", "stdio", "-monitor", "none"])
        // A machine's own devices may want ROMs from packages that nothing else needs.
        .args(["-vga", "none", "-nic", "none"])
        .arg("-kernel")
        .arg(&spec.host)
        .arg("-device");
    // A comma in an option's value is written twice.
    let file = handover.display().to_string().replace(',', ",,");
    command.arg(format!("loader,file={file},addr={address:#x},force-raw=on"));
    if spec.deterministic {
        command.args(["-icount", &format!("shift={shift},sleep=off")]);
    }
    if let Some(port) = spec.gdb {
        command.args(["-S", "-gdb", &format!("tcp:127.0.0.1:{port}")]);
    }
    command.args(&spec.extra);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The command as a shell reads it.
fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// A process that does not outlive its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs QEMU. `heard` is told every record as it comes.
///
/// # Errors
///
/// When QEMU is not there, the run takes too long, or it ends with anything but the end of the guest; the error has the
/// command line, whose handover is kept then.
pub fn run(spec: &Spec<'_>, mut heard: impl FnMut(&Record)) -> Result<Outcome> {
    let (program, _) = find::program(spec.machine.program)?;
    let mut file = tempfile::Builder::new()
        .prefix("ppcpv-")
        .suffix(".handover")
        .tempfile()
        .context("cannot make a temporary file")?;
    file.write_all(spec.handover)
        .context("cannot write the handover")?;
    let mut command = command(spec, &program, file.path());
    let command_line = typed(&command);
    let start = Instant::now();
    let result = supervise(&mut command, spec.limit, &mut heard);
    match result {
        Ok((ended, log)) => Ok(Outcome {
            ended,
            log,
            command_line,
            time: start.elapsed(),
        }),
        Err(error) => {
            // The command line is of use only with its file.
            let _ = file.keep();
            Err(error.context(format!("this failed:\n  {command_line}")))
        }
    }
}

fn supervise(
    command: &mut Command,
    limit: Duration,
    heard: &mut impl FnMut(&Record),
) -> Result<(Option<Ended>, Vec<String>)> {
    let mut running = Running(command.spawn().context("cannot start QEMU")?);
    let stdout = running.0.stdout.take().context("QEMU has no standard output")?;
    let stderr = running.0.stderr.take().context("QEMU has no standard error")?;
    let lines = lines(stdout);
    let complaints = thread::spawn(move || {
        let mut text = String::new();
        // What cannot be read was not said.
        let _ = BufReader::new(stderr).read_to_string(&mut text);
        text
    });
    let deadline = Instant::now() + limit;
    let (ended, log) = listen(&lines, deadline, heard);
    let status = match &ended {
        Err(Silence::TooLong) => {
            drop(running);
            bail!(
                "it did not end within {} s; it said last\n{}",
                limit.as_secs(),
                last(&log)
            );
        }
        Ok(_) | Err(Silence::Closed) => wait(&mut running, deadline)?,
    };
    let complaints = complaints.join().unwrap_or_default();
    match ended {
        Ok(Said::Ended(ended)) if status.success() => Ok((Some(*ended), log)),
        Ok(Said::Swept) if status.success() => Ok((None, log)),
        Ok(Said::Failed(why)) => bail!("the host failed: {why}\n{}", last(&log)),
        _ => bail!(
            "QEMU ended ({status}) and the host had not said how the guest did; it said last\n{}{complaints}",
            last(&log)
        ),
    }
}

/// How a run's records end.
enum Said {
    Ended(Box<Ended>),
    Swept,
    Failed(String),
}

/// Why no more records come.
enum Silence {
    TooLong,
    Closed,
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn listen(
    lines: &Receiver<String>,
    deadline: Instant,
    heard: &mut impl FnMut(&Record),
) -> (Result<Said, Silence>, Vec<String>) {
    let mut log = Vec::new();
    let mut said = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = match lines.recv_timeout(left) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return (Err(Silence::TooLong), log),
            Err(RecvTimeoutError::Disconnected) => return (said.ok_or(Silence::Closed), log),
        };
        let Ok(record) = serde_json::from_str::<Record>(&line) else {
            log.push(line);
            continue;
        };
        heard(&record);
        match record {
            Record::Ended(ended) => said = Some(Said::Ended(Box::new(ended))),
            Record::Failed(why) => said = Some(Said::Failed(why)),
            Record::Swept { .. } => said = Some(Said::Swept),
            Record::Console(_) | Record::Taken { .. } | Record::Undisturbed(_) | Record::Found { .. } => {}
        }
    }
}

/// Waits for a process that is about to end.
fn wait(running: &mut Running, deadline: Instant) -> Result<ExitStatus> {
    loop {
        if let Some(status) = running.0.try_wait().context("cannot wait for QEMU")? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            bail!("QEMU has closed its output and does not end");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The last lines of a log.
fn last(log: &[String]) -> String {
    const LINES: usize = 12;
    log[log.len().saturating_sub(LINES)..]
        .iter()
        .map(|line| format!("    {line}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn try_out(script: &str, limit: Duration) -> Result<(Option<Ended>, Vec<String>)> {
        supervise(&mut shell(script), limit, &mut |_| {})
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_failing_host_is_an_error_that_says_why() {
        let error = try_out(r#"echo before; echo '{"failed":"no handover"}'"#, LONG).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("no handover") && text.contains("before"), "{text}");
    }

    #[test]
    fn an_end_without_a_word_is_an_error_with_what_was_said() {
        let error = try_out("echo something; echo complaint >&2; exit 3", LONG).unwrap_err();
        let text = format!("{error:#}");
        for part in ["something", "complaint", "3"] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }

    #[test]
    fn what_takes_too_long_is_stopped() {
        let start = Instant::now();
        let error = try_out("echo begun; sleep 100", Duration::from_millis(300)).unwrap_err();
        assert!(start.elapsed() < LONG && format!("{error:#}").contains("begun"));
    }

    #[test]
    fn a_command_line_can_be_typed() {
        let mut command = Command::new("qemu");
        command.args(["a,b", "it's", ""]);
        assert_eq!(typed(&command), r"qemu a,b 'it'\''s' ''");
    }
}
