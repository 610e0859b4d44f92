//! What a register holds: constants, and values derived from the MSR.
//!
//! For every bit of a register: is it known, and is it certainly the MSR's bit? `mfmsr` followed by masks and ors
//! leaves most bits equal to the MSR's and a few known; a rotation there and back loses nothing.

use cpu::operand::field5;
use magicpage::WordSize;

/// What is known of a register. Masks are of the value before its rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// Bits that may differ from the MSR's.
    pub differs: u64,
    /// Bits that are 1.
    pub set: u64,
    /// Bits that are 0.
    pub clear: u64,
    /// By how many bits the register is rotated left against the masks.
    pub rotation: u32,
}

impl Value {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        differs: u64::MAX,
        set: 0,
        clear: 0,
        rotation: 0,
    };

    /// A constant.
    pub const fn constant(value: u64) -> Self {
        Self {
            differs: u64::MAX,
            set: value,
            clear: !value,
            rotation: 0,
        }
    }

    /// The MSR, some of whose bits are known.
    pub const fn msr(set: u64, clear: u64) -> Self {
        Self {
            differs: 0,
            set,
            clear,
            rotation: 0,
        }
    }

    /// The constant, if every bit is known and none is moved.
    pub const fn as_constant(self) -> Option<u64> {
        if self.rotation == 0 && self.set | self.clear == u64::MAX {
            Some(self.set)
        } else {
            None
        }
    }

    /// How many of the lowest bits are known without a gap.
    pub const fn known_low_bits(self) -> u32 {
        if self.rotation == 0 {
            (self.set | self.clear).trailing_ones()
        } else {
            0
        }
    }

    /// The sum with a number: as many low bits are known as before.
    const fn add(self, addend: u64) -> Self {
        let known = u64::MAX.unbounded_shl(self.known_low_bits());
        let sum = self.set.wrapping_add(addend);
        Self {
            differs: u64::MAX,
            set: sum & !known,
            clear: !sum & !known,
            rotation: 0,
        }
    }

    /// What is known where two paths meet.
    pub const fn join(self, other: Self) -> Self {
        if self.rotation != other.rotation {
            return Self::UNKNOWN;
        }
        Self {
            differs: self.differs | other.differs,
            set: self.set & other.set,
            clear: self.clear & other.clear,
            rotation: self.rotation,
        }
    }

    /// The value with the bits outside `mask` cleared.
    const fn keep(self, mask: u64) -> Self {
        Self {
            differs: self.differs | !mask,
            set: self.set & mask,
            clear: self.clear | !mask,
            ..self
        }
    }

    /// The value with the bits of `mask` set.
    const fn or(self, mask: u64) -> Self {
        Self {
            differs: self.differs | mask,
            set: self.set | mask,
            clear: self.clear & !mask,
            ..self
        }
    }

    /// The value with the bits of `mask` inverted.
    const fn xor(self, mask: u64) -> Self {
        let (set, clear) = (
            self.set & !mask | self.clear & mask,
            self.clear & !mask | self.set & mask,
        );
        Self {
            differs: self.differs | mask,
            set,
            clear,
            ..self
        }
    }

    /// The bits of `mask` from `other`, the rest from this value.
    const fn insert(self, other: Self, mask: u64) -> Self {
        Self {
            differs: self.differs & !mask | other.differs & mask,
            set: self.set & !mask | other.set & mask,
            clear: self.clear & !mask | other.clear & mask,
            rotation: 0,
        }
    }

    /// Not rotated, or unknown.
    const fn straight(self) -> Self {
        if self.rotation == 0 { self } else { Self::UNKNOWN }
    }

    /// Rotated left within `width` bits, then masked.
    const fn rotate(self, by: u32, mask: u64, width: u32) -> Self {
        let rotation = (self.rotation + by) % width;
        let unrotated = match width {
            // A rotation below the width and a mask of that width keep the value within the width.
            #[allow(clippy::cast_possible_truncation)]
            32 => (mask as u32).rotate_right(rotation) as u64,
            _ => mask.rotate_right(rotation),
        };
        Self {
            rotation,
            ..self.keep(unrotated)
        }
    }
}

/// The register that a general instruction computes, and what it then holds; nothing for an instruction that is
/// not followed. `get` gives the values before.
pub fn compute(word: u32, size: WordSize, get: impl Fn(u8) -> Value) -> Option<(u8, Value)> {
    let (rt, ra, rb) = (field5(word, 21), field5(word, 16), field5(word, 11));
    let immediate = u64::from(word & 0xffff);
    let signed = (immediate ^ 0x8000).wrapping_sub(0x8000);
    let sum = |addend: u64| {
        if ra == 0 {
            Value::constant(addend)
        } else {
            get(ra).add(addend)
        }
    };
    let source = get(rt).straight();
    let value = match word >> 26 {
        14 => return Some((rt, within(size, sum(signed)))),
        15 => return Some((rt, within(size, sum(signed << 16)))),
        20 => (get(ra).straight(), source).insert_word(word, size),
        21 => rlwinm(get(rt), word, size),
        24 => source.or(immediate),
        25 => source.or(immediate << 16),
        26 => source.xor(immediate),
        27 => source.xor(immediate << 16),
        28 => source.keep(immediate),
        29 => source.keep(immediate << 16),
        30 => doubleword_rotate(get(rt), word),
        31 => logical(word, get(rt), get(rb), rt == rb)?,
        _ => return None,
    };
    Some((ra, within(size, value)))
}

