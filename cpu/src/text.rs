//! Text, as GNU objdump prints it.
//!
//! What is printed is a name and a list of operands: those of the row, or those of an alias where objdump prefers
//! a simplified mnemonic, or those that `condition` makes for a conditional branch.

use core::fmt;

use crate::decode::Ins;
use crate::operand::{Displacement, Operand, field5, gather};
use crate::table;

pub(crate) mod alias;
pub(crate) mod condition;
mod name;
pub(crate) mod spr_names;

use name::Name;

/// An instruction's text.
struct Text {
    ins: Ins,
    address: Option<u64>,
}

impl Ins {
    /// The text that GNU objdump prints for the instruction: simplified mnemonics, the operands from column 8 on,
    /// separated by commas with no spaces. The target of a branch is its absolute address in hexadecimal if
    /// `address`, the instruction's own, is given, and relative to it (`.+8`) if not. An unknown word prints as
    /// `.long`.
    pub fn text(self, address: Option<u64>) -> impl fmt::Display {
        Text { ins: self, address }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ins = self.ins;
        if !ins.is_known() {
            return write!(f, ".long {:#x}", ins.word);
        }
        let (name, operands) = form(ins);
        let mut separator = None;
        for (index, operand) in operands.iter().enumerate() {
            if is_default(&operands[index..], ins.word) {
                continue;
            }
            match separator {
                None => write!(f, "{:<7} ", name.as_str())?,
                Some(separator) => f.write_str(separator)?,
            }
            separator = Some(",");
            self.operand(f, *operand)?;
        }
        match separator {
            None => f.write_str(name.as_str()),
            Some(_) => Ok(()),
        }
    }
}

/// Whether the first operand is optional and, like all optional ones that follow, zero.
fn is_default(operands: &[Operand], word: u32) -> bool {
    matches!(operands[0], Operand::Opt(_))
        && operands
            .iter()
            .filter(|o| matches!(o, Operand::Opt(_)))
            .all(|o| o.bits() & word == 0)
}

/// The name, with its suffixes, and the operands to print.
fn form(ins: Ins) -> (Name, &'static [Operand]) {
    let row = ins.row();
    if row.has(table::COND) {
        return condition::form(ins);
    }
    if let Some(form) = spr_names::form(ins) {
        return form;
    }
    let (mnemonic, operands) = alias::of(ins).unwrap_or((row.mnemonic, row.operands));
    let mut name = Name::new(mnemonic);
    let suffixes = [
        (row.has(table::OE) && ins.word & 1 << 10 != 0, "o"),
        (row.has(table::LK) && ins.rc(), "l"),
        (row.has(table::AA) && ins.word & 2 != 0, "a"),
        (row.flags & (table::RC | table::RC1) != 0 && ins.rc(), "."),
        (row.has(table::RC6) && ins.word & 1 << 10 != 0, "."),
    ];
    for (applies, suffix) in suffixes {
        if applies {
            name.push(suffix);
        }
    }
    (name, operands)
}

/// The names of a condition-register field's bits.
pub(crate) const CONDITIONS: [&str; 4] = ["lt", "gt", "eq", "so"];

impl Text {
    fn operand(&self, f: &mut fmt::Formatter<'_>, operand: Operand) -> fmt::Result {
        let word = self.ins.word;
        match operand {
            Operand::Gpr(at, _) | Operand::GprPair(at, _) => write!(f, "r{}", field5(word, at)),
            Operand::Base => base(f, word),
            Operand::PlainBase => write!(f, "r{}", self.ins.ra()),
            Operand::Mem(Displacement::Ps, _) => write!(f, "{}(r{})", signed(word, 12), self.ins.ra()),
            Operand::Mem(form @ Displacement::Spe(_), _) => {
                write!(f, "{}(r{})", displacement(word, form), self.ins.ra())
            }
            Operand::Mem(form, _) => {
                write!(f, "{}(", displacement(word, form))?;
                base(f, word)?;
                f.write_str(")")
            }
            Operand::Fpr(at) | Operand::FprPair(at) => write!(f, "f{}", field5(word, at)),
            Operand::Vr(at) => write!(f, "v{}", field5(word, at)),
            Operand::Vsr(at, high) => {
                write!(f, "vs{}", u32::from(field5(word, at)) | (word >> high & 1) << 5)
            }
            Operand::Cr(at, _) => write!(f, "cr{}", field5(word, at) & 7),
            Operand::CrBit(at, _) => {
                let bit = field5(word, at);
                if bit > 3 {
                    write!(f, "4*cr{}+", bit >> 2)?;
                }
                f.write_str(CONDITIONS[usize::from(bit & 3)])
            }
            Operand::FpscrField => write!(f, "cr{}", word >> 18 & 7),
            Operand::CrMask(_) => write!(f, "{}", word >> 12 & 0xff),
            Operand::Uint { at, width } => write!(f, "{}", word >> at & mask(width)),
            Operand::Sint { at, width } => write!(f, "{}", signed(word >> at, width)),
            Operand::Count => match field5(word, 11) {
                0 => f.write_str("32"),
                bytes => write!(f, "{bytes}"),
            },
            Operand::Fields(pieces) => write!(f, "{}", gather(word, pieces).0),
            Operand::SignedFields(pieces) => {
                let (value, width) = gather(word, pieces);
                write!(f, "{}", signed(value, width))
            }
            Operand::Computed(number, _) => write!(f, "{}", number(word)),
            Operand::Target26 | Operand::Target16 => self.target(f),
            Operand::Opt(operand) => self.operand(f, *operand),
        }
    }

    fn target(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let absolute = self.ins.word & 2 != 0;
        match self.address {
            // objdump prints absolute targets on 32 bits whatever the processor.
            _ if absolute => write!(f, "{:#x}", self.ins.target(0) & 0xffff_ffff),
            Some(address) => write!(f, "{:#x}", self.ins.target(address)),
            None => write!(f, ".{:+}", self.ins.branch_displacement().cast_signed()),
        }
    }
}

fn base(f: &mut fmt::Formatter<'_>, word: u32) -> fmt::Result {
    match field5(word, 16) {
        0 => f.write_str("0"),
        n => write!(f, "r{n}"),
    }
}

fn displacement(word: u32, form: Displacement) -> i32 {
    match form {
        Displacement::D => signed(word, 16),
        Displacement::Ds => signed(word & !3, 16),
        Displacement::Dq => signed(word & !15, 16),
        Displacement::Ps => signed(word, 12),
        Displacement::Spe(bytes) => i32::from(field5(word, 11)) * i32::from(bytes),
    }
}

const fn mask(width: u8) -> u32 {
    u32::MAX >> (32 - width)
}

/// The lower `width` bits, sign-extended.
const fn signed(value: u32, width: u8) -> i32 {
    let unused = 32 - width;
    (value << unused).cast_signed() >> unused
}
