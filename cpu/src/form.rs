//! Invalid forms: words that have an instruction's fixed bits and operands that the architecture rules out.
//!
//! What a processor does with one is undefined, so that an invalid form is no instruction here; GNU objdump draws the
//! line at the same place.

use magicpage::Family;

use crate::operand::{Operand, Role, field5, split10};
use crate::table::{self, Row};

/// Whether the operands of `word` go together.
pub(crate) fn is_valid(row: &Row, word: u32, family: Family) -> bool {
    row.operands
        .iter()
        .all(|operand| operand_is_valid(row, *operand, word))
        && (!row.has(table::COND) || condition_is_valid(row, word, family))
        && (!row.has(table::MULTIPLE) || !loads(row) || field5(word, 16) < field5(word, 21))
        && (!row.has(table::STRING) || !loads(row) || string_is_valid(word))
        && (!row.has(table::STRING_X) || !loads(row) || indexed_string_is_valid(word))
        && (!row.has(table::TIME_BASE) || matches!(split10(word), 268 | 269))
}

/// Whether the first operand receives a general register.
fn loads(row: &Row) -> bool {
    matches!(
        row.operands.first(),
        Some(Operand::Gpr(21, Role::Write) | Operand::GprPair(21, Role::Write))
    )
}

fn operand_is_valid(row: &Row, operand: Operand, word: u32) -> bool {
    let (rt, ra, rb) = (field5(word, 21), field5(word, 16), field5(word, 11));
    match operand {
        Operand::Mem(_, true) | Operand::Gpr(16, Role::Update) => ra != 0 && !(loads(row) && ra == rt),
        Operand::GprPair(at, Role::Read) => field5(word, at).is_multiple_of(2),
        // The pair may not hold the address.
        Operand::GprPair(at, _) => {
            let indexed = row.operands.len() > 2;
            field5(word, at).is_multiple_of(2) && ra != rt && !(indexed && rb == rt)
        }
        // Bit 20 tells the forms that move one field.
        Operand::CrMask(_) => word & 1 << 20 == 0 || (word >> 12 & 0xff).is_power_of_two(),
        _ => true,
    }
}

/// BO as objdump knows it: before Power ISA 2.0 its last bit predicts, since then its last two or so.
fn condition_is_valid(row: &Row, word: u32, family: Family) -> bool {
    const OLD: u32 = 0x001f_ffff;
    const OLD_INDIRECT: u32 = 0x001f_3f3f;
    const NEW: u32 = 0x0f15_ffff;
    const NEW_INDIRECT: u32 = 0x0f15_d5d5;
    let valid = match (family, row.has(table::BRANCH)) {
        (Family::Book3s64, true) => NEW,
        (Family::Book3s64, false) => NEW_INDIRECT,
        (_, true) => OLD,
        (_, false) => OLD_INDIRECT,
    };
    let bo = field5(word, 21);
    // The old hint of a branch that only counts is a bit that later processors ignore.
    let old_hint = valid == NEW && matches!(bo, 17 | 19) && field5(word, 16) == 0;
    valid >> bo & 1 != 0 || old_hint
}

/// The base may not be among the registers loaded, which wrap from r31 to r0.
fn string_is_valid(word: u32) -> bool {
    let bytes = match field5(word, 11) {
        0 => 32,
        bytes => bytes,
    };
    let distance = field5(word, 16).wrapping_sub(field5(word, 21)) & 31;
    distance >= bytes.div_ceil(4)
}

fn indexed_string_is_valid(word: u32) -> bool {
    let (rt, ra, rb) = (field5(word, 21), field5(word, 16), field5(word, 11));
    rt != ra && rt != rb
}
