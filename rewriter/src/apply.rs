//! Changes words in running memory, and takes the changes back.
//!
//! Every word that changes is written to a journal first. Trampolines are written before the sites that lead to
//! them, and made visible to instruction fetch before any site is changed. A failure in the middle takes back
//! everything done so far. A plan that does not fit the memory is refused before anything is changed: a site's word must
//! be the planned one, and the buffer of Linux's own patcher unused where trampolines go.
//!
//! The Power ISA defines the result of fetching a word while another processor changes it only where old and new
//! word are an I-form branch or `ori 0,0,0` (Book II section 1.7.1.1); every other processor has to be quiet meanwhile.

use alloc::vec::Vec;

use crate::image::AreaKind;
use crate::plan::Plan;

/// Memory that holds code. Words are numbers: the implementation knows the byte order of the memory.
pub trait Text {
    /// Why an access fails.
    type Error;

    /// Reads an instruction word.
    ///
    /// # Errors
    ///
    /// When the address cannot be read.
    fn read(&mut self, address: u64) -> Result<u32, Self::Error>;

    /// Writes an instruction word.
    ///
    /// # Errors
    ///
    /// When the address cannot be written; the word is then unchanged.
    fn write(&mut self, address: u64, word: u32) -> Result<(), Self::Error>;

    /// Makes `words` words from `address` on, written before, visible to instruction fetch: `dcbst`, `sync`, `icbi`,
    /// `sync`, `isync` on a processor whose instruction cache is not coherent.
    fn flush(&mut self, address: u64, words: usize);
}

/// A word that was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its address.
    pub address: u64,
    /// What it was.
    pub old: u32,
    /// What it is.
    pub new: u32,
}

/// The words that were changed, in the order of the changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// The changes.
    pub changes: Vec<Change>,
}

/// Why a plan was not applied, or changes not taken back.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError<E> {
    /// A word is not what the plan or the journal expects.
    #[error(
        "the word at {address:#x} is {found:#010x}, expected {expected:#010x}: this is another image, or it was changed since"
    )]
    Mismatch {
        /// Its address.
        address: u64,
        /// What it should be.
        expected: u32,
        /// What it is.
        found: u32,
    },
    /// An access failed.
    #[error("memory at {address:#x} cannot be accessed")]
    Access {
        /// The address.
        address: u64,
        /// Why.
        cause: E,
    },
    /// An access failed, and so did taking back what had been done: the memory is half changed.
    #[error("memory at {address:#x} cannot be accessed, and {} words could not be changed back", left.len())]
    Stuck {
        /// The address.
        address: u64,
        /// Why.
        cause: E,
        /// The changes that remain.
        left: Vec<Change>,
    },
}

/// Applies a plan to memory.
///
/// # Errors
///
/// When a word is not what the plan expects or memory cannot be accessed; nothing is changed then, except in
/// [`ApplyError::Stuck`].
pub fn apply<T: Text>(plan: &Plan, text: &mut T) -> Result<Journal, ApplyError<T::Error>> {
    let rewrites = || {
        plan.sites
            .iter()
            .filter_map(|site| site.rewrite().map(|rewrite| (site, rewrite)))
    };
    let mut wanted = Vec::new();
    for (trampoline, _) in plan.trampolines().into_values() {
        let must_be_free = in_buffer(plan, trampoline.address);
        for (index, word) in trampoline.words.iter().enumerate() {
            let address = trampoline.address.wrapping_add(4 * index as u64);
            if must_be_free {
                expect(text, address, 0)?;
            }
            let old = text
                .read(address)
                .map_err(|cause| ApplyError::Access { address, cause })?;
            wanted.push(Change {
                address,
                old,
                new: *word,
            });
        }
    }
    let sites = wanted.len();
    for (site, rewrite) in rewrites() {
        expect(text, site.address, site.old)?;
        wanted.push(Change {
            address: site.address,
            old: site.old,
            new: rewrite.new,
        });
    }
    let mut journal = Journal::default();
    for phase in [&wanted[..sites], &wanted[sites..]] {
        write_all(phase, text, &mut journal)?;
    }
    Ok(journal)
}

/// Whether a trampoline goes to the buffer that Linux's own patcher fills too: what is not zero there is in use.
fn in_buffer(plan: &Plan, address: u64) -> bool {
    plan.arenas.iter().any(|arena| {
        let end = arena.address.saturating_add(arena.size);
        arena.kind == AreaKind::Buffer && (arena.address..end).contains(&address)
    })
}

/// Takes changes back, the last one first.
///
/// # Errors
///
/// As for [`apply`]: a word that is not what the journal says it is means that somebody else changed it; nothing is
/// changed then.
pub fn revert<T: Text>(journal: &Journal, text: &mut T) -> Result<(), ApplyError<T::Error>> {
    for change in &journal.changes {
        expect(text, change.address, change.new)?;
    }
    let back = |change: &Change| Change {
        address: change.address,
        old: change.new,
        new: change.old,
    };
    let changes: Vec<Change> = journal.changes.iter().rev().map(back).collect();
    write_all(&changes, text, &mut Journal::default())
}

fn expect<T: Text>(text: &mut T, address: u64, expected: u32) -> Result<(), ApplyError<T::Error>> {
    let found = text
        .read(address)
        .map_err(|cause| ApplyError::Access { address, cause })?;
    if found == expected {
        Ok(())
    } else {
        Err(ApplyError::Mismatch {
            address,
            expected,
            found,
        })
    }
}

/// Writes and flushes; on failure takes back what is in the journal.
fn write_all<T: Text>(
    changes: &[Change],
    text: &mut T,
    journal: &mut Journal,
) -> Result<(), ApplyError<T::Error>> {
    for change in changes {
        if let Err(cause) = text.write(change.address, change.new) {
            return Err(roll_back(journal, text, change.address, cause));
        }
        journal.changes.push(*change);
    }
    for change in changes {
        text.flush(change.address, 1);
    }
    Ok(())
}

fn roll_back<T: Text>(
    journal: &mut Journal,
    text: &mut T,
    address: u64,
    cause: T::Error,
) -> ApplyError<T::Error> {
    let mut left = Vec::new();
    for change in core::mem::take(&mut journal.changes).into_iter().rev() {
        match text.write(change.address, change.old) {
            Ok(()) => text.flush(change.address, 1),
            Err(_) => left.push(change),
        }
    }
    if left.is_empty() {
        ApplyError::Access { address, cause }
    } else {
        ApplyError::Stuck { address, cause, left }
    }
}
