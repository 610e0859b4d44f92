//! From a number to its row.
//!
//! Everything here is worked out at compile time: which number has which row, and where in
//! [`Registers`](super::Registers) its value is.

use magicpage::Family;
use magicpage::registers::SHARED_SPRS;

use super::{Home, Row, book3s32, book3s64, e500, performance};
use crate::model::{Model, Models};

/// Numbers that are looked up together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Bank {
    /// What `mfspr` and `mtspr` reach.
    Special,
    /// The performance monitor registers of the e500, which `mfpmr` and `mtpmr` reach.
    Performance,
}

impl Bank {
    /// Both banks.
    pub const ALL: [Self; 2] = [Self::Special, Self::Performance];
}

/// The slot of a register whose home is elsewhere.
pub(super) const NOWHERE: u8 = u8::MAX;

/// Numbers are below.
const NUMBERS: usize = 1024;
/// No row.
const NONE: u8 = u8::MAX;
/// The row is one of [`SHARED_SPRS`].
const SHARED: u8 = 0x80;

/// The rows of a bank of a family, and where each number's row is.
struct Table {
    rows: &'static [Row],
    index: [u8; NUMBERS],
}

/// Gives every value a slot, from `first` on. A register that is another one under a second number shares its slot.
pub(super) const fn with_slots<const N: usize>(mut rows: [Row; N], first: u8) -> [Row; N] {
    let (mut next, mut at) = (first, 0);
    while at < N {
        if rows[at].is_value() {
            rows[at].slot = next;
            next += 1;
        }
        at += 1;
    }
    at = 0;
    while at < N {
        if let Home::Same(number) = rows[at].home {
            rows[at].slot = rows[position(&rows, number)].slot;
            assert!(
                rows[at].slot != NOWHERE,
                "an alias of a register that is no value"
            );
        }
        at += 1;
    }
    rows
}

/// The first slot behind those of the rows.
pub(super) const fn slots(rows: &[Row], first: u8) -> u8 {
    let (mut next, mut at) = (first, 0);
    while at < rows.len() {
        if rows[at].slot != NOWHERE && rows[at].slot >= next {
            next = rows[at].slot + 1;
        }
        at += 1;
    }
    next
}

const fn position(rows: &[Row], number: u16) -> usize {
    let mut at = 0;
    while rows[at].number != number {
        at += 1;
    }
    at
}

impl Table {
    /// `absent` are the numbers that the page knows for the family and none of the models here has.
    const fn new(family: Option<Family>, rows: &'static [Row], absent: &[u16]) -> Self {
        let mut index = [NONE; NUMBERS];
        let mut at = 0;
        while let Some(family) = family
            && at < SHARED_SPRS.len()
        {
            let shared = &SHARED_SPRS[at];
            if shared.families.has(family) && !contains(absent, shared.number) {
                index[shared.number as usize] = SHARED | small(at);
            }
            at += 1;
        }
        at = 0;
        while at < rows.len() {
            index[rows[at].number as usize] = small(at);
            at += 1;
        }
        Self { rows, index }
    }

    fn find(&self, number: u16) -> Option<Row> {
        match *self.index.get(usize::from(number))? {
            NONE => None,
            at if at & SHARED != 0 => Some(Row::shared(&SHARED_SPRS[usize::from(at & !SHARED)])),
            at => Some(self.rows[usize::from(at)]),
        }
    }
}

const fn contains(numbers: &[u16], number: u16) -> bool {
    let mut at = 0;
    while at < numbers.len() {
        if numbers[at] == number {
            return true;
        }
        at += 1;
    }
    false
}

const fn small(at: usize) -> u8 {
    assert!(at < SHARED as usize, "too many rows");
    #[expect(clippy::cast_possible_truncation, reason = "checked")]
    {
        at as u8
    }
}

static BOOK3S_32: Table = Table::new(Some(Family::Book3s32), book3s32::ROWS, book3s32::ABSENT);
static BOOK3S_64: Table = Table::new(Some(Family::Book3s64), book3s64::ROWS, book3s64::ABSENT);
static E500: Table = Table::new(Some(Family::E500), e500::ROWS, e500::ABSENT);
static PERFORMANCE: Table = Table::new(None, performance::ROWS, &[]);

/// How many values the family with the most has.
pub(super) const SLOTS: usize = {
    let counts = [
        slots(book3s32::ROWS, 0),
        slots(book3s64::ROWS, 0),
        slots(performance::ROWS, 0),
    ];
    let (mut most, mut at) = (0, 0);
    while at < counts.len() {
        if counts[at] > most {
            most = counts[at];
        }
        at += 1;
    }
    most as usize
};

const fn table(bank: Bank, family: Family) -> &'static Table {
    match (bank, family) {
        (Bank::Special, Family::Book3s32) => &BOOK3S_32,
        (Bank::Special, Family::Book3s64) => &BOOK3S_64,
        (Bank::Special, Family::E500) => &E500,
        (Bank::Performance, _) => &PERFORMANCE,
    }
}

/// The register that a number means on a model.
pub fn find(bank: Bank, model: &Model, number: u16) -> Option<Row> {
    table(bank, model.family)
        .find(number)
        .filter(|row| has(row.models, model))
}

/// Every register of a model, in the order of the numbers.
pub fn rows(bank: Bank, model: &'static Model) -> impl Iterator<Item = Row> {
    (0..1024).filter_map(move |number| find(bank, model, number))
}

const fn has(models: Models, model: &Model) -> bool {
    models.intersects(model.set)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::MODELS;
    use crate::spr::Access;

    #[test]
    fn a_number_has_one_row() {
        let tables: [&[Row]; 4] = [book3s32::ROWS, book3s64::ROWS, e500::ROWS, performance::ROWS];
        for rows in tables {
            let numbers: BTreeSet<_> = rows.iter().map(|row| row.number).collect();
            assert_eq!(numbers.len(), rows.len());
        }
    }

    #[test]
    fn slots_are_not_shared_but_by_aliases() {
        for model in MODELS {
            let mut seen = BTreeSet::new();
            let all = Bank::ALL.into_iter().flat_map(|bank| rows(bank, model));
            for row in all.filter(Row::is_value) {
                assert!(
                    usize::from(row.slot) < SLOTS && seen.insert(row.slot),
                    "{}",
                    row.name
                );
            }
        }
        // A virtual processor is copied often.
        const { assert!(SLOTS <= 64) };
    }

    #[test]
    fn rows_go_with_their_models() {
        for model in MODELS {
            for row in rows(Bank::Special, model) {
                assert!(
                    row.name
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
                    "{}",
                    row.name
                );
                assert!(!row.source.is_empty());
                let constant = matches!(row.home, Home::Constant(_) | Home::Version);
                assert!(
                    !constant || matches!(row.access, Access::ReadOnly | Access::Fixed),
                    "{}",
                    row.name
                );
                assert_eq!(row.reset & !model.word_mask(), 0, "{}", row.name);
            }
        }
    }

    #[test]
    fn what_the_page_knows_and_a_model_lacks() {
        let model = Model::from_name("750").expect("a model");
        for number in [276, 277, 278, 279, 1023] {
            assert_eq!(find(Bank::Special, model, number), None, "{number}");
        }
        assert_eq!(find(Bank::Special, model, 26).map(|row| row.name), Some("srr0"));
        assert_eq!(find(Bank::Special, model, u16::MAX), None);
    }
}
