//! Nothing is done: the host of mainline Linux.
//!
//! An interrupt that comes after the guest has looked at `int_pending` waits until some other exit. Machine checks
//! and resets do not wait at all, and their handlers may use the page's scratch fields.

use super::{Hold, Policy};

/// The policy.
#[derive(Debug)]
pub struct Legacy;

impl Policy for Legacy {
    fn name(&self) -> &'static str {
        "legacy"
    }

    fn summary(&self) -> &'static str {
        "does nothing, as mainline Linux: interrupts can be missed"
    }

    fn engage(&self) -> Hold {
        Hold::None
    }

    fn defers_all(&self) -> bool {
        false
    }
}
