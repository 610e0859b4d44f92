//! From a word to an instruction.

use magicpage::Family;
use powerpc::{Extension as Known, Extensions};

use crate::form;
use crate::operand::{Operand, field5, split10};
use crate::spr;
use crate::table::{self, Privilege, Row};

/// A word, read as an instruction of a family.
///
/// Bits of the word are counted from the least significant, bit 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ins {
    /// The word, as a number.
    pub word: u32,
    row: u16,
    family: Family,
}

/// An addition to the instruction set that some parts of a family have and others lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extension {
    /// The vector unit: AltiVec with its data streams, which came with the 7400; VSX; SPE.
    Vector,
    /// Paired singles of the 750CL; illegal while HID2\[PSE\] is 0.
    PairedSingles,
}

/// Reads `word` as an instruction of `family`.
///
/// Never fails: a word that is no instruction of the family gives an [`Ins`] that is not
/// [known](Ins::is_known). A word with a reserved bit set is not known.
pub fn decode(word: u32, family: Family) -> Ins {
    let row = match family {
        Family::Book3s32 => match word >> 26 {
            4 => ambiguous(word).0,
            _ => find(word, family, Extensions::gekko_broadway() | Known::AltiVec),
        },
        Family::Book3s64 => find(word, family, Known::Ppc64 | Known::AltiVec),
        Family::E500 => find(word, family, Extensions::none()),
    };
    Ins { word, row, family }
}

fn find(word: u32, family: Family, extensions: Extensions) -> u16 {
    let opcode = powerpc::Ins::new(word, extensions).op;
    let row = table::find_opcode(opcode, word, family)
        .or_else(|| table::find_word(word, family))
        .unwrap_or(0);
    if form::is_valid(&table::ROWS[usize::from(row)], word, family) {
        row
    } else {
        0
    }
}

/// Primary opcode 4 holds AltiVec on some 32-bit server parts and paired singles on others. Where a word is an
/// instruction of both, the first is the one that is printed; the effects are those of either.
fn ambiguous(word: u32) -> (u16, u16) {
    let altivec = find(word, Family::Book3s32, Known::AltiVec.into());
    let paired = find(word, Family::Book3s32, Extensions::gekko_broadway());
    match (altivec, paired) {
        (0, paired) => (paired, 0),
        (altivec, 0) => (altivec, 0),
        both => both,
    }
}

impl Ins {
    /// Whether the word is an instruction of the family.
    pub const fn is_known(self) -> bool {
        self.row != 0
    }

    /// The family the word was read for.
    pub const fn family(self) -> Family {
        self.family
    }

    /// The instruction's row; that of `.long` for an unknown word.
    pub fn row(self) -> &'static Row {
        &table::ROWS[usize::from(self.row)]
    }

    /// The position of the instruction's row in the table: below [`table::COUNT`], 0 for an unknown word. Tables that say
    /// something about instructions are indexed by it.
    pub const fn row_number(self) -> usize {
        self.row as usize
    }

    /// The row of the other instruction that the word may be, on another part of the family.
    pub(crate) fn alternative(self) -> Option<&'static Row> {
        if self.family != Family::Book3s32 || self.word >> 26 != 4 {
            return None;
        }
        match ambiguous(self.word).1 {
            0 => None,
            row => Some(&table::ROWS[usize::from(row)]),
        }
    }

    /// What a processor must have beyond its family's common instructions to execute this one. Where a word is an
    /// instruction of AltiVec and a paired single, on different parts, the answer is the vector unit.
    ///
    /// A 750 takes an AltiVec word for an illegal one; a 7400 whose MSR\[VEC\] is 0 says that the vector unit is
    /// unavailable.
    pub fn extension(self) -> Option<Extension> {
        if self.row().has(table::VEC) || self.row().has(table::DATA_STREAM) {
            Some(Extension::Vector)
        } else if self.row().has(table::PAIRED) {
            Some(Extension::PairedSingles)
        } else {
            None
        }
    }

    /// The base mnemonic, with no suffix: `add` for `addo.`, `bc` for `beq`, `mfspr` for `mflr`; `.long` for an
    /// unknown word.
    pub fn mnemonic(self) -> &'static str {
        self.row().mnemonic
    }

    /// The operands, in the assembler's order.
    pub fn operands(self) -> &'static [Operand] {
        self.row().operands
    }

    /// Who may execute the instruction; an unknown word counts as privileged.
    pub fn privilege(self) -> Privilege {
        let row = self.row();
        let numbered = row.has(table::NUMBERED) && split10(self.word) & spr::PRIVILEGED != 0;
        let supervisor = row.has(table::SUPER) || numbered;
        if supervisor {
            Privilege::Supervisor
        } else {
            Privilege::User
        }
    }

    /// The SPR number as the manuals count it, of `mfspr` and `mtspr`.
    pub fn spr(self) -> Option<u16> {
        (self.row().flags & (table::SPR_READ | table::SPR_WRITE) != 0).then(|| split10(self.word))
    }

    /// The number in the RT or RS field (bits 25 to 21).
    pub const fn rt(self) -> u8 {
        field5(self.word, 21)
    }

    /// The number in the RA field (bits 20 to 16).
    pub const fn ra(self) -> u8 {
        field5(self.word, 16)
    }

    /// The number in the RB field (bits 15 to 11).
    pub const fn rb(self) -> u8 {
        field5(self.word, 11)
    }

    /// The lower 16 bits, sign-extended.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "the field is the low half"
    )]
    pub const fn si(self) -> i16 {
        self.word as u16 as i16
    }

    /// The lower 16 bits.
    #[expect(clippy::cast_possible_truncation, reason = "the field is the low half")]
    pub const fn ui(self) -> u16 {
        self.word as u16
    }

    /// Whether bit 10 is set: OE.
    pub const fn oe(self) -> bool {
        self.word & 1 << 10 != 0
    }

    /// Whether bit 0 is set: Rc or LK.
    pub const fn rc(self) -> bool {
        self.word & 1 != 0
    }
}

impl core::fmt::Debug for Ins {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:#010x} `{}` ({})", self.word, self.text(None), self.family)
    }
}
