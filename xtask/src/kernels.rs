//! `cargo xtask kernels`: real kernels for the tests.
//!
//! The tests rewrite kernels as they are in the world, and such kernels are neither ours to ship nor small. So they
//! are made where they are needed, in a cache directory outside the tree: taken out of a Debian package, or built
//! from Debian's kernel source. Each is a row of [`KERNELS`]; a made kernel is kept until its recipe, the source or
//! the compiler changes.
//!
//! The cache directory is `$PPCPV_CACHE`, else `$XDG_CACHE_HOME/ppcpv`, else `~/.cache/ppcpv`. In it `NAME/vmlinux`
//! is the kernel, unstripped and without DWARF, `NAME/modules/*.ko` are some of its modules, and
//! `NAME/vmlinux.VARIANT` its variants. `initramfs.cpio` is what a Linux guest starts from.

mod cache;
mod config;
mod initramfs;
mod package;
mod source;
mod variant;

use anyhow::{Result, bail};
use cache::{Cache, Slot, Stamp};
use std::path::PathBuf;
use std::time::Instant;
use variant::Variant;

/// One kernel.
struct Kernel {
    /// Its name on the command line and in the cache.
    name: &'static str,
    /// What it is, in one line.
    about: &'static str,
    /// How it is made.
    recipe: Recipe,
}

/// How a kernel is made.
enum Recipe {
    /// Taken out of a Debian binary package.
    Package(package::Recipe),
    /// Built from Debian's kernel source.
    Source(source::Recipe),
}

impl Recipe {
    /// The kind of recipe, in a word.
    fn kind(&self) -> &'static str {
        match self {
            Self::Package(_) => "package",
            Self::Source(_) => "source",
        }
    }

    /// The kernels that are built after it.
    fn variants(&self) -> &'static [Variant] {
        match self {
            Self::Package(_) => &[],
            Self::Source(recipe) => recipe.variants,
        }
    }

    /// The Debian packages that must be installed.
    fn packages(&self) -> &'static [&'static str] {
        match self {
            Self::Package(_) => package::PACKAGES,
            Self::Source(_) => source::PACKAGES,
        }
    }

    /// Everything that the result depends on and that is decided here.
    fn text(&self) -> String {
        match self {
            Self::Package(recipe) => recipe.text(),
            Self::Source(recipe) => recipe.text(),
        }
    }

    /// Makes the kernel in the slot's staging directory and returns the versions of the packages it comes from.
    fn make(&self, slot: &Slot) -> Result<Vec<(String, String)>> {
        match self {
            Self::Package(recipe) => recipe.make(slot),
            Self::Source(recipe) => recipe.make(slot),
        }
    }
}

/// Modules of the kernels that we build: all of them switch interrupts off and on.
const BUILT_MODULES: &[&str] = &[
    "drivers/block/null_blk/null_blk.ko",
    "drivers/input/evdev.ko",
    "drivers/input/input-core.ko",
    "drivers/input/serio/serio.ko",
    "drivers/input/serio/serio_raw.ko",
    "drivers/tty/n_hdlc.ko",
];

/// Every kernel, the quickest to make first.
const KERNELS: &[Kernel] = &[
    Kernel {
        name: "ppc64el",
        about: "Debian's own kernel for POWER: 64-bit Book3S, little-endian",
        recipe: Recipe::Package(package::Recipe {
            architecture: "ppc64el",
            package: "linux-image-powerpc64le",
            modules: &[
                "arch/powerpc/kvm/kvm.ko",
                "arch/powerpc/kvm/kvm-hv.ko",
                "drivers/block/virtio_blk.ko",
                "fs/ext4/ext4.ko",
            ],
        }),
    },
    Kernel {
        name: "gamecube",
        about: "Nintendo GameCube, 750CL: 32-bit Book3S, big-endian",
        recipe: Recipe::Source(source::Recipe {
            fragments: &[
                include_str!("../kernels/common.config"),
                include_str!("../kernels/gamecube.config"),
            ],
            modules: BUILT_MODULES,
            variants: variant::PATCHING,
        }),
    },
    Kernel {
        name: "e500v2",
        about: "QEMU's ppce500, e500v2: 32-bit Book E, big-endian",
        recipe: Recipe::Source(source::Recipe {
            fragments: &[
                include_str!("../kernels/common.config"),
                include_str!("../kernels/e500v2.config"),
            ],
            modules: BUILT_MODULES,
            variants: &[],
        }),
    },
];

