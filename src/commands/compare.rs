//! `ppcpv compare`: one kernel run in several ways, side by side.

use std::path::{Path, PathBuf};

use kvm_ppc::deferral::{self, Policy};
use ppcpv::compare::change::LinuxPatcher;
use ppcpv::compare::html;
use ppcpv::compare::measure::{Column, Course, Patcher, measure, patched_memory, text};
use ppcpv::compare::sites::{self, Both, Sites};
use ppcpv::run::boot::{BootError, Host, Options};
use ppcpv::run::image::{Image, symbol};
use rewriter::elf::{ElfImage, ReadOptions};
use rewriter::plan::Plan;
use serde::Serialize;

use crate::args::{PlanArgs, policies};
use crate::cli::Status;
use crate::error::Error;
use crate::guest;
use crate::input::Input;
use crate::plans;
use crate::tables;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Without IMAGE the kernels and the initial RAM disk are those that `cargo xtask kernels` has made.

Each run is made twice: once timed, once with every instruction counted. The exit status is 1 when one of them does not \
end with what --expect asks for, or when Linux's patching and ours differ at a site for no known reason.

Examples:
  ppcpv compare
  ppcpv compare -v                       (with every site where Linux's patching and ours differ)
  ppcpv compare --format html > compare.html
  ppcpv compare vmlinux --patching vmlinux.kvm-512k --initrd root.cpio --append 'console=hvc0' --expect login:";

/// Runs one Linux kernel in several ways, and shows side by side what each costs
///
/// Natively; under the host with every privileged instruction trapping; patching itself; rewritten by us, in its file and
/// at load.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The kernel: a PowerPC ELF executable
    image: Option<PathBuf>,
    /// The same kernel in a build whose own patching works; may be repeated
    #[arg(long, value_name = "IMAGE", requires = "image")]
    patching: Vec<PathBuf>,
    /// The initial RAM disk
    #[arg(long, value_name = "FILE", requires = "image")]
    initrd: Option<PathBuf>,
    /// The kernel's command line
    #[arg(long, value_name = "TEXT", default_value = APPEND)]
    append: String,
    /// What the console must show at the end
    #[arg(long, value_name = "TEXT", default_value = "INIT OK")]
    expect: String,
    /// What the host does about an interrupt in a critical section
    #[arg(long, value_name = "NAME", value_parser = policies(), default_value = deferral::DEFAULT.name())]
    policy: &'static dyn Policy,
    /// Give a run up after N instructions
    #[arg(long, value_name = "N", default_value_t = 4_000_000_000)]
    limit: u64,
    #[command(flatten)]
    plan: PlanArgs,
}

/// The console is a USB Gecko; a panic resets the board and so ends the run; the address is the control device's.
const APPEND: &str = "console=hvc0 panic=-1 control=0x0d002000";
/// The kernel in the cache, and its builds whose own patching works.
const CACHED: (&str, [&str; 2]) = ("gamecube/vmlinux", ["kvm-64k", "kvm-512k"]);

/// The result, for programs.
#[derive(Serialize)]
struct Document<'d> {
    schema_version: u32,
    image: String,
    policy: &'static str,
    runs: &'d [Column],
    /// Linux's patching and ours, by run.
    sites: &'d [Compared],
}

/// Linux's patching in one run, and ours for the same image.
#[derive(Serialize)]
struct Compared {
    run: String,
    #[serde(flatten)]
    sites: Sites,
}

/// The version of the document.
const SCHEMA_VERSION: u32 = 1;

/// The files of a comparison.
struct Files {
    image: PathBuf,
    patching: Vec<PathBuf>,
    initrd: Option<PathBuf>,
}

