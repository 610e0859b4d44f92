//! `ppcpv boot`: a guest under the host on bare metal, on a processor that QEMU emulates.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use board::Model as BoardModel;
use kvm_ppc::deferral::{self, Policy};
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::model::Model;
use magicpage::{Endian, Family};
use ppcpv::run::boot::{self, Host};
use ppcpv::run::image::Image;
use ppcpv::run::inject::Rule;
use qemu::{Machine, Outcome, Spec, image};
use serde::Serialize;
use vm::handover::{How, Time};
use vm::in_process::handover;
use vm::record::{Ended, Record};
use vm::runner::Plan;

use crate::args::{boards, interrupts, machines, named, policies};
use crate::cli::Status;
use crate::error::Error;
use crate::guest;
use crate::tables;
use crate::ui::{Progress, Ui};

/// Boots a guest under the host on bare metal in QEMU
///
/// With no argument the project's own guest is built and booted: it maps the magic page, rewrites itself, and goes through its
/// workload while interrupts are raised.
#[derive(clap::Args)]
#[command(after_help = "\
The guest's console goes to standard output as it comes, a summary to standard error. QEMU and the compiler for \
bare metal are installed from Debian's packages where they are missing and this may be done.

The exit status is 0 when the guest ended well and no interrupt was missed, late or lost; 1 otherwise; 2 for an \
error.

Examples:
  ppcpv boot
  ppcpv boot --family e500 --policy emulate-forward --workload tickless
  ppcpv boot --policy legacy --inject random:1:2000 --format json
  ppcpv boot --kernel vmlinux --initrd root.cpio.gz --append 'console=hvc0'
  ppcpv boot -v -- -d int -D qemu.log     (more arguments for QEMU)")]
pub struct Args {
    /// Processor family
    #[arg(long, value_parser = machines(), default_value = "book3s-32")]
    family: Family,
    /// What the host does about an interrupt in a critical section
    #[arg(long, value_name = "NAME", value_parser = policies(), default_value = deferral::DEFAULT.name())]
    policy: &'static dyn Policy,
    #[command(flatten)]
    workload: Workload,
    #[command(flatten)]
    kernel: Kernel,
    /// Raise interrupts: random:SEED:RATE (in a million instructions), every:N, at:N,N,..., or none
    #[arg(long, value_name = "RULE", value_parser = rule, help_heading = "Interrupts")]
    inject: Option<Injection>,
    /// Which interrupts to raise, each kind by the rule for itself
    #[arg(long, value_name = "KINDS", value_parser = interrupts(), value_delimiter = ',', default_value = "external", help_heading = "Interrupts")]
    inject_kind: Vec<Interrupt>,
    /// Type this on the guest's console
    #[arg(long = "type", value_name = "TEXT", help_heading = "The run")]
    typed: Option<String>,
    /// Exit status 1 unless the guest's console shows this, for example 'INIT OK'
    #[arg(long, value_name = "TEXT", help_heading = "The run")]
    expect: Option<String>,
    /// How the guest's time passes [default: begin for the project's own guest, real for a --kernel]
    #[arg(long, value_name = "HOW", value_parser = times(), help_heading = "The run")]
    time: Option<Time>,
    /// Stop after N instructions, or ticks where instructions are not counted
    #[arg(long, value_name = "N", help_heading = "The run")]
    limit: Option<u64>,
    #[command(flatten)]
    qemu: Qemu,
}

/// The project's own guest.
#[derive(clap::Args)]
#[command(next_help_heading = "The project's own guest")]
struct Workload {
    /// What it does
    #[arg(long, value_name = "NAME", default_value = "stress")]
    workload: String,
    /// Who rewrites it: `off`, `linux` (Linux's shapes) or `ours`
    #[arg(long, value_name = "WHO", value_parser = ["off", "linux", "ours"], default_value = "ours")]
    pv: String,
}

