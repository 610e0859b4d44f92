//! How each relocation type changes its field. (Tables.)
//!
//! From the relocation tables of the System V ABI for PowerPC (section 4, "Relocation Types") and of the 64-bit
//! ELF V2 ABI (section 3.5.4). A type of 64-bit PowerPC that is in no row counts as eight bytes, which at worst
//! protects a word too many.

/// How a relocation type changes its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Not at all: a hint to the linker.
    Nothing,
    /// Within the word that holds its first byte.
    Word,
    /// Four bytes at any address.
    Unaligned,
    /// Eight bytes.
    Double,
    /// A relative branch's displacement.
    Branch,
    /// A branch's absolute target.
    Absolute,
}

/// Types of 32-bit PowerPC: first, last, field. Whatever is in no row is a word.
const PPC32: &[(u32, u32, Field)] = &[
    (0, 0, Field::Nothing),
    (2, 2, Field::Absolute),
    (7, 9, Field::Absolute),
    (10, 13, Field::Branch),
    (18, 18, Field::Branch),
    (23, 23, Field::Branch),
    (24, 25, Field::Unaligned),
];

/// Types of 64-bit PowerPC. Whatever is in no row is eight bytes.
const PPC64: &[(u32, u32, Field)] = &[
    (0, 0, Field::Nothing),
    (1, 1, Field::Word),
    (2, 2, Field::Absolute),
    (3, 6, Field::Word),
    (7, 9, Field::Absolute),
    (10, 13, Field::Branch),
    (14, 17, Field::Word),
    (24, 25, Field::Unaligned),
    (26, 37, Field::Word),
    (39, 42, Field::Word),
    (47, 50, Field::Word),
    (52, 67, Field::Word),
    (69, 72, Field::Word),
    (74, 77, Field::Word),
    (79, 106, Field::Word),
    (107, 115, Field::Word),
    (116, 116, Field::Branch),
    (119, 122, Field::Word),
    (124, 124, Field::Branch),
    (240, 246, Field::Word),
    (249, 252, Field::Word),
];

/// How relocations of type `kind` change their field, in files of 64 or 32 bits.
pub(super) fn field(wide: bool, kind: u32) -> Field {
    let (rows, other) = if wide {
        (PPC64, Field::Double)
    } else {
        (PPC32, Field::Word)
    };
    rows.iter()
        .find(|(first, last, _)| (*first..=*last).contains(&kind))
        .map_or(other, |(.., field)| *field)
}

/// Types that tables of addresses are made with.
const DATA_TYPES_32: &[(u32, Form)] = &[(1, Form::Word), (24, Form::Word), (26, Form::RelativeWord)];
/// The same for 64 bits.
const DATA_TYPES_64: &[(u32, Form)] = &[
    (1, Form::Word),
    (26, Form::RelativeWord),
    (38, Form::Long),
    (43, Form::Long),
    (44, Form::RelativeLong),
    (51, Form::Ignored),
];

/// What such a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Word,
    RelativeWord,
    Long,
    RelativeLong,
    /// The TOC pointer in a function descriptor.
    Ignored,
}

/// What a field of a table holds that is relocated by type `kind`, in files of 64 or 32 bits.
pub(super) fn form(wide: bool, kind: u32) -> Option<Form> {
    let types = if wide { DATA_TYPES_64 } else { DATA_TYPES_32 };
    types.iter().find(|(of, _)| *of == kind).map(|(_, form)| *form)
}
