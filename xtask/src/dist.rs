//! `cargo xtask dist`: what people install: a tarball and a Debian package with the tool, its manual pages and completions.
//!
//! ```text
//! cargo build, images for bare metal -> tree (bin, share) -> ppcpv-VERSION-ARCH.tar.gz
//!                                                        -> ppcpv_VERSION_ARCH.deb (the tree below /usr)
//! ```

use crate::process;
use anyhow::{Context, Result, bail};
use qemu::image::{self, GUEST, HOST};
use qemu::machine::MACHINES;
use std::fs;
use std::path::{Path, PathBuf};

/// The version: that of the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Rows: shell, where its completions belong.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/ppcpv"),
    ("zsh", "share/zsh/site-functions/_ppcpv"),
    ("fish", "share/fish/vendor_completions.d/ppcpv.fish"),
];

/// Files of the source tree that go along.
const DOCUMENTS: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Makes both and prints their paths.
///
/// # Errors
///
/// An argument is given, a program is missing or fails, or the tool does not work from the tree.
pub fn run(arguments: &[String]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        bail!("`dist` takes no arguments, not {argument:?}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    process::output(process::cargo(&["build", "--release", "--bin", "ppcpv"]).current_dir(&root))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let dist = std::path::absolute(target.join("dist"))?;
    if dist.exists() {
        fs::remove_dir_all(&dist).with_context(|| format!("cannot delete {}", dist.display()))?;
    }
    let tree = dist.join(format!("ppcpv-{VERSION}"));
    fill(&root, &target.join("release/ppcpv"), &tree)?;
    works(&tree)?;
    println!("{}", tarball(&dist, &tree)?.display());
    let package = debian(&dist, &tree)?;
    let unpacked = dist.join("unpacked");
    process::output(process::command("dpkg-deb", ["-x"]).args([&package, &unpacked]))?;
    works(&unpacked.join("usr"))?;
    println!("{}", package.display());
    Ok(())
}

fn fill(root: &Path, built: &Path, tree: &Path) -> Result<()> {
    let tool = tree.join("bin/ppcpv");
    copy(built, &tool)?;
    let pages = tree.join("share/man/man1");
    process::output(&mut process::command(
        &tool.display().to_string(),
        ["man", &pages.display().to_string()],
    ))?;
    for (shell, place) in COMPLETIONS {
        let script = process::output(&mut process::command(
            &tool.display().to_string(),
            ["completions", shell],
        ))?;
        write(&tree.join(place), script.as_bytes())?;
    }
    for machine in MACHINES {
        for image in [GUEST, HOST] {
            let to = tree.join(image::installed(image, machine.family));
            copy(&image::build(image, machine.family)?, &to)?;
            process::output(process::command("powerpc-linux-gnu-strip", ["--strip-debug"]).arg(&to))?;
        }
    }
    DOCUMENTS
        .iter()
        .try_for_each(|name| copy(&root.join(name), &tree.join("share/doc/ppcpv").join(name)))
}

/// Runs the tool from the tree, in a directory where nothing of the source is.
fn works(tree: &Path) -> Result<()> {
    let empty = tree.with_extension("trial");
    fs::create_dir_all(&empty)?;
    let tool = tree.join("bin/ppcpv").display().to_string();
    for words in [
        &["rewrite", "--demo"][..],
        &["verify", "demo.pv"],
        &["revert", "demo.pv"],
        &["race"],
        &["boot", "--workload", "hello"],
        &["boot", "--workload", "hello", "--family", "e500"],
    ] {
        process::output(process::command(&tool, words).current_dir(&empty))?;
    }
    fs::remove_dir_all(&empty).with_context(|| format!("cannot delete {}", empty.display()))
}

fn tarball(dist: &Path, tree: &Path) -> Result<PathBuf> {
    let name = format!("ppcpv-{VERSION}-{}.tar.gz", std::env::consts::ARCH);
    let directory = tree
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let file = dist.join(name);
    let words = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-czf"];
    let mut tar = process::command("tar", words);
    tar.arg(&file).arg("-C").arg(dist).arg(directory);
    process::output(&mut tar)?;
    Ok(file)
}

fn debian(dist: &Path, tree: &Path) -> Result<PathBuf> {
    let architecture = process::output(&mut process::command("dpkg", ["--print-architecture"]))?;
    let architecture = architecture.trim();
    let root = dist.join("deb");
    fs::create_dir_all(&root)?;
    process::output(process::command("cp", ["-r"]).arg(tree).arg(root.join("usr")))?;
    let control = format!(
        "Package: ppcpv\nVersion: {VERSION}\nArchitecture: {architecture}\nMaintainer: the authors of ppcpv\nDepends: libc6\n\
         Recommends: qemu-system-ppc\nSection: devel\nPriority: optional\nDescription: {}\n",
        "rewrites PowerPC kernels for the magic page of KVM's PR mode"
    );
    write(&root.join("DEBIAN/control"), control.as_bytes())?;
    let file = dist.join(format!("ppcpv_{VERSION}_{architecture}.deb"));
    let mut build = process::command("dpkg-deb", ["--root-owner-group", "--build"]);
    process::output(build.arg(&root).arg(&file))?;
    Ok(file)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    make_parent(to)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

fn write(to: &Path, bytes: &[u8]) -> Result<()> {
    make_parent(to)?;
    fs::write(to, bytes).with_context(|| format!("cannot write {}", to.display()))
}

fn make_parent(file: &Path) -> Result<()> {
    let parent = file.parent().unwrap_or(file);
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))
}
