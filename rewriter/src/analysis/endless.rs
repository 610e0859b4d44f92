//! Loops that control never leaves by an instruction.
//!
//! Nothing is overwritten behind such a loop, for there is nothing behind it. But that does not make registers dead in
//! it: an idle loop is left by the handler of an interrupt, which goes on where a register of the loop says (Linux's
//! `power_save_ppc32_restore` returns to the LR of `ppc6xx_idle` and `epapr_ev_idle`). A register is dead only if every
//! path overwrites it, and this path does not.

use alloc::vec;
use alloc::vec::Vec;

use super::graph::{Graph, Next, Place};

/// For each word of a unit, whether it is in a loop that no instruction leaves, or between two such.
pub fn endless(graph: &Graph) -> Vec<bool> {
    let mut endless = never_leaves(graph);
    let mut entered = vec![0_usize; endless.len()];
    for index in (0..endless.len()).filter(|index| endless[*index]) {
        inside(graph, index).for_each(|to| entered[to] += 1);
    }
    // What leads into a loop and is in none has nobody before it, once those before it are gone.
    let mut first: Vec<usize> = (0..endless.len())
        .filter(|index| endless[*index] && entered[*index] == 0)
        .collect();
    while let Some(index) = first.pop() {
        endless[index] = false;
        for to in inside(graph, index).filter(|to| endless[*to]) {
            entered[to] -= 1;
            if entered[to] == 0 {
                first.push(to);
            }
        }
    }
    endless
}

/// Whether no path from a word leaves the unit.
fn never_leaves(graph: &Graph) -> Vec<bool> {
    let mut leaves: Vec<bool> = (0..graph.nodes.len()).map(|index| exits(graph, index)).collect();
    loop {
        let mut changed = false;
        for index in (0..leaves.len()).rev() {
            if !leaves[index] && inside(graph, index).any(|to| leaves[to]) {
                (leaves[index], changed) = (true, true);
            }
        }
        if !changed {
            return leaves.into_iter().map(|leaves| !leaves).collect();
        }
    }
}

/// Whether control may leave the unit at a word.
fn exits(graph: &Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    node.unknown
        || matches!(node.next, Next::Return(_) | Next::Away(_))
        || places(graph, index).any(|place| matches!(place, Place::Outside(_)))
}

/// Words of the unit that follow a word.
fn inside(graph: &Graph, index: usize) -> impl Iterator<Item = usize> + '_ {
    places(graph, index).filter_map(|place| match place {
        Place::Inside(index) => Some(index),
        Place::Outside(_) => None,
    })
}

fn places(graph: &Graph, index: usize) -> impl Iterator<Item = Place> + '_ {
    let (jump, falls) = match graph.nodes[index].next {
        Next::Fall | Next::Call(_) => (None, true),
        Next::Jump(place, falls) => (Some(place), falls),
        Next::Return(falls) | Next::Away(falls) => (None, falls),
    };
    let behind = falls.then(|| graph.behind(index));
    jump.into_iter().chain(behind).chain(graph.hidden_from(index))
}
