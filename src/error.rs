//! Errors: what a command could not do.
//!
//! Each has a kind that programs can tell it by, one message, and a hint where there is something to do that the
//! message does not say. Library errors keep their own messages; the file's name is put before them.

pub mod kinds;

use std::io;
use std::path::PathBuf;

use kinds::hint;
use ppcpv::run::boot::{BootError, BootErrorKind};
use ppcpv::run::gdb::GdbError;
use ppcpv::run::image::{LoadError, LoadErrorKind};
use ppcpv::run::snapshot::{SnapshotError, SnapshotErrorKind};
use rewriter::asm::AsmError;
use rewriter::elf::{
    ElfError, ElfErrorKind, NoteError, NoteErrorKind, RevertError, RevertErrorKind, WriteError,
    WriteErrorKind,
};
use serde::Serialize;
use strum::{EnumDiscriminants, EnumIter, EnumMessage, IntoStaticStr};

/// Why a command could not do what it was asked for.
#[derive(Debug, EnumDiscriminants, thiserror::Error)]
#[strum_discriminants(
    name(ErrorKind),
    derive(EnumIter, EnumMessage, IntoStaticStr),
    strum(serialize_all = "kebab-case"),
    doc = "The kinds of [`Error`]. Their names are in lower case with hyphens."
)]
pub enum Error {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file cannot be written; it is as it was.
    #[error("cannot write `{}`: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// There is no site at the place asked for.
    #[error("`{image}` has no site `{place}`")]
    NoSite {
        /// What was asked for.
        place: String,
        /// The image.
        image: String,
    },
    /// Results cannot be printed.
    #[error("cannot print: {0}")]
    Print(#[from] io::Error),
    /// The output exists, and nothing is overwritten unasked.
    #[error("`{}` exists", .0.display())]
    Exists(PathBuf),
    /// The output is the input.
    #[error("`{}` is the image itself", .0.display())]
    SameFile(PathBuf),
    /// The output is a device, a directory or something else that cannot be replaced by a file.
    #[error("`{}` exists and is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// An image cannot be read.
    #[strum_discriminants(strum(disabled))]
    #[error("`{image}`: {cause}")]
    Image {
        /// Its name.
        image: String,
        /// Why.
        cause: ElfError,
    },
    /// A rewritten image cannot be made.
    #[strum_discriminants(strum(disabled))]
    #[error("`{image}`: {cause}")]
    Rewrite {
        /// The image's name.
        image: String,
        /// Why.
        cause: WriteError,
    },
    /// An image cannot be reverted.
    #[strum_discriminants(strum(disabled))]
    #[error("`{image}`: {cause}")]
    Revert {
        /// The image's name.
        image: String,
        /// Why.
        cause: RevertError,
    },
    /// What a rewritten image says of itself cannot be read.
    #[strum_discriminants(strum(disabled))]
    #[error("`{image}`: {cause}")]
    Note {
        /// The image's name.
        image: String,
        /// Why.
        cause: NoteError,
    },
    /// A plan cannot be read.
    #[error("`{}`: {problem}", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// No symbol of that name is in executable code.
    #[error("no symbol `{symbol}` in the code of `{image}`")]
    NoSymbol {
        /// The name.
        symbol: String,
        /// The image's name.
        image: String,
    },
    /// A symbol does not say how long it is.
    #[error("symbol `{symbol}` at {address:#x} has no size")]
    NoSize {
        /// The name.
        symbol: String,
        /// Its address.
        address: u64,
    },
    /// An image that is no guest.
    #[strum_discriminants(strum(disabled))]
    #[error("`{image}`: {cause}")]
    Load {
        /// Its name.
        image: String,
        /// Why.
        cause: LoadError,
    },
    /// A guest that cannot be started.
    #[strum_discriminants(strum(disabled))]
    #[error("`{image}`: {cause}")]
    Boot {
        /// Its name.
        image: String,
        /// Why.
        cause: BootError,
    },
    /// A guest that cannot be resumed.
    #[strum_discriminants(strum(disabled))]
    #[error("`{}`: {cause}", path.display())]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: SnapshotError,
    },
    /// Something cannot be built for bare metal, or QEMU has failed.
    #[error("{0:#}")]
    Qemu(#[from] anyhow::Error),
    /// There is no debugger, or it is gone.
    #[error("{0}")]
    Debugger(String),
    /// The text is neither a word nor an instruction.
    #[error("`{}` is neither a word in hexadecimal nor an instruction: {}", .0.text, .0.problem)]
    Assembly(AsmError),
    /// The text is nearly one of the names that the tool knows.
    #[error("`{text}` is neither a word, an instruction nor a name: there is a name `{near}`")]
    NoName {
        /// The text.
        text: String,
        /// The name.
        near: String,
    },
    /// The instruction does not exist on the family asked for.
    #[error("{word:#010x} is no instruction of {family}")]
    NoInstruction {
        /// The word.
        word: u32,
        /// The family's name.
        family: &'static str,
    },
}

impl From<GdbError<Self>> for Error {
    fn from(error: GdbError<Self>) -> Self {
        match error {
            GdbError::Outside(error) => error,
            other => Self::Debugger(other.to_string()),
        }
    }
}

/// What an error is about, as far as it is about a place in an image.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// Address in the image.
    pub address: Option<u64>,
    /// Name of a symbol or section.
    pub symbol: Option<String>,
    /// Instruction word.
    pub word: Option<u32>,
}

