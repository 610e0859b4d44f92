//! The kinds of errors: the name that programs tell each by, what it means, and what to do about it.
//!
//! Names and meanings are those of the variants of the error types; there is no other list of them.

use ppcpv::run::boot::BootErrorKind;
use ppcpv::run::image::LoadErrorKind;
use ppcpv::run::snapshot::SnapshotErrorKind;
use rewriter::elf::{ElfErrorKind, NoteErrorKind, RevertErrorKind, WriteErrorKind};
use strum::{EnumMessage, IntoEnumIterator};

use super::ErrorKind;

/// What to do, where messages do not say.
const HINTS: &[(&str, &str)] = &[
    ("exists", "give another -o, or --force to replace it"),
    ("same-file", "give another -o, or --in-place to replace the image"),
    ("not-a-file", "give another -o"),
    (
        "no-site",
        "`ppcpv inspect --sites` shows the sites; an address starts with 0x",
    ),
    (
        "no-symbol",
        "`ppcpv inspect --sites` shows the names; an address starts with 0x",
    ),
    ("no-size", "give a range of addresses instead: 0xFIRST-0xEND"),
    (
        "assembly",
        "a word is 0x and up to 8 digits; an instruction is like 'mtmsr r3' or 'mtspr 272, r9'",
    ),
    (
        "segment",
        "give more --memory, or link the image to lower physical addresses",
    ),
    (
        "no-room",
        "give more --memory, or link the image to lower physical addresses",
    ),
    ("memory", "give another --memory"),
    ("board", "give another --memory"),
    (
        "qemu",
        "-v shows the command line; QEMU is in Debian's package qemu-system-ppc",
    ),
    (
        "debugger",
        "give another --gdb address; port 0 is any that is free",
    ),
    ("already-rewritten", "`ppcpv revert` gives the original back"),
    (
        "no-note",
        "only an image that `ppcpv rewrite` wrote can be reverted or verified",
    ),
    (
        "other-image",
        "leave --from-plan out, or give the image that the plan was made for",
    ),
];

/// A kind of error.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name, in lower case with hyphens.
    pub name: &'static str,
    /// What it is an error of.
    pub what: &'static str,
    /// A sentence.
    pub meaning: &'static str,
}

/// What to do about an error of this kind.
pub fn hint(kind: &str) -> Option<&'static str> {
    HINTS
        .iter()
        .find_map(|(name, hint)| (*name == kind).then_some(*hint))
}

/// Every kind.
pub fn all() -> impl Iterator<Item = Kind> {
    of::<ErrorKind>("an error")
        .chain(of::<ElfErrorKind>("an error in an image"))
        .chain(of::<WriteErrorKind>("an error of rewriting"))
        .chain(of::<RevertErrorKind>("an error of reverting"))
        .chain(of::<NoteErrorKind>("an error in a note"))
        .chain(of::<LoadErrorKind>("an error of loading a guest"))
        .chain(of::<BootErrorKind>("an error of starting a guest"))
        .chain(of::<SnapshotErrorKind>("an error of resuming a guest"))
}

fn of<K>(what: &'static str) -> impl Iterator<Item = Kind>
where
    K: IntoEnumIterator + EnumMessage + Into<&'static str>,
{
    K::iter().map(move |kind| Kind {
        what,
        meaning: kind.get_documentation().unwrap_or_default(),
        name: kind.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_and_a_meaning() {
        for kind in all() {
            assert!(kind.meaning.ends_with('.'), "{kind:?}");
            assert!(
                kind.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn every_hint_is_for_one_kind() {
        for (name, _) in HINTS {
            assert_eq!(all().filter(|kind| kind.name == *name).count(), 1, "{name}");
        }
    }
}
