//! What the laboratory found, by policy, origin and template.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::case::Origin;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Address of the instruction behind it.
    pub address: u64,
    /// Whether an injection was missed there.
    pub missed: bool,
    /// Whether one was taken too often.
    pub duplicated: bool,
    /// Whether one left other registers than it found.
    pub clobbered: bool,
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
    boundaries: BTreeSet<u64>,
    missed: BTreeSet<u64>,
    duplicated: BTreeSet<u64>,
    clobbered: BTreeSet<u64>,
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
    pub fn add(&mut self, injection: &Injection, token: impl FnOnce() -> String) {
        let verdict = injection.verdict;
        let at = injection.address;
        self.boundaries.insert(at);
        for (wrong, set) in [
            (verdict.missed, &mut self.missed),
            (verdict.duplicated > 0, &mut self.duplicated),
            (verdict.clobbered, &mut self.clobbered),
        ] {
            if wrong {
                set.insert(at);
            }
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
        self.boundaries.extend(other.boundaries);
        self.missed.extend(other.missed);
        self.duplicated.extend(other.duplicated);
        self.clobbered.extend(other.clobbered);
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
        let cell = |address: &u64| Cell {
            address: *address,
            missed: self.missed.contains(address),
            duplicated: self.duplicated.contains(address),
            clobbered: self.clobbered.contains(address),
        };
        Row {
            policy,
            cells: self.boundaries.iter().map(cell).collect(),
            shape,
            template,
            boundaries: self.boundaries.len(),
            missed: self.missed.len(),
            late_max: self.late_max,
            duplicated: self.duplicated.len(),
            clobbered: self.clobbered.len(),
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
