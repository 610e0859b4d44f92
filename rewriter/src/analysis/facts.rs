//! Follows the MSR through the registers of a unit, forwards.
//!
//! `mfmsr`, a mask, `mtmsr` is the commonest thing a kernel does with interrupts, and between them the register is
//! known to be the MSR with one bit changed. The proof runs over the unit's control flow: what is known at a word
//! holds on every path that reaches it. A call, a place that control may enter from elsewhere, code that the kernel
//! replaces at boot: each leaves nothing known.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use cpu::Regs;
use magicpage::msr::{EE, GUEST_OWNED, RI};
use magicpage::{Family, WordSize};

use super::graph::{Graph, Next, Node, Place};
use crate::classify::{Operation, classify};
use crate::code::{CodeMap, Unit};
use crate::value::{Value, compute};

/// What is known at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How the source register compares with the MSR.
    pub source: MsrCopy,
    /// What EE becomes when the source is written to the MSR.
    pub ee: Ee,
    /// Number of a register that holds the MSR in every bit but EE, and what its EE is. Looked for at `wrteei` only.
    pub copy: Option<(u8, Ee)>,
}

/// In which bits a register may differ from the MSR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum MsrCopy {
    /// In any.
    #[cfg_attr(feature = "serde", serde(rename = "any"))]
    No,
    /// In EE and RI at most.
    #[cfg_attr(feature = "serde", serde(rename = "ee-ri"))]
    ButEeRi,
    /// In EE at most.
    #[cfg_attr(feature = "serde", serde(rename = "ee"))]
    ButEe,
}

/// What EE becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Ee {
    /// Nobody knows.
    Unknown,
    /// 0.
    Off,
    /// 1.
    On,
    /// What it was.
    Unchanged,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            source: MsrCopy::No,
            ee: Ee::Unknown,
            copy: None,
        }
    }
}

impl Value {
    fn compared(self) -> MsrCopy {
        match self.differs {
            _ if self.rotation != 0 => MsrCopy::No,
            differs if differs & !EE == 0 => MsrCopy::ButEe,
            differs if differs & !GUEST_OWNED == 0 => MsrCopy::ButEeRi,
            _ => MsrCopy::No,
        }
    }

    fn ee(self) -> Ee {
        match self {
            value if value.rotation != 0 => Ee::Unknown,
            value if value.clear & EE != 0 => Ee::Off,
            value if value.set & EE != 0 => Ee::On,
            value if value.differs & EE == 0 => Ee::Unchanged,
            _ => Ee::Unknown,
        }
    }
}

/// The registers and what is known of the MSR itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    registers: [Value; 32],
    /// Bits of the MSR that are 1.
    set: u64,
    /// Bits of the MSR that are 0.
    clear: u64,
}

impl State {
    const UNKNOWN: Self = Self {
        registers: [Value::UNKNOWN; 32],
        set: 0,
        clear: 0,
    };

    fn get(&self, register: u8) -> Value {
        self.registers[usize::from(register & 31)]
    }

    fn join(&self, other: &Self) -> Self {
        let mut joined = Self {
            set: self.set & other.set,
            clear: self.clear & other.clear,
            ..self.clone()
        };
        for (mine, theirs) in joined.registers.iter_mut().zip(&other.registers) {
            *mine = mine.join(*theirs);
        }
        joined
    }

    /// The bits of `mask` in the MSR become those of `value`, which `source` holds.
    fn write(&mut self, mask: u64, value: Value, source: Option<u8>) {
        let changed = mask & value.differs;
        for register in &mut self.registers {
            let equal = register.set & value.set | register.clear & value.clear;
            register.differs |= changed & !equal;
        }
        self.set = self.set & !changed | value.set & changed;
        self.clear = self.clear & !changed | value.clear & changed;
        let source = source.map(|register| &mut self.registers[usize::from(register & 31)]);
        if let Some(register) = source.filter(|register| register.rotation == 0) {
            register.differs &= !mask;
        }
    }

    /// Nothing is known of the MSR any more.
    fn forget_msr(&mut self) {
        (self.set, self.clear) = (0, 0);
        for register in &mut self.registers {
            register.differs = u64::MAX;
        }
    }

