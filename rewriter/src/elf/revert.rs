//! Back to the original, byte for byte or not at all.
//!
//! The note tells every range that differs; behind the original's length everything is appended. Each range must
//! still hold what the rewrite put there, and the result must have the original's digest.

use alloc::string::String;
use alloc::vec::Vec;

use strum::{EnumDiscriminants, EnumIter, EnumMessage, IntoStaticStr};

use super::file::index;
use super::note::{Edit, NoteError, read_note};
use super::read::digest;

/// Why a file cannot be reverted.
#[derive(Debug, EnumDiscriminants, thiserror::Error)]
#[strum_discriminants(
    name(RevertErrorKind),
    derive(EnumIter, EnumMessage, IntoStaticStr),
    strum(serialize_all = "kebab-case"),
    doc = "The kinds of [`RevertError`]. Their names are in lower case with hyphens."
)]
pub enum RevertError {
    /// The note cannot be read.
    #[strum_discriminants(strum(disabled))]
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The file has no note.
    #[error(
        "the image has no section `.note.ppcpv`: it was not rewritten by this program, or was stripped since"
    )]
    NoNote,
    /// The note tells of an edit outside the file, or of one whose old and new bytes differ in number.
    #[error(
        "the note's edit at offset {offset:#x} does not fit a file of {file:#x} bytes: the note is damaged"
    )]
    Edit {
        /// Offset in the file.
        offset: u64,
        /// Size of the file.
        file: u64,
    },
    /// The file was changed after it was rewritten.
    #[error(
        "byte {offset:#x} of the file is {found:#04x}, the rewrite had put {expected:#04x} there: the file was changed since, take a copy of the original"
    )]
    Changed {
        /// Offset in the file.
        offset: u64,
        /// The byte in the file.
        found: u8,
        /// The byte that the rewrite wrote.
        expected: u8,
    },
    /// The result is not the original.
    #[error(
        "the reverted image has digest {found}, the original had {expected}: bytes that the rewrite had left alone were changed since, take a copy of the original"
    )]
    Digest {
        /// Digest of the result.
        found: String,
        /// Digest of the original.
        expected: String,
    },
}

/// The original of a rewritten file.
///
/// # Errors
///
/// When there is no readable note, or the file is not what the rewrite wrote.
pub fn revert(mut bytes: Vec<u8>) -> Result<Vec<u8>, RevertError> {
    let note = read_note(&bytes)?.ok_or(RevertError::NoNote)?;
    let file = bytes.len() as u64;
    if note.original_size > file {
        return Err(RevertError::Edit {
            offset: note.original_size,
            file,
        });
    }
    bytes.truncate(index(note.original_size));
    for edit in &note.edits {
        undo(&mut bytes, edit, file)?;
    }
    let found = digest(&bytes);
    if found != note.original_digest {
        return Err(RevertError::Digest {
            found,
            expected: note.original_digest,
        });
    }
    Ok(bytes)
}

fn undo(bytes: &mut [u8], edit: &Edit, file: u64) -> Result<(), RevertError> {
    let start = index(edit.offset);
    let place = start
        .checked_add(edit.new.len())
        .and_then(|end| bytes.get_mut(start..end));
    let place = place.filter(|_| edit.old.len() == edit.new.len());
    let place = place.ok_or(RevertError::Edit {
        offset: edit.offset,
        file,
    })?;
    for (number, (found, expected)) in place.iter().zip(&edit.new).enumerate() {
        if found != expected {
            let offset = edit.offset + number as u64;
            return Err(RevertError::Changed {
                offset,
                found: *found,
                expected: *expected,
            });
        }
    }
    place.copy_from_slice(&edit.old);
    Ok(())
}
