//! Operands into the word.

use magicpage::WordSize;

use super::{Attempt, EncodeError, Value};
use crate::operand::{Displacement, Operand};

/// The word behind `.long`.
pub(super) fn whole_word(values: &[Value]) -> Result<u32, EncodeError> {
    match values {
        [value] => field(1, *value, 0, i64::from(u32::MAX)),
        _ => Err(EncodeError::count(values.len(), 1, 1)),
    }
}

/// How many operands are written for one of a row's.
fn written(operand: &Operand) -> usize {
    match operand {
        Operand::Mem(..) => 2,
        _ => 1,
    }
}

/// A number within bounds, its lower 32 bits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "fields are narrower than 32 bits; the upper bits repeat the sign"
)]
fn within(operand: usize, value: i64, low: i64, high: i64) -> Result<u32, EncodeError> {
    if (low..=high).contains(&value) {
        Ok(value as u32)
    } else {
        Err(EncodeError::Range {
            operand,
            value,
            low,
            high,
        })
    }
}

fn field(operand: usize, value: Value, low: i64, high: i64) -> Result<u32, EncodeError> {
    match value {
        Value::Number(number) => within(operand, number, low, high),
        _ => Err(EncodeError::Kind {
            operand,
            wanted: "number",
        }),
    }
}

/// A register's number: of the kind that `of` picks, or plain and below `count`.
fn register(
    operand: usize,
    value: Value,
    count: i64,
    wanted: &'static str,
    of: fn(Value) -> Option<u8>,
) -> Result<u32, EncodeError> {
    match (of(value), value) {
        (Some(number), _) => Ok(number.into()),
        (None, Value::Number(number)) => within(operand, number, 0, count - 1),
        (None, _) => Err(EncodeError::Kind { operand, wanted }),
    }
}

fn gpr(operand: usize, value: Value) -> Result<u32, EncodeError> {
    register(operand, value, 32, "general register", |value| match value {
        Value::Gpr(number) => Some(number),
        _ => None,
    })
}

fn fpr(operand: usize, value: Value) -> Result<u32, EncodeError> {
    register(
        operand,
        value,
        32,
        "floating-point register",
        |value| match value {
            Value::Fpr(number) => Some(number),
            _ => None,
        },
    )
}

fn cr(operand: usize, value: Value) -> Result<u32, EncodeError> {
    register(
        operand,
        value,
        8,
        "condition-register field",
        |value| match value {
            Value::Cr(number) => Some(number),
            _ => None,
        },
    )
}

fn multiple(operand: usize, value: Value, of: i64) -> Result<Value, EncodeError> {
    match value {
        Value::Number(value) if value % of != 0 => Err(EncodeError::Multiple { operand, value, of }),
        value => Ok(value),
    }
}

/// The bounds of a number of `width` bits.
fn bounds(width: u8, signed: bool) -> (i64, i64) {
    if signed {
        (-1 << (width - 1), (1 << (width - 1)) - 1)
    } else {
        (0, (1 << width) - 1)
    }
}

/// The lower bits of `value` in pieces, most significant first.
fn scatter(mut value: u32, pieces: &[(u8, u8)]) -> u32 {
    pieces.iter().rev().fold(0, |word, (at, width)| {
        let piece = (value & ((1 << width) - 1)) << at;
        value >>= width;
        word | piece
    })
}

fn displacement(operand: usize, value: Value, form: Displacement) -> Result<u32, EncodeError> {
    match form {
        Displacement::D => Ok(field(operand, value, -0x8000, 0x7fff)? & 0xffff),
        Displacement::Ds => Ok(field(operand, multiple(operand, value, 4)?, -0x8000, 0x7ffc)? & 0xfffc),
        Displacement::Dq => Ok(field(operand, multiple(operand, value, 16)?, -0x8000, 0x7ff0)? & 0xfff0),
        Displacement::Ps => Ok(field(operand, value, -0x800, 0x7ff)? & 0xfff),
        Displacement::Spe(bytes) => {
            let of = i64::from(bytes);
            let value = field(operand, multiple(operand, value, of)?, 0, 31 * of)?;
            Ok((value / u32::from(bytes)) << 11)
        }
    }
}

