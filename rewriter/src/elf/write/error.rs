//! Why a rewritten file cannot be written.

use alloc::string::String;

use strum::{EnumDiscriminants, EnumIter, EnumMessage, IntoStaticStr};

/// Why a rewritten file cannot be written. Nothing has been written then.
#[derive(Clone, Debug, PartialEq, Eq, EnumDiscriminants, thiserror::Error)]
#[strum_discriminants(
    name(WriteErrorKind),
    derive(EnumIter, EnumMessage, IntoStaticStr),
    strum(serialize_all = "kebab-case"),
    doc = "The kinds of [`WriteError`]. Their names are in lower case with hyphens."
)]
pub enum WriteError {
    /// The plan is for another file.
    #[error(
        "the plan is for an image with digest {planned}, this one has {found}: make a plan for this image"
    )]
    OtherImage {
        /// The digest in the plan.
        planned: String,
        /// The file's.
        found: String,
    },
    /// A word is not what the plan says it was.
    #[error(
        "the word at {address:#x} is {found:#010x}, the plan expects {expected:#010x}: make a plan for this image"
    )]
    OtherWord {
        /// Address of the word.
        address: u64,
        /// The word in the file.
        found: u32,
        /// The word that the plan expects.
        expected: u32,
    },
    /// An address of the plan is not in the file, or not in the space that the image offers.
    #[error("{what} at {address:#x} is not in code or in an area of this image: make a plan for this image")]
    Misplaced {
        /// What is there: a site, a trampoline, an arena, the entry stub.
        what: &'static str,
        /// Its address.
        address: u64,
    },
    /// Two words of the plan go to the same place.
    #[error("the plan writes the word at {address:#x} twice: make a new plan")]
    Twice {
        /// Address, or file offset, of the word.
        address: u64,
    },
    /// The file has no room for another program header.
    #[error(
        "no room for another program header: bytes {offset:#x} to {end:#x} of the file hold {used}; \
         give --relayout to move the table to the end of the file"
    )]
    NoHeaderRoom {
        /// Where the header would start in the file.
        offset: u64,
        /// Where it would end.
        end: u64,
        /// What is there.
        used: String,
    },
    /// The file has as many headers as the format can count.
    #[error("the file has {count} {what}, no more fit: this image cannot be rewritten in place")]
    TooMany {
        /// The kind of header or entry.
        what: &'static str,
        /// How many there are.
        count: u64,
    },
    /// The file would outgrow the offsets of its class.
    #[error("offset or address {value:#x} does not fit a 32-bit file: this image is too large to rewrite")]
    TooLarge {
        /// The value.
        value: u64,
    },
    /// The entry stub that was asked for cannot be.
    #[error("no entry stub: {why}")]
    Stub {
        /// What is in the way.
        why: &'static str,
    },
    /// A branch does not reach its target.
    #[error("a branch from {from:#x} does not reach {to:#x}: place trampolines nearer")]
    Reach {
        /// Address of the branch.
        from: u64,
        /// Where it should go.
        to: u64,
    },
    /// A conditional branch of an object goes to another section.
    #[error(
        "word {word:#010x} at {address:#x} leaves its section and cannot become a relocation: only `b` and `bl` can"
    )]
    LeavesSection {
        /// Address of the word.
        address: u64,
        /// The word.
        word: u32,
    },
    /// The object's tables are of a form that cannot be extended.
    #[error("section `{section}`: {why}")]
    Object {
        /// The section.
        section: String,
        /// What is in the way.
        why: &'static str,
    },
}
