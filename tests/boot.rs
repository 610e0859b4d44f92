//! The same guest in this process and on bare metal in QEMU: the same console, the same exits, the same deliveries.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use board::Board;
use kvm_ppc::deferral::{DEFAULT, POLICIES, Policy, from_name};
use kvm_ppc::hardware::Hardware;
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::model::Model;
use magicpage::{Endian, Family};
use ppcpv::run::boot::{Host, Options, boot};
use ppcpv::run::image::Image;
use ppcpv::run::{Devices, Guest, Machine};
use qemu::image::{self, GUEST, HOST};
use qemu::{Spec, machine::MACHINES};
use rayon::prelude::*;
use vm::handover::{How, Job, Time};
use vm::in_process::handover;
use vm::record::{Ended, Record, Recorder};
use vm::runner::{End, Plan};
use vm::serve::serve;

/// What the guest can do, and how often it does it here.
const WORKLOADS: [(&str, u32); 10] = [
    ("hello", 1),
    ("toggle", 300),
    ("context", 300),
    ("syscall", 100),
    ("tickless", 20),
    ("nested", 10),
    ("user-probe", 1),
    ("text-sum", 1),
    ("selfmod", 20),
    ("stress", 10),
];
const WHO: [&str; 3] = ["off", "linux", "ours"];

/// The images of a family: the guest's bytes, and the host's file.
static IMAGES: LazyLock<BTreeMap<Family, (Vec<u8>, PathBuf)>> = LazyLock::new(|| {
    let of = |family| {
        let guest = image::build(GUEST, family).unwrap();
        (fs::read(guest).unwrap(), image::build(HOST, family).unwrap())
    };
    MACHINES
        .iter()
        .map(|machine| (machine.family, of(machine.family)))
        .collect()
});

/// One guest and what is done to it.
#[derive(Clone, Debug)]
struct Run {
    family: Family,
    policy: &'static dyn Policy,
    workload: &'static str,
    /// More words of its command line.
    with: String,
    inject: Option<String>,
    stale_translations: bool,
}

impl Run {
    fn guest(&self) -> Guest {
        let append = format!("workload={} {}", self.workload, self.with);
        let options = Options {
            model: Model::of_family(self.family),
            endian: Endian::Big,
            board: board::Model::Plain,
            memory: 16 << 20,
            policy: self.policy,
            append: &append,
            initrd: None,
            host: Host::Named,
            reserved: &[],
            detailed: false,
        };
        boot(&Image::parse(&IMAGES[&self.family].0).unwrap().0, &options).unwrap()
    }

    fn how(&self, interrupt: Interrupt) -> How {
        How {
            time: Time::CountedFromBegin,
            plan: self.inject.as_ref().map(|rule| Plan {
                interrupts: vec![interrupt],
                rule: rule.parse().unwrap(),
                from_begin: true,
            }),
            limit: Some(1 << 30),
            stale_translations: self.stale_translations,
        }
    }

    fn handover(&self) -> Vec<u8> {
        handover(&self.guest(), self.how(Interrupt::External)).unwrap()
    }

    /// What a host in this process says of it when decrementer interrupts are raised instead.
    fn with_decrementer(&self) -> Vec<Record> {
        let mut records = Vec::new();
        let mut runner = self.how(Interrupt::Decrementer).runner(self.guest());
        Recorder::new(|record| records.push(record)).run(&mut runner);
        records
    }

    /// What a host in this process says of it.
    fn here(&self) -> Vec<Record> {
        let bytes = self.handover();
        let (job, pages) = Job::read(&bytes).unwrap();
        let board: Board = job.start.board.clone();
        let config = machine::Config {
            ratio: job.start.ratio,
            ..machine::Config::new(self.family, usize::try_from(board.ram_bytes()).unwrap())
        };
        let mut machine = Machine::with_devices(config, Devices::new(board)).unwrap();
        for (number, page) in job.pages.iter().zip(pages) {
            machine.write(u64::from(*number) << 12, page).unwrap();
        }
        let mut records = Vec::new();
        assert!(serve(&job, machine, |record| records.push(record)));
        records
    }

    /// What the host on bare metal says of it.
    fn there(&self) -> Vec<Record> {
        let machine = MACHINES
            .iter()
            .find(|machine| machine.family == self.family)
            .unwrap();
        let spec = Spec {
            machine,
            host: IMAGES[&self.family].1.clone(),
            handover: &self.handover(),
            deterministic: false,
            limit: Duration::from_secs(120),
            gdb: None,
            extra: Vec::new(),
        };
        let mut records = Vec::new();
        qemu::run(&spec, |record| records.push(record.clone())).unwrap();
        records
    }
}

