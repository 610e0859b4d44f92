//! What the host does about an interrupt that finds the guest in a critical section.
//!
//! The interrupt may not be taken before the section has ended, and nothing makes the guest exit when it ends. The
//! guest looks at `int_pending` once in a section; an interrupt that comes later is missed until the next exit,
//! whatever that is. Each [`Policy`] is one answer, in a file of its own; [`POLICIES`] is the list. All of them are
//! pure: asked what to do, they name a [`Hold`], and [`crate::hold`] does it.
//!
//! Two details decide correctness. A store that trapped has not happened: the host carries it out and only then asks
//! whether the section is over. And the store that trapped need not be the one that ends the section: an interrupt
//! at its start sees the stores to the scratch fields first.

mod emulate_forward;
mod legacy;
mod notification_page;
mod single_step;
mod split_critical;
mod store_trap;
mod store_trap_hand_off;

use core::fmt::Debug;

use magicpage::hypercall::PageFeatures;

use crate::hardware::Shared;

pub use emulate_forward::EmulateForward;
pub use legacy::Legacy;
pub use notification_page::NotificationPage;
pub use single_step::SingleStep;
pub use split_critical::SplitCritical;
pub use store_trap::StoreTrap;
pub use store_trap_hand_off::StoreTrapHandOff;

/// How the guest is kept from leaving a section unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Hold {
    /// Not at all.
    None,
    /// It exits after each instruction.
    Step,
    /// This page is read-only: the guest exits at its next store there.
    Protect(Shared),
    /// The host carries out the rest of the section, up to this many instructions.
    Forward(u32),
}

impl Hold {
    /// A few words for tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Step => "step",
            Self::Protect(_) => "page read-only",
            Self::Forward(_) => "carried forward",
        }
    }

    /// A line for readers: what was decided when the hold came to be this.
    pub const fn decision(hold: Option<Self>) -> &'static str {
        match hold {
            None => "hold: released",
            Some(Self::None) => "hold: an interrupt waits for the section's end: nothing is done about it",
            Some(Self::Step) => "hold: an interrupt waits for the section's end: step by step",
            Some(Self::Protect(Shared::Magic)) => {
                "hold: an interrupt waits for the section's end: the page is read-only"
            }
            Some(Self::Protect(Shared::Second)) => {
                "hold: an interrupt waits for the section's end: the second page is read-only"
            }
            Some(Self::Forward(_)) => {
                "hold: an interrupt waits for the section's end: the host carries out the rest"
            }
        }
    }
}

/// An answer to the question of the module.
pub trait Policy: Sync + Debug {
    /// The name on command lines and in reports.
    fn name(&self) -> &'static str;

    /// One line for readers.
    fn summary(&self) -> &'static str;

    /// What to do when an interrupt must wait for the end of a section.
    fn engage(&self) -> Hold;

    /// What to do when a store to the protected page has been carried out and the section goes on, or when
    /// [`Hold::Forward`] got stuck.
    fn proceed(&self) -> Hold {
        self.engage()
    }

    /// The page whose `critical` field makes a section, in a guest that maps the second page.
    fn section(&self) -> Shared {
        Shared::Magic
    }

    /// Whether machine checks and resets wait for the end of a section as well.
    fn defers_all(&self) -> bool {
        true
    }

    /// The additions to the interface that the policy needs a guest to know of.
    fn features(&self) -> PageFeatures {
        PageFeatures::empty()
    }
}

/// Every policy, in the order of the tables.
pub const POLICIES: &[&dyn Policy] = &[
    &Legacy,
    &SingleStep,
    &StoreTrapHandOff,
    &StoreTrap,
    &SplitCritical,
    &NotificationPage,
    &EmulateForward,
];

/// The policy that hosts use unless told otherwise.
pub const DEFAULT: &dyn Policy = &StoreTrap;

/// The policy called `name`.
pub fn from_name(name: &str) -> Option<&'static dyn Policy> {
    POLICIES.iter().copied().find(|policy| policy.name() == name)
}

/// What is being done for the interrupts that wait for the end of a section.
#[derive(Clone, Copy, Debug)]
pub struct Deferral {
    /// The policy.
    pub policy: &'static dyn Policy,
    /// The hold on the guest, while an interrupt waits for the end of a section.
    pub(crate) hold: Option<Hold>,
    /// Exits since the hold began.
    pub(crate) exits: u32,
    /// The time base at which the hold began.
    pub(crate) since: u64,
    /// Changes of the protection of a shared page so far.
    pub(crate) protections: u64,
}

impl Deferral {
    /// No interrupt waits.
    pub const fn new(policy: &'static dyn Policy) -> Self {
        Self {
            policy,
            hold: None,
            exits: 0,
            since: 0,
            protections: 0,
        }
    }

    /// The hold on the guest, while an interrupt waits for the end of a section.
    pub const fn hold(&self) -> Option<Hold> {
        self.hold
    }

    /// How often a shared page was made read-only, or writable again.
    pub const fn protections(&self) -> u64 {
        self.protections
    }
}
