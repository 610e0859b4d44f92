//! The guest stores to a second page after each section; that page is read-only while an interrupt waits.
//!
//! The magic page stays writable throughout. The guest must know: a page feature says that the host offers it, a flag
//! of the mapping call that the guest uses it.

use magicpage::hypercall::PageFeatures;

use super::{Hold, Policy};
use crate::hardware::Shared;

/// The policy.
#[derive(Debug)]
pub struct NotificationPage;

impl Policy for NotificationPage {
    fn name(&self) -> &'static str {
        "notification-page"
    }

    fn summary(&self) -> &'static str {
        "traps the store to a second page that the guest makes after each section"
    }

    fn engage(&self) -> Hold {
        Hold::Protect(Shared::Second)
    }

    fn features(&self) -> PageFeatures {
        PageFeatures::NOTIFICATION
    }
}