/// What was said, in a form to be compared: the console's lines, the interrupts that were taken, and the end.
///
/// Time is counted from when the guest says so. What passed before is not the same everywhere: the guest prints it in one line,
/// and it stays in its memory.
fn said(records: &[Record]) -> (Vec<String>, Vec<Record>, Ended) {
    let text: String = records
        .iter()
        .filter_map(|record| match record {
            Record::Console(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let counted = |line: &&str| !line.starts_with("rewrite_ticks=");
    let lines = text.lines().filter(counted).map(str::to_owned).collect();
    let is_taken = |record: &&Record| matches!(record, Record::Taken { .. });
    let taken = records.iter().filter(is_taken).cloned().collect();
    (
        lines,
        taken,
        Ended {
            sum: 0,
            ..ended(records)
        },
    )
}

fn ended(records: &[Record]) -> Ended {
    match records.last() {
        Some(Record::Ended(ended)) => ended.clone(),
        _ => panic!("the guest has not ended: {records:?}"),
    }
}

/// Every workload under every policy, and each of the two with every way to be rewritten.
fn runs() -> Vec<Run> {
    let mut runs = Vec::new();
    for machine in MACHINES {
        for (number, (workload, count)) in WORKLOADS.into_iter().enumerate() {
            for (policy, at) in POLICIES.iter().zip(number..) {
                runs.push(Run {
                    family: machine.family,
                    policy: *policy,
                    workload,
                    with: format!("count={count} pv={}", WHO[at % WHO.len()]),
                    inject: Some("random:1:2000".to_owned()),
                    stale_translations: false,
                });
            }
        }
    }
    runs
}

#[test]
fn a_guest_does_the_same_in_this_process_and_in_qemu() {
    let differences: Vec<String> = runs()
        .par_iter()
        .filter_map(|run| {
            let (here, there) = (said(&run.here()), said(&run.there()));
            let good = here.2.end == (End::Exit { code: 0 });
            (here != there || !good).then(|| format!("{run:?}:\n  here  {here:?}\n  there {there:?}"))
        })
        .collect();
    assert!(
        differences.is_empty(),
        "{} differ\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// One interrupt, raised when so many instructions have run, and nothing else to wake the guest.
fn tickless(family: Family, policy: &'static dyn Policy, at: u64) -> Run {
    Run {
        family,
        policy,
        workload: "tickless",
        with: "count=1 source=external pv=linux".to_owned(),
        inject: Some(format!("at:{at}")),
        stale_translations: false,
    }
}

/// The boundaries of Linux's trampoline that lose an interrupt, for `mtmsr` and for `wrteei 1`: see tests/race.rs.
const LOSING: usize = 7;
/// Instructions from the beginning of what is measured, further than the way through the trampoline.
const FAR: u64 = 200;

/// When the interrupt comes that is never taken.
fn deaths(family: Family, policy: &'static dyn Policy) -> Vec<u64> {
    let dies = |at: &u64| ended(&tickless(family, policy, *at).here()).end == End::Lost;
    (1..FAR).into_par_iter().filter(dies).collect()
}

#[test]
fn a_tickless_guest_dies_under_legacy_at_as_many_boundaries_as_the_laboratory_says() {
    for machine in MACHINES {
        let family = machine.family;
        let legacy = from_name("legacy").unwrap();
        let lost = deaths(family, legacy);
        assert_eq!(lost.len(), LOSING, "{family}: {lost:?}");
        // They are one stretch: from behind the look for interrupts to the end of the section.
        assert!(
            lost.windows(2).all(|pair| pair[1] == pair[0] + 1),
            "{family}: {lost:?}"
        );
        for at in lost {
            let end = |policy| ended(&tickless(family, policy, at).there());
            let dead = end(legacy);
            assert_eq!(dead.end, End::Lost, "{family} {at}");
            assert!(!dead.is_good());
            assert_eq!(end(DEFAULT).end, End::Exit { code: 0 }, "{family} {at}");
        }
        assert!(deaths(family, DEFAULT).is_empty(), "{family}");
    }
}

#[test]
fn a_translation_that_outlives_its_protection_is_noticed() {
    for machine in MACHINES {
        let family = machine.family;
        let stale = |at| Run {
            stale_translations: true,
            ..tickless(family, DEFAULT, at)
        };
        let lost = deaths(family, from_name("legacy").unwrap());
        let ends: Vec<Ended> = lost.into_iter().map(|at| ended(&stale(at).there())).collect();
        assert!(ends.iter().any(|ended| !ended.is_good()), "{family}: {ends:?}");
    }
}

/// The most exits that a rewritten kernel may make, of those that it makes otherwise.
const MOST: f64 = 0.02;

#[test]
fn a_rewritten_kernel_makes_few_exits() {
    for machine in MACHINES {
        for workload in ["toggle", "context"] {
            let exits = |pv| {
                let run = Run {
                    family: machine.family,
                    policy: DEFAULT,
                    workload,
                    with: format!("pv={pv}"),
                    inject: None,
                    stale_translations: false,
                };
                let ended = ended(&run.there());
                ended.exits.iter().map(|(_, count)| *count as f64).sum::<f64>()
            };
            let share = exits("ours") / exits("off");
            assert!(share <= MOST, "{} {workload}: {share}", machine.family);
        }
    }
}

#[test]
fn an_interrupt_that_another_goes_before_is_not_late() {
    let run = Run {
        family: Family::Book3s32,
        policy: DEFAULT,
        workload: "nested",
        with: "count=5 pv=linux".to_owned(),
        inject: Some("at:97".to_owned()),
        stale_translations: false,
    };
    let ended = ended(&run.with_decrementer());
    let injected = ended.injected.unwrap();
    // The external interrupts of eight frames go before it.
    assert!(injected.latency_max > 1000, "{injected:?}");
    assert_eq!((injected.taken, injected.late, injected.missed), (1, 0, 0));
}
