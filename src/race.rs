//! The race laboratory: interrupts at every instruction boundary of every template, under every policy.
//!
//! A small guest comes to a site that was rewritten, in every state that makes a difference; at each boundary between
//! two instructions, on the way through the trampoline and back, an interrupt is raised and the guest runs on until
//! it waits in a loop that makes no exit: a guest with no tick, for which a missed interrupt is missed for ever. Then it
//! is asked what became of the interrupt and of the registers.
//!
//! - [`case`]: what is raced, an instruction, replacement, state, interrupt;
//! - [`linux`]: the shapes of Linux's trampolines, in which the race is known to be;
//! - [`variant`]: what the policies that change the interface change in a trampoline;
//! - [`guest`]: the guest's code and handlers;
//! - [`world`]: a guest under a host in this process, which can be copied;
//! - [`mod@sweep`]: through all boundaries;
//! - [`judge`]: says what is missed, late, duplicated or clobbered;
//! - [`course`]: the cases for a processor that nobody here wrote;
//! - [`report`]: rows; [`html`]: rows as a page;
//! - [`mod@replay`]: one injection again, instruction by instruction; [`step`]: what each has changed;
//! - [`trace`]: the replays behind the cells of the page;
//! - [`mod@tickless`]: a guest that sleeps until one interrupt.

pub mod case;
pub mod course;
pub mod guest;
pub mod html;
pub mod judge;
pub mod linux;
pub mod replay;
pub mod report;
pub mod step;
pub mod sweep;
pub mod tickless;
pub mod trace;
pub mod variant;
pub mod world;

use std::collections::BTreeMap;

use kvm_ppc::deferral::Policy;
use rayon::prelude::*;

use case::{Case, Subject};
use replay::Token;
use report::{Count, Key, Row};
use sweep::Bench;

/// What is to be swept.
#[derive(Clone, Debug)]
pub struct Options {
    /// The policies.
    pub policies: Vec<&'static dyn Policy>,
    /// Seed of the registers' values.
    pub seed: u64,
    /// Whether pairs of interrupts are raised too.
    pub pairs: bool,
}

/// Sweeps the subjects under each policy. `progress` is told how many are done.
pub fn sweep(options: &Options, subjects: &[Subject], progress: impl Fn(usize) + Sync) -> Vec<Row> {
    let work: Vec<(&'static dyn Policy, usize)> = options
        .policies
        .iter()
        .flat_map(|policy| (0..subjects.len()).map(move |subject| (*policy, subject)))
        .collect();
    let done = std::sync::atomic::AtomicUsize::new(0);
    // Neighbours share their worlds.
    let counts = work
        .par_chunks(32)
        .map(|chunk| {
            let mut counts = BTreeMap::new();
            let mut bench = None;
            for (policy, number) in chunk {
                sweep_subject(
                    options,
                    *policy,
                    *number,
                    &subjects[*number],
                    &mut bench,
                    &mut counts,
                );
                let done = 1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                progress(done);
            }
            counts
        })
        .reduce(BTreeMap::new, merge);
    report::rows(counts)
}

fn merge(mut into: BTreeMap<Key, Count>, from: BTreeMap<Key, Count>) -> BTreeMap<Key, Count> {
    for (key, count) in from {
        into.entry(key).or_default().merge(count);
    }
    into
}

/// The worlds of the last subject, if they serve this one.
type Kept = Option<(&'static str, case::Target, case::Origin, Bench)>;

fn sweep_subject(
    options: &Options,
    policy: &'static dyn Policy,
    number: usize,
    subject: &Subject,
    kept: &mut Kept,
    counts: &mut BTreeMap<Key, Count>,
) {
    let (target, origin) = (subject.target, subject.origin);
    if !matches!(kept, Some((name, of, by, _)) if (*name, *of, *by) == (policy.name(), target, origin)) {
        *kept = Some((policy.name(), target, origin, Bench::new(target, origin, policy)));
    }
    let Some((.., bench)) = kept else { return };
    let count = counts
        .entry((policy.name(), origin, subject.template.clone()))
        .or_default();
    for (setting_number, setting) in subject.settings().into_iter().enumerate() {
        let token = |kind, step, second| Token {
            policy,
            seed: options.seed,
            subject: number,
            setting: setting_number,
            kind,
            step,
            second,
        };
        let Some(expected) = bench.expected(subject, setting, options.seed) else {
            count.wrong(|| token(kvm_ppc::interrupt::Interrupt::External, 0, None).to_string());
            continue;
        };
        for kind in subject.kinds() {
            let case = Case {
                subject,
                setting,
                kind,
            };
            bench.each_boundary(&case, &expected, |injection| {
                count.add(&injection, || token(kind, injection.step, None).to_string());
            });
            if options.pairs {
                for second in subject.kinds() {
                    bench.each_pair(&case, second, &expected, |injection| {
                        count.add(&injection, || {
                            token(kind, injection.step, injection.second).to_string()
                        });
                    });
                }
            }
        }
    }
}
