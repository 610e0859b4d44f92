//! The laboratory's cases for a processor that nobody here wrote.
//!
//! A [`Course`] has what a host on bare metal needs to run the cases of one target and one origin by itself. It says where
//! its interrupts came and what became of each; the same course in this process says what should have: every boundary met,
//! and the same end from each.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use board::Board;
use kvm_ppc::deferral::Policy;
use kvm_ppc::hardware::{Hardware, Shared};
use kvm_ppc::interrupt::{Interrupt, row};
use machine::Config;
use magicpage::PAGE_SIZE;
use vm::handover::{HandoverError, How, Job, Time};
use vm::in_process::Devices;
use vm::start::Start;
use vm::sweep::{Case, Course, Found, Free, Kind, Report, Undisturbed, sweep};

use super::case::{Origin, Subject, Target};
use super::guest::{self, LOOP, MEMORY, SITE};
use super::judge::{Verdict, late_at};
use super::report::{self, Count, Key, Row};
use super::sweep::{Bench, Injection};
use super::variant::Variant;
use super::world::{World, variant};

/// A job for a host on bare metal, and which cases it has.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The policy.
    pub policy: &'static dyn Policy,
    /// The processor.
    pub target: Target,
    /// Whose templates.
    pub origin: Origin,
    job: Job,
    pages: Vec<[u8; PAGE_SIZE]>,
    /// The template of each case.
    templates: Vec<String>,
}

/// What a sweep of a course found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The ends that nothing interrupted, by case.
    pub undisturbed: BTreeMap<u32, Undisturbed>,
    /// What became of the interrupts, by case, kind and address of the boundary.
    pub found: BTreeMap<(u32, Interrupt, u64), BTreeSet<Found>>,
    /// How many were raised.
    pub injections: u64,
}

/// Where a processor and this process do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// No interrupt came at a boundary.
    NotMet {
        /// The template.
        template: String,
        /// Which interrupt.
        interrupt: Interrupt,
        /// Address of the instruction behind the boundary.
        address: u64,
    },
    /// Something else became of an interrupt, or of a guest that nothing interrupted.
    Other {
        /// The template.
        template: String,
        /// What should have become of it, and what did.
        what: String,
    },
}

impl Report for Findings {
    fn undisturbed(&mut self, undisturbed: Undisturbed) {
        self.undisturbed.insert(undisturbed.case, undisturbed);
    }

    fn found(&mut self, found: Found, times: u32) {
        let boundary = (found.case, found.interrupt, found.address);
        self.found.entry(boundary).or_default().insert(found);
        self.injections += u64::from(times);
    }
}

/// The cases of a target and an origin, in front of their sites.
pub fn prepare(
    policy: &'static dyn Policy,
    target: Target,
    origin: Origin,
    subjects: &[Subject],
    seed: u64,
) -> Prepared {
    let mut bench = Bench::new(target, origin, policy);
    let (mut cases, mut templates) = (Vec::new(), Vec::new());
    let of_course = |subject: &&Subject| subject.target == target && subject.origin == origin;
    for subject in subjects.iter().filter(of_course) {
        for setting in subject.settings() {
            bench.prepare(subject, setting, seed, true);
            let boundaries = bench.boundaries();
            cases.push(case(bench.ready(), boundaries, subject, variant(policy)));
            templates.push(subject.template.clone());
        }
    }
    let base = World::new(target, origin, policy);
    let (chunks, _) = base.machine.memory().as_chunks();
    Prepared {
        policy,
        target,
        origin,
        job: Job {
            start: start(&base),
            pages: (0..).zip(chunks).map(|(number, _)| number).collect(),
            how: How {
                time: Time::Real,
                plan: None,
                limit: None,
                stale_translations: false,
            },
            course: Some(Course {
                cases,
                times: 1,
                memory: vec![(
                    guest::DATA,
                    vec![0; usize::try_from(guest::DATA_BYTES).expect("a few words")],
                )],
                behind: SITE + 8,
                end: LOOP,
            }),
        },
        pages: chunks.to_vec(),
        templates,
    }
}

fn start(world: &World) -> Start {
    Start {
        ratio: NonZeroU32::MIN,
        timebase: world.machine.timebase(),
        processor: world.vcpu.save(),
        board: Board::new(board::Model::Plain, MEMORY).expect("a few pages fit"),
        magic: world.machine.shared(Shared::Magic).to_vec(),
        second: world.machine.shared(Shared::Second).to_vec(),
    }
}

