//! `ppcpv run`: runs a guest under the host, in this process.

use std::path::PathBuf;
use std::time::Instant;

use board::Model as BoardModel;
use kvm_ppc::deferral::{self, Policy};
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::model::Model;
use magicpage::{Endian, Family};
use ppcpv::run::boot::{self, Host};
use ppcpv::run::gdb::Server;
use ppcpv::run::image::Image;
use ppcpv::run::inject::Rule;
use ppcpv::run::report::{Began, Report};
use ppcpv::run::trace::Tracer;
use ppcpv::run::{End, Guest, Runner, snapshot};
use vm::runner::Plan;

use crate::args::{PlanArgs, boards, families, interrupts, models, named, policies};
use crate::cli::Status;
use crate::error::Error;
use crate::guest::{self, Loaded, Rewritten};
use crate::output::Output;
use crate::tables;
use crate::terminal::Terminal;
use crate::ui::Ui;

const EXAMPLES: &str = "\
The guest's console goes to standard output as it comes, a summary to standard error. The run is the same every time: \
time passes with the instructions that are executed, eight to a tick, and at once while the guest sleeps.

The exit status is 0 when the guest ended well (status 0, power off, reset, or a branch to itself with interrupts off) \
and no injected interrupt was missed or late; 1 otherwise, at a limit too; 2 for an error.

Examples:
  ppcpv run vmlinux --append 'console=hvc0' --initrd root.cpio.gz --stat
  ppcpv run vmlinux --rewrite --initrd root.cpio --expect login: --limit 500000000
  ppcpv run guest.elf --family book3s-32 --inject random:1:2000 --policy legacy
  ppcpv run guest.elf --trace=trace.txt --inject at:100,200 --inject-kind machine-check
  ppcpv run guest.elf --snapshot-at 5000 --snapshot middle; ppcpv run guest.elf --resume middle
  ppcpv run guest.elf --gdb :1234             then: gdb-multiarch guest.elf -ex 'target remote :1234'";

/// Runs a guest under the host, in this process
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The guest: a PowerPC ELF executable; with --resume only its names are used
    #[arg(required_unless_present = "resume")]
    image: Option<PathBuf>,
    #[command(flatten)]
    start: Start,
    #[command(flatten)]
    plan: PlanArgs,
    /// What the host does about an interrupt in a critical section [default: store-trap, or as saved]
    #[arg(long, value_name = "NAME", value_parser = policies())]
    policy: Option<&'static dyn Policy>,
    /// Raise interrupts: random:SEED:RATE (in a million instructions), every:N, at:N,N,... (instruction counts)
    #[arg(long, value_name = "RULE", help_heading = "Interrupts")]
    inject: Option<Rule>,
    /// Which interrupts to raise, each kind by the rule for itself
    #[arg(long, value_name = "KINDS", value_parser = interrupts(), value_delimiter = ',', default_value = "external", help_heading = "Interrupts")]
    inject_kind: Vec<Interrupt>,
    /// Raise none before the guest says that what is to be measured begins, and count from there
    #[arg(long, requires = "inject")]
    from_begin: bool,
    /// Stop after N instructions, counted from the guest's start
    #[arg(long, value_name = "N", help_heading = "The run")]
    limit: Option<u64>,
    /// Write every instruction and every decision of the host to FILE [default: standard error]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-", help_heading = "The run")]
    trace: Option<PathBuf>,
    /// Show exits by reason; with -v by address and instruction too
    #[arg(long, help_heading = "The run")]
    stat: bool,
    /// Exit status 1 unless the guest's console shows this, for example 'INIT OK'
    #[arg(long, value_name = "TEXT", help_heading = "The run")]
    expect: Option<String>,
    /// Type this on the guest's console
    #[arg(long = "type", value_name = "TEXT", help_heading = "The run")]
    typed: Option<String>,
    /// Type the bytes of FILE on the guest's console; `-` is standard input, as it comes
    #[arg(long, value_name = "FILE", help_heading = "The run")]
    input: Option<PathBuf>,
    #[command(flatten)]
    kept: Kept,
    /// Wait for a debugger on HOST:PORT, :PORT or PORT; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", help_heading = "The run")]
    gdb: Option<String>,
}

