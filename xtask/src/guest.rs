//! `cargo xtask guest`: builds what runs on bare PowerPC metal.
//!
//! No toolchain that is installed by default has a core library for these targets, so it is built along: with Debian's
//! compiler and the sources that belong to it, or with any other whose sources are installed.

use crate::process::{self, Log};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Debian's packages that the builds need.
pub const PACKAGES: [&str; 4] = ["binutils-powerpc-linux-gnu", "rustc-web", "cargo-web", "rust-web-src"];

/// A processor family that can be built for.
pub struct Family {
    /// Its name on command lines, and of the directory that the image goes to.
    pub name: &'static str,
    /// The target's file in `guest/targets`, without its extension.
    pub target: &'static str,
}

/// Every family.
pub const FAMILIES: [Family; 2] = [
    Family {
        name: "book3s-32",
        target: "powerpc-unknown-none",
    },
    Family {
        name: "e500",
        target: "powerpc-e500-none",
    },
];

/// Builds the guest for the families that are named, or for all, and prints the paths.
///
/// # Errors
///
/// An argument is wrong, there is no compiler, or the build fails.
pub fn run(arguments: &[String]) -> Result<()> {
    for family in chosen(arguments)? {
        println!("{}", make(family)?.display());
    }
    Ok(())
}

fn chosen(arguments: &[String]) -> Result<Vec<&'static Family>> {
    let mut families = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument != "--family" {
            bail!("`guest` does not know {argument:?}; it takes [--family NAME]...");
        }
        let name = arguments.next().context("--family needs a name")?;
        let family = FAMILIES.iter().find(|family| family.name == name);
        let names = FAMILIES.map(|family| family.name).join(" and ");
        families.push(family.with_context(|| format!("no family is called {name:?}; there are {names}"))?);
    }
    if families.is_empty() {
        families.extend(&FAMILIES);
    }
    Ok(families)
}

/// Builds the guest for a family: `guest/FAMILY/guest.elf` in cargo's directory.
///
/// # Errors
///
/// As for [`build`]; or the image cannot be copied.
pub fn make(family: &Family) -> Result<PathBuf> {
    let directory = target_directory()?.join("guest");
    let built = build(
        &root().join("guest"),
        &root().join(format!("guest/targets/{}.json", family.target)),
        &directory.join("build"),
        &[],
    )?;
    let image = directory.join(family.name).join("guest.elf");
    std::fs::create_dir_all(directory.join(family.name))
        .and_then(|()| std::fs::copy(built.join("guest"), &image))
        .with_context(|| format!("cannot write {}", image.display()))?;
    Ok(image)
}

/// Builds the crate in `package` for the target that the file `target` describes, with its output in `output` and
/// these environment variables set. Answers with the directory that holds the executables.
///
/// # Errors
///
/// There is no compiler with the sources of its core library, or the build fails.
pub fn build(package: &Path, target: &Path, output: &Path, environment: &[(&str, &str)]) -> Result<PathBuf> {
    let toolchain = Toolchain::find()?;
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (package_name, target_name) = (name(package), name(target));
    let log = Log::create(
        output.join(format!("{package_name}-{target_name}.log")),
        &package_name,
    )?;
    let mut command = process::command(
        &toolchain.cargo,
        ["build", "--release", "-Zbuild-std=core,alloc,compiler_builtins", "-Zjson-target-spec"],
    );
    // The caller's settings are for the caller's compiler. CARGO_HOME says where cargo keeps the packages.
    for (variable, value) in std::env::vars_os() {
        if variable == "CARGO_HOME" {
            command.env(variable, value);
        }
    }
    command
        .arg("--target")
        .arg(target)
        .arg("--target-dir")
        .arg(output)
        .env("RUSTC", &toolchain.rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .envs(environment.iter().copied())
        .current_dir(package);
    log.run(&format!("building for {target_name}"), &mut command)?;
    Ok(output.join(target_name).join("release"))
}

/// A compiler that has the sources of its core library.
struct Toolchain {
    cargo: String,
    rustc: String,
}

impl Toolchain {
    /// Debian's, which the packages install; or the one on the search path.
    fn find() -> Result<Self> {
        let toolchains = [("/usr/bin/cargo", "/usr/bin/rustc"), ("cargo", "rustc")];
        let found = toolchains.into_iter().find(|(_, rustc)| has_sources(rustc));
        let Some((cargo, rustc)) = found else {
            bail!(
                "no Rust compiler has the sources of its core library; type `sudo apt-get install \
                 --no-install-recommends {}`, or `rustup component add rust-src`",
                PACKAGES.join(" ")
            );
        };
        Ok(Self {
            cargo: cargo.to_owned(),
            rustc: rustc.to_owned(),
        })
    }
}

fn has_sources(rustc: &str) -> bool {
    let sysroot = process::output(&mut process::command(rustc, ["--print", "sysroot"]));
    sysroot.is_ok_and(|path| {
        Path::new(path.trim())
            .join("lib/rustlib/src/rust/library/core/Cargo.toml")
            .is_file()
    })
}

/// The workspace.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Cargo's own directory.
fn target_directory() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(std::path::absolute(target)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Result<Vec<&'static str>> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Ok(chosen(&arguments)?.iter().map(|family| family.name).collect())
    }

    #[test]
    fn families_are_chosen_by_name() {
        assert_eq!(names(&[]).unwrap(), ["book3s-32", "e500"]);
        assert_eq!(names(&["--family", "e500"]).unwrap(), ["e500"]);
    }

    #[test]
    fn a_wrong_argument_is_an_error() {
        assert!(names(&["--family"]).is_err());
        assert!(names(&["--family", "z80"]).is_err());
        assert!(names(&["--fast"]).is_err());
    }

    #[test]
    fn every_family_has_its_target() {
        for family in FAMILIES {
            let file = root().join(format!("guest/targets/{}.json", family.target));
            assert!(file.is_file(), "{}", file.display());
        }
    }
}
