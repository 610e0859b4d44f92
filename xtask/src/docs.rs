//! `cargo xtask docs`: the book, built with mdBook, which is compiled once and kept with the kernels.

use crate::process;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// The version, so that the book looks the same everywhere.
const VERSION: &str = "0.5.4";

/// Builds the book and prints where its first page is.
///
/// # Errors
///
/// An argument is given, mdBook cannot be had, or the book cannot be built.
pub fn run(arguments: &[String]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        bail!("`docs` takes no arguments, not {argument:?}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let to = std::path::absolute(target.join("book"))?;
    let mut build = process::command(&mdbook()?.display().to_string(), ["build", "--dest-dir"]);
    process::output(build.arg(&to).arg(root.join("docs/book")))?;
    println!("{}", to.join("index.html").display());
    Ok(())
}

/// mdBook of our version, compiled if it is not there.
fn mdbook() -> Result<PathBuf> {
    let tools = qemu::cache::directory()
        .context("no place for mdBook: set PPCPV_CACHE to a directory")?
        .join(format!("mdbook-{VERSION}"));
    let program = tools.join("bin/mdbook");
    if !program.is_file() {
        eprintln!("docs: compiling mdBook {VERSION}");
        let mut install = process::cargo(&[
            "install",
            "--locked",
            "--quiet",
            "mdbook",
            "--version",
            VERSION,
            "--root",
        ]);
        process::output(install.arg(&tools))?;
    }
    Ok(program)
}