/// How the guest is started.
#[derive(clap::Args)]
#[command(next_help_heading = "The guest's start")]
#[group(id = "starting", multiple = true, conflicts_with = "resume")]
pub struct Start {
    /// Processor family, where the image does not show it
    #[arg(long, value_parser = families())]
    pub family: Option<Family>,
    /// Byte order of a flat image
    #[arg(long, value_parser = named([("big", Endian::Big), ("little", Endian::Little)].to_vec()), requires = "address")]
    pub endian: Option<Endian>,
    /// The image is no ELF file: its bytes go to this physical address, where it begins
    #[arg(long, value_name = "ADDRESS", value_parser = guest::number, requires = "family")]
    pub address: Option<u64>,
    /// Processor [default: 750cl, e500v2 or power8, by family]
    #[arg(long, value_name = "NAME", value_parser = models())]
    pub model: Option<&'static Model>,
    /// Board [default: gamecube for 32-bit Book3S, else plain]
    #[arg(long, value_name = "NAME", value_parser = boards())]
    pub board: Option<BoardModel>,
    /// Bytes of memory, with K, M or G [default: 24M on a gamecube, 64M on a plain board]
    #[arg(long, value_name = "SIZE", value_parser = guest::number)]
    pub memory: Option<u64>,
    /// The kernel's command line
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub append: String,
    /// The initial RAM disk
    #[arg(long, value_name = "FILE")]
    pub initrd: Option<PathBuf>,
    /// Leave the host out of the device tree: a kernel that patches itself does not
    #[arg(long)]
    pub no_hypervisor: bool,
    /// Run the guest natively: no host, no magic page, no hypercalls; nothing exits to anybody
    #[arg(long, conflicts_with_all = ["no_hypervisor", "rewrite", "policy"])]
    pub native: bool,
    /// Rewrite the image before it is loaded, with a stub that maps the magic page
    #[arg(long)]
    pub rewrite: bool,
    /// With --rewrite: put trampolines into the zero bytes of this symbol first (into Linux's kvm_tmp they go unasked)
    #[arg(long, value_name = "SYMBOL", requires = "rewrite")]
    pub arena: Option<String>,
}

impl Start {
    /// What the guest has of a host.
    pub const fn host(&self) -> Host {
        if self.native {
            Host::Absent
        } else if self.no_hypervisor {
            Host::Hidden
        } else {
            Host::Named
        }
    }
}

/// Guests in files.
#[derive(clap::Args)]
#[command(next_help_heading = "Snapshots")]
struct Kept {
    /// Save the guest when N instructions have run, and go on
    #[arg(long, value_name = "N", requires = "snapshot")]
    snapshot_at: Option<u64>,
    /// The file to save it to
    #[arg(long, value_name = "FILE", requires = "snapshot_at")]
    snapshot: Option<PathBuf>,
    /// Go on with a guest that was saved, instead of starting one
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

/// Runs the subcommand.
///
/// # Errors
///
/// When the guest cannot be loaded or resumed, or a file cannot be written.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    let saved = match &args.kept.snapshot {
        Some(path) => Some(Output::new(path, args.kept.force)?),
        None => None,
    };
    let (guest, names, rewritten) = match (&args.kept.resume, &args.image) {
        (Some(path), image) => {
            let names = image.as_ref().map(|image| guest::names(image)).transpose()?;
            (resumed(path, args)?, names.unwrap_or_default(), None)
        }
        (None, Some(image)) => {
            let loaded = guest::load(image, &args.start, &args.plan)?;
            (
                started(&loaded, args, ui)?,
                loaded.image.names(),
                loaded.rewritten,
            )
        }
        (None, None) => return Err(Error::Usage("give an IMAGE, or --resume".into())),
    };
    let began = Began {
        instructions: guest.instructions(),
        time: Instant::now(),
    };
    let mut runner = prepared(guest, args)?;
    let tracer = tracer(&mut runner.guest, args, &names)?;
    let mut terminal = Terminal::new(ui, saved, tracer, args.limit, args.input.as_deref())?;
    if let Some(text) = &args.typed {
        runner
            .guest
            .machine
            .devices_mut()
            .board
            .push_input(text.as_bytes());
    }
    let end = drive(&mut runner, &mut terminal, args.gdb.as_deref())?;
    let console = terminal.finish();
    let missing = runner
        .snapshot_is_missing()
        .then_some(args.kept.snapshot_at)
        .flatten();
    let report = Report::new(&runner, &names, end, began);
    show(args, ui, &report, rewritten.as_ref(), &console)?;
    match missing {
        Some(at) => Err(Error::Usage(format!(
            "nothing was saved: the guest ended before instruction {at}"
        ))),
        None if guest::is_shown(args.expect.as_deref(), &console, ui)? && report.is_good() => {
            Ok(Status::Done)
        }
        None => Ok(Status::Findings),
    }
}