impl Files {
    fn of(args: &Args) -> Result<Self, Error> {
        if let Some(image) = &args.image {
            return Ok(Self {
                image: image.clone(),
                patching: args.patching.clone(),
                initrd: args.initrd.clone(),
            });
        }
        let missing = || {
            Error::Usage("no kernel has been made here: give an IMAGE, or make those of the tests with `cargo xtask kernels`".into())
        };
        let cache = qemu::cache::directory().ok_or_else(missing)?;
        let (image, variants) = (cache.join(CACHED.0), CACHED.1);
        let files = Self {
            patching: variants.map(|name| image.with_extension(name)).into(),
            initrd: Some(cache.join("initramfs.cpio")),
            image,
        };
        if files.are_there() {
            Ok(files)
        } else {
            Err(missing())
        }
    }
}

impl Files {
    fn are_there(&self) -> bool {
        let mut all = self.patching.iter().chain(&self.initrd).chain([&self.image]);
        all.all(|file| file.is_file())
    }
}

/// A kernel, and our plan for it.
struct Kernel {
    name: String,
    bytes: Vec<u8>,
    image: Image,
    plan: Plan,
    /// Its own patcher, if it has one.
    linux: Option<LinuxPatcher>,
}

impl Kernel {
    fn read(path: &Path, args: &PlanArgs) -> Result<Self, Error> {
        let input = Input::file(path)?;
        let elf = input.parse(&ReadOptions::default())?;
        let plan = plans::make(&elf, &input.name, args, true)?;
        let linux = LinuxPatcher::find(|name| symbol(&input.bytes, name));
        let image = guest::parse(&input.name, &input.bytes)?.0;
        Ok(Self {
            name: input.name,
            bytes: input.bytes,
            image,
            plan,
            linux,
        })
    }

    fn patcher(&self) -> Patcher<'_> {
        self.linux.as_ref().map_or(Patcher::Nobody, Patcher::Linux)
    }

    /// The image as it is loaded from a rewritten file.
    fn in_file(&self) -> Result<Image, Error> {
        let elf = self.elf()?;
        let bytes = guest::rewrite(&elf, &self.name, &self.plan)?;
        Ok(guest::parse(&self.name, &bytes)?.0)
    }

    /// Its own patching in a run of it, and our plan.
    fn compare_sites(&self, course: &Course<'_>) -> Result<Option<Sites>, Error> {
        let Some(linux) = &self.linux else { return Ok(None) };
        let memory = patched_memory(course).map_err(|cause| self.cannot_boot(cause))?;
        let elf = self.elf()?;
        Ok(Some(sites::compare(Both {
            image: elf.image(),
            plan: &self.plan,
            text: &text(course, &memory),
            linux,
        })))
    }

    fn cannot_boot(&self, cause: BootError) -> Error {
        Error::Boot {
            image: self.name.clone(),
            cause,
        }
    }

    /// The image as it is when the plan is carried out at load.
    fn at_load(&self) -> Result<Image, Error> {
        let mut image = self.image.clone();
        let done = image.rewrite(&self.plan);
        done.map(|()| image).map_err(|cause| Error::Load {
            image: self.name.clone(),
            cause,
        })
    }

    fn elf(&self) -> Result<ElfImage<'_>, Error> {
        ElfImage::parse(&self.bytes, &ReadOptions::default()).map_err(|cause| Error::Image {
            image: self.name.clone(),
            cause,
        })
    }
}

/// A way to run a kernel.
struct Way<'w> {
    name: String,
    about: &'static str,
    image: &'w Image,
    patcher: Patcher<'w>,
    host: Host,
}

/// What all runs have in common.
struct Runs<'r> {
    args: &'r Args,
    initrd: Option<&'r [u8]>,
}

impl<'r> Runs<'r> {
    fn course(&self, kernel: &'r Kernel, way: Way<'r>) -> Course<'r> {
        let defaults = guest::Defaults::of(kernel.plan.family);
        Course {
            name: way.name,
            about: way.about,
            image: way.image,
            plan: &kernel.plan,
            patcher: way.patcher,
            options: Options {
                model: defaults.model,
                endian: kernel.plan.endian,
                board: defaults.board,
                memory: defaults.memory,
                policy: self.args.policy,
                append: &self.args.append,
                initrd: self.initrd,
                host: way.host,
                reserved: &[],
                detailed: false,
            },
            expect: &self.args.expect,
            limit: self.args.limit,
        }
    }
}

