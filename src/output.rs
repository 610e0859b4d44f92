//! Files that are written: whole or not at all.
//!
//! The new file is made beside the old one, synced, and renamed; then the directory is synced. Whoever looks finds the
//! old file or the whole new one, after a loss of power too.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Error;

/// A file that may be written.
pub struct Output {
    /// As it was given.
    name: PathBuf,
    /// With links resolved.
    path: PathBuf,
    replace: bool,
}

/// A file that was written but does not have its name yet.
pub struct Staged {
    file: NamedTempFile,
    output: Output,
}

impl Output {
    /// A file to write. Whether that is allowed is asked here, so that nothing is done in vain.
    ///
    /// # Errors
    ///
    /// When the file exists and is not to be replaced, or is no regular file.
    pub fn new(path: &Path, replace: bool) -> Result<Self, Error> {
        let name: PathBuf = path.into();
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => Err(Error::NotAFile(name)),
            Ok(_) if !replace => Err(Error::Exists(name)),
            _ => Ok(Self {
                path: resolved(path),
                name,
                replace,
            }),
        }
    }

    /// Whether this is the file at that path.
    pub fn is(&self, path: &Path) -> bool {
        self.path == resolved(path)
    }

    /// Writes a file with these bytes, and syncs it. It does not have its name yet.
    ///
    /// # Errors
    ///
    /// When the file cannot be written. Nothing remains then.
    pub fn write(self, bytes: &[u8], permissions: Option<Permissions>) -> Result<Staged, Error> {
        match write(&self.path, bytes, permissions) {
            Ok(file) => Ok(Staged { file, output: self }),
            Err(cause) => Err(Error::Write {
                path: self.name,
                cause,
            }),
        }
    }
}

/// Whether two paths lead to one file, or would if it existed.
pub fn is_same_file(path: &Path, other: &Path) -> bool {
    resolved(path) == resolved(other)
}

/// The path with links resolved: a link keeps its place, what it points to is replaced.
fn resolved(path: &Path) -> PathBuf {
    let in_directory = || Some(directory(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize()
        .ok()
        .or_else(in_directory)
        .unwrap_or_else(|| path.into())
}

fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn write(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // A new file's mode, less the umask, as with any other program.
    let file = builder
        .prefix(".ppcpv-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory(path))?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

impl Staged {
    /// Replaces bytes at offsets, appends bytes, and syncs.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn change<'e>(&self, edits: impl Iterator<Item = (u64, &'e [u8])>, tail: &[u8]) -> Result<(), Error> {
        let mut file = self.file.as_file();
        let change = || {
            for (offset, bytes) in edits {
                file.write_all_at(bytes, offset)?;
            }
            file.write_all(tail)?;
            file.sync_all()
        };
        change().map_err(|cause| Error::Write {
            path: self.output.name.clone(),
            cause,
        })
    }

    /// Gives the file its name, and returns that as it was given.
    ///
    /// # Errors
    ///
    /// When that fails, or somebody else made a file of that name meanwhile. Nothing remains then.
    pub fn commit(self) -> Result<PathBuf, Error> {
        let Output { name, path, replace } = self.output;
        let result = if replace {
            self.file.persist(&path)
        } else {
            self.file.persist_noclobber(&path)
        };
        let failed = |cause: io::Error| match cause.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists(name.clone()),
            _ => Error::Write {
                path: name.clone(),
                cause,
            },
        };
        result.map_err(|error| failed(error.error))?;
        File::open(directory(&path))
            .and_then(|directory| directory.sync_all())
            .map_err(failed)?;
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, replace: bool, bytes: &[u8]) -> Result<PathBuf, Error> {
        Output::new(path, replace)?.write(bytes, None)?.commit()
    }

    #[test]
    fn a_file_is_replaced_only_when_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        write(&path, false, b"one").unwrap();
        assert!(matches!(write(&path, false, b"two"), Err(Error::Exists(_))));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, true, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let staged = Output::new(&path, false).unwrap().write(b"mine", None).unwrap();
        fs::write(&path, b"theirs").unwrap();
        assert!(matches!(staged.commit(), Err(Error::Exists(_))));
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_differs_is_written_over_a_copy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let staged = Output::new(&path, false)
            .unwrap()
            .write(b"0123456789", None)
            .unwrap();
        staged
            .change([(2, &b"ab"[..]), (9, b"c")].into_iter(), b"tail")
            .unwrap();
        staged.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"01ab45678ctail");
    }

    #[test]
    fn a_link_keeps_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("out"), directory.path().join("link"));
        fs::write(&path, b"one").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, true, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn devices_are_not_replaced() {
        assert!(matches!(
            write(Path::new("/dev/null"), true, b""),
            Err(Error::NotAFile(_))
        ));
    }
}
