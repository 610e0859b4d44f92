//! Which privileged operation a word is, exactly.
//!
//! A word is matched whole: register fields are free, every other bit must agree, reserved bits included. What
//! does not match is not ours.

use alloc::vec::Vec;
use magicpage::registers::{Access, SEGMENT_FAMILIES, SHARED_SPRS, SharedSpr, shared_spr};
use magicpage::{Families, Family};

/// A privileged operation that the magic page can serve. Registers are numbers from 0 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `mfmsr rT`.
    ReadMsr {
        /// Target.
        rt: u8,
    },
    /// `mtmsr rS`, `mtmsrd rS,0`: all of the MSR.
    WriteMsr {
        /// Source.
        rs: u8,
    },
    /// `mtmsrd rS,1`: EE and RI only.
    WriteEeRi {
        /// Source.
        rs: u8,
    },
    /// `wrtee rS`: EE only.
    WriteEe {
        /// Source.
        rs: u8,
    },
    /// `wrteei E`.
    WriteEeImmediate {
        /// The new EE.
        ee: bool,
    },
    /// `mfspr rT,SPR`.
    ReadSpr {
        /// Target.
        rt: u8,
        /// The register.
        spr: &'static SharedSpr,
    },
    /// `mtspr SPR,rS`.
    WriteSpr {
        /// Source.
        rs: u8,
        /// The register.
        spr: &'static SharedSpr,
    },
    /// `mtsr SR,rS`.
    WriteSegment {
        /// Source.
        rs: u8,
        /// Number of the segment register, 0 to 15.
        segment: u8,
    },
    /// `mtsrin rS,rB`: the segment register that the top four bits of rB name.
    WriteSegmentIndirect {
        /// Source.
        rs: u8,
        /// Names the segment register.
        rb: u8,
    },
    /// `tlbsync`.
    TlbSync,
}

/// A pattern of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Bits that must agree.
    pub mask: u32,
    /// Their values.
    pub value: u32,
}

impl Pattern {
    /// Whether the word matches.
    #[inline(always)]
    pub const fn matches(self, word: u32) -> bool {
        word & self.mask == self.value
    }
}

/// An instruction with a pattern of its own.
struct Row {
    pattern: Pattern,
    families: Families,
    operation: fn(u32) -> Operation,
}

const fn row(mask: u32, value: u32, families: Families, operation: fn(u32) -> Operation) -> Row {
    Row {
        pattern: Pattern { mask, value },
        families,
        operation,
    }
}

/// Every instruction but `mfspr` and `mtspr`, whose patterns come from [`SHARED_SPRS`]. Encodings: Power ISA 2.07
/// Book III-S section 5.4.4 and 5.9.3, Book III-E section 5.4.1, MPC750 User's Manual chapter 2.3.6.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(0xfc1f_ffff, 0x7c00_00a6, Families::ALL,       |word| Operation::ReadMsr { rt: rt(word) }),
    row(0xfc1f_ffff, 0x7c00_0124, Families::ALL,       |word| Operation::WriteMsr { rs: rt(word) }),
    row(0xfc1f_ffff, 0x7c00_0164, Families::BOOK3S_64, |word| Operation::WriteMsr { rs: rt(word) }),
    row(0xfc1f_ffff, 0x7c01_0164, Families::BOOK3S_64, |word| Operation::WriteEeRi { rs: rt(word) }),
    row(0xfc1f_ffff, 0x7c00_0106, Families::E500,      |word| Operation::WriteEe { rs: rt(word) }),
    row(0xffff_7fff, 0x7c00_0146, Families::E500,      |word| Operation::WriteEeImmediate { ee: word & 0x8000 != 0 }),
    row(0xfc10_ffff, 0x7c00_01a4, SEGMENT_FAMILIES,    |word| Operation::WriteSegment { rs: rt(word), segment: field(word, 16) & 15 }),
    row(0xfc1f_07ff, 0x7c00_01e4, SEGMENT_FAMILIES,    |word| Operation::WriteSegmentIndirect { rs: rt(word), rb: field(word, 11) }),
    row(0xffff_ffff, 0x7c00_046c, Families::ALL,       |_| Operation::TlbSync),
];

const MFSPR: Pattern = Pattern {
    mask: 0xfc00_07ff,
    value: 0x7c00_02a6,
};
const MTSPR: Pattern = Pattern {
    mask: 0xfc00_07ff,
    value: 0x7c00_03a6,
};

/// The five bits of a field whose last bit has this weight.
const fn field(word: u32, shift: u32) -> u8 {
    (word >> shift & 31) as u8
}

const fn rt(word: u32) -> u8 {
    field(word, 21)
}

/// The SPR number of `mfspr` and `mtspr`: its halves are swapped in the word.
fn spr_number(word: u32) -> u16 {
    u16::from(field(word, 11)) << 5 | u16::from(field(word, 16))
}