impl Attempt<'_> {
    /// The word with the operands written into it. Optional operands may be left out from the last one on.
    pub(super) fn place(&self, operands: &[Operand], mut word: u32) -> Result<u32, EncodeError> {
        let given = self.values.len();
        let most: usize = operands.iter().map(written).sum();
        let optional = operands
            .iter()
            .filter(|operand| matches!(operand, Operand::Opt(_)));
        let least = most - optional.count();
        if !(least..=most).contains(&given) {
            return Err(EncodeError::count(given, least, most));
        }
        let (mut left_over, mut next) = (given - least, 0);
        for operand in operands {
            let operand = match operand {
                Operand::Opt(_) if left_over == 0 => continue,
                Operand::Opt(operand) => {
                    left_over -= 1;
                    operand
                }
                operand => operand,
            };
            let count = written(operand);
            word = self.put(word, operand, &self.values[next..next + count], next + 1)?;
            next += count;
        }
        Ok(word)
    }

    /// The word with one operand, whose position is `at`.
    fn put(&self, word: u32, operand: &Operand, values: &[Value], at: usize) -> Result<u32, EncodeError> {
        let value = values[0];
        Ok(match *operand {
            Operand::Gpr(place, _) | Operand::GprPair(place, _) => word | gpr(at, value)? << place,
            Operand::Base | Operand::PlainBase => word | gpr(at, value)? << 16,
            Operand::Mem(form, _) => word | displacement(at, value, form)? | gpr(at + 1, values[1])? << 16,
            Operand::Fpr(place) => word | fpr(at, value)? << place,
            Operand::FprPair(place) => match fpr(at, value)? {
                odd if odd % 2 != 0 => {
                    return Err(EncodeError::Multiple {
                        operand: at,
                        value: odd.into(),
                        of: 2,
                    });
                }
                even => word | even << place,
            },
            Operand::Vr(place) => {
                let number = register(at, value, 32, "vector register", |value| match value {
                    Value::Vr(number) => Some(number),
                    _ => None,
                })?;
                word | number << place
            }
            Operand::Vsr(place, high) => {
                let number = register(at, value, 64, "vector-scalar register", |value| match value {
                    Value::Vsr(number) => Some(number),
                    _ => None,
                })?;
                word | (number & 31) << place | number >> 5 << high
            }
            Operand::Cr(place, _) => word | cr(at, value)? << place,
            Operand::FpscrField => word | cr(at, value)? << 18,
            Operand::CrBit(place, _) => {
                let bit = register(at, value, 32, "condition-register bit", |value| match value {
                    Value::CrBit(bit) => Some(bit),
                    _ => None,
                })?;
                word | bit << place
            }
            Operand::CrMask(_) => word | field(at, value, 0, 0xff)? << 12,
            Operand::Uint { at: place, width } => word | number(at, value, width, false)? << place,
            Operand::Sint { at: place, width } => word | number(at, value, width, true)? << place,
            Operand::Count => word | (field(at, value, 0, 32)? & 31) << 11,
            Operand::Fields(pieces) => word | scatter(number(at, value, width_of(pieces), false)?, pieces),
            Operand::SignedFields(pieces) => {
                word | scatter(number(at, value, width_of(pieces), true)?, pieces)
            }
            Operand::Target26 => word | self.target(word, at, value, 26)? & 0x03ff_fffc,
            Operand::Target16 => word | self.target(word, at, value, 16)? & 0xfffc,
            Operand::Computed(read, write) => {
                let value = field(at, value, 0, 63)?;
                let word = write(word, value);
                if read(word) != value {
                    return Err(EncodeError::Unsuitable { operand: at, value });
                }
                word
            }
            Operand::Opt(operand) => self.put(word, operand, values, at)?,
        })
    }

    /// The displacement of a branch, or the absolute target if the word says that it is one.
    fn target(&self, word: u32, at: usize, value: Value, width: u8) -> Result<u32, EncodeError> {
        let absolute = word & 2 != 0;
        let distance = match (value, self.address) {
            (Value::Distance(distance), _) if !absolute => distance,
            // Absolute targets are written on 32 bits, upper ones with the sign as bit 31.
            (Value::Number(target), _) if absolute => match u32::try_from(target) {
                Ok(target) => target.cast_signed().into(),
                Err(_) => target,
            },
            (Value::Number(target), Some(address)) => self.distance(address, target),
            (Value::Number(distance), None) => distance,
            _ => {
                return Err(EncodeError::Kind {
                    operand: at,
                    wanted: "branch target",
                });
            }
        };
        let (low, high) = bounds(width, true);
        let distance = multiple(at, Value::Number(distance), 4)?;
        field(at, distance, low, high)
    }

    fn distance(&self, address: u64, target: i64) -> i64 {
        let distance = target.wrapping_sub(address.cast_signed());
        match self.family.word_size() {
            WordSize::Word64 => distance,
            #[expect(clippy::cast_possible_truncation, reason = "addresses wrap at 32 bits")]
            WordSize::Word32 => i64::from(distance as i32),
        }
    }
}

fn width_of(pieces: &[(u8, u8)]) -> u8 {
    pieces.iter().map(|(_, width)| width).sum()
}

/// A number of `width` bits, as they stand in the field.
fn number(operand: usize, value: Value, width: u8, signed: bool) -> Result<u32, EncodeError> {
    let (low, high) = bounds(width, signed);
    Ok(field(operand, value, low, high)? & u32::MAX >> (32 - width))
}
