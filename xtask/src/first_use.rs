//! `cargo xtask first-use`: the README's two commands, as they stand there, on a Debian with nothing but Rust and git.
//!
//! ```text
//! debootstrap -> a root of its own -> Rust, git -> clone -> the README's commands -> the Debian package, with no source
//! ```
//!
//! The root is made anew each time and deleted at the end; packages come from where this machine takes its own.

use crate::{packages, process};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The release, and what is installed in it besides its smallest set: what the README asks for.
const SUITE: &str = "bookworm";
const INSTALLED: [&str; 6] = [
    "ca-certificates",
    "cargo-web",
    "gcc",
    "git",
    "libc6-dev",
    "rustc-web",
];

/// How packages and crates are fetched here, which holds in the root too.
const SETTINGS: [&str; 5] = [
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/debian.sources",
    "etc/apt/apt.conf.d",
    "etc/resolv.conf",
    "usr/local/share/ca-certificates",
];

/// Does it, or with `--first` the first command alone.
///
/// # Errors
///
/// The root cannot be made, or a command of the README fails.
pub fn run(arguments: &[String]) -> Result<()> {
    let commands = commands(&fs::read_to_string(source()?.join("README.md"))?)?;
    let wanted = match arguments {
        [] => &commands[..],
        [only] if only == "--first" => &commands[..1],
        _ => bail!("`first-use` takes --first or nothing, not {arguments:?}"),
    };
    if process::output(&mut process::command("id", ["-u"]))?.trim() != "0" {
        bail!("`first-use` makes a Debian of its own, which takes root: type `sudo cargo xtask first-use`");
    }
    packages::require(&["debootstrap"])?;
    let root = Root::make()?;
    let start = Instant::now();
    root.clone_source()?;
    for command in wanted {
        eprintln!("first-use: {command}");
        root.run(command)?;
        eprintln!(
            "first-use: `{command}` ended well {:.0} s after the clone",
            start.elapsed().as_secs_f64()
        );
    }
    match wanted.len() {
        1 => Ok(()),
        _ => root.install(),
    }
}

/// What the tool does when it was installed: nothing of it may need the source.
const INSTALLED_TOOL: [&str; 5] = [
    "cd /root && ppcpv rewrite --demo",
    "cd /root && ppcpv verify demo.pv && ppcpv report demo.pv -o report.html",
    "cd /root && ppcpv boot --workload hello",
    "test -s /usr/share/man/man1/ppcpv.1",
    "bash -c '. /usr/share/bash-completion/completions/ppcpv && complete -p ppcpv'",
];

fn source() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?)
}

/// The first two commands that the README shows, indented, under "Two commands".
fn commands(readme: &str) -> Result<Vec<String>> {
    let section = readme
        .split("## Two commands")
        .nth(1)
        .context("the README has no two commands")?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let lines = section.lines().filter_map(|line| line.strip_prefix("    "));
    let commands: Vec<String> = lines.map(str::to_owned).collect();
    if commands.len() == 2 {
        Ok(commands)
    } else {
        bail!(
            "the README has {} commands where two are announced",
            commands.len()
        )
    }
}

/// Runs the line `$1` in the root `$0`. The mounts are this process's own and end with it.
const INSIDE: &str = "mount --rbind /proc \"$0/proc\" && mount --rbind /dev \"$0/dev\" && exec chroot \"$0\" \
     env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive bash -c \"$1\"";

/// A Debian in a directory.
struct Root(PathBuf);

impl Root {
    fn make() -> Result<Self> {
        let root = Self(std::env::temp_dir().join(format!("ppcpv-first-use-{}", std::process::id())));
        eprintln!("first-use: a new {SUITE} in {}", root.0.display());
        let mut debootstrap = process::command("debootstrap", ["--variant=minbase", SUITE]);
        process::output(debootstrap.arg(&root.0))?;
        let list = root.0.join("etc/apt/sources.list");
        fs::remove_file(&list).with_context(|| format!("cannot delete {}", list.display()))?;
        for place in SETTINGS {
            root.take_over(place)?;
        }
        if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
            let settings = home.join(".cargo/config.toml");
            if settings.is_file() {
                fs::create_dir_all(root.0.join("root/.cargo"))?;
                fs::copy(settings, root.0.join("root/.cargo/config.toml"))?;
            }
        }
        root.run("apt-get update -q")?;
        root.run(&format!(
            "apt-get install -y -q --no-install-recommends {}",
            INSTALLED.join(" ")
        ))?;
        Ok(root)
    }

    /// Copies a setting of this machine, if it has it.
    fn take_over(&self, place: &str) -> Result<()> {
        let (from, to) = (Path::new("/").join(place), self.0.join(place));
        if !from.exists() {
            return Ok(());
        }
        let parent = to.parent().unwrap_or(&self.0);
        fs::create_dir_all(parent)?;
        process::output(process::command("cp", ["-rL"]).arg(from).arg(parent)).map(drop)
    }

    /// Clones what is committed; under `sudo` the tree is somebody else's, which git refuses unless told.
    fn clone_source(&self) -> Result<()> {
        let settings = self.0.join("tmp/gitconfig");
        fs::write(&settings, "[safe]\n\tdirectory = *\n")
            .with_context(|| format!("cannot write {}", settings.display()))?;
        let mut clone = process::command("git", ["clone", "-q"]);
        clone.env("GIT_CONFIG_GLOBAL", &settings);
        process::output(clone.arg(source()?).arg(self.0.join("ppcpv"))).map(drop)
    }

    /// Installs the Debian package that the tests have made, deletes the source, and uses the tool.
    fn install(&self) -> Result<()> {
        self.run("dpkg -i target/dist/ppcpv_*.deb")?;
        let source = self.0.join("ppcpv");
        fs::remove_dir_all(&source).with_context(|| format!("cannot delete {}", source.display()))?;
        for command in INSTALLED_TOOL {
            eprintln!("first-use: installed: {command}");
            self.run(command)?;
        }
        Ok(())
    }

    fn run(&self, command: &str) -> Result<()> {
        let inside = self.0.join("ppcpv").is_dir();
        let line = if inside {
            format!("cd /ppcpv && {command}")
        } else {
            command.to_owned()
        };
        let status = Command::new("unshare")
            .args(["--mount", "sh", "-c", INSIDE])
            .arg(&self.0)
            .arg(line)
            .status()
            .context("cannot start unshare")?;
        if !status.success() {
            bail!("on a new {SUITE}, `{command}`: {status}");
        }
        Ok(())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // Nobody can be told; what is left is in a temporary directory.
        let _ = Command::new("rm")
            .args(["-rf", "--one-file-system"])
            .arg(&self.0)
            .status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_two_commands() {
        let readme = fs::read_to_string(source().unwrap().join("README.md")).unwrap();
        let commands = commands(&readme).unwrap();
        assert!(commands[0].starts_with("cargo run --release"), "{commands:?}");
        assert_eq!(commands[1], "cargo xtask test");
        assert!(super::commands("## Two commands\n    one\n").is_err());
    }
}
