//! Linux's own patcher, to compare with: instructions executed for an operation, entry branch included.
//!
//! Counted over the templates of `arch/powerpc/kernel/kvm_emul.S`, when no interrupt waits and only EE or RI changes.

use rewriter::classify::{Operation, classify};
use rewriter::plan::Plan;
use std::collections::BTreeMap;

/// Instructions that Linux's replacement executes; none where Linux replaces nothing, or its count is not known.
pub fn instructions(operation: Operation) -> Option<usize> {
    match operation {
        Operation::ReadMsr { .. }
        | Operation::ReadSpr { .. }
        | Operation::WriteSpr { .. }
        | Operation::TlbSync => Some(1),
        Operation::WriteMsr { .. } => Some(24),
        Operation::WriteEeRi { .. } => Some(23),
        Operation::WriteEe { .. } => Some(21),
        Operation::WriteEeImmediate { ee: false } => Some(15),
        Operation::WriteSegmentIndirect { .. } => Some(17),
        Operation::WriteEeImmediate { ee: true } | Operation::WriteSegment { .. } => None,
    }
}

/// The same for the shapes of a plan: the most that Linux needs at one of a shape's sites.
pub fn by_shape(plan: &Plan) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for site in &plan.sites {
        let linux = classify(site.old, plan.family).and_then(instructions);
        if let (Some(rewrite), Some(linux)) = (site.rewrite(), linux) {
            let count = counts.entry(rewrite.shape.as_str()).or_insert(linux);
            *count = linux.max(*count);
        }
    }
    counts
}
