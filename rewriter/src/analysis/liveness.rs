//! What may be read before it is overwritten.
//!
//! A resource is live after an instruction when some path from there reads it before redefining it. Paths follow
//! direct calls into functions: a callee's own needs at its entry count, then whatever the caller needs after the
//! call and the callee has not certainly overwritten. Where a path leaves what is known, everything is live; and so it
//! is in loops that are never left (see [`endless`]).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use cpu::Regs;

use super::convention;
use super::endless::endless;
use super::graph::{Graph, Next, Place};
use crate::code::{CodeMap, Crossing, Unit};

/// How many calls deep functions are followed; beyond, everything is live at their entry. Code outside functions that
/// goes on in other such code counts as one.
const DEPTH: usize = 2;

/// One unit's share.
struct UnitLiveness {
    graph: Graph,
    /// What is live before each word.
    before: Vec<Regs>,
    /// Whether each word is in a loop that is never left.
    endless: Vec<bool>,
    /// What is live when the unit returns to its caller.
    at_return: Regs,
    /// Starts of the units that call or enter this one.
    users: BTreeSet<u64>,
}

/// The live resources of the units that hold sites.
pub struct Liveness {
    units: BTreeMap<u64, UnitLiveness>,
}

impl Liveness {
    /// Computes liveness for the units that hold these addresses.
    pub fn new(map: &mut CodeMap, sites: &[u64]) -> Self {
        let mut conventions = Conventions::default();
        let mut liveness = Self {
            units: BTreeMap::new(),
        };
        let mut level: Vec<Unit> = sites.iter().filter_map(|site| map.unit(*site)).collect();
        for depth in 0..=DEPTH {
            let mut called = Vec::new();
            while let Some(unit) = level.pop() {
                if liveness.units.contains_key(&unit.start) {
                    continue;
                }
                let graph = liveness.add(map, unit, &mut conventions);
                called.extend(calls(graph).filter_map(|target| map.unit(target)));
                level.extend(
                    jumps(graph)
                        .filter_map(|target| map.unit(target))
                        .filter(|unit| !unit.sized),
                );
            }
            if depth < DEPTH {
                level = called;
            }
        }
        liveness.link();
        liveness.solve();
        liveness
    }

    /// What may be read after the instruction at `address` before it is overwritten.
    pub fn live_after(&self, address: u64) -> Regs {
        let Some((_, unit)) = self.units.range(..=address).next_back() else {
            return Regs::ALL;
        };
        if !unit.graph.unit.contains(address) {
            return Regs::ALL;
        }
        self.out(unit, unit.graph.index(address))
    }

    /// Adds a unit.
    fn add(&mut self, map: &CodeMap, unit: Unit, conventions: &mut Conventions) -> &Graph {
        let graph = Graph::new(map, unit);
        let at_return = if conventions.hold_for(map, unit) {
            convention::KEPT
        } else {
            Regs::ALL
        };
        let endless = endless(&graph);
        let before = endless
            .iter()
            .map(|endless| if *endless { Regs::ALL } else { Regs::NONE });
        let before = before.collect();
        let users = BTreeSet::new();
        let added = self.units.entry(unit.start).or_insert(UnitLiveness {
            graph,
            before,
            endless,
            at_return,
            users,
        });
        &added.graph
    }

    /// Tells every unit who uses it.
    fn link(&mut self) {
        let mut uses = Vec::new();
        for (start, unit) in &self.units {
            uses.extend(
                calls(&unit.graph)
                    .chain(jumps(&unit.graph))
                    .map(|target| (target, *start)),
            );
        }
        for (target, user) in uses {
            if let Some((_, unit)) = self.units.range_mut(..=target).next_back() {
                unit.users.insert(user);
            }
        }
    }

    /// The least fixed point over all units.
    fn solve(&mut self) {
        let mut dirty: BTreeSet<u64> = self.units.keys().copied().collect();
        while let Some(start) = dirty.pop_last() {
            let Some(mut unit) = self.units.remove(&start) else {
                continue;
            };
            let changed = self.solve_unit(&mut unit);
            if changed {
                dirty.extend(unit.users.iter().copied());
            }
            self.units.insert(start, unit);
        }
    }