    /// Follows one instruction.
    fn step(&mut self, node: &Node, family: Family, relocated: bool) {
        if node.unknown || matches!(node.next, Next::Call(_)) || node.ins.effects().writes == Regs::ALL {
            *self = Self::UNKNOWN;
            return;
        }
        match classify(node.ins.word, family) {
            Some(Operation::ReadMsr { rt }) => {
                self.registers[usize::from(rt)] = Value::msr(self.set, self.clear);
            }
            Some(operation) if operation.writes_msr() => self.write_msr(operation),
            _ => self.compute(node, family.word_size(), relocated),
        }
    }

    fn write_msr(&mut self, operation: Operation) {
        let immediate = |ee| Value {
            differs: u64::MAX,
            ..Value::constant(if ee { EE } else { 0 })
        };
        match operation {
            Operation::WriteMsr { rs } if self.get(rs).compared() == MsrCopy::No => self.forget_msr(),
            Operation::WriteMsr { rs } | Operation::WriteEeRi { rs } => {
                self.write(EE | RI, self.get(rs).upright(), Some(rs));
            }
            Operation::WriteEe { rs } => self.write(EE, self.get(rs).upright(), Some(rs)),
            Operation::WriteEeImmediate { ee } => self.write(EE, immediate(ee), None),
            _ => {}
        }
    }

    fn compute(&mut self, node: &Node, size: WordSize, relocated: bool) {
        let writes = node.ins.effects().writes;
        let computed = compute(node.ins.word, size, |register| self.get(register)).filter(|_| !relocated);
        for register in writes.gprs() {
            self.registers[usize::from(register)] = Value::UNKNOWN;
        }
        if let Some((target, value)) = computed.filter(|(target, _)| writes.contains(Regs::gpr(*target))) {
            self.registers[usize::from(target)] = value;
        }
        if writes.contains(Regs::MSR) {
            self.forget_msr();
        }
    }
}

impl Value {
    /// The value itself when it is not rotated, otherwise nothing.
    const fn upright(self) -> Self {
        if self.rotation == 0 { self } else { Self::UNKNOWN }
    }
}

/// What is known at the leaders of a unit's blocks.
pub struct UnitFacts {
    unit: Unit,
    family: Family,
    nodes: Vec<Node>,
    relocated: Vec<u64>,
    /// By index of the leader.
    states: BTreeMap<usize, State>,
    /// Words with a block's first word, sorted.
    leaders: Vec<usize>,
}

impl UnitFacts {
    /// Solves a unit.
    pub fn new(map: &CodeMap, unit: Unit, graph: &Graph) -> Self {
        let image = map.image();
        let first = image.relocated.partition_point(|word| word.address < unit.start);
        let relocated = image.relocated[first..]
            .iter()
            .take_while(|word| word.address < unit.end);
        let mut facts = Self {
            unit,
            family: image.family,
            nodes: graph.nodes.clone(),
            relocated: relocated.map(|word| word.address).collect(),
            states: BTreeMap::new(),
            leaders: leaders(graph),
        };
        let entries = entries(map, graph);
        facts.leaders.extend(&entries);
        if has_unresolved_jump(map, graph) {
            let everywhere = facts.leaders.clone();
            facts
                .states
                .extend(everywhere.into_iter().map(|leader| (leader, State::UNKNOWN)));
        }
        facts
            .states
            .extend(entries.into_iter().map(|entry| (entry, State::UNKNOWN)));
        facts.leaders.sort_unstable();
        facts.leaders.dedup();
        facts.solve(graph);
        facts
    }

    /// What is known just before the word at `address`. A register that is not read behind the site does not count as
    /// a copy: another site's trampoline may use it.
    pub fn at(&self, address: u64, operation: Operation, live_after: Regs) -> Facts {
        let Ok(index) = usize::try_from((address - self.unit.start) / 4) else {
            return Facts::default();
        };
        let leader = self.leaders[..self.leaders.partition_point(|leader| *leader <= index)].last();
        let Some(mut state) = leader.and_then(|leader| self.states.get(leader)).cloned() else {
            return Facts::default();
        };
        for index in *leader.unwrap_or(&0)..index {
            if !matches!(
                self.nodes[index].next,
                Next::Fall | Next::Call(_) | Next::Jump(_, true)
            ) {
                return Facts::default();
            }
            self.step(&mut state, index);
        }
        let source = operation
            .source()
            .map_or(Value::UNKNOWN, |register| state.get(register));
        let copy = match operation {
            Operation::WriteEeImmediate { ee } => copy(&state, live_after, if ee { Ee::On } else { Ee::Off }),
            _ => None,
        };
        Facts {
            source: source.compared(),
            ee: source.ee(),
            copy,
        }
    }