/// Runs the subcommand.
///
/// # Errors
///
/// When an image cannot be loaded or rewritten, or results cannot be printed.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    let files = Files::of(args)?;
    let initrd = files.initrd.as_ref().map(|path| guest::file(path)).transpose()?;
    let runs = Runs {
        args,
        initrd: initrd.as_deref(),
    };
    let kernel = Kernel::read(&files.image, &args.plan)?;
    let (in_file, at_load) = (kernel.in_file()?, kernel.at_load()?);
    let ways = ways(&kernel, &in_file, &at_load);
    let progress = ui.progress("runs", ways.len() + files.patching.len());
    let (mut columns, mut compared) = (Vec::new(), Vec::new());
    for way in ways {
        let course = runs.course(&kernel, way);
        columns.push(measure(&course).map_err(|cause| kernel.cannot_boot(cause))?);
        progress.advance();
    }
    for path in &files.patching {
        let kernel = Kernel::read(path, &args.plan)?;
        let name = path.extension().unwrap_or(path.as_os_str()).to_string_lossy();
        let way = Way {
            name: name.into_owned(),
            about: "in a build whose own patching works, patching itself",
            image: &kernel.image,
            patcher: kernel.patcher(),
            host: Host::Named,
        };
        let course = runs.course(&kernel, way);
        columns.push(measure(&course).map_err(|cause| kernel.cannot_boot(cause))?);
        if let Some(sites) = kernel.compare_sites(&course)? {
            let run = course.name;
            compared.push(Compared { run, sites });
        }
        progress.advance();
    }
    drop(progress);
    show(args, ui, &kernel.name, &columns, &compared)
}

fn ways<'w>(kernel: &'w Kernel, in_file: &'w Image, at_load: &'w Image) -> Vec<Way<'w>> {
    let way = |name: &str, about, image, patcher, host| Way {
        name: name.into(),
        about,
        image,
        patcher,
        host,
    };
    let (image, nobody) = (&kernel.image, Patcher::Nobody);
    vec![
        way("native", "with no host", image, nobody, Host::Absent),
        way(
            "trapping",
            "under the host, which it is not told of",
            image,
            nobody,
            Host::Hidden,
        ),
        way(
            "rewritten",
            "rewritten by us in its file, under the host",
            in_file,
            Patcher::Ours,
            Host::Named,
        ),
        way(
            "at-load",
            "rewritten by us at load, under the host",
            at_load,
            Patcher::Ours,
            Host::Named,
        ),
        way(
            "stock",
            "under the host, patching itself if it can",
            image,
            kernel.patcher(),
            Host::Named,
        ),
    ]
}

fn show(args: &Args, ui: &mut Ui, image: &str, runs: &[Column], sites: &[Compared]) -> Result<Status, Error> {
    if ui.is_json() {
        ui.json(&Document {
            schema_version: SCHEMA_VERSION,
            image: image.into(),
            policy: args.policy.name(),
            runs,
            sites,
        })?;
    } else {
        let named: Vec<(&str, &Sites)> = sites.iter().map(|one| (one.run.as_str(), &one.sites)).collect();
        if ui.is_html() {
            std::io::Write::write_all(
                ui.out(),
                html::page(image, args.policy.name(), runs, &named).as_bytes(),
            )?;
        } else {
            let verbose = ui.is_verbose();
            tables::compare::runs(ui.out(), image, runs)?;
            tables::compare::sites(ui.out(), &named, verbose)?;
        }
    }
    let good = runs.iter().all(|run| run.good) && !sites.iter().any(|one| one.sites.unexplained());
    Ok(if good { Status::Done } else { Status::Findings })
}
