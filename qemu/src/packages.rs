//! Debian packages: which are installed, and installing those that are not.

use crate::process;
use anyhow::{Context, Result, bail};
use std::process::Command;

/// The version of an installed package, or `None` where it is not installed (or this is no Debian).
pub fn installed(package: &str) -> Option<String> {
    let format = "-f=${db:Status-Status} ${Version}";
    let line = process::output(&mut process::command("dpkg-query", ["-W", format, package])).ok()?;
    line.strip_prefix("installed ").map(str::to_owned)
}

/// Installs those of `packages` that are missing.
///
/// # Errors
///
/// They cannot be installed: no root and no password-free `sudo`, no Debian, no network. The error says what to type.
pub fn require(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| installed(package).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    renew(&missing)
}

/// Installs `packages`, or newer versions of those that are installed.
///
/// # Errors
///
/// As for [`require`].
pub fn renew(packages: &[&str]) -> Result<()> {
    eprintln!("packages: installing {}", packages.join(" "));
    install(packages).with_context(|| {
        format!(
            "packages are missing; type `sudo apt-get update; sudo apt-get install --no-install-recommends {}`",
            packages.join(" ")
        )
    })
}

/// The lists of what there is may be absent, or name versions that are out of date: they are fetched first. A source
/// that cannot be reached matters only if the packages are on it.
fn install(packages: &[&str]) -> Result<()> {
    let prefix = become_root()?;
    let update = process::output(&mut as_root(prefix, &["apt-get", "update", "-q"]));
    let words = ["apt-get", "install", "-y", "-q", "--no-install-recommends"];
    let words: Vec<&str> = words.iter().chain(packages).copied().collect();
    process::output(&mut as_root(prefix, &words)).map_err(|error| match update {
        Ok(_) => error,
        Err(update) => error.context(update),
    })?;
    Ok(())
}

/// The words that must stand before a command so that it runs as root.
fn become_root() -> Result<&'static [&'static str]> {
    let user = process::output(&mut process::command("id", ["-u"]))?;
    if user.trim() == "0" {
        return Ok(&[]);
    }
    if process::output(&mut process::command("sudo", ["-n", "true"])).is_ok() {
        return Ok(&["sudo", "-n"]);
    }
    bail!("this needs root, and `sudo` asks for a password");
}

fn as_root(prefix: &[&'static str], words: &[&str]) -> Command {
    let words: Vec<&str> = prefix
        .iter()
        .copied()
        .chain(["env", "DEBIAN_FRONTEND=noninteractive"])
        .chain(words.iter().copied())
        .collect();
    process::command(words[0], &words[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_does_not_exist_is_not_installed() {
        assert_eq!(installed("ppcpv-no-such-package"), None);
    }

    #[test]
    fn nothing_to_install_needs_no_root() {
        require(&[]).unwrap();
    }

    #[test]
    fn root_is_reached_through_the_prefix() {
        let command = as_root(&["sudo", "-n"], &["apt-get", "update"]);
        assert_eq!(
            process::shown(&command),
            "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get update"
        );
        assert_eq!(command.get_program(), "sudo");
    }
}