impl Error {
    /// Whether the reader of the output went away.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Print(cause) if cause.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What programs tell the error by: the name of its variant, that of the cause where an image or a plan is
    /// at fault.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Image { cause, .. } => ElfErrorKind::from(cause).into(),
            Self::Rewrite { cause, .. } => WriteErrorKind::from(cause).into(),
            Self::Load { cause, .. } => LoadErrorKind::from(cause).into(),
            Self::Boot { cause, .. } => BootErrorKind::from(cause).into(),
            Self::Snapshot { cause, .. } => SnapshotErrorKind::from(cause).into(),
            Self::Revert {
                cause: RevertError::Note(NoteError::Elf(cause)),
                ..
            }
            | Self::Note {
                cause: NoteError::Elf(cause),
                ..
            } => ElfErrorKind::from(cause).into(),
            Self::Revert {
                cause: RevertError::Note(cause),
                ..
            }
            | Self::Note { cause, .. } => NoteErrorKind::from(cause).into(),
            Self::Revert { cause, .. } => RevertErrorKind::from(cause).into(),
            error => ErrorKind::from(error).into(),
        }
    }

    /// What to do about it, where the message does not say.
    pub fn hint(&self) -> Option<&'static str> {
        hint(self.kind())
    }

    /// The place that the error is about.
    pub fn spot(&self) -> Spot {
        match self {
            Self::Image { cause, .. }
            | Self::Note {
                cause: NoteError::Elf(cause),
                ..
            } => of_image(cause),
            Self::Rewrite { cause, .. } => of_rewrite(cause),
            Self::NoSymbol { symbol, .. } => Spot {
                symbol: Some(symbol.clone()),
                ..Spot::default()
            },
            Self::NoSize { symbol, address } => Spot {
                address: Some(*address),
                symbol: Some(symbol.clone()),
                word: None,
            },
            Self::NoInstruction { word, .. } => Spot {
                word: Some(*word),
                ..Spot::default()
            },
            _ => Spot::default(),
        }
    }
}

fn of_image(error: &ElfError) -> Spot {
    let at = |address: &u64| Spot {
        address: Some(*address),
        ..Spot::default()
    };
    let named = |symbol: &String, address: &u64| Spot {
        symbol: Some(symbol.clone()),
        ..at(address)
    };
    match error {
        ElfError::BeyondAddresses { what, address, .. } | ElfError::Misaligned { what, address } => {
            named(what, address)
        }
        ElfError::Overlap { first, address, .. } => named(first, address),
        ElfError::NotLoaded { section, address } => named(section, address),
        ElfError::SymbolOutside { symbol, address, .. } => named(symbol, address),
        ElfError::Relocation { section, offset, .. } => named(section, offset),
        ElfError::Table { table, address, .. } => named(&(*table).to_string(), address),
        ElfError::Area { name, .. } => Spot {
            symbol: Some(name.clone()),
            ..Spot::default()
        },
        _ => Spot::default(),
    }
}

fn of_rewrite(error: &WriteError) -> Spot {
    let at = |address: &u64, word: Option<u32>| Spot {
        address: Some(*address),
        symbol: None,
        word,
    };
    match error {
        WriteError::OtherWord { address, found, .. } => at(address, Some(*found)),
        WriteError::LeavesSection { address, word } => at(address, Some(*word)),
        WriteError::Misplaced { address, .. } | WriteError::Twice { address } => at(address, None),
        WriteError::Reach { from, .. } => at(from, None),
        WriteError::Object { section, .. } => Spot {
            symbol: Some(section.clone()),
            ..Spot::default()
        },
        _ => Spot::default(),
    }
}

/// An error as JSON.
#[derive(Serialize)]
pub struct ErrorDocument {
    schema_version: u32,
    error: Body,
}

#[derive(Serialize)]
struct Body {
    kind: &'static str,
    message: String,
    hint: Option<&'static str>,
    address: Option<String>,
    symbol: Option<String>,
    word: Option<String>,
}

impl From<&Error> for ErrorDocument {
    fn from(error: &Error) -> Self {
        let spot = error.spot();
        let body = Body {
            kind: error.kind(),
            message: error.to_string(),
            hint: error.hint(),
            address: spot.address.map(|address| format!("{address:#010x}")),
            symbol: spot.symbol,
            word: spot.word.map(|word| format!("{word:#010x}")),
        };
        Self {
            schema_version: crate::document::SCHEMA_VERSION,
            error: body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_names_of_variants() {
        let kind = |cause| {
            Error::Image {
                image: "x".into(),
                cause,
            }
            .kind()
        };
        assert_eq!(kind(ElfError::AlreadyRewritten), "already-rewritten");
        assert_eq!(kind(ElfError::Machine { found: 3 }), "machine");
        assert_eq!(Error::Exists("x".into()).kind(), "exists");
        assert_eq!(
            Error::NoSymbol {
                symbol: "a".into(),
                image: "b".into()
            }
            .kind(),
            "no-symbol"
        );
    }

    #[test]
    fn an_error_about_a_word_says_which() {
        let cause = WriteError::OtherWord {
            address: 0xc000_0010,
            found: 1,
            expected: 2,
        };
        let spot = Error::Rewrite {
            image: "x".into(),
            cause,
        }
        .spot();
        assert_eq!(
            spot,
            Spot {
                address: Some(0xc000_0010),
                symbol: None,
                word: Some(1)
            }
        );
    }
}
