//! Where the calling convention may be relied on, and what it says.
//!
//! When a function returns, its caller must not rely on volatile registers. That holds for compiled callers and for
//! callers nobody can see; hand-written assembly breaks it at will. So it is used for a unit only if everybody who
//! calls it directly is seen to read no volatile register after that call before writing it, and everybody who jumps or
//! runs into it returns by the convention as well. Code outside functions is judged more strictly: it must not be
//! entered in any other way, and what such code reads behind its own end counts as everything.

use alloc::vec;
use alloc::vec::Vec;
use cpu::Regs;

use super::graph::{Graph, Next, Place};

/// What a caller may rely on when a function returns, under every calling convention of the architecture (System V
/// 32-bit, ELFv1, ELFv2): r1, r2, results in r3 to r6, r13 to r31, CR2 to CR4 and what is no ordinary register.
pub const KEPT: Regs = Regs::ALL.minus(VOLATILE);

/// What no caller may rely on.
pub const VOLATILE: Regs = Regs::gpr(0)
    .union(Regs::gpr_range(7, 6))
    .union(Regs::cr(0))
    .union(Regs::cr(1))
    .union(Regs::cr_mask(0b0000_0111))
    .union(Regs::CTR)
    .union(Regs::XER_CA);

/// Addresses of the calls after which the unit may read a volatile register before writing it, as far as its own
/// instructions go.
pub fn disobeying_calls(graph: &Graph) -> Vec<u64> {
    let live = exposed(graph);
    let calls = graph
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| matches!(node.next, Next::Call(_)));
    let disobey = calls.filter(|(index, _)| match graph.behind(*index) {
        Place::Inside(next) => live[next].intersects(VOLATILE),
        Place::Outside(_) => !graph.unit.sized,
    });
    disobey
        .map(|(index, _)| graph.unit.start + 4 * index as u64)
        .collect()
}

/// For each word, what the unit's own instructions may read from there before writing it or calling.
fn exposed(graph: &Graph) -> Vec<Regs> {
    let mut live = vec![Regs::NONE; graph.nodes.len()];
    let elsewhere = if graph.unit.sized { Regs::NONE } else { Regs::ALL };
    loop {
        let mut changed = false;
        for index in (0..graph.nodes.len()).rev() {
            let node = &graph.nodes[index];
            let after = |place| match place {
                Place::Inside(index) => live[index],
                Place::Outside(_) => elsewhere,
            };
            let fall = after(graph.behind(index));
            let out = match node.next {
                Next::Call(_) | Next::Return(false) => Regs::NONE,
                Next::Away(false) => elsewhere,
                Next::Away(true) => elsewhere | fall,
                Next::Fall | Next::Return(true) => fall,
                Next::Jump(place, maybe) => after(place) | if maybe { fall } else { Regs::NONE },
            };
            let hidden: Regs = graph.hidden_from(index).map(after).collect();
            let reads = if node.reads == Regs::ALL {
                Regs::NONE
            } else {
                node.reads
            };
            let new = reads | (out.minus(node.defines)) | hidden;
            changed |= core::mem::replace(&mut live[index], new) != new;
        }
        if !changed {
            return live;
        }
    }
}
