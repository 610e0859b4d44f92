//! Why a file cannot be read.

use alloc::string::String;
use magicpage::{Endian, Family};
use strum::{EnumDiscriminants, EnumIter, EnumMessage, IntoStaticStr};

/// Why a file cannot be read as a kernel image.
#[derive(Clone, Debug, PartialEq, Eq, EnumDiscriminants, thiserror::Error)]
#[strum_discriminants(
    name(ElfErrorKind),
    derive(EnumIter, EnumMessage, IntoStaticStr),
    strum(serialize_all = "kebab-case"),
    doc = "The kinds of [`ElfError`]. Their names are in lower case with hyphens."
)]
pub enum ElfError {
    /// The magic number is missing.
    #[error("not an ELF file (it starts with {found}): give a vmlinux or a module, unpacked")]
    NotElf {
        /// The first bytes, in hexadecimal.
        found: String,
    },
    /// The file ends before a header or a table of headers does.
    #[error(
        "the file is cut short: {what} takes bytes {offset:#x} to {end:#x}, the file has {file:#x}: copy it again"
    )]
    Truncated {
        /// What is missing.
        what: &'static str,
        /// Where it starts in the file.
        offset: u64,
        /// Where it would end.
        end: u64,
        /// The file's size.
        file: u64,
    },
    /// The class is neither 32 nor 64 bit.
    #[error("ELF class {found} in byte 4, expected 1 (32 bit) or 2 (64 bit): the file is damaged")]
    Class {
        /// The byte found.
        found: u8,
    },
    /// The byte order is neither little nor big.
    #[error("ELF byte order {found} in byte 5, expected 1 (little) or 2 (big): the file is damaged")]
    ByteOrder {
        /// The byte found.
        found: u8,
    },
    /// The file has another byte order than the one asked for.
    #[error("the file's byte order is {file:?}, {asked:?} was asked for: leave the byte order out")]
    OtherEndian {
        /// The file's.
        file: Endian,
        /// The one asked for.
        asked: Endian,
    },
    /// The file is for another processor than PowerPC.
    #[error("ELF machine {found}, expected 20 (PowerPC) or 21 (64-bit PowerPC): this is no PowerPC image")]
    Machine {
        /// The machine found.
        found: u16,
    },
    /// Class and machine contradict each other.
    #[error("ELF machine {machine} in a file of class {class}: the file is damaged")]
    ClassOfMachine {
        /// 20 or 21.
        machine: u16,
        /// 1 or 2.
        class: u8,
    },
    /// The file is neither an executable nor a shared nor a relocatable object.
    #[error(
        "ELF type {found}, expected 1 (relocatable), 2 (executable) or 3 (shared): this holds no code to rewrite"
    )]
    Type {
        /// The type found.
        found: u16,
    },
    /// The family asked for does not exist in this class.
    #[error("family {} cannot be in a {class}-bit image: give another --family, or none", family.name())]
    OtherFamily {
        /// The family asked for.
        family: Family,
        /// 32 or 64.
        class: u32,
    },
    /// A 32-bit image shows nothing by which Book3S and Book E could be told apart.
    #[error(
        "nothing in this 32-bit image tells whether it is for Book3S or for e500: give --family book3s-32 or --family e500"
    )]
    FamilyUnknown,
    /// A 32-bit image shows signs of both Book3S and Book E.
    #[error(
        "the image has {book_e}, a sign of Book E, and {book3s}, a sign of Book3S: give --family book3s-32 or --family e500"
    )]
    FamilyAmbiguous {
        /// The sign of Book E.
        book_e: String,
        /// The sign of Book3S.
        book3s: String,
    },
    /// A table's entries have an impossible size.
    #[error("{what}: entries of {found} bytes, expected {expected}: the file is damaged")]
    EntrySize {
        /// The table.
        what: String,
        /// Size found.
        found: u64,
        /// Size expected.
        expected: u64,
    },
    /// A section or segment lies beyond the file's end.
    #[error("{what} takes bytes {offset:#x} (+{size:#x}) of a file that has {file:#x}: copy the file again")]
    BeyondFile {
        /// The section or segment.
        what: String,
        /// Where it starts in the file.
        offset: u64,
        /// Its size.
        size: u64,
        /// The file's size.
        file: u64,
    },
    /// A section or segment does not fit the address space.
    #[error(
        "{what} at {address:#x} (+{size:#x}) does not fit the image's address space: the file is damaged"
    )]
    BeyondAddresses {
        /// The section or segment.
        what: String,
        /// Its address.
        address: u64,
        /// Its size.
        size: u64,
    },
    /// Two things take the same place.
    #[error(
        "{first} and {second} overlap at {address:#x}: what runs there cannot be told, so nothing is rewritten"
    )]
    Overlap {
        /// One of them.
        first: String,
        /// The other.
        second: String,
        /// An address, or file offset, that both have.
        address: u64,
    },
    /// Code does not start at a multiple of four.
    #[error(
        "code in {what} starts at {address:#x}, no multiple of 4: the file is damaged, or holds VLE code"
    )]
    Misaligned {
        /// Section or segment.
        what: String,
        /// Its address.
        address: u64,
    },
    /// No segment loads an executable section from the same bytes.
    #[error(
        "section `{section}` at {address:#x} is not what the program headers load there: the file is damaged"
    )]
    NotLoaded {
        /// The section.
        section: String,
        /// Its address.
        address: u64,
    },
    /// A table of names, symbols or relocations cannot be read, or has no such name.
    #[error("the names of {what} cannot be read: {why}")]
    Names {
        /// Whose names.
        what: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A section refers to a section that does not exist or does not suit.
    #[error("section `{section}` refers to section {link}, which is not {expected}: the file is damaged")]
    Link {
        /// The section.
        section: String,
        /// The number it has.
        link: u32,
        /// What it should be.
        expected: &'static str,
    },
    /// A function leaves its section.
    #[error(
        "function `{symbol}` at {address:#x} (+{size:#x}) leaves section `{section}`: the symbol table lies"
    )]
    SymbolOutside {
        /// The function.
        symbol: String,
        /// Its address.
        address: u64,
        /// Its size.
        size: u64,
        /// The section it says it is in.
        section: String,
    },
    /// A relocation cannot be understood where it matters.
    #[error("relocation {kind} at {offset:#x} in section `{section}`: {why}")]
    Relocation {
        /// The relocated section.
        section: String,
        /// Offset or address of the relocated field.
        offset: u64,
        /// The relocation's type.
        kind: u32,
        /// What is wrong.
        why: &'static str,
    },
    /// One of Linux's tables is damaged.
    #[error("Linux table `{table}` at {address:#x}: {why}")]
    Table {
        /// The table.
        table: &'static str,
        /// The table's or the entry's address.
        address: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// The image holds no code.
    #[error("no executable code in the file: give a kernel or module, not its debug information")]
    NoCode,
    /// The image was rewritten before.
    #[error("the image is already rewritten (it has section `.note.ppcpv`): revert it first")]
    AlreadyRewritten,
    /// The area asked for does not exist or cannot be used.
    #[error("area `{name}` cannot hold trampolines: {why}")]
    Area {
        /// The symbol asked for.
        name: String,
        /// What is wrong.
        why: String,
    },
}