/// A 32-bit register has no high word: its bits are known to be 0, and nobody compares them.
pub fn within(size: WordSize, value: Value) -> Value {
    match size {
        WordSize::Word64 => value,
        WordSize::Word32 => Value {
            differs: value.differs & 0xffff_ffff,
            set: value.set & 0xffff_ffff,
            clear: value.clear | 0xffff_ffff << 32,
            ..value
        },
    }
}

/// `and`, `andc`, `or`, `xor` of registers (Power ISA Book I section 3.3.12).
fn logical(word: u32, left: Value, right: Value, same: bool) -> Option<Value> {
    let with_constant = |apply: fn(Value, u64) -> Value| match (left.straight(), right.straight()) {
        (left, right) if right.as_constant().is_some() => apply(left, right.set),
        (left, right) if left.as_constant().is_some() => apply(right, left.set),
        _ => Value::UNKNOWN,
    };
    Some(match word >> 1 & 0x3ff {
        444 if same => left,
        444 => with_constant(Value::or),
        28 => with_constant(Value::keep),
        316 => with_constant(Value::xor),
        60 => right
            .as_constant()
            .map_or(Value::UNKNOWN, |mask| left.straight().keep(!mask)),
        _ => return None,
    })
}

/// The mask from bit `first` to bit `last` of a 32-bit word, counted from the left, and whether it wraps.
fn word_mask(first: u32, last: u32) -> (u64, bool) {
    let (head, tail) = (u32::MAX >> first, u32::MAX << (31 - last));
    let wraps = first > last;
    (u64::from(if wraps { head | tail } else { head & tail }), wraps)
}

fn rlwinm(source: Value, word: u32, size: WordSize) -> Value {
    let (mask, wraps) = word_mask(word >> 6 & 31, word >> 1 & 31);
    let shift = word >> 11 & 31;
    match size {
        WordSize::Word32 => source.rotate(shift, mask, 32),
        WordSize::Word64 if shift == 0 && !wraps => source.straight().keep(mask),
        WordSize::Word64 => Value::UNKNOWN,
    }
}

trait InsertWord {
    fn insert_word(self, word: u32, size: WordSize) -> Value;
}

impl InsertWord for (Value, Value) {
    /// `rlwimi`: the masked bits of the second value, the rest of the first.
    fn insert_word(self, word: u32, size: WordSize) -> Value {
        let (mask, wraps) = word_mask(word >> 6 & 31, word >> 1 & 31);
        let moved = word >> 11 & 31 != 0 || wraps && size == WordSize::Word64;
        let (old, new) = self;
        old.insert(if moved { Value::UNKNOWN } else { new }, mask)
    }
}

/// `rldicl`, `rldicr` (MD form): rotate a doubleword and clear on the left or on the right.
fn doubleword_rotate(source: Value, word: u32) -> Value {
    let shift = word >> 11 & 31 | (word >> 1 & 1) << 5;
    let bound = word >> 6 & 31 | (word >> 5 & 1) << 5;
    match word >> 2 & 7 {
        0 => source.rotate(shift, u64::MAX >> bound, 64),
        1 => source.rotate(shift, u64::MAX << (63 - bound), 64),
        _ => Value::UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use magicpage::msr::{EE, RI};

    fn run(size: WordSize, source: &str) -> Value {
        let mut values = [Value::UNKNOWN; 32];
        values[9] = within(size, Value::msr(0, 0));
        for word in crate::asm::assemble(source).unwrap() {
            let (target, value) = compute(word, size, |n| values[usize::from(n)]).unwrap();
            values[usize::from(target)] = value;
        }
        values[9]
    }

    #[test]
    fn clearing_and_setting_ee() {
        let cleared = run(WordSize::Word32, "rlwinm r9, r9, 0, 17, 15");
        assert_eq!((cleared.differs, cleared.clear & EE), (EE, EE));
        let set = run(WordSize::Word32, "ori r9, r9, 0x8002");
        assert_eq!((set.differs, set.set), (EE | RI, EE | RI));
        let with_mask = run(
            WordSize::Word32,
            "lis r10, 0xffff\nori r10, r10, 0x7fff\nand r9, r9, r10",
        );
        assert_eq!((with_mask.differs, with_mask.clear & EE), (EE, EE));
    }

    #[test]
    fn rotating_there_and_back() {
        let cleared = run(WordSize::Word64, "rldicl r9, r9, 48, 1\nrldicl r9, r9, 16, 0");
        assert_eq!((cleared.differs, cleared.clear, cleared.rotation), (EE, EE, 0));
        let half = run(WordSize::Word64, "rldicl r9, r9, 48, 1");
        assert_ne!(half.rotation, 0);
        let word = run(
            WordSize::Word32,
            "rlwinm r9, r9, 16, 1, 31\nrlwinm r9, r9, 16, 0, 31",
        );
        assert_eq!((word.differs, word.clear & EE, word.rotation), (EE, EE, 0));
    }

    #[test]
    fn a_word_mask_clears_the_high_word_of_a_doubleword() {
        let value = run(WordSize::Word64, "rlwinm r9, r9, 0, 0, 31");
        assert_eq!(value.differs, u64::MAX << 32);
        let wrapped = run(WordSize::Word64, "rlwinm r9, r9, 0, 17, 15");
        assert_eq!(wrapped, Value::UNKNOWN);
    }
}
