//! Kernels built from Debian's kernel source, with Debian's cross compiler.
//!
//! The same source, compiler and recipe give the same bytes, whoever builds and wherever: no date, user, host or path
//! goes into the kernel.

use super::cache::{Slot, remove, rename};
use super::config::Config;
use super::variant::Variant;
use crate::{packages, process, process::Log};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;

/// The package with the source. The version is pinned: the options in the fragments, and the code that the tests meet,
/// are this version's.
pub const SOURCE: &str = "linux-source-6.1";

/// The packages whose versions decide what comes out.
const DECISIVE: &[&str] = &[SOURCE, "gcc-powerpc-linux-gnu", "binutils-powerpc-linux-gnu"];

/// What a build needs.
pub const PACKAGES: &[&str] = &[
    SOURCE,
    "gcc-powerpc-linux-gnu",
    "binutils-powerpc-linux-gnu",
    "bc",
    "bison",
    "flex",
    "gcc",
    "libc6-dev",
    "make",
    "xz-utils",
];

/// What stands on every command line of `make`.
const SETTINGS: &[&str] = &[
    "ARCH=powerpc",
    "CROSS_COMPILE=powerpc-linux-gnu-",
    "LOCALVERSION=",
    "KBUILD_BUILD_TIMESTAMP=1970-01-01 00:00:00 UTC",
    "KBUILD_BUILD_USER=ppcpv",
    "KBUILD_BUILD_HOST=ppcpv",
    "KBUILD_BUILD_VERSION=1",
];

/// How to build a kernel.
pub struct Recipe {
    /// Configuration fragments on top of `allnoconfig`; later ones win.
    pub fragments: &'static [&'static str],
    /// Modules to keep, as paths in the source tree.
    pub modules: &'static [&'static str],
    /// Kernels that are built after it, from the same tree with edits: each on top of the one before.
    pub variants: &'static [Variant],
}

impl Recipe {
    /// Everything that the result depends on, but for the packages.
    pub fn text(&self) -> String {
        let variants = self.variants.iter().map(Variant::text);
        [&[SOURCE], SETTINGS, self.fragments, self.modules]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .chain(variants)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Builds the kernel and stages it; returns the decisive packages' versions.
    ///
    /// # Errors
    ///
    /// An option did not take, the build failed, or a file cannot be written.
    pub fn make(&self, slot: &Slot) -> Result<Vec<(String, String)>> {
        let log = Log::create(slot.log(), slot.name())?;
        let versions = DECISIVE
            .iter()
            .map(|package| {
                let version =
                    packages::installed(package).with_context(|| format!("{package} is not installed"))?;
                Ok(((*package).to_owned(), version))
            })
            .collect::<Result<Vec<_>>>()?;
        let mut source = extract(slot, &log, &versions[0].1)?;
        if !self.variants.is_empty() {
            source = link(slot, &log, &source)?;
        }
        let build = slot.work().join("build");
        fs::create_dir_all(&build).with_context(|| format!("cannot make {}", build.display()))?;

        let wanted = Config::parse(self.fragments)?;
        let fragment = slot.work().join("fragment");
        fs::write(&fragment, wanted.text())
            .with_context(|| format!("cannot write {}", fragment.display()))?;
        let mut configure = make(&source, &build, &["allnoconfig"]);
        configure.env("KCONFIG_ALLCONFIG", &fragment);
        log.run("configuring", &mut configure)?;
        let config = build.join(".config");
        let text =
            fs::read_to_string(&config).with_context(|| format!("cannot read {}", config.display()))?;
        wanted
            .check(&Config::parse(&[&text])?)
            .with_context(|| slot.name().to_owned())?;

        let jobs = format!("-j{}", available_parallelism().map_or(1, usize::from));
        log.run(
            "building",
            &mut make(&source, &build, &[&jobs, "vmlinux", "modules"]),
        )?;
        slot.stage_vmlinux(&build.join("vmlinux"))?;
        self.modules
            .iter()
            .try_for_each(|module| slot.stage_module(&build.join(module)))?;
        for variant in self.variants {
            variant.edit(&source)?;
            let what = format!("building {}", variant.name);
            log.run(&what, &mut make(&source, &build, &[&jobs, "vmlinux"]))?;
            slot.stage_variant(&build.join("vmlinux"), variant.name)?;
        }
        Ok(versions)
    }
}

fn make(source: &Path, build: &Path, arguments: &[&str]) -> Command {
    let mut command = process::command("make", ["-C"]);
    command
        .arg(source)
        .arg(format!("O={}", build.display()))
        .args(SETTINGS)
        .args(arguments);
    command
}

/// The source tree, unpacked unless it is there already. Trees of other versions are deleted.
fn extract(slot: &Slot, log: &Log, version: &str) -> Result<PathBuf> {
    let sources = slot.sources();
    // `make` takes no colon in a path.
    let tree = sources.join(format!("{SOURCE}_{}", version.replace(':', "-")));
    if tree.exists() {
        return Ok(tree);
    }
    remove(&sources)?;
    fs::create_dir_all(&sources).with_context(|| format!("cannot make {}", sources.display()))?;
    let unpacked = slot.work().join("unpacked");
    fs::create_dir_all(&unpacked).with_context(|| format!("cannot make {}", unpacked.display()))?;
    let mut tar = process::command("tar", ["-xf", &format!("/usr/src/{SOURCE}.tar.xz"), "-C"]);
    log.run("unpacking the source", tar.arg(&unpacked))?;
    rename(&unpacked.join(SOURCE), &tree)?;
    Ok(tree)
}

/// A tree of the same files, to be edited.
fn link(slot: &Slot, log: &Log, source: &Path) -> Result<PathBuf> {
    let tree = slot.work().join("tree");
    let mut copy = process::command("cp", ["-al"]);
    log.run("linking the source", copy.arg(source).arg(&tree))?;
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::super::variant::PATCHING;
    use super::*;

    #[test]
    fn a_recipe_changes_with_each_of_its_parts() {
        let text = |fragments, modules, variants| {
            Recipe {
                fragments,
                modules,
                variants,
            }
            .text()
        };
        let plain = text(&["CONFIG_A=y"], &["a.ko"], &[]);
        assert_ne!(plain, text(&["CONFIG_A=m"], &["a.ko"], &[]));
        assert_ne!(plain, text(&["CONFIG_A=y"], &["b.ko"], &[]));
        assert_ne!(plain, text(&["CONFIG_A=y"], &["a.ko"], PATCHING));
    }

    #[test]
    fn decisive_packages_are_installed_packages() {
        assert!(DECISIVE.iter().all(|package| PACKAGES.contains(package)));
    }
}