/// Makes the kernels named in `arguments`, or all, and prints `name<TAB>path` for each.
///
/// # Errors
///
/// An argument is wrong, or a kernel cannot be made; the error says which and why.
pub fn run(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let cache = Cache::open()?;
    if options.list {
        for kernel in &options.kernels {
            let slot = cache.slot(kernel.name);
            let state = if is_fresh(kernel, &slot) {
                "made"
            } else {
                "not made"
            };
            println!(
                "{}\t{}\t{state}\t{}",
                kernel.name,
                kernel.recipe.kind(),
                kernel.about
            );
            for variant in kernel.recipe.variants() {
                let (name, about) = (variant.name, variant.about);
                println!("{}.{name}\tvariant\t{state}\t{about}", kernel.name);
            }
        }
        if options.initramfs {
            let made = initramfs::path(&cache).is_file();
            let state = if made { "made" } else { "not made" };
            println!("{}\tbuilt here\t{state}\t{}", initramfs::NAME, initramfs::ABOUT);
        }
        return Ok(());
    }
    for kernel in &options.kernels {
        let vmlinux = ensure(kernel, &cache, options.force)?;
        println!("{}\t{}", kernel.name, vmlinux.display());
        let slot = cache.slot(kernel.name);
        for variant in kernel.recipe.variants() {
            let path = slot.variant(variant.name);
            println!("{}.{}\t{}", kernel.name, variant.name, path.display());
        }
    }
    if options.initramfs {
        println!("{}\t{}", initramfs::NAME, initramfs::make(&cache)?.display());
    }
    Ok(())
}

/// Makes every kernel that is not there yet, and the initial RAM disk.
///
/// # Errors
///
/// A kernel cannot be made; the error says which and why.
pub fn make_all() -> Result<()> {
    let cache = Cache::open()?;
    KERNELS
        .iter()
        .try_for_each(|kernel| ensure(kernel, &cache, false).map(drop))?;
    initramfs::make(&cache).map(drop)
}

/// What the command line asks for.
struct Options {
    list: bool,
    force: bool,
    kernels: Vec<&'static Kernel>,
    initramfs: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            list: false,
            force: false,
            kernels: Vec::new(),
            initramfs: false,
        };
        for argument in arguments {
            match argument.as_str() {
                "--list" => options.list = true,
                "--force" => options.force = true,
                initramfs::NAME => options.initramfs = true,
                name => match KERNELS.iter().find(|kernel| kernel.name == name) {
                    Some(kernel) => options.kernels.push(kernel),
                    None => bail!("no kernel is called {name:?}; `cargo xtask kernels --list` names them"),
                },
            }
        }
        if options.kernels.is_empty() && !options.initramfs {
            options.kernels = KERNELS.iter().collect();
            options.initramfs = true;
        }
        Ok(options)
    }
}

/// Makes `kernel` unless it is there, and returns its path.
fn ensure(kernel: &Kernel, cache: &Cache, force: bool) -> Result<PathBuf> {
    let slot = cache.slot(kernel.name);
    if !force && is_fresh(kernel, &slot) {
        return Ok(slot.vmlinux());
    }
    let _lock = cache.lock()?;
    // Whoever held the lock may have made it.
    if !force && is_fresh(kernel, &slot) {
        return Ok(slot.vmlinux());
    }
    crate::packages::require(kernel.recipe.packages())?;
    let start = Instant::now();
    slot.clear()?;
    let versions = kernel.recipe.make(&slot)?;
    slot.publish(&Stamp::new(&kernel.recipe.text(), versions))?;
    eprintln!("{}: made in {:.0} s", kernel.name, start.elapsed().as_secs_f64());
    Ok(slot.vmlinux())
}

fn is_fresh(kernel: &Kernel, slot: &Slot) -> bool {
    slot.stamp()
        .is_some_and(|stamp| stamp.holds(&kernel.recipe.text(), crate::packages::installed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Vec<&'static str>> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Ok(Options::parse(&arguments)?
            .kernels
            .iter()
            .map(|kernel| kernel.name)
            .collect())
    }

    #[test]
    fn no_name_means_every_kernel() {
        assert_eq!(parse(&["--force"]).unwrap(), ["ppc64el", "gamecube", "e500v2"]);
    }

    #[test]
    fn names_choose() {
        assert_eq!(parse(&["e500v2"]).unwrap(), ["e500v2"]);
        assert!(parse(&["vax"]).is_err());
    }

    #[test]
    fn recipes_differ() {
        let mut texts: Vec<String> = KERNELS.iter().map(|kernel| kernel.recipe.text()).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), KERNELS.len());
    }
}
