//! Rows by mnemonic, and the fixed bits of a row.

use super::forms::FORMS;
use super::words::WORDS;
use crate::table::{COUNT, ROWS, Row};
use crate::text::alias::{ALIASES, Alias};

const KEYS: usize = 1024;
const OPCODES: usize = 1024;

/// Names by their hash: the first name of each hash, and the next name with the same one. Names are numbered from 1;
/// 0 ends a chain.
struct Chains<const NAMES: usize> {
    first: [u16; KEYS],
    next: [u16; NAMES],
}

/// FNV-1a, folded to the number of keys.
const fn hash(name: &str) -> usize {
    let bytes = name.as_bytes();
    let (mut hash, mut i) = (0x811c_9dc5_u32, 0);
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    (hash ^ hash >> 16) as usize % KEYS
}

impl<const NAMES: usize> Chains<NAMES> {
    #[expect(clippy::cast_possible_truncation, reason = "there are about a thousand names")]
    const fn new(names: &[&str; NAMES]) -> Self {
        let mut chains = Self {
            first: [0; KEYS],
            next: [0; NAMES],
        };
        let mut number = NAMES;
        while number > 0 {
            number -= 1;
            let key = hash(names[number]);
            chains.next[number] = chains.first[key];
            chains.first[key] = number as u16 + 1;
        }
        chains
    }

    /// Positions of the names with the hash of `name`.
    fn positions(&self, name: &str) -> impl Iterator<Item = usize> {
        let position = |number: u16| usize::from(number).checked_sub(1);
        core::iter::successors(position(self.first[hash(name)]), move |at| {
            position(self.next[*at])
        })
    }
}

static BY_MNEMONIC: Chains<COUNT> = {
    let mut names = [""; COUNT];
    let mut i = 0;
    while i < COUNT {
        names[i] = ROWS[i].mnemonic;
        i += 1;
    }
    Chains::new(&names)
};

const ALIAS_COUNT: usize = ALIASES.len() + FORMS.len();

/// The simplified mnemonics, those that are printed first.
const ALL_ALIASES: [Alias; ALIAS_COUNT] = {
    let mut all = [ALIASES[0]; ALIAS_COUNT];
    let mut i = 0;
    while i < ALIAS_COUNT {
        all[i] = if i < ALIASES.len() {
            ALIASES[i]
        } else {
            FORMS[i - ALIASES.len()]
        };
        i += 1;
    }
    all
};

static ALIAS_ROWS: [Alias; ALIAS_COUNT] = ALL_ALIASES;

static BY_ALIAS: Chains<ALIAS_COUNT> = {
    let mut names = [""; ALIAS_COUNT];
    let mut i = 0;
    while i < ALIAS_COUNT {
        names[i] = ALL_ALIASES[i].mnemonic;
        i += 1;
    }
    Chains::new(&names)
};

/// A row, and what its words have in common.
#[derive(Clone, Copy)]
pub(super) struct Pattern {
    pub row: &'static Row,
    /// The word with all operands zero.
    pub seed: u32,
    /// The bits that are not operands.
    pub fixed: u32,
}

static PATTERNS: [Pattern; COUNT] = {
    let mut by_opcode = [0; OPCODES];
    let mut i = 0;
    while i < WORDS.len() {
        by_opcode[WORDS[i].0 as usize] = WORDS[i].1;
        i += 1;
    }
    let mut patterns = [Pattern {
        row: &ROWS[0],
        seed: 0,
        fixed: 0,
    }; COUNT];
    let mut row = 1;
    while row < COUNT {
        let select = ROWS[row].select;
        let seed = match select.opcode {
            Some(opcode) => {
                let word = by_opcode[opcode as usize];
                assert!(word != 0, "every opcode of the table has its word");
                word & !select.mask | select.value
            }
            None => select.value,
        };
        patterns[row] = Pattern {
            row: &ROWS[row],
            seed,
            fixed: !ROWS[row].variable_bits(),
        };
        row += 1;
    }
    patterns
};

/// The rows with a mnemonic, in the order of the table.
pub(super) fn rows(mnemonic: &str) -> impl Iterator<Item = &'static Pattern> {
    BY_MNEMONIC
        .positions(mnemonic)
        .map(|position| &PATTERNS[position])
        .filter(move |pattern| pattern.row.mnemonic == mnemonic)
}

/// The simplified forms with a mnemonic.
pub(super) fn aliases(mnemonic: &str) -> impl Iterator<Item = &'static Alias> {
    BY_ALIAS
        .positions(mnemonic)
        .map(|position| &ALIAS_ROWS[position])
        .filter(move |alias| alias.mnemonic == mnemonic)
}
