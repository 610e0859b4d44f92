//! What is proved about a site: which registers are dead there, and what registers hold.
//!
//! - [`graph`] gives each unit's instructions their effects and successors, hidden ones included;
//! - [`liveness`] finds what may be read before it is overwritten, across calls;
//! - [`endless`] finds loops that no instruction leaves, in which nothing is dead;
//! - [`convention`] says where the calling convention may be relied on;
//! - [`facts`] follows the MSR through registers, forwards.
//!
//! Each errs on one side: a register may be called live that is dead, a value unknown that is known.

mod convention;
mod endless;
mod facts;
mod graph;
mod liveness;

use alloc::collections::BTreeMap;

use cpu::Regs;

use crate::classify::Operation;
use crate::code::CodeMap;
pub use facts::{Ee, Facts, MsrCopy};
use graph::Graph;
use liveness::Liveness;

/// Answers questions about sites.
pub struct Analysis<'m, 'i, 'a> {
    map: &'m mut CodeMap<'i, 'a>,
    liveness: Liveness,
    facts: BTreeMap<u64, facts::UnitFacts>,
}

impl<'m, 'i, 'a> Analysis<'m, 'i, 'a> {
    /// Prepares to answer questions about the sites at these addresses.
    pub fn new(map: &'m mut CodeMap<'i, 'a>, sites: &[u64]) -> Self {
        let liveness = Liveness::new(map, sites);
        Self {
            map,
            liveness,
            facts: BTreeMap::new(),
        }
    }

    /// What is certainly not read after the instruction at `address` before it is overwritten.
    pub fn dead_after(&self, address: u64) -> Regs {
        !self.liveness.live_after(address)
    }

    /// What is known of the registers just before the instruction at `address`.
    pub fn facts(&mut self, address: u64, operation: Operation) -> Facts {
        let Some(unit) = self.map.unit(address) else {
            return Facts::default();
        };
        let map = &mut *self.map;
        let unit_facts = self.facts.entry(unit.start).or_insert_with(|| {
            let graph = Graph::new(map, unit);
            facts::UnitFacts::new(map, unit, &graph)
        });
        unit_facts.at(address, operation, self.liveness.live_after(address))
    }
}
