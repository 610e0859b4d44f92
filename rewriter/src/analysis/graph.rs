//! The instructions of one unit, with their effects and successors.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use cpu::{Flow, Ins, Regs, Via, decode};

use crate::code::{CodeMap, Unit};

/// Where control goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// To the word with this index in the same unit.
    Inside(usize),
    /// To an address in another unit.
    Outside(u64),
}

/// How an instruction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// On to the next word, and nowhere else.
    Fall,
    /// To a place; with `true` perhaps on to the next word instead.
    Jump(Place, bool),
    /// Calls, and comes back to the next word. No target: nobody knows which function.
    Call(Option<u64>),
    /// Returns to the caller; with `true` perhaps on to the next word instead.
    Return(bool),
    /// Nobody knows where to; with `true` perhaps on to the next word instead.
    Away(bool),
}

/// One instruction.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The instruction.
    pub ins: Ins,
    /// What it may read.
    pub reads: Regs,
    /// What it certainly overwrites.
    pub defines: Regs,
    /// Where control goes.
    pub next: Next,
    /// Whether nobody knows what the kernel puts here when it boots.
    pub unknown: bool,
}

/// The instructions of a unit, data words included: nothing leads to those.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The unit.
    pub unit: Unit,
    /// One entry a word.
    pub nodes: Vec<Node>,
    /// Where control may go instead of executing a word: index of the word, place. Sorted.
    pub hidden: Vec<(usize, Place)>,
}

impl Graph {
    /// Decodes a unit.
    pub fn new(map: &CodeMap, unit: Unit) -> Self {
        let image = map.image();
        let mut graph = Self {
            unit,
            nodes: Vec::with_capacity(unit.words()),
            hidden: Vec::new(),
        };
        for address in (unit.start..unit.end).step_by(4) {
            let ins = decode(image.word(address).unwrap_or_default(), image.family);
            let relocation = image.relocation(address);
            let effects = ins.effects();
            let target = |target| relocation.map_or(Some(target), |relocation| relocation.target);
            let next = graph.next(ins.flow(address), target);
            let mut node = Node {
                ins,
                reads: effects.reads,
                defines: effects.defines,
                next,
                unknown: false,
            };
            if map.becomes_unknown(address) {
                node = Node {
                    reads: Regs::ALL,
                    defines: Regs::NONE,
                    unknown: true,
                    ..node
                };
            }
            graph.nodes.push(node);
        }
        graph.hide_replaced(map);
        let first = image.edges.partition_point(|edge| edge.from < unit.start);
        for edge in image.edges[first..]
            .iter()
            .take_while(|edge| edge.from < unit.end)
        {
            graph.hide(edge.from, edge.to);
        }
        graph.hidden.sort_unstable_by_key(|(from, _)| *from);
        graph
    }

    /// Index of the word at `address`, which the unit holds.
    pub fn index(&self, address: u64) -> usize {
        usize::try_from((address - self.unit.start) / 4).unwrap_or(usize::MAX)
    }

    /// The word behind the one with this index; none at the unit's end.
    pub fn following(&self, index: usize) -> Option<usize> {
        (index + 1 < self.nodes.len()).then_some(index + 1)
    }

    /// The place behind the word with this index.
    pub fn behind(&self, index: usize) -> Place {
        self.following(index)
            .map_or(Place::Outside(self.unit.end), Place::Inside)
    }

    /// Where control may go instead of executing the word with this index.
    pub fn hidden_from(&self, index: usize) -> impl Iterator<Item = Place> + '_ {
        let first = self.hidden.partition_point(|(from, _)| *from < index);
        self.hidden[first..]
            .iter()
            .take_while(move |(from, _)| *from == index)
            .map(|(_, place)| *place)
    }

    /// Where `address` is, seen from this unit.
    pub fn place(&self, address: u64) -> Place {
        if self.unit.contains(address) {
            Place::Inside(self.index(address))
        } else {
            Place::Outside(address)
        }
    }

    fn hide(&mut self, from: u64, to: u64) {
        let place = self.place(to);
        self.hidden.push((self.index(from), place));
    }

    /// Where control enters code that the kernel replaces when it boots, it goes to the new code instead. Within the
    /// code it stays in the old or in the new.
    fn hide_replaced(&mut self, map: &CodeMap) {
        let unit = self.unit;
        let mut entered: BTreeSet<u64> = map.labels_of(unit).collect();
        entered.extend(map.entered_by(unit).iter().map(|crossing| crossing.target));
        entered.extend(map.entries_of(unit).chain(map.computed_targets(unit)));
        entered.retain(|address| map.enters_replaced(*address, None));
        for (index, node) in self.nodes.iter().enumerate() {
            let address = unit.start + 4 * index as u64;
            let source = address.saturating_sub(4);
            entered.extend(map.enters_replaced(address, Some(source)).then_some(address));
            if let Next::Jump(Place::Inside(target), _) = node.next {
                let target = unit.start + 4 * target as u64;
                entered.extend(map.enters_replaced(target, Some(address)).then_some(target));
            }
            entered.extend(map.ends_copy(address).then_some(address));
        }
        for address in entered.into_iter().filter(|address| unit.contains(*address)) {
            for successor in map.instead_of(address) {
                self.hide(address, successor);
            }
        }
    }

    fn next(&self, flow: Flow, resolve: impl Fn(u64) -> Option<u64>) -> Next {
        match flow {
            Flow::Next | Flow::SystemCall | Flow::Trap { .. } => Next::Fall,
            Flow::Return => Next::Away(false),
            Flow::Unknown => Next::Away(true),
            Flow::Branch {
                target, link: true, ..
            } => match resolve(target) {
                Some(target) if self.unit.contains(target) => Next::Jump(self.place(target), true),
                target => Next::Call(target),
            },
            Flow::Branch {
                target,
                conditional,
                link: false,
            } => match resolve(target) {
                Some(target) => Next::Jump(self.place(target), conditional),
                None => Next::Away(conditional),
            },
            Flow::Indirect { link: true, .. } => Next::Call(None),
            Flow::Indirect {
                via: Via::Lr,
                conditional,
                ..
            } => Next::Return(conditional),
            Flow::Indirect { conditional, .. } => Next::Away(conditional),
        }
    }
}
