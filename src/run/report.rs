//! What there is to say of a run.

use std::collections::BTreeMap;
use std::time::Instant;

use cpu::decode;
use kvm_ppc::hardware::Hardware;
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::statistics::{Reason, Statistics};
use kvm_ppc::vcpu::Interface;
use serde::{Serialize, Serializer};
use vm::watch::Injected;

use super::image::Image;
use super::{End, Guest, Runner};

/// Version of the document's form.
pub const SCHEMA_VERSION: u32 = 1;
/// What stands for the policy where there is no host.
const NATIVE: &str = "none";
/// Rows of the exits by address.
const TOP: usize = 20;

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The processor's name.
    pub model: &'static str,
    /// Its family.
    pub family: &'static str,
    /// The policy's name; `none` where there is no host.
    pub policy: &'static str,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// How the guest ended.
    pub end: End,
    /// Where: the program counter.
    #[serde(serialize_with = "hex")]
    pub address: u64,
    /// The symbol there.
    pub symbol: Option<String>,
    /// Instructions that have completed since the guest was started.
    pub instructions: u64,
    /// The time base.
    pub timebase: u64,
    /// Exits since the guest was started; none where there is no host.
    pub exits: u64,
    /// Exits by reason; every reason has a row.
    pub by_reason: Vec<Row>,
    /// The instructions that made the most exits, if they were counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_address: Vec<AddressRow>,
    /// Interrupts that waited and were taken, by kind.
    pub taken: BTreeMap<&'static str, u64>,
    /// What became of injected interrupts, if any were to be injected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub injected: Option<Injected>,
    /// The same by kind, where several kinds were injected.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub injected_by_kind: BTreeMap<&'static str, Injected>,
    /// What had happened when the guest said that what is to be measured has ended, if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// How often the protection of the magic page was changed.
    pub protections: u64,
    /// Accesses to registers that the board does not implement.
    pub unimplemented: u64,
    /// Seconds that the run took.
    pub seconds: f64,
    /// Instructions a second of this run.
    pub instructions_per_second: f64,
}

/// What had happened when the guest said that what is to be measured has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Instructions that had completed.
    pub instructions: u64,
    /// The time base.
    pub timebase: u64,
    /// Interrupts that had been taken, by kind.
    pub taken: BTreeMap<&'static str, u64>,
}

impl Measured {
    fn of(measured: &vm::runner::Measured) -> Self {
        let taken = measured.taken.iter();
        Self {
            instructions: measured.instructions,
            timebase: measured.timebase,
            taken: taken
                .map(|(interrupt, count)| (interrupt.name(), *count))
                .collect(),
        }
    }
}

/// When a run began.
#[derive(Clone, Copy, Debug)]
pub struct Began {
    /// The guest's instructions then.
    pub instructions: u64,
    /// The time here.
    pub time: Instant,
}

/// Exits for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The reason's name.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
    /// Of all exits, from 0 to 1.
    pub share: f64,
}

/// Exits of one instruction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AddressRow {
    /// Why.
    pub reason: &'static str,
    /// Effective address.
    #[serde(serialize_with = "hex")]
    pub address: u64,
    /// The symbol there.
    pub symbol: Option<String>,
    /// The instruction; absent where the exit has nothing to do with one.
    pub instruction: Option<String>,
    /// How many.
    pub count: u64,
}

/// An address as documents have it.
fn hex<S: Serializer>(address: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{address:#010x}"))
}

/// A share of the whole.
#[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
fn share(some: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { some as f64 / all as f64 }
}

impl Report {
    /// The report on a run.
    pub fn new(runner: &Runner, image: &Image, end: End, began: Began) -> Self {
        let guest = &runner.guest;
        let native = guest.vcpu.interface == Interface::Absent;
        let mut statistics = guest.vcpu.statistics.clone();
        let instructions = guest.instructions();
        let seconds = began.time.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let rate = instructions.saturating_sub(began.instructions) as f64 / seconds.max(1e-9);
        let diagnostics = guest.machine.devices().board.diagnostics();
        let taken = Interrupt::WAITING
            .into_iter()
            .map(|interrupt| (interrupt.name(), statistics.taken(interrupt)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let address = guest.vcpu.state.pc;
        if native {
            statistics.restart();
        }
        Self {
            schema_version: SCHEMA_VERSION,
            model: guest.vcpu.supervisor.model.name,
            family: guest.vcpu.supervisor.model.family.name(),
            policy: if native {
                NATIVE
            } else {
                guest.vcpu.deferral.policy.name()
            },
            memory_bytes: guest.machine.memory().len() as u64,
            end,
            address,
            symbol: image.name(address),
            instructions,
            timebase: guest.machine.timebase(),
            exits: statistics.total(),
            by_reason: by_reason(&statistics),
            by_address: by_address(guest, &statistics, image),
            taken,
            injected: runner.injections(),
            injected_by_kind: by_kind(runner),
            measured: runner.measured().map(Measured::of),
            protections: guest.vcpu.deferral.protections(),
            unimplemented: diagnostics.loads + diagnostics.stores,
            seconds,
            instructions_per_second: rate,
        }
    }

    /// Whether the guest ended as it should and no injected interrupt was missed or late.
    pub fn is_good(&self) -> bool {
        self.end.is_good()
            && self
                .injected
                .is_none_or(|injected| injected.missed == 0 && injected.late == 0)
    }
}

fn by_kind(runner: &Runner) -> BTreeMap<&'static str, Injected> {
    let kinds: BTreeMap<_, _> = runner
        .injected_kinds()
        .map(|(kind, injected)| (kind.name(), injected))
        .collect();
    if kinds.len() > 1 { kinds } else { BTreeMap::new() }
}

fn by_reason(statistics: &Statistics) -> Vec<Row> {
    let row = |reason: &Reason| {
        let count = statistics.of(*reason);
        Row {
            reason: reason.name(),
            count,
            share: share(count, statistics.total()),
        }
    };
    Reason::ALL.iter().map(row).collect()
}

fn by_address(guest: &Guest, statistics: &Statistics, image: &Image) -> Vec<AddressRow> {
    let family = guest.vcpu.supervisor.model.family;
    let mut details: Vec<_> = statistics.details().collect();
    details.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), *key));
    let row = |(key, count): (kvm_ppc::statistics::Key, u64)| AddressRow {
        reason: key.reason.name(),
        address: key.address,
        symbol: image.name(key.address),
        instruction: (key.word != 0).then(|| decode(key.word, family).text(Some(key.address)).to_string()),
        count,
    };
    details.into_iter().take(TOP).map(row).collect()
}
