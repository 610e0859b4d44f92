//! The bare-metal images: the guest kernel and the host, built for a processor that the toolchain has no library for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use magicpage::Family;

use crate::packages;
use crate::process::{self, Log};

/// A crate that is built for bare metal, one binary of the same name in it.
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

/// A compiler with the source of its library, and what to call it by.
struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
}

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
        .context("the source tree that the bare-metal images are built from is gone; give the images instead")
}

/// Builds an image, or finds that it is built, and answers its file.
///
/// # Errors
///
/// When there is no toolchain and none can be installed, or the build fails; the error says what to do or shows what the
/// compiler said.
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
    let names = [("cargo", "rustc"), ("/usr/bin/cargo", "/usr/bin/rustc")];
    let found = || {
        names.iter().find_map(|(cargo, rustc)| {
            let sysroot = process::output(&mut process::command(rustc, ["--print", "sysroot"])).ok()?;
            let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/core");
            library.is_dir().then(|| Toolchain {
                cargo: cargo.into(),
                rustc: rustc.into(),
            })
        })
    };
    let linker = || process::output(&mut process::command("powerpc-linux-gnu-ld", ["--version"])).is_ok();
    if let Some(toolchain) = found().filter(|_| linker()) {
        return Ok(toolchain);
    }
    packages::require(PACKAGES).context(
        "building for bare metal needs a Rust compiler with the source of its library, and binutils for PowerPC",
    )?;
    found().context("the packages are installed, and no compiler has the source of its library")
}
