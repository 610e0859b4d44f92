//! Where results, findings and progress go.
//!
//! Results go to standard output, everything else to standard error. Colour is for terminals, and only if nobody
//! objects (`--color`, `NO_COLOR`); progress bars are for terminals and for text.

use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::{Color, Format, Global};
use crate::error::{Error, ErrorDocument};

/// Headings and names of things.
pub const HEADING: Style = Style::new().bold();
/// What was there before.
pub const OLD: Style = AnsiColor::Red.on_default();
/// What is there now.
pub const NEW: Style = AnsiColor::Green.on_default();
/// Names of symbols.
pub const SYMBOL: Style = AnsiColor::Cyan.on_default();
/// What matters less.
pub const FAINT: Style = Style::new().dimmed();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// The user's side of a command.
pub struct Ui {
    out: BufWriter<AutoStream<StdoutLock<'static>>>,
    color: ColorChoice,
    format: Format,
    verbose: bool,
    quiet: bool,
}

impl Ui {
    /// As the command line asks for.
    pub fn new(global: &Global) -> Self {
        let color = match global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let out = BufWriter::new(AutoStream::new(io::stdout().lock(), color));
        Self {
            out,
            color,
            format: global.format,
            verbose: global.verbose,
            quiet: global.quiet,
        }
    }

    /// Where results go.
    pub fn out(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// Where what is no result goes. Results that wait to be printed go first.
    pub fn aside(&mut self) -> impl Write + use<> {
        // Whoever prints next finds out if this fails.
        let _ = self.flush();
        AutoStream::new(io::stderr().lock(), self.color)
    }

    /// Whether results are to be JSON.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether results are to be a page for browsers.
    pub fn is_html(&self) -> bool {
        self.format == Format::Html
    }

    /// Whether details are wanted.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether nothing but errors and findings is wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Prints a JSON document.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn json(&mut self, document: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer_pretty(&mut self.out, document).map_err(io::Error::from)?;
        Ok(writeln!(self.out)?)
    }

    /// A bar for work of that many steps, which is shown on a terminal if the work takes a while.
    pub fn progress(&self, what: &'static str, steps: usize) -> Progress {
        if self.quiet || self.format != Format::Text {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(steps as u64).with_message(what);
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} {eta}");
        Progress(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// A count of things that goes on until it has come to `most`, or nobody knows where; shown on a terminal.
    pub fn counter(&self, what: &'static str, most: Option<u64>) -> Progress {
        if self.quiet || self.format != Format::Text {
            return Progress(ProgressBar::hidden());
        }
        let bar = most
            .map_or_else(ProgressBar::new_spinner, ProgressBar::new)
            .with_message(what);
        let template = if most.is_some() {
            "{human_pos} of {human_len} {msg} {eta}"
        } else {
            "{human_pos} {msg}"
        };
        let style = ProgressStyle::with_template(template);
        Progress(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// Hands over what was printed so far.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn flush(&mut self) -> Result<(), Error> {
        Ok(self.out.flush()?)
    }

    /// Prints an error. Results that wait to be printed go first.
    pub fn error(&mut self, error: &Error) {
        let _ = self.flush();
        if self.is_json() {
            return print_error_json(error);
        }
        let mut stream = AutoStream::new(io::stderr().lock(), self.color);
        // Nobody is left to tell when this fails.
        let _ = writeln!(stream, "{ERROR}error[{}]{ERROR:#}: {error}", error.kind());
        if let Some(hint) = error.hint() {
            let _ = writeln!(stream, "{HINT}hint{HINT:#}: {hint}");
        }
    }
}

/// Prints an error as JSON.
pub fn print_error_json(error: &Error) {
    let mut stream = io::stderr().lock();
    // Nobody is left to tell when this fails.
    let _ = serde_json::to_writer_pretty(&mut stream, &ErrorDocument::from(error));
    let _ = writeln!(stream);
}

/// A progress bar; it goes away when dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// So many steps are done.
    pub fn set(&self, steps: usize) {
        self.0.set_position(steps as u64);
    }

    /// One more step is done.
    pub fn advance(&self) {
        self.0.inc(1);
    }

    /// Does something that prints, with the bar out of the way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