    /// The fixed point within one unit, which is taken out meanwhile; whether anything changed.
    fn solve_unit(&self, unit: &mut UnitLiveness) -> bool {
        let mut changed_ever = false;
        loop {
            let mut changed = false;
            for index in (0..unit.graph.nodes.len()).rev() {
                if unit.endless[index] {
                    continue;
                }
                let node = unit.graph.nodes[index];
                let out = self.out(unit, index);
                let hidden: Regs = unit
                    .graph
                    .hidden_from(index)
                    .map(|place| self.at(unit, place))
                    .collect();
                let new = node.reads | out.minus(node.defines) | hidden;
                changed |= core::mem::replace(&mut unit.before[index], new) != new;
            }
            if !changed {
                return changed_ever;
            }
            changed_ever = true;
        }
    }

    /// What is live behind a word of a unit.
    fn out(&self, unit: &UnitLiveness, index: usize) -> Regs {
        let fall = || self.at(unit, unit.graph.behind(index));
        let maybe = |falls: bool| if falls { fall() } else { Regs::NONE };
        match unit.graph.nodes[index].next {
            Next::Fall => fall(),
            Next::Jump(place, falls) => self.at(unit, place) | maybe(falls),
            Next::Call(None) | Next::Away(_) => Regs::ALL,
            Next::Call(Some(target)) => self.entry(target) | fall().minus(Regs::LR),
            Next::Return(falls) => unit.at_return | maybe(falls),
        }
    }

    /// What is live at a place. A jump out of the unit is a call that does not come back: the callee returns to this
    /// unit's caller.
    fn at(&self, unit: &UnitLiveness, place: Place) -> Regs {
        match place {
            Place::Inside(index) => unit.before[index],
            Place::Outside(target) => self.entry(target) | unit.at_return,
        }
    }

    /// What is live where control enters another unit.
    fn entry(&self, target: u64) -> Regs {
        let Some((_, unit)) = self.units.range(..=target).next_back() else {
            return Regs::ALL;
        };
        if !unit.graph.unit.contains(target) {
            return Regs::ALL;
        }
        unit.before[unit.graph.index(target)]
    }
}

/// Addresses in other units that a unit calls.
fn calls(graph: &Graph) -> impl Iterator<Item = u64> + '_ {
    graph.nodes.iter().filter_map(|node| match node.next {
        Next::Call(target) => target,
        _ => None,
    })
}

/// Addresses in other units where control goes on from a unit.
fn jumps(graph: &Graph) -> impl Iterator<Item = u64> + '_ {
    let direct = graph.nodes.iter().filter_map(|node| match node.next {
        Next::Jump(place, _) => Some(place),
        _ => None,
    });
    let hidden = graph.hidden.iter().map(|(_, place)| *place);
    let places = direct.chain(hidden).chain([Place::Outside(graph.unit.end)]);
    places.filter_map(|place| match place {
        Place::Outside(target) => Some(target),
        Place::Inside(_) => None,
    })
}

/// Remembers for which units the calling convention holds, and which calls disobey it.
#[derive(Default)]
struct Conventions {
    holds: BTreeMap<u64, bool>,
    disobeying: BTreeMap<u64, Vec<u64>>,
}

impl Conventions {
    /// Whether the convention holds when `unit` returns: whether everybody who enters it obeys. A unit that jumps
    /// or runs into another makes that one return to its own caller.
    fn hold_for(&mut self, map: &CodeMap, unit: Unit) -> bool {
        if let Some(holds) = self.holds.get(&unit.start) {
            return *holds;
        }
        // Units that jump into each other in a circle are judged by those who call into the circle.
        self.holds.insert(unit.start, true);
        let seen = unit.sized
            || map
                .entries_of(unit)
                .chain(map.computed_targets(unit))
                .next()
                .is_none();
        let holds = seen
            && map
                .runs_into(unit)
                .is_none_or(|before| self.hold_for(map, before))
            && map
                .entered_by(unit)
                .iter()
                .all(|crossing| self.enters_well(map, crossing));
        self.holds.insert(unit.start, holds);
        holds
    }

    fn enters_well(&mut self, map: &CodeMap, crossing: &Crossing) -> bool {
        let Some(unit) = map.unit(crossing.source) else {
            return false;
        };
        if !crossing.link {
            return self.hold_for(map, unit);
        }
        let disobey = || convention::disobeying_calls(&Graph::new(map, unit));
        !self
            .disobeying
            .entry(unit.start)
            .or_insert_with(disobey)
            .contains(&crossing.source)
    }
}