fn started(loaded: &Loaded, args: &Args, ui: &Ui) -> Result<Guest, Error> {
    let model = guest::model(&args.start, loaded.family)?;
    let board = args
        .start
        .board
        .unwrap_or(guest::Defaults::of(model.family).board);
    let memory = args.start.memory.unwrap_or(guest::memory(board));
    let initrd = args
        .start
        .initrd
        .as_ref()
        .map(|path| guest::file(path))
        .transpose()?;
    let options = boot::Options {
        model,
        endian: loaded.endian,
        board,
        memory,
        policy: args.policy.unwrap_or(deferral::DEFAULT),
        append: &args.start.append,
        initrd: initrd.as_deref(),
        host: args.start.host(),
        reserved: &loaded.reserved,
        detailed: args.stat && ui.is_verbose(),
    };
    boot::boot(&loaded.image, &options).map_err(|cause| Error::Boot {
        image: loaded.name.clone(),
        cause,
    })
}

fn resumed(path: &std::path::Path, args: &Args) -> Result<Guest, Error> {
    let bytes = guest::file(path)?;
    snapshot::read(&bytes, args.policy).map_err(|cause| Error::Snapshot {
        path: path.into(),
        cause,
    })
}

fn prepared(guest: Guest, args: &Args) -> Result<Runner, Error> {
    let model = guest.vcpu.supervisor.model;
    if args.inject.is_some() {
        guest::check_interrupts(model, &args.inject_kind)?;
    }
    let plan = args.inject.clone().map(|rule| Plan {
        interrupts: args.inject_kind.clone(),
        rule,
        from_begin: args.from_begin,
    });
    let runner = Runner::new(guest)
        .limited(args.limit)
        .saved_at(args.kept.snapshot_at);
    Ok(runner.injected(plan))
}

fn tracer(guest: &mut Guest, args: &Args, names: &Image) -> Result<Option<Tracer>, Error> {
    let Some(path) = &args.trace else { return Ok(None) };
    let tracer = guest::tracer(path, args.kept.force, names)?;
    guest.machine.observe(Some(tracer.observer()));
    Ok(Some(tracer))
}

fn drive(runner: &mut Runner, terminal: &mut Terminal<'_>, gdb: Option<&str>) -> Result<End, Error> {
    let Some(address) = gdb else {
        return runner.run(terminal);
    };
    let server = Server::listen(address)?;
    terminal.say(&format!(
        "waiting for a debugger: target remote {}",
        server.address()?
    ))?;
    Ok(server.debug(runner, terminal)?)
}

fn show(
    args: &Args,
    ui: &mut Ui,
    report: &Report,
    rewritten: Option<&Rewritten>,
    console: &str,
) -> Result<(), Error> {
    if ui.is_json() {
        let image = args.image.as_ref().map(|path| path.display().to_string());
        return ui.json(&guest::Document {
            image,
            rewritten,
            console,
            report,
        });
    }
    if args.stat {
        let detailed = ui.is_verbose();
        tables::run::stat(ui.out(), report, detailed)?;
    }
    if !ui.is_quiet() {
        tables::run::summary(&mut ui.aside(), report, rewritten)?;
    }
    Ok(())
}
