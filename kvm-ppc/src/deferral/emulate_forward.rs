//! The host carries out the rest of the section itself and then delivers, with no further exit.
//!
//! A section is straight-line code of ordinary instructions and a handful of branches, all of which the host can
//! execute. What it cannot, and sections longer than any trampoline's, it leaves to the trap of the next store.

use super::{Hold, Policy};
use crate::hardware::Shared;

/// The most instructions that are carried out for one interrupt: twice the longest trampoline.
const LIMIT: u32 = 64;

/// The policy.
#[derive(Debug)]
pub struct EmulateForward;

impl Policy for EmulateForward {
    fn name(&self) -> &'static str {
        "emulate-forward"
    }

    fn summary(&self) -> &'static str {
        "carries out the rest of the section in the host, at once"
    }

    fn engage(&self) -> Hold {
        Hold::Forward(LIMIT)
    }

    fn proceed(&self) -> Hold {
        Hold::Protect(Shared::Magic)
    }
}
