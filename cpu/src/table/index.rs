//! Finding a row: by what the `powerpc` crate recognised, or by the primary opcode.
//!
//! The crate's opcodes are used as positions in an array that is built with the crate at hand, so that it does not
//! matter which numbers they have. Rows with the same key are asked in the order of the table.

use magicpage::Family;
use powerpc::Opcode;

use super::{COUNT, ROWS};

/// More than the number of the crate's opcodes; building the index fails if it is not.
const OPCODES: usize = 1024;

/// Chains of rows: the first row of each key, and the next row with the same key. 0 ends a chain.
struct Chains<const KEYS: usize> {
    first: [u16; KEYS],
    next: [u16; COUNT],
}

/// A row's position as the chains hold it.
#[expect(clippy::cast_possible_truncation, reason = "there are about a thousand rows")]
const fn position(row: usize) -> u16 {
    row as u16
}

static BY_OPCODE: Chains<OPCODES> = {
    let mut chains = Chains {
        first: [0; OPCODES],
        next: [0; COUNT],
    };
    let mut row = COUNT;
    while row > 1 {
        row -= 1;
        if let Some(opcode) = ROWS[row].select.opcode {
            chains.next[row] = chains.first[opcode as usize];
            chains.first[opcode as usize] = position(row);
        }
    }
    chains
};

static BY_PRIMARY: Chains<64> = {
    let mut chains = Chains {
        first: [0; 64],
        next: [0; COUNT],
    };
    let mut row = COUNT;
    while row > 1 {
        row -= 1;
        let select = ROWS[row].select;
        if select.opcode.is_none() {
            let primary = (select.value >> 26) as usize;
            chains.next[row] = chains.first[primary];
            chains.first[primary] = position(row);
        }
    }
    chains
};

impl<const KEYS: usize> Chains<KEYS> {
    fn find(&self, key: usize, word: u32, family: Family) -> Option<u16> {
        let mut row = *self.first.get(key)?;
        while row != 0 {
            let candidate = &ROWS[usize::from(row)];
            if word & candidate.select.mask == candidate.select.value && candidate.families.has(family) {
                return Some(row);
            }
            row = self.next[usize::from(row)];
        }
        None
    }
}

/// The row of what the crate recognised as `opcode`.
pub(crate) fn find_opcode(opcode: Opcode, word: u32, family: Family) -> Option<u16> {
    BY_OPCODE.find(opcode as usize, word, family)
}

/// The row of our own that recognises `word`.
pub(crate) fn find_word(word: u32, family: Family) -> Option<u16> {
    BY_PRIMARY.find((word >> 26) as usize, word, family)
}
