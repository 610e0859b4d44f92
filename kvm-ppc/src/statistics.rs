//! What the guest exited for.

use alloc::collections::BTreeMap;

use crate::interrupt::Interrupt;

/// Counts of exits, in the spirit of `kvm_stat`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Statistics {
    counts: [u64; Reason::ALL.len()],
    taken: [u64; Interrupt::WAITING.len()],
    #[cfg_attr(feature = "serde", serde(with = "pairs"))]
    detail: Option<BTreeMap<Key, u64>>,
}

/// The detail as a list: in some formats only a text can be a key.
#[cfg(feature = "serde")]
mod pairs {
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Key;

    type Detail = Option<BTreeMap<Key, u64>>;

    pub(super) fn serialize<S: Serializer>(detail: &Detail, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs: Option<Vec<_>> = detail.as_ref().map(|detail| detail.iter().collect());
        pairs.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Detail, D::Error> {
        let pairs: Option<Vec<(Key, u64)>> = Deserialize::deserialize(deserializer)?;
        Ok(pairs.map(|pairs| pairs.into_iter().collect()))
    }
}

/// What one count of the detail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Key {
    /// Why the guest exited.
    pub reason: Reason,
    /// Effective address of the instruction.
    pub address: u64,
    /// The instruction's word; 0 where the exit has nothing to do with it.
    pub word: u32,
}

/// Rows `Name "name" meaning`.
macro_rules! reasons {
    ($($name:ident $text:literal $meaning:literal;)*) => {
        /// Why a guest exited, as counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
        pub enum Reason { $(#[doc = $meaning] $name),* }

        impl Reason {
            /// Every reason, in the order of the tables.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in tables and documents.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// One line for readers.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),* }
            }
        }
    };
}

reasons! {
    Privileged "privileged" "A privileged instruction was emulated.";
    PageStore "page-store" "A store to a page held read-only for a deferred interrupt was emulated.";
    Step "step" "One instruction of a critical section has run.";
    Shadow "shadow" "The hardware lacked a mapping that the guest has.";
    Device "device" "A device register was read or written.";
    Hypercall "hypercall" "A hypercall was answered.";
    SystemCall "system-call" "A system call was passed to the guest.";
    Storage "storage" "A load, store or fetch raised an exception of the guest.";
    Program "program" "An instruction raised a program interrupt of the guest.";
    Alignment "alignment" "An access raised an alignment interrupt of the guest.";
    FloatingPoint "floating-point" "A floating-point instruction found the unit off.";
    Vector "vector" "A vector instruction found the unit off or absent.";
    Trace "trace" "The guest steps itself.";
    Interpreted "interpreted" "The hardware could not run an instruction as asked; the host did.";
    Host "host" "The host wanted control: its timer, or a stop that was asked for.";
}

impl Statistics {
    /// Counts by address and instruction as well.
    pub fn detailed() -> Self {
        Self {
            detail: Some(BTreeMap::new()),
            ..Self::default()
        }
    }

    /// Counts from 0 again, what was counted before.
    pub fn restart(&mut self) {
        *self = match self.detail {
            Some(_) => Self::detailed(),
            None => Self::default(),
        };
    }

    /// Counts one exit.
    pub fn count(&mut self, reason: Reason, address: u64, word: u32) {
        self.counts[reason as usize] += 1;
        if let Some(detail) = &mut self.detail {
            *detail
                .entry(Key {
                    reason,
                    address,
                    word,
                })
                .or_default() += 1;
        }
    }

    /// The number of exits for a reason.
    pub const fn of(&self, reason: Reason) -> u64 {
        self.counts[reason as usize]
    }

    /// Counts an interrupt that waited and was taken.
    pub(crate) fn took(&mut self, interrupt: Interrupt) {
        if let Some(place) = Interrupt::WAITING
            .iter()
            .position(|waiting| *waiting == interrupt)
        {
            self.taken[place] += 1;
        }
    }

    /// The number of interrupts of a kind that waited and were taken.
    pub fn taken(&self, interrupt: Interrupt) -> u64 {
        Interrupt::WAITING
            .iter()
            .position(|waiting| *waiting == interrupt)
            .map_or(0, |place| self.taken[place])
    }

    /// The number of all exits.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Counts by reason, address and instruction; nothing unless made by [`Statistics::detailed`].
    pub fn details(&self) -> impl Iterator<Item = (Key, u64)> + '_ {
        self.detail.iter().flatten().map(|(key, count)| (*key, *count))
    }
}
