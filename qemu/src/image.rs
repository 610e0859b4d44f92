//! Images for a processor that the toolchain has no library for: the guest kernel and the host, which run on bare
//! metal, and a Linux guest's first process.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use magicpage::Family;

use crate::packages;
use crate::process::{self, Log};

/// A crate that is built so, one binary of the same name in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// The name of the crate and of its binary.
    pub name: &'static str,
    /// Its directory in the source tree.
    pub directory: &'static str,
    /// Whether a feature of the family's name selects what is built; otherwise the target alone does.
    pub by_feature: bool,
}

/// The guest kernel.
pub const GUEST: Image = Image {
    name: "guest",
    directory: "guest",
    by_feature: false,
};
/// The host.
pub const HOST: Image = Image {
    name: "host",
    directory: "qemu/host",
    by_feature: true,
};
/// The first process of a Linux guest.
pub const INIT: Image = Image {
    name: "init",
    directory: "linux/init",
    by_feature: false,
};

/// A compiler with the source of its library, and what to call it by.
struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
}

/// The oldest compiler that has assembly for PowerPC.
const OLDEST: (u32, u32) = (1, 95);

/// Debian's compiler, the source of its library, and a linker for PowerPC.
const PACKAGES: &[&str] = &[
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "binutils-powerpc-linux-gnu",
];

/// The file that describes a family's bare metal to the compiler, below `guest/targets`.
fn target(family: Family) -> Result<&'static str> {
    Ok(match family {
        Family::Book3s32 => "powerpc-unknown-none",
        Family::E500 => "powerpc-e500-none",
        Family::Book3s64 => bail!("there is no bare-metal image for {family}"),
    })
}

/// The source tree that this program was built from, if it is still there.
///
/// # Errors
///
/// When it is not: the error says what to do.
pub fn source() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize()
        .ok()
        .filter(|root| root.join(GUEST.directory).is_dir())
        .context("the source tree that the bare-metal images are built from is gone, and none are installed; give the images instead")
}

/// The image that was installed with this program, or one that is built from the source tree.
///
/// # Errors
///
/// As for [`build`], where none was installed.
pub fn find(image: Image, family: Family) -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let prefix = program.parent().and_then(Path::parent);
    let installed = prefix.map(|prefix| prefix.join(installed(image, family)));
    match installed.filter(|file| file.is_file()) {
        Some(file) => Ok(file),
        None => build(image, family),
    }
}

/// Where an image is installed, below the directory that `bin` with the tool is in.
pub fn installed(image: Image, family: Family) -> PathBuf {
    Path::new("share/ppcpv").join(family.name()).join(image.name)
}

/// Builds an image, or finds that it is built, and answers its file.
///
/// # Errors
///
/// When the family has no bare-metal image, there is no toolchain and none can be installed, or the build fails; the
/// error says what to do or shows what the compiler said.
pub fn build(image: Image, family: Family) -> Result<PathBuf> {
    let root = source()?;
    let toolchain = toolchain()?;
    let name = target(family)?;
    let json = root.join("guest/targets").join(format!("{name}.json"));
    let directory = target_directory(&root)?.join("bare").join(family.name());
    let log = Log::create(
        directory.join(format!("{}.log", image.name)),
        &format!("{} for {family}", image.name),
    )?;
    let mut command = process::cargo_at(&toolchain.cargo, &["build", "--release", "-Zjson-target-spec"]);
    command
        .args(["-Zbuild-std=core,alloc,compiler_builtins", "--target"])
        .arg(&json)
        .current_dir(root.join(image.directory))
        .env("CARGO_TARGET_DIR", &directory)
        .env("RUSTC", &toolchain.rustc)
        .env("RUSTC_BOOTSTRAP", "1");
    if image.by_feature {
        command.args(["--features", family.name()]);
    }
    for variable in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTUP_TOOLCHAIN",
        "CARGO_BUILD_TARGET",
    ] {
        command.env_remove(variable);
    }
    log.run("building", &mut command)?;
    let file = directory.join(name).join("release").join(image.name);
    if file.is_file() {
        Ok(file)
    } else {
        bail!("the build has left no {}", file.display())
    }
}

/// Where cargo puts what it builds.
fn target_directory(root: &Path) -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    std::path::absolute(&target).with_context(|| format!("no such directory: {}", target.display()))
}

fn toolchain() -> Result<Toolchain> {
    if let Some(toolchain) = find_toolchain() {
        return Ok(toolchain);
    }
    packages::renew(PACKAGES).context(
        "building for bare metal needs a Rust compiler with the source of its library, and binutils for PowerPC",
    )?;
    find_toolchain().with_context(|| {
        let (major, minor) = OLDEST;
        format!("the packages are installed, and no compiler of version {major}.{minor} or later has the source of its library")
    })
}

/// A compiler that is new enough, with the source of its library, and a linker.
fn find_toolchain() -> Option<Toolchain> {
    process::output(&mut process::command("powerpc-linux-gnu-ld", ["--version"])).ok()?;
    let names = [("cargo", "rustc"), ("/usr/bin/cargo", "/usr/bin/rustc")];
    names.iter().find_map(|(cargo, rustc)| {
        let say = |words: [&str; 2]| process::output(&mut process::command(rustc, words)).ok();
        let sysroot = say(["--print", "sysroot"])?;
        let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/core");
        let is_new = version(&say(["--version", "--verbose"])?)? >= OLDEST;
        (library.is_dir() && is_new).then(|| Toolchain {
            cargo: cargo.into(),
            rustc: rustc.into(),
        })
    })
}

/// The version in what `rustc --version` prints, without the patch level.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix("rustc ")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("rustc 1.96.0 (ac68faa20 2026-05-25)"), Some((1, 96)));
        assert!(version("rustc 1.100.0").unwrap() >= OLDEST);
        assert!(version("rustc 1.85.0 (4d91de4e4 2025-02-17)").unwrap() < OLDEST);
        assert_eq!(version("gcc 12"), None);
    }
}
