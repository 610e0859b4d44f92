//! What a host on bare metal finds in its memory: a guest, and what is to be done with it.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 8 | "PPCVHAND" |
//! | 8 | 4 | [`VERSION`], big-endian |
//! | 12 | 4 | bytes of the job, big-endian |
//! | 16 | as said | the [`Job`], as postcard writes it |
//! | the next multiple of 16 | 4096 each | the pages of guest memory that [`Job::pages`] numbers, in that order |

use alloc::vec::Vec;

use magicpage::PAGE_SIZE;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::guest::Guest;
use crate::platform::Platform;
use crate::runner::{Plan, Runner};
use crate::start::Start;
use crate::sweep::Course;

/// The version of the form.
pub const VERSION: u32 = 1;
const BEGINNING: &[u8; 8] = b"PPCVHAND";
const HEAD: usize = 16;

/// How the guest's time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Time {
    /// As the processor's.
    Real,
    /// With the guest's instructions, one by one: the same in every run, and in process.
    Counted,
    /// As the processor's until the guest says that what is to be measured begins, counted from there on.
    CountedFromBegin,
}

/// A guest, and what is to be done with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The guest.
    pub start: Start,
    /// The numbers of the pages of its memory that are not all zeros: physical addresses divided by 4096.
    pub pages: Vec<u32>,
    /// How it is run.
    pub how: How,
    /// What is swept, in place of running the guest to its end.
    pub course: Option<Course>,
}

/// How a guest is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct How {
    /// How its time passes.
    pub time: Time,
    /// The interrupts that are raised.
    pub plan: Option<Plan>,
    /// The count of instructions at which the run ends.
    pub limit: Option<u64>,
    /// Leaves out what keeps translations fresh when a mapping changes: a test shows that this is noticed.
    pub stale_translations: bool,
}

impl How {
    /// A guest that is run so.
    pub fn runner<P: Platform>(&self, guest: Guest<P>) -> Runner<P> {
        Runner::new(guest).limited(self.limit).injected(self.plan.clone())
    }
}

/// Why a handover cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HandoverError {
    /// There is none.
    #[error("no handover: it begins with PPCVHAND")]
    Missing,
    /// Another version.
    #[error("the handover is of version {0}; this host reads version {VERSION}")]
    Version(u32),
    /// It is cut off, or changed.
    #[error("the handover is damaged")]
    Damaged,
}

impl Job {
    /// The handover of a job and the pages that it numbers.
    ///
    /// # Errors
    ///
    /// [`HandoverError::Damaged`] if the job does not serialise, or the pages are not as many as it numbers.
    pub fn write<'a>(
        &self,
        pages: impl Iterator<Item = &'a [u8; PAGE_SIZE]>,
    ) -> Result<Vec<u8>, HandoverError> {
        let job = postcard::to_allocvec(self).map_err(|_| HandoverError::Damaged)?;
        let length = u32::try_from(job.len()).map_err(|_| HandoverError::Damaged)?;
        let mut bytes = Vec::from(BEGINNING);
        bytes.extend(VERSION.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(job);
        bytes.resize(bytes.len().next_multiple_of(HEAD), 0);
        let mut count = 0;
        for page in pages {
            bytes.extend(page);
            count += 1;
        }
        if count == self.pages.len() {
            Ok(bytes)
        } else {
            Err(HandoverError::Damaged)
        }
    }

    /// Reads a handover, of which more bytes may follow. Answers the job and its pages.
    ///
    /// # Errors
    ///
    /// A [`HandoverError`].
    pub fn read(bytes: &[u8]) -> Result<(Self, &[[u8; PAGE_SIZE]]), HandoverError> {
        let word = |at: usize| {
            let word = bytes.get(at..at + 4)?;
            Some(u32::from_be_bytes(word.try_into().ok()?))
        };
        if !bytes.starts_with(BEGINNING) {
            return Err(HandoverError::Missing);
        }
        let version = word(8).ok_or(HandoverError::Damaged)?;
        if version != VERSION {
            return Err(HandoverError::Version(version));
        }
        let length = word(12).and_then(|length| usize::try_from(length).ok());
        let end = length
            .and_then(|length| HEAD.checked_add(length))
            .ok_or(HandoverError::Damaged)?;
        let job = bytes.get(HEAD..end).ok_or(HandoverError::Damaged)?;
        let job: Self = postcard::from_bytes(job).map_err(|_| HandoverError::Damaged)?;
        let rest = bytes
            .get(end.next_multiple_of(HEAD)..)
            .ok_or(HandoverError::Damaged)?;
        let pages = rest
            .as_chunks()
            .0
            .get(..job.pages.len())
            .ok_or(HandoverError::Damaged)?;
        Ok((job, pages))
    }
}
