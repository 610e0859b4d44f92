//! What the laboratory found, by policy, origin and template.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;

use super::case::Origin;
use super::judge::Verdict;
use super::sweep::Injection;

/// The version of the report's JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// A row: one template under one policy.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The policy's name.
    pub policy: &'static str,
    /// Whose template.
    pub shape: Origin,
    /// The template's name.
    pub template: String,
    /// Instruction boundaries, told apart by their address.
    pub boundaries: usize,
    /// Those at which at least one injection was missed.
    pub missed: usize,
    /// The latest that an interrupt was taken, in instructions from the first boundary that allowed it.
    pub late_max: u64,
    /// Boundaries at which at least one interrupt was taken too often.
    pub duplicated: usize,
    /// Boundaries at which at least one injection left other registers than it found.
    pub clobbered: usize,
    /// Exits that a deferred interrupt added, on average.
    pub extra_exits_mean: f64,
    /// Exits that a deferred interrupt added at most.
    pub extra_exits_max: u64,
    /// Changes of a page's protection that a deferred interrupt added, on average.
    pub protections_mean: f64,
    /// Injections.
    pub injections: u64,
    /// Injections that were missed.
    pub injections_missed: u64,
    /// Injections that had to wait for the end of a section.
    pub deferred: u64,
    /// Cases whose replacement ends in other registers than the instruction, with no interrupt at all.
    pub wrong: u64,
    /// An injection to look at, for `--replay`: the first that something is wrong with.
    pub replay: Option<String>,
    /// The boundaries, in the order of their addresses.
    #[serde(skip)]
    pub cells: Vec<Cell>,
}

/// A boundary of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Address of the instruction behind it.
    pub address: u64,
    /// Whether an injection was missed there.
    pub missed: bool,
    /// Whether one was taken too often.
    pub duplicated: bool,
    /// Whether one left other registers than it found.
    pub clobbered: bool,
    /// Whether one was taken late.
    pub late: bool,
    /// An injection there, for `--replay`: the first that something is wrong with, or the first.
    pub replay: String,
}

impl Cell {
    /// The worst of what was found, in a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self { missed: true, .. } => "missed",
            Self { duplicated: true, .. } => "duplicated",
            Self { clobbered: true, .. } => "clobbered",
            Self { late: true, .. } => "late",
            _ => "clean",
        }
    }
}

/// What was found at a boundary, in any of the injections there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    missed: bool,
    duplicated: bool,
    clobbered: bool,
    late: bool,
}

impl Found {
    fn of(verdict: &Verdict) -> Self {
        Self {
            missed: verdict.missed,
            duplicated: verdict.duplicated > 0,
            clobbered: verdict.clobbered,
            late: verdict.late > 0,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            missed: self.missed | other.missed,
            duplicated: self.duplicated | other.duplicated,
            clobbered: self.clobbered | other.clobbered,
            late: self.late | other.late,
        }
    }

    fn is_clean(self) -> bool {
        self == Self::default()
    }
}

/// What is counted at a boundary.
#[derive(Clone, Debug)]
struct Boundary {
    found: Found,
    replay: String,
}

impl Boundary {
    fn merge(&mut self, other: Self) {
        if self.found.is_clean() && !other.found.is_clean() {
            self.replay = other.replay;
        }
        self.found = self.found.and(other.found);
    }
}

impl Row {
    /// Whether nothing is wrong.
    pub const fn is_clean(&self) -> bool {
        self.missed == 0
            && self.late_max == 0
            && self.duplicated == 0
            && self.clobbered == 0
            && self.wrong == 0
    }
}

/// What is counted for a row.
#[derive(Clone, Debug, Default)]
pub struct Count {
    boundaries: BTreeMap<u64, Boundary>,
    late_max: u64,
    extra_exits: u64,
    extra_exits_max: u64,
    protections: u64,
    injections: u64,
    injections_missed: u64,
    deferred: u64,
    wrong: u64,
    replay: Option<String>,
}

/// A policy, an origin and a template.
pub type Key = (&'static str, Origin, String);

impl Count {
    /// Counts an injection; `token` names it.
    pub fn add(&mut self, injection: &Injection, token: impl Fn() -> String) {
        let verdict = injection.verdict;
        let found = Found::of(&verdict);
        match self.boundaries.entry(injection.address) {
            Entry::Vacant(entry) => {
                entry.insert(Boundary {
                    found,
                    replay: token(),
                });
            }
            Entry::Occupied(mut entry) if !found.is_clean() => entry.get_mut().merge(Boundary {
                found,
                replay: token(),
            }),
            Entry::Occupied(_) => {}
        }
        self.late_max = self.late_max.max(verdict.late);
        self.injections += 1;
        self.injections_missed += u64::from(verdict.missed);
        if verdict.deferred {
            self.deferred += 1;
            self.extra_exits += verdict.extra_exits;
            self.extra_exits_max = self.extra_exits_max.max(verdict.extra_exits);
            self.protections += verdict.protections;
        }
        if !verdict.is_clean() && self.replay.is_none() {
            self.replay = Some(token());
        }
    }

    /// Counts a case whose replacement is not the instruction's equal.
    pub fn wrong(&mut self, token: impl FnOnce() -> String) {
        self.wrong += 1;
        if self.replay.is_none() {
            self.replay = Some(token());
        }
    }

    /// Adds the counts of another part of the cases.
    pub fn merge(&mut self, other: Self) {
        for (address, boundary) in other.boundaries {
            match self.boundaries.entry(address) {
                Entry::Vacant(entry) => {
                    entry.insert(boundary);
                }
                Entry::Occupied(mut entry) => entry.get_mut().merge(boundary),
            }
        }
        self.late_max = self.late_max.max(other.late_max);
        self.extra_exits += other.extra_exits;
        self.extra_exits_max = self.extra_exits_max.max(other.extra_exits_max);
        self.protections += other.protections;
        self.injections += other.injections;
        self.injections_missed += other.injections_missed;
        self.deferred += other.deferred;
        self.wrong += other.wrong;
        self.replay = self.replay.take().or(other.replay);
    }

    fn row(self, (policy, shape, template): Key) -> Row {
        let per_deferred = |count: u64| {
            if self.deferred == 0 {
                0.0
            } else {
                count as f64 / self.deferred as f64
            }
        };
        let count = |wrong: fn(&Found) -> bool| {
            let boundaries = self.boundaries.values();
            boundaries.filter(|boundary| wrong(&boundary.found)).count()
        };
        let cell = |(address, boundary): (&u64, &Boundary)| Cell {
            address: *address,
            missed: boundary.found.missed,
            duplicated: boundary.found.duplicated,
            clobbered: boundary.found.clobbered,
            late: boundary.found.late,
            replay: boundary.replay.clone(),
        };
        Row {
            policy,
            cells: self.boundaries.iter().map(cell).collect(),
            shape,
            template,
            boundaries: self.boundaries.len(),
            missed: count(|found| found.missed),
            late_max: self.late_max,
            duplicated: count(|found| found.duplicated),
            clobbered: count(|found| found.clobbered),
            extra_exits_mean: per_deferred(self.extra_exits),
            extra_exits_max: self.extra_exits_max,
            protections_mean: per_deferred(self.protections),
            injections: self.injections,
            injections_missed: self.injections_missed,
            deferred: self.deferred,
            wrong: self.wrong,
            replay: self.replay,
        }
    }
}

/// The rows of all counts.
pub fn rows(counts: BTreeMap<Key, Count>) -> Vec<Row> {
    counts.into_iter().map(|(key, count)| count.row(key)).collect()
}