fn case(ready: &World, boundaries: Vec<u64>, subject: &Subject, variant: Variant) -> Case {
    let pieces = guest::site(subject, variant).into_iter();
    let memory = pieces.map(|(address, words)| {
        let bytes = words
            .iter()
            .flat_map(|word| subject.target.endian.write_u32(*word));
        (address, bytes.collect())
    });
    let (words, _) = ready.page().as_chunks();
    let dead = subject.dead;
    let fields = dead
        .crs()
        .fold(0, |bits, field| bits | 0xf000_0000 >> (4 * field));
    let gprs = (0..32).filter(|number| dead.contains(cpu::Regs::gpr(*number)));
    Case {
        memory: memory.collect(),
        user: ready.vcpu.save().user,
        msr: ready.vcpu.msr(&ready.machine),
        page: (0..)
            .step_by(4)
            .zip(words)
            .filter(|(_, word)| **word != [0; 4])
            .map(|(at, word)| (at, *word))
            .collect(),
        boundaries,
        kinds: subject
            .kinds()
            .map(|interrupt| Kind {
                interrupt,
                counter: guest::counter(interrupt),
            })
            .collect(),
        free: Free {
            gprs: gprs.fold(0, |bits, number| bits | 1 << number),
            cr: fields,
            lr: dead.contains(cpu::Regs::LR),
            ctr: dead.contains(cpu::Regs::CTR),
        },
    }
}

impl Prepared {
    /// What a host on bare metal is given, which is to meet each boundary so often at least.
    ///
    /// # Errors
    ///
    /// When it cannot be written, which is a mistake here.
    pub fn handover(&self, times: u32) -> Result<Vec<u8>, HandoverError> {
        let mut job = self.job.clone();
        if let Some(course) = &mut job.course {
            course.times = times;
        }
        job.write(self.pages.iter())
    }

    /// How many injections meet every boundary once with every kind of interrupt.
    pub fn injections(&self) -> usize {
        let cases = self.job.course.iter().flat_map(|course| &course.cases);
        cases.map(|case| case.boundaries.len() * case.kinds.len()).sum()
    }

    /// What the course finds in this process, where instructions are counted.
    ///
    /// # Panics
    ///
    /// When a guest that was saved here cannot be restored here.
    pub fn here(&self) -> Findings {
        let config = Config {
            ratio: NonZeroU32::MIN,
            ..Config::new(self.target.family, usize::try_from(MEMORY).expect("a few pages"))
        };
        let devices = Devices::new(self.job.start.board.clone());
        let mut machine = machine::Machine::with_devices(config, devices).expect("the size is allowed");
        for (number, page) in self.job.pages.iter().zip(&self.pages) {
            machine
                .write(u64::from(*number) << 12, page)
                .expect("the page is in memory");
        }
        let guest = self.job.start.onto(machine).expect("it was saved here");
        let mut findings = Findings::default();
        if let Some(course) = &self.job.course {
            sweep(guest, course, &mut findings);
        }
        findings
    }

    fn template(&self, case: u32) -> String {
        usize::try_from(case)
            .ok()
            .and_then(|case| self.templates.get(case))
            .cloned()
            .unwrap_or_default()
    }

    /// Where findings differ from those of this process.
    pub fn differences(&self, here: &Findings, there: &Findings) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (case, expected) in &here.undisturbed {
            if there.undisturbed.get(case) != Some(expected) {
                differences.push(Difference::Other {
                    template: self.template(*case),
                    what: format!(
                        "undisturbed: {expected:x?}, there {:x?}",
                        there.undisturbed.get(case)
                    ),
                });
            }
        }
        for (boundary @ (case, interrupt, address), expected) in &here.found {
            match there.found.get(boundary) {
                None => differences.push(Difference::NotMet {
                    template: self.template(*case),
                    interrupt: *interrupt,
                    address: *address,
                }),
                Some(found) if found != expected => differences.push(Difference::Other {
                    template: self.template(*case),
                    what: format!("{expected:x?}, there {found:x?}"),
                }),
                Some(_) => {}
            }
        }
        for boundary in there
            .found
            .keys()
            .filter(|boundary| !here.found.contains_key(boundary))
        {
            differences.push(Difference::Other {
                template: self.template(boundary.0),
                what: format!("no such boundary: {boundary:x?}"),
            });
        }
        differences
    }

    /// The rows of what was found.
    pub fn rows(&self, findings: &Findings) -> Vec<Row> {
        let mut counts: BTreeMap<Key, Count> = BTreeMap::new();
        for found in findings.found.values().flatten() {
            let key = (self.policy.name(), self.origin, self.template(found.case));
            let Some(undisturbed) = findings.undisturbed.get(&found.case) else {
                continue;
            };
            let injection = Injection {
                step: 0,
                address: found.address,
                second: None,
                verdict: self.verdict(found, undisturbed),
            };
            counts.entry(key).or_default().add(&injection, String::new);
        }
        report::rows(counts)
    }

    fn verdict(&self, found: &Found, undisturbed: &Undisturbed) -> Verdict {
        let row = row(self.target.family, found.interrupt);
        let due = row.is_some_and(|row| row.is_enabled(undisturbed.msr));
        let late = match found.taken {
            Some(taken) if found.enabled && !found.in_section => u64::from(taken != found.address),
            Some(taken) => late_at(taken),
            None => 0,
        };
        Verdict {
            missed: found.handled < u32::from(due) || !due && found.handled == 0 && !found.waits,
            late,
            duplicated: found.handled.saturating_sub(1),
            clobbered: !found.finished || found.sum != undisturbed.sum,
            extra_exits: found.held_exits.into(),
            protections: found.protections.into(),
            deferred: found.enabled && found.in_section,
        }
    }
}
