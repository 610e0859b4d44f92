//! Proves a plan by execution.
//!
//! [`structure`] checks what can be read off: old words, branches and their reach, trampolines apart from one another
//! and from everything else, the rule of groups, the order of stores. [`execution`] runs each site's rewritten code
//! beside the operation's own definition ([`model`]), on corner values and random states, interrupted nowhere and
//! interrupted at every instruction boundary, and compares everything that is not proved dead.
//!
//! What the analysis proved (dead registers, what a register holds) is taken from the plan; that the analysis proves
//! only what is true is held by its own tests, against execution.

mod execution;
pub mod model;
mod states;
mod structure;

use alloc::string::String;
use alloc::vec::Vec;

use crate::image::Image;
use crate::plan::Plan;
pub use execution::{Executed, Shape as ExecutedShape};

/// How thoroughly to verify.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Random states a site, besides the corner values.
    pub random_states: u32,
    /// Seed of the random states.
    pub seed: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            random_states: 16,
            seed: 1,
        }
    }
}

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address:#x}: {problem}")]
pub struct Finding {
    /// Address of the site or trampoline.
    pub address: u64,
    /// What is wrong.
    pub problem: String,
}

/// What verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is wrong; a plan with findings must not be applied.
    pub findings: Vec<Finding>,
    /// How many times a site's code was executed.
    pub executions: u64,
    /// Instructions executed, by shape.
    pub shapes: Vec<ExecutedShape>,
}

/// Verifies a plan against its image; `progress` is told after each site how many are done.
pub fn verify(image: &Image, plan: &Plan, effort: Effort, mut progress: impl FnMut(usize)) -> Report {
    let mut report = Report {
        findings: structure::check(image, plan),
        ..Report::default()
    };
    let mut executed = Executed::default();
    for (index, site) in plan.sites.iter().enumerate() {
        if let Some(rewrite) = site.rewrite() {
            let problem = executed.site(plan, site, rewrite, effort);
            report.findings.extend(problem.map(|problem| Finding {
                address: site.address,
                problem,
            }));
        }
        progress(index + 1);
    }
    report.executions = executed.executions();
    report.shapes = executed.into_shapes();
    report
}
