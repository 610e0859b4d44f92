//! The page is read-only for one store; if that does not end the section the guest is trusted to look.
//!
//! A trampoline that stores the MSR looks at `int_pending` afterwards, so an interrupt before its last store is seen
//! there. One that never looks, `mtsrin` with MSR\[EE\] = 1, misses what comes before its last store but one.

use super::{Hold, Policy};
use crate::hardware::Shared;

/// The policy.
#[derive(Debug)]
pub struct StoreTrapHandOff;

impl Policy for StoreTrapHandOff {
    fn name(&self) -> &'static str {
        "store-trap-hand-off"
    }

    fn summary(&self) -> &'static str {
        "traps one store and then trusts the guest to look for pending interrupts"
    }

    fn engage(&self) -> Hold {
        Hold::Protect(Shared::Magic)
    }

    fn proceed(&self) -> Hold {
        Hold::None
    }
}
