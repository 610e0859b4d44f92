//! The guest exits after each instruction until the section is over: one exit per instruction, nothing to trust.

use super::{Hold, Policy};

/// The policy.
#[derive(Debug)]
pub struct SingleStep;

impl Policy for SingleStep {
    fn name(&self) -> &'static str {
        "single-step"
    }

    fn summary(&self) -> &'static str {
        "runs one instruction at a time until the section ends"
    }

    fn engage(&self) -> Hold {
        Hold::Step
    }
}
