//! `ppcpv revert`: the original, byte for byte.

use std::io::Write;
use std::path::{Path, PathBuf};

use rewriter::elf::digest;
use serde::Serialize;

use super::rewrite::{another, with_suffix};
use crate::cli::Status;
use crate::document::SCHEMA_VERSION;
use crate::error::Error;
use crate::input::Input;
use crate::output::Output;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  ppcpv revert vmlinux.pv                 writes vmlinux
  ppcpv revert vmlinux.pv -o original
  ppcpv revert vmlinux.pv --in-place";

/// Gives the original of a rewritten image, byte for byte
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The rewritten image
    image: PathBuf,
    /// The file to write [default: IMAGE without .pv, or IMAGE.orig]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a file that exists
    #[arg(long)]
    force: bool,
    /// Replace the image itself
    #[arg(long, conflicts_with = "output")]
    in_place: bool,
}

#[derive(Serialize)]
struct Document<'d> {
    schema_version: u32,
    path: &'d str,
    output: String,
    size: usize,
    digest: String,
}

/// Runs the subcommand.
///
/// # Errors
///
/// When the image was not rewritten or changed since, or the file cannot be written; none is then.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    let input = Input::file(&args.image)?;
    let output = if args.in_place {
        Output::new(&args.image, true)?
    } else {
        let path = args.output.clone().unwrap_or_else(|| default_output(&args.image));
        another(&path, &input, args.force)?
    };
    let permissions = input.permissions();
    let original = input.revert()?;
    let path = output.write(&original.bytes, permissions)?.commit()?;
    let (size, digest) = (original.bytes.len(), digest(&original.bytes));
    if ui.is_json() {
        let output = path.display().to_string();
        ui.json(&Document {
            schema_version: SCHEMA_VERSION,
            path: &original.name,
            output,
            size,
            digest,
        })?;
    } else if !ui.is_quiet() {
        writeln!(
            ui.out(),
            "{} -> {}: the original, {size} bytes, sha256 {digest}",
            original.name,
            path.display()
        )?;
    }
    Ok(Status::Done)
}

fn default_output(path: &Path) -> PathBuf {
    match path.extension() {
        Some(extension) if extension == "pv" => path.with_extension(""),
        _ => with_suffix(path, ".orig"),
    }
}
