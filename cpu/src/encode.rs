//! From text to a word: the inverse of [`text`](crate::text).
//!
//! The rows that say how an instruction prints say how it is encoded. A mnemonic is looked for among the rows, with
//! the suffixes that their flags allow; then among the simplified mnemonics that objdump prints and the [`forms`] that
//! only assemblers know, the conditional branches, and the moves of named special registers. Where several rows have
//! the mnemonic the first that takes the operands is meant.
//!
//! Every word that comes out is one that [`decode`](crate::decode()) takes for the same instruction of the family:
//! invalid forms, such as a load with update of its own base, are refused.

use magicpage::Family;

use crate::form;
use crate::operand::Operand;
use crate::table::{self, Flags, Row};
use crate::text::{alias, spr_names};

mod condition;
mod error;
mod forms;
mod names;
mod place;
mod value;
mod words;

use names::Pattern;

pub use error::EncodeError;
pub use value::Value;

/// More operands than any instruction has, a displacement and its base counted as two.
const MOST: usize = 8;

/// Suffixes of a mnemonic: each letter sets the bit that a flag of the row gives it.
const SUFFIXES: [&str; 7] = ["", ".", "o", "o.", "l", "a", "la"];

/// Assembles one instruction from text as [`Ins::text`](crate::Ins::text) prints it.
///
/// That is a mnemonic, space, and operands separated by commas, a displacement with its base in parentheses; or `.long`
/// and a word.
///
/// A branch target that is a number is an absolute address if `address`, the instruction's own, is given, and a
/// distance in bytes if not; with a leading point (`.+8`) it is a distance in any case.
///
/// # Errors
///
/// When the family has no such instruction, or not with such operands.
pub fn assemble(text: &str, address: Option<u64>, family: Family) -> Result<u32, EncodeError> {
    let text = text.trim();
    let (mnemonic, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut values = [Value::Number(0); MOST];
    let mut given = 0;
    for operand in operands(rest) {
        let value = Value::parse(operand).ok_or(EncodeError::Unreadable { operand: given + 1 })?;
        *values.get_mut(given).ok_or(EncodeError::TooMany)? = value;
        given += 1;
    }
    encode(mnemonic, &values[..given], address, family)
}

/// The operands in the text behind a mnemonic; a displacement and its base count as two.
pub fn operands(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '(', ')'])
        .map(str::trim)
        .filter(|operand| !operand.is_empty())
}

/// The word of an instruction. Operands are in the assembler's order, a displacement and its base being two;
/// for branch targets see [`assemble`].
///
/// # Errors
///
/// When the family has no such instruction, or not with such operands.
pub fn encode(
    mnemonic: &str,
    values: &[Value],
    address: Option<u64>,
    family: Family,
) -> Result<u32, EncodeError> {
    let mut attempt = Attempt {
        values,
        address,
        family,
        failure: EncodeError::Unknown,
    };
    let word = match mnemonic {
        ".long" => return place::whole_word(values),
        _ => attempt.row(mnemonic),
    };
    word.or_else(|| attempt.alias(mnemonic))
        .or_else(|| attempt.condition(mnemonic))
        .or_else(|| attempt.named_register(mnemonic))
        .ok_or(attempt.failure)
}

/// The operands of one instruction, tried with rows.
struct Attempt<'a> {
    values: &'a [Value],
    address: Option<u64>,
    family: Family,
    /// What was wrong with the row that came nearest.
    failure: EncodeError,
}