const fn spr_field(number: u16) -> u32 {
    (number as u32 & 31) << 16 | (number as u32 >> 5) << 11
}

/// The operation that a word is on this family, if it is one that the page can serve.
pub fn classify(word: u32, family: Family) -> Option<Operation> {
    if MFSPR.matches(word) {
        return shared_spr(spr_number(word), family).map(|spr| Operation::ReadSpr { rt: rt(word), spr });
    }
    if MTSPR.matches(word) {
        let writable = shared_spr(spr_number(word), family).filter(|spr| spr.access == Access::ReadWrite);
        return writable.map(|spr| Operation::WriteSpr { rs: rt(word), spr });
    }
    let row = ROWS
        .iter()
        .find(|row| row.families.has(family) && row.pattern.matches(word))?;
    Some((row.operation)(word))
}

/// The patterns of all words that [`classify`] knows on this family.
pub fn patterns(family: Family) -> Vec<Pattern> {
    let mut patterns: Vec<_> = ROWS
        .iter()
        .filter(|row| row.families.has(family))
        .map(|row| row.pattern)
        .collect();
    for spr in SHARED_SPRS.iter().filter(|spr| spr.families.has(family)) {
        let of = |base: Pattern| Pattern {
            mask: base.mask | 0x001f_f800,
            value: base.value | spr_field(spr.number),
        };
        patterns.push(of(MFSPR));
        if spr.access == Access::ReadWrite {
            patterns.push(of(MTSPR));
        }
    }
    patterns
}

impl Operation {
    /// Whether the operation writes the MSR.
    pub const fn writes_msr(self) -> bool {
        matches!(
            self,
            Self::WriteMsr { .. }
                | Self::WriteEeRi { .. }
                | Self::WriteEe { .. }
                | Self::WriteEeImmediate { .. }
        )
    }

    /// The general register that the operation reads as its source, if it has one.
    pub const fn source(self) -> Option<u8> {
        match self {
            Self::WriteMsr { rs }
            | Self::WriteEeRi { rs }
            | Self::WriteEe { rs }
            | Self::WriteSpr { rs, .. }
            | Self::WriteSegment { rs, .. }
            | Self::WriteSegmentIndirect { rs, .. } => Some(rs),
            _ => None,
        }
    }

    /// The SPR that the operation reads or writes, if it is one.
    pub const fn spr(self) -> Option<&'static SharedSpr> {
        match self {
            Self::ReadSpr { spr, .. } | Self::WriteSpr { spr, .. } => Some(spr),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_bits_count() {
        assert_eq!(
            classify(0x7c60_00a6, Family::Book3s32),
            Some(Operation::ReadMsr { rt: 3 })
        );
        for bit in 0..21 {
            assert_eq!(
                classify(0x7c60_00a6 ^ 1 << bit, Family::Book3s32),
                None,
                "bit {bit}"
            );
        }
        assert_eq!(classify(0x7c01_0124, Family::Book3s64), None, "mtmsr with L=1");
        assert_eq!(
            classify(0x7c10_01a4, Family::Book3s32),
            None,
            "mtsr with a reserved bit"
        );
        assert_eq!(
            classify(0x7c00_c146, Family::E500),
            None,
            "wrteei with a reserved bit"
        );
    }

    #[test]
    fn families_differ() {
        let dear = 0x7c60_02a6 | spr_field(61);
        assert!(classify(dear, Family::E500).is_some());
        assert!(classify(dear, Family::Book3s32).is_none());
        assert!(classify(0x7c00_0106, Family::Book3s32).is_none(), "wrtee");
        assert!(classify(0x7c01_0164, Family::Book3s32).is_none(), "mtmsrd");
        assert!(classify(0x7c00_01e4, Family::Book3s64).is_none(), "mtsrin");
    }

    #[test]
    fn aliases_are_read_only() {
        assert!(classify(0x7c60_02a6 | spr_field(260), Family::E500).is_some());
        assert!(classify(0x7c60_03a6 | spr_field(260), Family::E500).is_none());
    }

    #[test]
    fn patterns_and_classify_agree() {
        for family in Family::ALL {
            let patterns = patterns(family);
            for pattern in &patterns {
                assert!(classify(pattern.value, family).is_some());
                assert!(classify(pattern.value | !pattern.mask, family).is_some());
            }
            for word in (0..1 << 26).map(|low| 0x7c00_0000 | low) {
                if word & 0x03e0_0000 != 0x0060_0000 {
                    continue;
                }
                let matched = patterns.iter().any(|pattern| pattern.matches(word));
                assert_eq!(classify(word, family).is_some(), matched, "{word:#010x}");
            }
        }
    }
}
