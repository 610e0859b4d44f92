//! Operands as they are written.

use crate::text::CONDITIONS;

/// One operand, as text has it. A plain number stands for a register wherever one is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// `r3`.
    Gpr(u8),
    /// `f3`.
    Fpr(u8),
    /// `v3`.
    Vr(u8),
    /// `vs3`.
    Vsr(u8),
    /// `cr3`.
    Cr(u8),
    /// `4*cr3+eq`, or `eq` in field 0: the bit's number, 0 to 31, the most significant first.
    CrBit(u8),
    /// A number. An address from 2^63 on is the number with the same 64 bits.
    Number(i64),
    /// A distance in bytes from the instruction: `.+8`.
    Distance(i64),
}

impl Value {
    /// Reads an operand: a register, a bit of the condition register, a decimal or hexadecimal number, or a distance.
    /// Any other text gives nothing.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(distance) = text.strip_prefix('.') {
            return match distance {
                "" => Some(Self::Distance(0)),
                _ => number(distance.strip_prefix('+').unwrap_or(distance)).map(Self::Distance),
            };
        }
        if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return match text.strip_prefix("4*cr") {
                Some(bit) => {
                    let (field, condition) = bit.split_once('+')?;
                    let field: u8 = field.parse().ok().filter(|field| *field < 8)?;
                    Some(Self::CrBit(4 * field + bit_named(condition)?))
                }
                None => number(text).map(Self::Number),
            };
        }
        let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
        let prefix = &text[..text.len() - digits.len()];
        let register = || digits.parse().ok();
        match prefix {
            "r" => register().filter(|n| *n < 32).map(Self::Gpr),
            "f" => register().filter(|n| *n < 32).map(Self::Fpr),
            "v" => register().filter(|n| *n < 32).map(Self::Vr),
            "vs" => register().filter(|n| *n < 64).map(Self::Vsr),
            "cr" => register().filter(|n| *n < 8).map(Self::Cr),
            _ => bit_named(text).map(Self::CrBit),
        }
    }
}

fn bit_named(name: &str) -> Option<u8> {
    (0..4).find(|bit| CONDITIONS[usize::from(*bit)] == name)
}

fn number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let magnitude = match digits.strip_prefix("0x") {
        Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16).ok()?,
        None => digits.parse().ok()?,
    };
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        Some(magnitude.cast_signed())
    }
}
