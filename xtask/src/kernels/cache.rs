//! Where made kernels are kept, and how it is known that one needs no making.
//!
//! A kernel is put together in a work directory and moved into place whole, together with a *stamp*: a digest of its
//! recipe and the versions of the packages it was made from. A kernel without its stamp does not exist.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// The stamp's file name, beside `vmlinux`.
const STAMP: &str = "stamp";

/// The cache directory.
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache directory that the environment names; it is made if need be.
    ///
    /// # Errors
    ///
    /// The environment names none, or it cannot be made.
    pub fn open() -> Result<Self> {
        let Some(root) = qemu::cache::directory() else {
            bail!("no place for the kernels: set PPCPV_CACHE to a directory");
        };
        fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
        let root = fs::canonicalize(&root).with_context(|| format!("cannot reach {}", root.display()))?;
        Ok(Self { root })
    }

    /// The place of the kernel called `name`.
    pub fn slot(&self, name: &str) -> Slot {
        Slot {
            root: self.root.clone(),
            name: name.to_owned(),
        }
    }

    /// The place of a file that is no kernel.
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Waits until nobody else is making kernels, and keeps others out until the result is dropped.
    ///
    /// # Errors
    ///
    /// The lock file cannot be made or locked.
    pub fn lock(&self) -> Result<File> {
        let path = self.root.join("lock");
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => eprintln!("kernels: waiting for another `cargo xtask kernels`"),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        file.lock()
            .with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }
}

/// One kernel's place in the cache.
pub struct Slot {
    root: PathBuf,
    name: String,
}

impl Slot {
    /// The kernel's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the made kernel is.
    pub fn vmlinux(&self) -> PathBuf {
        self.home().join("vmlinux")
    }

    /// Where a variant of it is.
    pub fn variant(&self, name: &str) -> PathBuf {
        self.home().join(variant_file(name))
    }

    /// A directory for the making, empty at the start and deleted at the end.
    pub fn work(&self) -> PathBuf {
        self.root.join("work").join(&self.name)
    }

    /// A directory shared by the kernels that are built from the same source.
    pub fn sources(&self) -> PathBuf {
        self.root.join("source")
    }

    /// Where the output of the programs goes.
    pub fn log(&self) -> PathBuf {
        self.root.join("log").join(format!("{}.log", self.name))
    }

    /// Puts a copy of `file` into the result, as its `vmlinux`.
    ///
    /// # Errors
    ///
    /// The file is no ELF file, or cannot be copied.
    pub fn stage_vmlinux(&self, file: &Path) -> Result<()> {
        self.stage(file, Path::new("vmlinux"))
    }

    /// Puts a copy of `file` into the result, as the variant called `name`.
    ///
    /// # Errors
    ///
    /// The file is no ELF file, or cannot be copied.
    pub fn stage_variant(&self, file: &Path, name: &str) -> Result<()> {
        self.stage(file, Path::new(&variant_file(name)))
    }

    /// Puts a copy of `file` into the result, among its modules.
    ///
    /// # Errors
    ///
    /// The file is no ELF file, or cannot be copied.
    pub fn stage_module(&self, file: &Path) -> Result<()> {
        let name = file
            .file_name()
            .with_context(|| format!("{} has no file name", file.display()))?;
        self.stage(file, &Path::new("modules").join(name))
    }

    fn stage(&self, file: &Path, place: &Path) -> Result<()> {
        let bytes =
            fs::read(file).with_context(|| format!("{}: cannot read {}", self.name, file.display()))?;
        if !bytes.starts_with(b"\x7fELF") {
            bail!("{}: {} is no ELF file", self.name, file.display());
        }
        let to = self.staged().join(place);
        let parent = to.parent().unwrap_or(&to);
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))
    }

    /// The stamp of the made kernel, if there is one.
    pub fn stamp(&self) -> Option<Stamp> {
        if !self.vmlinux().is_file() {
            return None;
        }
        fs::read_to_string(self.home().join(STAMP))
            .ok()
            .map(|text| Stamp { text })
    }

    /// Makes the work directory empty.
    ///
    /// # Errors
    ///
    /// It cannot be deleted or made.
    pub fn clear(&self) -> Result<()> {
        let work = self.work();
        remove(&work)?;
        fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))
    }

    /// Moves what has been staged into place, replacing what was there, and deletes the work directory.
    ///
    /// # Errors
    ///
    /// A file cannot be written, moved or deleted.
    pub fn publish(&self, stamp: &Stamp) -> Result<()> {
        let stamp_file = self.staged().join(STAMP);
        fs::write(&stamp_file, &stamp.text)
            .with_context(|| format!("cannot write {}", stamp_file.display()))?;
        let home = self.home();
        if home.exists() {
            rename(&home, &self.work().join("old"))?;
        }
        rename(&self.staged(), &home)?;
        remove(&self.work())
    }

    fn home(&self) -> PathBuf {
        self.root.join(&self.name)
    }

    fn staged(&self) -> PathBuf {
        self.work().join("result")
    }
}

