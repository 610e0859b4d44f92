//! Runs the tool in a directory of its own.

#![allow(dead_code, reason = "each test program uses a part")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A directory with the demo kernel, `demo`, and its rewrite, `demo.pv`.
pub struct Desk(TempDir);

/// What a run gave.
#[derive(Debug)]
pub struct Run {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The tool, in a directory, with nothing in its environment that changes what it prints.
pub fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ppcpv"));
    command
        .current_dir(directory)
        .args(arguments)
        .stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

impl Run {
    /// Runs a command to its end.
    pub fn of(mut command: Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            status: output.status.code().expect("ended by a signal"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Standard output of a run with this exit status and nothing on standard error.
    pub fn expect(self, status: i32) -> String {
        assert_eq!(
            (self.status, self.stderr.as_str()),
            (status, ""),
            "{}",
            self.stdout
        );
        self.stdout
    }

    /// The same as JSON.
    pub fn json(self, status: i32) -> serde_json::Value {
        serde_json::from_str(&self.expect(status)).unwrap()
    }
}

impl Desk {
    /// A directory with nothing in it.
    pub fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A directory with the demo kernel and its rewrite.
    pub fn new() -> Self {
        let desk = Self::empty();
        desk.run(&["rewrite", "--demo"]).expect(0);
        desk.run(&["revert", "demo.pv"]).expect(0);
        desk
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the tool there.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(command(self.path(), arguments))
    }

    /// A file's bytes.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    /// Writes a file that is another one with some bytes changed.
    pub fn change(&self, from: &str, to: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.read(from);
        change(&mut bytes);
        self.write(to, &bytes);
    }

    /// Every file and its bytes.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let entry = |entry: std::io::Result<fs::DirEntry>| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let bytes = fs::read(self.path().join(&name)).unwrap_or_default();
            (name, bytes)
        };
        fs::read_dir(self.path()).unwrap().map(entry).collect()
    }
}