    fn step(&self, state: &mut State, index: usize) {
        let address = self.unit.start + 4 * index as u64;
        let relocated = self.relocated.binary_search(&address).is_ok();
        state.step(&self.nodes[index], self.family, relocated);
    }

    fn solve(&mut self, graph: &Graph) {
        let mut queue: Vec<usize> = self.states.keys().copied().collect();
        while let Some(leader) = queue.pop() {
            let Some(mut state) = self.states.get(&leader).cloned() else {
                continue;
            };
            let mut index = leader;
            loop {
                self.step(&mut state, index);
                if let Next::Jump(Place::Inside(target), _) = self.nodes[index].next {
                    self.merge(target, &state, &mut queue);
                }
                let falls = match self.nodes[index].next {
                    Next::Fall | Next::Call(_) => true,
                    Next::Jump(_, falls) | Next::Return(falls) | Next::Away(falls) => falls,
                };
                let Some(next) = graph.following(index).filter(|_| falls) else {
                    break;
                };
                if self.leaders.binary_search(&next).is_ok() {
                    self.merge(next, &state, &mut queue);
                    break;
                }
                index = next;
            }
        }
    }

    fn merge(&mut self, leader: usize, state: &State, queue: &mut Vec<usize>) {
        let joined = self
            .states
            .get(&leader)
            .map_or_else(|| state.clone(), |old| old.join(state));
        if self.states.get(&leader) != Some(&joined) {
            self.states.insert(leader, joined);
            queue.push(leader);
        }
    }
}

/// A register that holds the MSR but for EE, rather one whose EE is as wanted.
fn copy(state: &State, live: Regs, wanted: Ee) -> Option<(u8, Ee)> {
    let registers = live
        .gprs()
        .filter(|register| *register != 1)
        .map(|register| (register, state.get(register)));
    let copies = registers.filter(|(_, value)| value.compared() == MsrCopy::ButEe);
    let copies = copies.map(|(register, value)| (register, value.ee()));
    copies.min_by_key(|(_, ee)| *ee != wanted)
}

/// Words that control reaches by a branch, or behind one.
fn leaders(graph: &Graph) -> Vec<usize> {
    let mut leaders = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if let Next::Jump(Place::Inside(target), _) = node.next {
            leaders.push(target);
        }
        if node.next != Next::Fall {
            leaders.extend(graph.following(index));
        }
    }
    leaders
}

/// Words that control may enter in a way that leaves nothing known.
fn entries(map: &CodeMap, graph: &Graph) -> Vec<usize> {
    let unit = graph.unit;
    let mut addresses: Vec<u64> = map.labels_of(unit).collect();
    addresses.push(unit.start);
    addresses.extend(map.entries_of(unit));
    addresses.extend(map.computed_targets(unit));
    addresses.extend(map.entered_by(unit).iter().map(|crossing| crossing.target));
    let inside = addresses
        .into_iter()
        .filter(|address| unit.contains(*address) && address.is_multiple_of(4));
    let hidden = graph.hidden.iter().filter_map(|(_, place)| match place {
        Place::Inside(index) => Some(*index),
        Place::Outside(_) => None,
    });
    inside.map(|address| graph.index(address)).chain(hidden).collect()
}

/// Whether the unit jumps to addresses that nobody could find out.
fn has_unresolved_jump(map: &CodeMap, graph: &Graph) -> bool {
    let jumps = graph
        .nodes
        .iter()
        .any(|node| matches!(node.next, Next::Away(_)) && node.ins.is_known());
    jumps && map.computed_targets(graph.unit).next().is_none()
}
