//! The field `critical` lives on a page of its own, the second one, and only that page is ever read-only.
//!
//! No store but the one that ends the section traps. The guest must know: a page feature says that the host offers
//! it, a flag of the mapping call that the guest uses it.

use magicpage::hypercall::PageFeatures;

use super::{Hold, Policy};
use crate::hardware::Shared;

/// The policy.
#[derive(Debug)]
pub struct SplitCritical;

impl Policy for SplitCritical {
    fn name(&self) -> &'static str {
        "split-critical"
    }

    fn summary(&self) -> &'static str {
        "keeps `critical` on a second page and traps stores to that page only"
    }

    fn engage(&self) -> Hold {
        Hold::Protect(Shared::Second)
    }

    fn section(&self) -> Shared {
        Shared::Second
    }

    fn features(&self) -> PageFeatures {
        PageFeatures::SPLIT_CRITICAL
    }
}
