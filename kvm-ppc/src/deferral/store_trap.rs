//! The page is read-only until the section is over; each store to it is carried out by the host.
//!
//! Sound whatever the trampoline does: a section can end by a store to the page only.

use super::{Hold, Policy};
use crate::hardware::Shared;

/// The policy.
#[derive(Debug)]
pub struct StoreTrap;

impl Policy for StoreTrap {
    fn name(&self) -> &'static str {
        "store-trap"
    }

    fn summary(&self) -> &'static str {
        "keeps the page read-only and carries out each store until the section ends"
    }

    fn engage(&self) -> Hold {
        Hold::Protect(Shared::Magic)
    }
}
