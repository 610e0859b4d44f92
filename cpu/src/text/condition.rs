//! Conditional branches: the name says the condition, the hint and where the target is.

use magicpage::Family;

use super::{CONDITIONS, Name};
use crate::decode::Ins;
use crate::operand::{Operand, Role, u};
use crate::table;

/// The condition where BO asks for a false bit.
pub(crate) const INVERTED: [&str; 4] = ["ge", "le", "ne", "ns"];

const FIELD: Operand = Operand::Opt(&Operand::Cr(18, Role::Read));
const BIT: Operand = Operand::CrBit(16, Role::Read);
const BO: Operand = u(21, 5);
const BH: Operand = Operand::Opt(&u(11, 2));

/// The operands that name the condition, without and with a target in the word.
pub(crate) type Forms = [&'static [Operand]; 2];
pub(crate) const BY_FIELD: Forms = [&[FIELD, BH], &[FIELD, Operand::Target16]];
pub(crate) const BY_BIT: Forms = [&[BIT, BH], &[BIT, Operand::Target16]];
pub(crate) const BY_NUMBER: Forms = [&[BO, BIT, BH], &[BO, BIT, Operand::Target16]];
pub(crate) const NOTHING: Forms = [&[BH], &[Operand::Target16]];

/// The name and operands of a conditional branch.
pub(super) fn form(ins: Ins) -> (Name, &'static [Operand]) {
    let row = ins.row();
    let in_word = row.has(table::BRANCH);
    let to_ctr = row.has(table::TO_CTR);
    let (bo, bi) = (ins.rt(), ins.ra());
    let counts = bo & 0b00100 == 0;
    let tests = bo & 0b10000 == 0;
    let (mut name, forms) = match (counts, tests) {
        (false, true) => {
            let names = if bo & 0b01000 != 0 { CONDITIONS } else { INVERTED };
            (join(&["b", names[usize::from(bi & 3)]]), BY_FIELD)
        }
        (true, true) if !to_ctr => {
            let truth = if bo & 0b01000 != 0 { "t" } else { "f" };
            (join(&["bd", zero(bo), truth]), BY_BIT)
        }
        (true, false) if bi == 0 && !to_ctr => (join(&["bd", zero(bo)]), NOTHING),
        (false, false) if bi == 0 && !in_word => (Name::new("b"), NOTHING),
        _ => (Name::new("bc"), BY_NUMBER),
    };
    let target = match row.mnemonic {
        "bclr" => "lr",
        "bcctr" => "ctr",
        "bctar" => "tar",
        _ => "",
    };
    name.push(target);
    if ins.rc() {
        name.push("l");
    }
    if in_word && ins.word & 2 != 0 {
        name.push("a");
    }
    let generic = core::ptr::eq(forms[0], BY_NUMBER[0]);
    name.push(hint(ins, generic));
    (name, forms[usize::from(in_word)])
}

fn join(parts: &[&str]) -> Name {
    let mut name = Name::new("");
    parts.iter().for_each(|part| name.push(part));
    name
}

/// Whether the count register is to become zero or anything else.
fn zero(bo: u8) -> &'static str {
    if bo & 0b00010 != 0 { "z" } else { "nz" }
}

/// The static prediction.
///
/// Power ISA 2.0 on has two bits, a "is a prediction" and t "taken". Before, one bit y reversed the default, which is
/// that backward branches are taken and others are not; every branch then has a prediction, but objdump prints that
/// of a branch it has no name for only if it is the reversal of a forward branch.
fn hint(ins: Ins, generic: bool) -> &'static str {
    let bo = ins.rt();
    let always = bo & 0b10100 == 0b10100;
    if always {
        return "";
    }
    if ins.family() == Family::Book3s64 {
        let predicted = match bo & 0b10100 {
            0b00100 => bo & 0b00010 != 0,
            0b10000 => bo & 0b01000 != 0,
            _ => false,
        };
        return match (predicted, bo & 1 != 0) {
            (false, _) => "",
            (true, true) => "+",
            (true, false) => "-",
        };
    }
    let reversed = bo & 1 != 0;
    let backward = ins.row().has(table::BRANCH) && ins.word & 0x8000 != 0;
    match (generic, reversed != backward) {
        (true, _) => {
            if reversed && !backward {
                "+"
            } else {
                ""
            }
        }
        (false, true) => "+",
        (false, false) => "-",
    }
}
