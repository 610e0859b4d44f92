//! The note: what was done to a file, in the file.
//!
//! Section `.note.ppcpv` holds one ELF note with owner `ppcpv` and type 1 (rewritten) or 2 (plan only). Its
//! descriptor is JSON: the plan, size and digest of the original, and every byte range within the original's
//! length that differs, old and new. [`revert()`](super::revert()) reads nothing else; a host or guest that applies a
//! plan itself reads the plan.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use magicpage::Endian;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, EnumMessage, IntoStaticStr};

use super::error::ElfError;
use super::file::{File, part};
use super::read::NOTE_SECTION;
use crate::plan::{Plan, SCHEMA_VERSION};

/// Version of the note's JSON; a reader refuses any other.
pub const NOTE_VERSION: u32 = 1;
/// The note's owner, with its final zero.
const OWNER: &[u8; 6] = b"ppcpv\0";
/// Bytes before the descriptor: three words, and the owner padded to a multiple of four.
const HEADER: usize = 12 + 8;

/// What the image beside a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Rewritten by the plan.
    Rewritten,
    /// As it was: the plan waits to be applied.
    PlanOnly,
}

impl NoteKind {
    const fn number(self) -> u32 {
        match self {
            Self::Rewritten => 1,
            Self::PlanOnly => 2,
        }
    }
}

/// A range of the original file that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Where it starts in the file.
    #[serde(with = "hex_offset")]
    pub offset: u64,
    /// The original's bytes.
    #[serde(with = "hex_bytes")]
    pub old: Vec<u8>,
    /// The bytes in their place; as many.
    #[serde(with = "hex_bytes")]
    pub new: Vec<u8>,
}

/// What a note says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What the image beside the note is.
    pub kind: NoteKind,
    /// What was done, or is to be done, to the original.
    pub plan: Plan,
    /// Size of the original in bytes.
    pub original_size: u64,
    /// SHA-256 of the original, 64 lower-case hexadecimal digits.
    pub original_digest: String,
    /// Every range of the original that differs.
    pub edits: Vec<Edit>,
}

/// Why a note cannot be read.
#[derive(Debug, EnumDiscriminants, thiserror::Error)]
#[strum_discriminants(
    name(NoteErrorKind),
    derive(EnumIter, EnumMessage, IntoStaticStr),
    strum(serialize_all = "kebab-case", prefix = "note-"),
    doc = "The kinds of [`NoteError`]. Their names are in lower case with hyphens, behind `note-`."
)]
pub enum NoteError {
    /// The file cannot be read as a PowerPC ELF file.
    #[strum_discriminants(strum(disabled))]
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// The section holds no note of ours.
    #[error("section `.note.ppcpv` holds no note of owner `ppcpv` and type 1 or 2: the file is damaged")]
    Form,
    /// The note is of another version.
    #[error(
        "the note has version {found}, this program reads version {NOTE_VERSION}: use the program that wrote it"
    )]
    Version {
        /// The version it has.
        found: u32,
    },
    /// The descriptor is not JSON of the right form.
    #[error("the note in section `.note.ppcpv` cannot be read: {0}")]
    Json(String),
}

#[derive(Serialize)]
struct Written<'a> {
    schema_version: u32,
    original_size: u64,
    original_digest: &'a str,
    plan: &'a Plan,
    edits: &'a [Edit],
}

#[derive(Deserialize)]
struct Read {
    original_size: u64,
    original_digest: String,
    plan: Plan,
    edits: Vec<Edit>,
}

/// The bytes of the note section.
pub(super) fn to_bytes(
    kind: NoteKind,
    endian: Endian,
    plan: &Plan,
    original: (u64, &str),
    edits: &[Edit],
) -> Option<Vec<u8>> {
    let (original_size, original_digest) = original;
    let written = Written {
        schema_version: NOTE_VERSION,
        original_size,
        original_digest,
        plan,
        edits,
    };
    let text = serde_json::to_string(&written).ok()?;
    let size = u32::try_from(text.len()).ok()?;
    let mut bytes = Vec::with_capacity(HEADER + text.len() + 3);
    bytes.resize(HEADER, 0);
    bytes.extend_from_slice(text.as_bytes());
    let owner_size = u32::try_from(OWNER.len()).ok()?;
    for (number, word) in [owner_size, size, kind.number()].into_iter().enumerate() {
        bytes[number * 4..number * 4 + 4].copy_from_slice(&endian.write_u32(word));
    }
    bytes[12..12 + OWNER.len()].copy_from_slice(OWNER);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    Some(bytes)
}

/// The note of a file, if it has one.
///
/// # Errors
///
/// When the bytes are no PowerPC ELF file, or the note is damaged or of another version. What the note says of
/// the file is not checked here: reverting does that.
pub fn read_note(bytes: &[u8]) -> Result<Option<Note>, NoteError> {
    let file = File::parse(bytes, None)?;
    let Some(section) = file.section_named(NOTE_SECTION) else {
        return Ok(None);
    };
    from_bytes(&file, file.data(section)?).map(Some)
}

fn from_bytes(file: &File, bytes: &[u8]) -> Result<Note, NoteError> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: u32,
    }
    let word = |offset| file.read_word(bytes, offset).ok_or(NoteError::Form);
    let kinds = [NoteKind::Rewritten, NoteKind::PlanOnly];
    let number = word(8)?;
    let kind = kinds
        .into_iter()
        .find(|kind| kind.number() == number)
        .ok_or(NoteError::Form)?;
    if word(0)? as usize != OWNER.len() || bytes.get(12..18) != Some(&OWNER[..]) {
        return Err(NoteError::Form);
    }
    let text = part(bytes, HEADER as u64, u64::from(word(4)?)).ok_or(NoteError::Form)?;
    let json = |error: serde_json::Error| NoteError::Json(error.to_string());
    let Version { schema_version } = serde_json::from_slice(text).map_err(json)?;
    if schema_version != NOTE_VERSION {
        return Err(NoteError::Version {
            found: schema_version,
        });
    }
    let Read {
        original_size,
        original_digest,
        plan,
        edits,
    } = serde_json::from_slice(text).map_err(json)?;
    if plan.schema_version != SCHEMA_VERSION {
        return Err(NoteError::Version {
            found: plan.schema_version,
        });
    }
    Ok(Note {
        kind,
        plan,
        original_size,
        original_digest,
        edits,
    })
}

/// A file offset as a hexadecimal string.
mod hex_offset {
    use alloc::string::String;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:#x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text
            .strip_prefix("0x")
            .ok_or_else(|| D::Error::custom("an offset does not start with 0x"))?;
        u64::from_str_radix(digits, 16).map_err(D::Error::custom)
    }
}

/// Bytes as a string of two hexadecimal digits each.
mod hex_bytes {
    use alloc::string::String;
    use alloc::vec::Vec;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    const DIGITS: &[u8; 16] = b"0123456789abcdef";

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let text: String = digits
            .map(|digit| char::from(DIGITS[usize::from(digit)]))
            .collect();
        serializer.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let pair = |pair: &[u8]| match *pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
        bytes.ok_or_else(|| D::Error::custom("bytes are not pairs of hexadecimal digits"))
    }
}