impl Attempt<'_> {
    fn row(&mut self, mnemonic: &str) -> Option<u32> {
        suffixed(mnemonic).find_map(|(stem, suffix)| {
            names::rows(stem).find_map(|pattern| {
                let bits = suffix_bits(pattern.row, suffix)?;
                self.fits(pattern, pattern.row.operands, bits, Some)
            })
        })
    }

    fn alias(&mut self, mnemonic: &str) -> Option<u32> {
        suffixed(mnemonic).find_map(|(stem, suffix)| {
            let family = self.family;
            names::aliases(stem)
                .filter(|alias| alias.families.has(family))
                .find_map(|alias| self.rows_of(alias, suffix))
        })
    }

    fn rows_of(&mut self, alias: &alias::Alias, suffix: &str) -> Option<u32> {
        names::rows(alias.of).find_map(|pattern| {
            let bits = suffix_bits(pattern.row, suffix)?;
            self.fits(pattern, alias.operands, bits, |word| Some((alias.fill)(word)))
        })
    }

    fn condition(&mut self, mnemonic: &str) -> Option<u32> {
        let branch = condition::parse(mnemonic)?;
        let family = self.family;
        names::rows(branch.base).find_map(|pattern| {
            let predict = |word| branch.predict(word, pattern.row, family);
            self.fits(pattern, branch.operands(), branch.bits, predict)
        })
    }

    fn named_register(&mut self, mnemonic: &str) -> Option<u32> {
        spr_names::named(mnemonic, self.family).find_map(|(base, number, index)| {
            let pattern = names::rows(base).next()?;
            let reads = pattern.row.has(table::SPR_READ);
            let (register, given) = match (self.values, index) {
                (&[register], None) => (register, None),
                (&[first, second], Some(_)) if reads => (first, Some(second)),
                (&[first, second], Some(_)) => (second, Some(first)),
                _ => {
                    let expected = 1 + usize::from(index.is_some());
                    self.note(EncodeError::count(self.values.len(), expected, expected));
                    return None;
                }
            };
            if given != index.map(|index| Value::Number(index.into())) {
                self.note(EncodeError::NoSuchRegister);
                return None;
            }
            let number = Value::Number(number.into());
            let values = if reads {
                [register, number]
            } else {
                [number, register]
            };
            let mut inner = Attempt {
                values: &values,
                ..*self
            };
            let word = inner.fits(pattern, pattern.row.operands, 0, Some);
            self.failure = inner.failure;
            word
        })
    }

    /// The word of a row with the given operands, with more bits set and completed by `fill`.
    fn fits(
        &mut self,
        pattern: &Pattern,
        operands: &[Operand],
        bits: u32,
        fill: impl Fn(u32) -> Option<u32>,
    ) -> Option<u32> {
        if !pattern.row.families.has(self.family) {
            return None;
        }
        match self.fit(pattern, operands, bits, fill) {
            Ok(word) => Some(word),
            Err(failure) => {
                self.note(failure);
                None
            }
        }
    }

    fn fit(
        &self,
        pattern: &Pattern,
        operands: &[Operand],
        bits: u32,
        fill: impl Fn(u32) -> Option<u32>,
    ) -> Result<u32, EncodeError> {
        let start = pattern.seed | bits;
        let placed = self.place(operands, start)?;
        let keeps_operands = |word: u32| {
            word == placed
                || operands
                    .iter()
                    .all(|operand| (word ^ placed) & operand.bits() == 0)
        };
        fill(placed)
            .filter(|word| (word ^ start) & pattern.fixed == 0 && keeps_operands(*word))
            .filter(|word| form::is_valid(pattern.row, *word, self.family))
            .ok_or(EncodeError::Invalid)
    }

    fn note(&mut self, failure: EncodeError) {
        if failure.nearness() > self.failure.nearness() {
            self.failure = failure;
        }
    }
}

/// A mnemonic as a stem and a suffix, in every way that it can be.
fn suffixed(mnemonic: &str) -> impl Iterator<Item = (&str, &'static str)> {
    let last = mnemonic.as_bytes().last();
    let suffixes = match last {
        Some(b'.' | b'o' | b'l' | b'a') => &SUFFIXES[..],
        _ => &SUFFIXES[..1],
    };
    suffixes
        .iter()
        .filter_map(|suffix| Some((mnemonic.strip_suffix(suffix)?, *suffix)))
}

/// The bits that a suffix sets, if the row can have it.
fn suffix_bits(row: &Row, suffix: &str) -> Option<u32> {
    const LETTERS: [(u8, Flags, u32); 6] = [
        (b'.', table::RC, 1),
        (b'.', table::RC1, 1),
        (b'.', table::RC6, 1 << 10),
        (b'o', table::OE, 1 << 10),
        (b'l', table::LK, 1),
        (b'a', table::AA, 2),
    ];
    suffix.bytes().try_fold(0, |bits, letter| {
        LETTERS
            .iter()
            .find(|(known, flag, _)| *known == letter && row.has(*flag))
            .map(|(_, _, bit)| bits | bit)
    })
}
