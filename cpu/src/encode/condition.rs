//! Conditional branches by name: the inverse of what [`text`](crate::text) calls them.

use magicpage::Family;

use crate::operand::Operand;
use crate::table::{self, Row};
use crate::text::CONDITIONS;
use crate::text::condition::{BY_BIT, BY_FIELD, BY_NUMBER, Forms, INVERTED, NOTHING};

/// A conditional branch's name, read.
pub(super) struct Branch {
    /// The base mnemonic.
    pub base: &'static str,
    /// The bits that the name says: a part of BO and BI, AA and LK.
    pub bits: u32,
    forms: Forms,
    generic: bool,
    /// Whether the branch is predicted to be taken, if that is said.
    taken: Option<bool>,
}

/// What a name says about the condition: text behind `b`, BO, the two lower bits of BI, and the operands.
type Kind = (&'static str, u32, u32, Forms);

const KINDS: [Kind; 16] = [
    (CONDITIONS[0], 0b01100, 0, BY_FIELD),
    (CONDITIONS[1], 0b01100, 1, BY_FIELD),
    (CONDITIONS[2], 0b01100, 2, BY_FIELD),
    (CONDITIONS[3], 0b01100, 3, BY_FIELD),
    (INVERTED[0], 0b00100, 0, BY_FIELD),
    (INVERTED[1], 0b00100, 1, BY_FIELD),
    (INVERTED[2], 0b00100, 2, BY_FIELD),
    (INVERTED[3], 0b00100, 3, BY_FIELD),
    ("dnzt", 0b01000, 0, BY_BIT),
    ("dnzf", 0b00000, 0, BY_BIT),
    ("dzt", 0b01010, 0, BY_BIT),
    ("dzf", 0b00010, 0, BY_BIT),
    ("dnz", 0b10000, 0, NOTHING),
    ("dz", 0b10010, 0, NOTHING),
    ("c", 0, 0, BY_NUMBER),
    ("", 0b10100, 0, NOTHING),
];

/// Where the target is: text behind the condition, and the base mnemonic.
const TARGETS: [(&str, &str); 4] = [("lr", "bclr"), ("ctr", "bcctr"), ("tar", "bctar"), ("", "bc")];

/// Reads a name such as `bdnzflrl` or `beq+`.
pub(super) fn parse(name: &str) -> Option<Branch> {
    let name = name.strip_prefix('b')?;
    let (name, taken) = match (name.strip_suffix('+'), name.strip_suffix('-')) {
        (Some(name), _) => (name, Some(true)),
        (_, Some(name)) => (name, Some(false)),
        _ => (name, None),
    };
    KINDS.into_iter().find_map(|(kind, bo, bi, forms)| {
        let rest = name.strip_prefix(kind)?;
        let counts = kind.starts_with('d');
        TARGETS.into_iter().find_map(|(target, base)| {
            let bits = match (rest.strip_prefix(target)?, base) {
                ("", "bc") if kind.is_empty() => return None,
                (_, "bcctr") if counts => return None,
                ("", _) => 0,
                ("l", _) if base != "bc" || !kind.is_empty() => 1,
                ("a", "bc") if !kind.is_empty() => 2,
                ("la", "bc") if !kind.is_empty() => 3,
                _ => return None,
            };
            Some(Branch {
                base,
                bits: bo << 21 | bi << 16 | bits,
                forms,
                generic: kind == "c",
                taken,
            })
        })
    })
}

impl Branch {
    /// The operands that are written.
    pub fn operands(&self) -> &'static [Operand] {
        self.forms[usize::from(self.base == "bc")]
    }

    /// The word with the static prediction, if the branch can have it: see `hint` in the text's module.
    pub fn predict(&self, word: u32, row: &Row, family: Family) -> Option<u32> {
        let Some(taken) = self.taken else {
            return Some(word);
        };
        let bo = word >> 21 & 31;
        if bo & 0b10100 == 0b10100 {
            return None;
        }
        let taken_bit = u32::from(taken);
        if family == Family::Book3s64 {
            let (both, said) = match bo & 0b10100 {
                0b00100 => (0b00011, 0b00010 | taken_bit),
                0b10000 => (0b01001, 0b01000 | taken_bit),
                _ => return None,
            };
            return Some(word & !(both << 21) | said << 21);
        }
        let backward = row.has(table::BRANCH) && word & 0x8000 != 0;
        match (self.generic, taken != backward) {
            (true, true) if backward => Some(word),
            (true, reversed) => Some(word & !(1 << 21) | u32::from(reversed) << 21),
            (false, reversed) => Some(word | u32::from(reversed) << 21),
        }
    }
}
