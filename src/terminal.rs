//! A guest's outside: its console, what is typed there, and the file that it is saved to.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use kvm_ppc::interrupt::Interrupt;
use ppcpv::run::trace::Tracer;
use ppcpv::run::{Guest, Machine, Turn, snapshot};
use vm::Outside;

use crate::error::Error;
use crate::guest::file;
use crate::output::Output;
use crate::ui::{Progress, Ui};

/// The outside of a guest that a command runs.
pub struct Terminal<'u> {
    ui: &'u mut Ui,
    /// What the guest printed, where it is a part of the result.
    console: Vec<u8>,
    /// Whether the last line has no end.
    open: bool,
    progress: Progress,
    typed: Option<Receiver<Vec<u8>>>,
    saved: Option<Output>,
    tracer: Option<Tracer>,
}

/// The most instructions of a turn that is traced: what is seen has to be kept so long.
const TRACED: u64 = 1 << 10;

impl<'u> Terminal<'u> {
    /// A terminal, on which a file's bytes are typed, or those of standard input for `-`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn new(
        ui: &'u mut Ui,
        saved: Option<Output>,
        tracer: Option<Tracer>,
        limit: Option<u64>,
        input: Option<&Path>,
    ) -> Result<Self, Error> {
        let progress = ui.counter("instructions", limit);
        let typed = input.map(typed).transpose()?;
        Ok(Self {
            ui,
            console: Vec::new(),
            open: false,
            progress,
            typed,
            saved,
            tracer,
        })
    }

    /// Says something that is neither the guest's nor a result.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub fn say(&mut self, what: &str) -> Result<(), Error> {
        Ok(writeln!(self.ui.aside(), "{what}")?)
    }

    /// What the guest printed. The console's last line is ended, so that what follows begins one.
    pub fn finish(self) -> String {
        if self.open && !self.ui.is_json() {
            // Whoever prints next finds out if this fails.
            let _ = writeln!(self.ui.out());
        }
        String::from_utf8_lossy(&self.console).into_owned()
    }
}

/// Bytes to be typed.
fn typed(path: &Path) -> Result<Receiver<Vec<u8>>, Error> {
    let (sender, receiver) = channel();
    if path != Path::new("-") {
        // The receiver is still here.
        let _ = sender.send(file(path)?);
        return Ok(receiver);
    }
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = io::stdin().lock().read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}

impl Outside<Machine> for Terminal<'_> {
    type Error = Error;

    fn console(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.open = bytes.last().is_some_and(|byte| *byte != b'\n');
        self.console.extend_from_slice(bytes);
        if self.ui.is_json() {
            return Ok(());
        }
        let ui = &mut *self.ui;
        self.progress.aside(|| {
            ui.out().write_all(bytes)?;
            ui.flush()
        })
    }

    fn progress(&mut self, instructions: u64) {
        self.progress
            .set(usize::try_from(instructions).unwrap_or(usize::MAX));
    }

    fn input(&mut self) -> Option<Vec<u8>> {
        self.typed.as_ref()?.try_recv().ok()
    }

    fn snapshot(&mut self, guest: &Guest) -> Result<(), Error> {
        if let Some(output) = self.saved.take() {
            let bytes = snapshot::write(guest).map_err(io::Error::from)?;
            output.write(&bytes, None)?.commit()?;
        }
        Ok(())
    }

    fn most(&self) -> u64 {
        if self.tracer.is_some() { TRACED } else { u64::MAX }
    }

    fn before(&mut self, guest: &Guest) {
        if let Some(tracer) = &mut self.tracer {
            tracer.before(guest);
        }
    }

    fn after(&mut self, guest: &Guest, turn: Turn) -> Result<(), Error> {
        match &mut self.tracer {
            Some(tracer) => Ok(tracer.after(guest, turn)?),
            None => Ok(()),
        }
    }

    fn raised(&mut self, guest: &Guest, interrupt: Interrupt) -> Result<(), Error> {
        match &mut self.tracer {
            Some(tracer) => Ok(tracer.raised(guest, interrupt)?),
            None => Ok(()),
        }
    }
}