/// Another guest.
#[derive(clap::Args)]
#[command(next_help_heading = "Another guest")]
struct Kernel {
    /// Boot this image instead of the project's own guest
    #[arg(long, value_name = "IMAGE")]
    kernel: Option<PathBuf>,
    /// The initial RAM disk
    #[arg(long, value_name = "FILE")]
    initrd: Option<PathBuf>,
    /// More words for the kernel's command line
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    append: String,
    /// Board [default: gamecube for a 32-bit Book3S --kernel, else plain]
    #[arg(long, value_name = "NAME", value_parser = boards())]
    board: Option<BoardModel>,
    /// Bytes of memory, with K, M or G [default: 24M on a gamecube, 64M on a plain board]
    #[arg(long, value_name = "SIZE", value_parser = guest::number)]
    memory: Option<u64>,
    /// Leave the host out of the device tree
    #[arg(long)]
    no_hypervisor: bool,
}

/// How QEMU is run.
#[derive(clap::Args)]
#[command(next_help_heading = "QEMU")]
struct Qemu {
    /// Stop QEMU after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,
    /// Let QEMU's time pass with instructions, so that a run in real time is the same each time
    #[arg(long)]
    deterministic: bool,
    /// Wait for a debugger of the host on this TCP port before its first instruction
    #[arg(long, value_name = "PORT")]
    gdb: Option<u16>,
    /// Use this host instead of building it
    #[arg(long, value_name = "IMAGE")]
    host: Option<PathBuf>,
    /// More arguments for QEMU
    #[arg(last = true, value_name = "ARGUMENT")]
    extra: Vec<OsString>,
}

/// Interrupts to be raised, or none.
#[derive(Clone, Debug)]
enum Injection {
    None,
    By(Rule),
}

fn rule(text: &str) -> Result<Injection, String> {
    if text == "none" {
        return Ok(Injection::None);
    }
    text.parse()
        .map(Injection::By)
        .map_err(|error: ppcpv::run::inject::BadRule| error.to_string())
}

fn times() -> clap::builder::ValueParser {
    named(vec![
        ("real", Time::Real),
        ("counted", Time::Counted),
        ("begin", Time::CountedFromBegin),
    ])
}

/// The result, for programs.
#[derive(Serialize)]
struct Document<'d> {
    schema_version: u32,
    family: &'static str,
    policy: &'static str,
    command_line: &'d str,
    console: &'d str,
    seconds: f64,
    #[serde(flatten)]
    ended: &'d Ended,
}

/// The version of the document.
const SCHEMA_VERSION: u32 = 1;

/// Runs the subcommand.
///
/// # Errors
///
/// When an image cannot be built or loaded, or QEMU fails.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    let machine =
        Machine::of(args.family).ok_or_else(|| Error::Usage(format!("no machine for {}", args.family)))?;
    let host = match &args.qemu.host {
        Some(path) => path.clone(),
        None => image::find(image::HOST, args.family)?,
    };
    let handover = prepared(args)?;
    if let Some(port) = args.qemu.gdb {
        let host = host.display();
        writeln!(
            ui.aside(),
            "waiting for a debugger: gdb-multiarch {host} -ex 'target remote :{port}'"
        )?;
    }
    let spec = Spec {
        machine,
        host,
        handover: &handover,
        deterministic: args.qemu.deterministic,
        limit: Duration::from_secs(args.qemu.timeout),
        gdb: args.qemu.gdb,
        extra: args.qemu.extra.clone(),
    };
    let mut console = Console::new(ui);
    let outcome = qemu::run(&spec, |record| console.hear(record))?;
    let console = console.finish()?;
    show(args, ui, &outcome, &console)
}

/// The handover: the guest, booted in this process up to its first instruction.
fn prepared(args: &Args) -> Result<Vec<u8>, Error> {
    let model = Model::of_family(args.family);
    guest::check_interrupts(model, &args.inject_kind)?;
    let path = match &args.kernel.kernel {
        Some(path) => path.clone(),
        None => image::find(image::GUEST, args.family)?,
    };
    let name = path.display().to_string();
    let (image, endian) = Image::parse(&guest::file(&path)?).map_err(|cause| Error::Load {
        image: name.clone(),
        cause,
    })?;
    let initrd = args
        .kernel
        .initrd
        .as_ref()
        .map(|path| guest::file(path))
        .transpose()?;
    let mut guest = boot::boot(
        &image,
        &options(args, model, endian, initrd.as_deref(), &append(args)),
    )
    .map_err(|cause| Error::Boot { image: name, cause })?;
    if let Some(text) = &args.typed {
        guest.machine.devices_mut().board.push_input(text.as_bytes());
    }
    handover(&guest, how(args)).map_err(|error| Error::Qemu(error.into()))
}

