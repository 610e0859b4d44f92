//! QEMU: found on the search path, or installed.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::packages;
use crate::process;

/// The Debian package that has the programs.
pub const PACKAGE: &str = "qemu-system-ppc";

/// A program's file, and the first line that `--version` prints.
///
/// # Errors
///
/// When it is neither there nor can be installed; the error says what to type.
pub fn program(name: &str) -> Result<(PathBuf, String)> {
    if let Some(found) = on_path(name) {
        return Ok((found.clone(), version(&found)?));
    }
    packages::require(&[PACKAGE]).with_context(|| format!("`{name}` is not on PATH"))?;
    let found = on_path(name).with_context(|| format!("package {PACKAGE} has no `{name}` on PATH"))?;
    Ok((found.clone(), version(&found)?))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}

fn version(program: &std::path::Path) -> Result<String> {
    let text = process::output(&mut process::command(&program.to_string_lossy(), ["--version"]))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
