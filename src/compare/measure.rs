//! One run of a kernel, measured.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

use kvm_ppc::hardware::Hardware;
use kvm_ppc::statistics::Reason;
use rewriter::plan::{MSR_WRITES, Plan};
use serde::Serialize;

use super::change::{Change, LinuxPatcher, Text, mnemonic, patched, planned};
use super::count::{Counter, Counts};
use crate::run::boot::{BootError, Host, Options, boot};
use crate::run::image::Image;
use crate::run::{End, Guest, Machine, Runner};

/// What a kernel says when it has patched itself; or, if it says nothing of that, soon afterwards (`do_populate_rootfs`).
const PATCHED: [&str; 2] = [
    "KVM: Live patching for a fast VM",
    "Trying to unpack rootfs image",
];

/// Who changes the kernel's text for the magic page.
#[derive(Clone, Copy, Debug)]
pub enum Patcher<'p> {
    /// Nobody: every privileged instruction traps.
    Nobody,
    /// The kernel itself, while it boots.
    Linux(&'p LinuxPatcher),
    /// We, before it boots.
    Ours,
}

/// A way to run a kernel.
#[derive(Clone, Debug)]
pub struct Course<'c> {
    /// A short name.
    pub name: String,
    /// One line for readers.
    pub about: &'static str,
    /// What is run: rewritten already, if it is to be.
    pub image: &'c Image,
    /// Our plan for the image as it was.
    pub plan: &'c Plan,
    /// Who changes its text.
    pub patcher: Patcher<'c>,
    /// How it is started; the host is the course's.
    pub options: Options<'c>,
    /// What its console must show.
    pub expect: &'c str,
    /// Instructions after which it is given up.
    pub limit: u64,
}

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// The course's name.
    pub name: String,
    /// One line for readers.
    pub about: &'static str,
    /// How it ended.
    pub end: End,
    /// Whether its console showed what it must.
    pub good: bool,
    /// What the kernel said of its own patching, if it said anything.
    pub said: Option<String>,
    /// Candidates that were changed.
    pub sites_patched: usize,
    /// Candidates that were not.
    pub sites_left: usize,
    /// Exits to the host; none where there is no host.
    pub exits: u64,
    /// The same by reason; every reason has an entry.
    pub exits_by_reason: BTreeMap<&'static str, u64>,
    /// Exits for privileged instructions, by mnemonic.
    pub trapped_by_instruction: BTreeMap<&'static str, u64>,
    /// Privileged instructions that the kernel executed, trapped or replaced.
    pub privileged_executed: u64,
    /// Of those, how many trapped.
    pub privileged_trapped: u64,
    /// Writes of the MSR that the kernel executed, trapped or replaced.
    pub msr_writes_executed: u64,
    /// Exits for writes of the MSR, those of trampolines included.
    pub msr_writes_trapped: u64,
    /// Instructions for a replaced write of the MSR, on average: the changed word, and what it leads to.
    pub instructions_per_msr_write: Option<f64>,
    /// Executions of changed words and in trampolines.
    #[serde(flatten)]
    pub counts: Counts,
    /// Instructions that the guest executed.
    pub instructions: u64,
    /// The guest's time base at its end, in ticks.
    pub timebase: u64,
    /// The same in seconds of the guest.
    pub guest_seconds: f64,
    /// Seconds that the run took here, with nobody looking.
    pub seconds: f64,
}

/// What a run has left.
struct Ran {
    guest: Guest,
    end: End,
    console: String,
    seconds: f64,
}

/// Runs a course.
///
/// # Errors
///
/// A [`BootError`] when the kernel cannot be started.
pub fn measure(course: &Course<'_>) -> Result<Column, BootError> {
    let timed = run(course, None, &[])?;
    let changes = match course.patcher {
        Patcher::Nobody => Vec::new(),
        Patcher::Linux(linux) => patched(course.plan, &text(course, &patched_memory(course)?), linux),
        Patcher::Ours => planned(course.plan),
    };
    let counter = Counter::new(course.image, course.options.model.family, &changes);
    let counted = run(course, Some(&counter), &[])?;
    Ok(column(course, &timed, &counted, &changes, counter.counts()))
}

/// The memory of a guest whose kernel has patched itself as far as it does, with its initialisation code still there.
///
/// # Errors
///
/// A [`BootError`] when the kernel cannot be started.
pub fn patched_memory(course: &Course<'_>) -> Result<Vec<u8>, BootError> {
    let ran = run(course, None, &PATCHED)?;
    Ok(ran.guest.machine.memory().to_vec())
}

/// The text in a guest's memory.
pub fn text<'m>(course: &Course<'m>, memory: &'m [u8]) -> Text<'m> {
    Text::new(course.image, course.options.endian, memory)
}