fn options<'a>(
    args: &Args,
    model: &'static Model,
    endian: Endian,
    initrd: Option<&'a [u8]>,
    append: &'a str,
) -> boot::Options<'a> {
    let is_own = args.kernel.kernel.is_none();
    let board = args.kernel.board.unwrap_or(match args.family {
        Family::Book3s32 if !is_own => BoardModel::GameCube,
        _ => BoardModel::Plain,
    });
    let memory = args.kernel.memory.unwrap_or(guest::memory(board));
    boot::Options {
        model,
        endian,
        board,
        memory,
        policy: args.policy,
        append,
        initrd,
        host: if args.kernel.no_hypervisor {
            Host::Hidden
        } else {
            Host::Named
        },
        reserved: &[],
        detailed: false,
    }
}

fn append(args: &Args) -> String {
    let more = &args.kernel.append;
    if args.kernel.kernel.is_some() {
        return more.clone();
    }
    let Workload { workload, pv } = &args.workload;
    format!("workload={workload} pv={pv} {more}")
        .trim_end()
        .to_owned()
}

/// One interrupt in five hundred instructions: enough to meet every trampoline many times.
const DEFAULT_RATE: Rule = Rule::Random {
    seed: 1,
    rate: 2000.0,
};

fn how(args: &Args) -> How {
    let is_own = args.kernel.kernel.is_none();
    let rule = match &args.inject {
        Some(Injection::By(rule)) => Some(rule.clone()),
        Some(Injection::None) => None,
        None => is_own.then_some(DEFAULT_RATE),
    };
    How {
        time: args.time.unwrap_or(if is_own {
            Time::CountedFromBegin
        } else {
            Time::Real
        }),
        plan: rule.map(|rule| Plan {
            interrupts: args.inject_kind.clone(),
            rule,
            from_begin: is_own,
        }),
        limit: args.limit,
        stale_translations: false,
    }
}

/// The guest's console.
struct Console<'u> {
    ui: &'u mut Ui,
    text: String,
    progress: Progress,
    failed: Option<std::io::Error>,
}

impl<'u> Console<'u> {
    fn new(ui: &'u mut Ui) -> Self {
        let progress = ui.counter("interrupts taken", None);
        Self {
            ui,
            text: String::new(),
            progress,
            failed: None,
        }
    }

    fn hear(&mut self, record: &Record) {
        match record {
            Record::Console(text) => {
                self.text.push_str(text);
                if self.ui.is_json() {
                    return;
                }
                let ui = &mut *self.ui;
                let shown = self.progress.aside(|| {
                    ui.out().write_all(text.as_bytes())?;
                    ui.flush()
                });
                if let Err(Error::Print(error)) = shown {
                    self.failed.get_or_insert(error);
                }
            }
            Record::Taken { .. } => self.progress.advance(),
            _ => {}
        }
    }

    /// What was printed; its last line is ended.
    fn finish(self) -> Result<String, Error> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') && !self.ui.is_json() {
            writeln!(self.ui.out())?;
        }
        Ok(self.text)
    }
}

fn show(args: &Args, ui: &mut Ui, outcome: &Outcome, console: &str) -> Result<Status, Error> {
    let ended = outcome.ended.as_ref();
    let ended = ended
        .ok_or_else(|| Error::Qemu(anyhow::anyhow!("the host has swept boundaries and run no guest")))?;
    let seconds = outcome.time.as_secs_f64();
    if ui.is_json() {
        ui.json(&Document {
            schema_version: SCHEMA_VERSION,
            family: args.family.name(),
            policy: args.policy.name(),
            command_line: &outcome.command_line,
            console,
            seconds,
            ended,
        })?;
    } else if !ui.is_quiet() {
        if ui.is_verbose() {
            writeln!(ui.aside(), "{}", outcome.command_line)?;
        }
        tables::boot::summary(&mut ui.aside(), ended, args.policy.name(), seconds)?;
    }
    let shown = guest::is_shown(args.expect.as_deref(), console, ui)?;
    Ok(if shown && ended.is_good() {
        Status::Done
    } else {
        Status::Findings
    })
}
