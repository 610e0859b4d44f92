//! The initial RAM disk of the Linux guests: our first process and nothing else.

use super::cache::{Cache, write_whole};
use anyhow::{Context, Result};
use cpio::newc::{Builder, ModeFileType, trailer};
use magicpage::Family;
use qemu::image::{self, INIT};
use std::fs;
use std::path::PathBuf;

/// Its name in the cache, and on the command line.
pub const NAME: &str = "initramfs";
/// What it is, in one line.
pub const ABOUT: &str = "initial RAM disk for the gamecube kernel, with a first process of ours";

/// Where it is.
pub fn path(cache: &Cache) -> PathBuf {
    cache.file("initramfs.cpio")
}

/// Builds it and answers where it is. What has not changed is neither compiled nor written again.
///
/// # Errors
///
/// There is no compiler, the build fails, or the file cannot be written.
pub fn make(cache: &Cache) -> Result<PathBuf> {
    let init = image::build(INIT, Family::Book3s32)?;
    let bytes = fs::read(&init).with_context(|| format!("cannot read {}", init.display()))?;
    let path = path(cache);
    let archive = pack(&bytes).context("cannot pack the initial RAM disk")?;
    if fs::read(&path).ok().as_ref() != Some(&archive) {
        write_whole(&path, &archive)?;
    }
    Ok(path)
}

/// An archive with `/init`. The kernel has `/dev/console` in its own.
fn pack(init: &[u8]) -> Result<Vec<u8>> {
    let size = u32::try_from(init.len())?;
    let mut entry = Builder::new("init")
        .mode(0o755)
        .set_mode_file_type(ModeFileType::Regular)
        .write(Vec::new(), size);
    std::io::Write::write_all(&mut entry, init)?;
    Ok(trailer(entry.finish()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_holds_the_program() {
        let archive = pack(b"program").unwrap();
        let mut entry = cpio::newc::Reader::new(archive.as_slice()).unwrap();
        assert_eq!((entry.entry().name(), entry.entry().mode()), ("init", 0o100_755));
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        assert_eq!(bytes, b"program");
    }
}
