//! Kernels taken out of a Debian binary package of another architecture.
//!
//! The package is fetched with a package database of our own in the work directory, for that architecture alone: it
//! needs no root, and the machine's own package system never hears of a foreign architecture.

use super::cache::Slot;
use crate::{process, process::Log};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// What fetching and unpacking need.
pub const PACKAGES: &[&str] = &["apt", "dpkg", "xz-utils"];

/// How to get a kernel.
pub struct Recipe {
    /// Debian's name of the architecture.
    pub architecture: &'static str,
    /// The package that depends on the current kernel's package.
    pub package: &'static str,
    /// Modules to keep, as paths below `kernel/`.
    pub modules: &'static [&'static str],
}

impl Recipe {
    /// Everything that the result depends on, but for which kernel is Debian's current one.
    pub fn text(&self) -> String {
        [&[self.architecture, self.package], self.modules]
            .concat()
            .join("\n")
    }

    /// Fetches the kernel's package and stages what is wanted of it; returns the package's version.
    ///
    /// # Errors
    ///
    /// The package cannot be found, fetched or unpacked, or does not hold what is wanted.
    pub fn make(&self, slot: &Slot) -> Result<Vec<(String, String)>> {
        let log = Log::create(slot.log(), slot.name())?;
        let database = Database::create(&slot.work(), self.architecture)?;
        // An archive that cannot be reached matters only if the package is on it.
        let updated = log.run(
            "fetching the package lists",
            &mut database.command("apt-get", &["-q", "update"]),
        );
        let image = database.dependency(self.package).or_else(|error| {
            // Without lists there is nothing to find: then their failure is the reason.
            updated?;
            Err(error)
        })?;
        let mut download = database.command("apt-get", &["-q", "download", &image]);
        log.run(&format!("fetching {image}"), download.current_dir(slot.work()))?;
        let file = only(&slot.work(), &image)?;
        let unpacked = slot.work().join("unpacked");
        log.run(
            "unpacking",
            process::command("dpkg-deb", ["-x"]).arg(&file).arg(&unpacked),
        )?;

        slot.stage_vmlinux(&only(&unpacked.join("boot"), "vmlinux-")?)?;
        let modules = only(&unpacked.join("lib/modules"), "")?.join("kernel");
        for module in self.modules {
            slot.stage_module(&uncompressed(&modules.join(module))?)?;
        }
        let version = process::output(process::command("dpkg-deb", ["-f"]).arg(&file).arg("Version"))?;
        Ok(vec![(
            format!("{image}:{}", self.architecture),
            version.trim().to_owned(),
        )])
    }
}

/// A package database of our own.
struct Database {
    options: Vec<String>,
}

impl Database {
    fn create(work: &Path, architecture: &str) -> Result<Self> {
        let root = work.join("apt");
        for directory in ["state/lists/partial", "cache/archives/partial"] {
            let directory = root.join(directory);
            fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        }
        let status = root.join("status");
        fs::write(&status, "").with_context(|| format!("cannot write {}", status.display()))?;
        let settings = [
            format!("APT::Architecture={architecture}"),
            format!("APT::Architectures::={architecture}"),
            // As root, apt would fetch as a user who may not write here.
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Languages=none".to_owned(),
            format!("Dir::State={}", root.join("state").display()),
            format!("Dir::State::status={}", status.display()),
            format!("Dir::Cache={}", root.join("cache").display()),
        ];
        Ok(Self {
            options: settings
                .into_iter()
                .flat_map(|setting| ["-o".to_owned(), setting])
                .collect(),
        })
    }

    fn command(&self, program: &str, words: &[&str]) -> std::process::Command {
        process::command(
            program,
            self.options
                .iter()
                .map(String::as_str)
                .chain(words.iter().copied()),
        )
    }

    /// The first package that `package` depends on.
    fn dependency(&self, package: &str) -> Result<String> {
        let text = process::output(&mut self.command("apt-cache", &["depends", package]))?;
        parse_dependency(&text).with_context(|| format!("{package} depends on nothing that apt-cache shows"))
    }
}

fn parse_dependency(text: &str) -> Option<String> {
    text.lines()
        .find_map(|line| line.trim().strip_prefix("Depends: "))
        .map(str::to_owned)
}

/// The only entry of `directory` whose name begins with `prefix`.
fn only(directory: &Path, prefix: &str) -> Result<PathBuf> {
    let context = || format!("cannot list {}", directory.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).with_context(context)? {
        let entry = entry.with_context(context)?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            found.push(entry.path());
        }
    }
    match found.as_slice() {
        [path] => Ok(path.clone()),
        _ => bail!(
            "{} holds {} entries {prefix}*, not one",
            directory.display(),
            found.len()
        ),
    }
}

/// The module at `path`, decompressed if the package has it compressed.
fn uncompressed(path: &Path) -> Result<PathBuf> {
    if !path.exists() {
        let compressed = PathBuf::from(format!("{}.xz", path.display()));
        if !compressed.exists() {
            bail!("the package has neither {} nor the same with .xz", path.display());
        }
        process::output(process::command("xz", ["-d"]).arg(&compressed))?;
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dependency_is_read_from_what_apt_cache_prints() {
        let text =
            "linux-image-powerpc64le\n  Depends: linux-image-6.1.0-50-powerpc64le\n  Suggests: other\n";
        assert_eq!(
            parse_dependency(text).unwrap(),
            "linux-image-6.1.0-50-powerpc64le"
        );
        assert_eq!(parse_dependency("linux-image-powerpc64le\n"), None);
    }

    #[test]
    fn only_takes_exactly_one() {
        let directory = std::env::temp_dir().join(format!("xtask-only-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("vmlinux-1"), "").unwrap();
        assert_eq!(only(&directory, "vmlinux-").unwrap(), directory.join("vmlinux-1"));
        fs::write(directory.join("vmlinux-2"), "").unwrap();
        assert!(only(&directory, "vmlinux-").is_err());
        assert!(only(&directory, "config-").is_err());
        fs::remove_dir_all(&directory).unwrap();
    }
}