fn variant_file(name: &str) -> String {
    format!("vmlinux.{name}")
}

/// Writes a file beside its place and moves it there.
///
/// # Errors
///
/// It cannot be written or moved.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension(format!("part-{}", std::process::id()));
    fs::write(&beside, bytes).with_context(|| format!("cannot write {}", beside.display()))?;
    rename(&beside, path)
}

/// Deletes a directory with all that is in it, if it is there.
///
/// # Errors
///
/// It cannot be deleted.
pub fn remove(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| format!("cannot delete {}", directory.display()))?;
    }
    Ok(())
}

/// Moves a file or directory within the cache.
///
/// # Errors
///
/// It cannot be moved.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}

/// What a made kernel was made from: a line `recipe DIGEST`, then a line `PACKAGE VERSION` for each package.
pub struct Stamp {
    text: String,
}

impl Stamp {
    /// The stamp of a kernel that was made by `recipe` from the packages in `versions`.
    pub fn new(recipe: &str, versions: Vec<(String, String)>) -> Self {
        let mut text = format!("recipe {}\n", digest(recipe));
        for (package, version) in versions {
            text += &format!("{package} {version}\n");
        }
        Self { text }
    }

    /// Whether making the kernel now would give the same: the recipe is unchanged, and so is each package as far as
    /// it is installed. A machine that was given the cache needs no compiler.
    pub fn holds(&self, recipe: &str, installed: impl Fn(&str) -> Option<String>) -> bool {
        let mut lines = self.text.lines();
        lines.next() == Some(&format!("recipe {}", digest(recipe)))
            && lines.all(|line| {
                line.split_once(' ')
                    .is_some_and(|(package, version)| installed(package).is_none_or(|now| now == version))
            })
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_holds_while_recipe_and_installed_packages_are_the_same() {
        let stamp = Stamp::new("boil", vec![("source".to_owned(), "1".to_owned())]);
        assert!(stamp.holds("boil", |_| Some("1".to_owned())));
        assert!(stamp.holds("boil", |_| None));
        assert!(!stamp.holds("boil", |_| Some("2".to_owned())));
        assert!(!stamp.holds("fry", |_| Some("1".to_owned())));
    }

    #[test]
    fn a_broken_stamp_does_not_hold() {
        for text in ["", "recipe", "nonsense\n"] {
            assert!(
                !Stamp {
                    text: text.to_owned()
                }
                .holds("boil", |_| None)
            );
        }
    }

    #[test]
    fn publishing_replaces_what_was_there() {
        let root = std::env::temp_dir().join(format!("xtask-cache-{}", std::process::id()));
        let slot = Slot {
            root: root.clone(),
            name: "trial".to_owned(),
        };
        for content in [b"\x7fELF first".as_slice(), b"\x7fELF second"] {
            slot.clear().unwrap();
            let file = slot.work().join("built");
            fs::write(&file, content).unwrap();
            slot.stage_vmlinux(&file).unwrap();
            slot.publish(&Stamp::new("boil", Vec::new())).unwrap();
            assert_eq!(fs::read(slot.vmlinux()).unwrap(), content);
            assert!(slot.stamp().unwrap().holds("boil", |_| None));
            assert!(!slot.work().exists());
        }
        remove(&root).unwrap();
    }

    #[test]
    fn only_elf_files_are_staged() {
        let root = std::env::temp_dir().join(format!("xtask-elf-{}", std::process::id()));
        let slot = Slot {
            root: root.clone(),
            name: "trial".to_owned(),
        };
        slot.clear().unwrap();
        let file = slot.work().join("built");
        fs::write(&file, b"#!/bin/sh").unwrap();
        assert!(
            slot.stage_vmlinux(&file)
                .unwrap_err()
                .to_string()
                .contains("no ELF file")
        );
        remove(&root).unwrap();
    }
}