/// Runs to the guest's end, or until the console shows one of some texts.
fn run(course: &Course<'_>, counter: Option<&Counter>, until: &[&str]) -> Result<Ran, BootError> {
    let options = Options {
        detailed: counter.is_some(),
        ..course.options.clone()
    };
    let mut guest = boot(course.image, &options)?;
    guest.machine.observe(counter.map(Counter::observer));
    let mut runner = Runner::new(guest).limited(Some(course.limit));
    let mut console = Console {
        bytes: Vec::new(),
        until,
    };
    let start = Instant::now();
    let end = runner.run(&mut console).unwrap_or(End::Killed);
    let seconds = start.elapsed().as_secs_f64();
    runner.guest.machine.observe(None);
    Ok(Ran {
        guest: runner.guest,
        end,
        console: String::from_utf8_lossy(&console.bytes).into_owned(),
        seconds,
    })
}

/// Keeps what a guest prints, and ends the run when it has printed enough.
struct Console<'u> {
    bytes: Vec<u8>,
    until: &'u [&'u str],
}

/// The console has shown what it was run for.
struct Shown;

impl vm::Outside<Machine> for Console<'_> {
    type Error = Shown;

    fn console(&mut self, bytes: &[u8]) -> Result<(), Shown> {
        self.bytes.extend_from_slice(bytes);
        let shows = |text: &&str| self.bytes.ends_with(text.as_bytes());
        if self.until.iter().any(shows) {
            Err(Shown)
        } else {
            Ok(())
        }
    }
}

fn column(course: &Course<'_>, timed: &Ran, counted: &Ran, changes: &[Change], counts: Counts) -> Column {
    let guest = &counted.guest;
    let native = course.options.host == Host::Absent;
    let statistics = &guest.vcpu.statistics;
    let traps = Traps::of(course, guest, changes);
    let by_reason = Reason::ALL
        .iter()
        .map(|reason| (reason.name(), statistics.of(*reason)));
    let to_host = |count| if native { 0 } else { count };
    let timebase = guest.machine.timebase();
    Column {
        name: course.name.clone(),
        about: course.about,
        end: timed.end,
        good: timed.end.is_good() && timed.console.contains(course.expect),
        said: said(&timed.console),
        sites_patched: changes.len(),
        sites_left: course.plan.sites.len() - changes.len(),
        exits: to_host(statistics.total()),
        exits_by_reason: by_reason.map(|(name, count)| (name, to_host(count))).collect(),
        privileged_executed: traps.all + counts.replaced - traps.in_trampolines,
        privileged_trapped: to_host(traps.all),
        msr_writes_executed: traps.msr_writes + counts.msr_writes_replaced - traps.msr_writes_in_trampolines,
        msr_writes_trapped: to_host(traps.msr_writes),
        trapped_by_instruction: if native {
            BTreeMap::new()
        } else {
            traps.by_instruction
        },
        instructions_per_msr_write: counts.instructions_per_msr_write(),
        counts,
        instructions: guest.instructions(),
        timebase,
        guest_seconds: seconds(timebase, course.options.board),
        seconds: timed.seconds,
    }
}

/// Privileged instructions that trapped. A trampoline that has the original executed traps for a changed word, which is
/// counted where it stands.
#[derive(Default)]
struct Traps {
    all: u64,
    in_trampolines: u64,
    msr_writes: u64,
    msr_writes_in_trampolines: u64,
    by_instruction: BTreeMap<&'static str, u64>,
}

impl Traps {
    fn of(course: &Course<'_>, guest: &Guest, changes: &[Change]) -> Self {
        let inside = trampolines(changes);
        let mut traps = Self::default();
        for (key, count) in guest.vcpu.statistics.details() {
            if key.reason != Reason::Privileged {
                continue;
            }
            let name = mnemonic(key.word, course.options.model.family);
            let in_trampoline = if inside(key.address) { count } else { 0 };
            traps.all += count;
            traps.in_trampolines += in_trampoline;
            *traps.by_instruction.entry(name).or_default() += count;
            if MSR_WRITES.contains(&name) {
                traps.msr_writes += count;
                traps.msr_writes_in_trampolines += in_trampoline;
            }
        }
        traps
    }
}

/// Whether an address is in a trampoline.
fn trampolines(changes: &[Change]) -> impl Fn(u64) -> bool {
    let ranges = changes.iter().filter_map(|change| change.trampoline.clone());
    let mut ranges: Vec<Range<u64>> = ranges.collect();
    ranges.sort_by_key(|range| range.start);
    ranges.dedup();
    move |address| {
        let before = ranges.partition_point(|range| range.start <= address);
        before > 0 && ranges[before - 1].contains(&address)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a time to be shown")]
fn seconds(ticks: u64, board: board::Model) -> f64 {
    let hz = match board {
        board::Model::GameCube => board::devicetree::processor::GEKKO.timebase_hz,
        board::Model::Plain => board::devicetree::processor::E500V2.timebase_hz,
    };
    ticks as f64 / f64::from(hz)
}

/// What a kernel says of its own patching (`kvm_use_magic_page`).
fn said(console: &str) -> Option<String> {
    let mut lines = console.lines();
    let line = lines.find(|line| line.contains("KVM: Live patching"))?;
    Some(line.split_once("KVM: ")?.1.trim().to_owned())
}
