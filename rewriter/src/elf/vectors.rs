//! Where interrupts enter a Book3S kernel: fixed distances from physical address 0. (A table.)
//!
//! They are roots only in an image that is linked to lie at physical 0. Book E has no fixed vectors: software
//! puts their addresses into registers.

use core::ops::Range;

use magicpage::Family;

/// Vectors: the first, behind the last, and the distance between two.
type Row = (Range<u64>, u64);

/// 32 bits: PowerPC 750 User's Manual (IBM, GK21-0263), table 4-2: 0x100 to 0xd00, 0xf00, 0x1300, 0x1400, 0x1700;
/// MPC603e User's Manual, table 4-2: 0x1000 to 0x1200; MPC7400 User's Manual, table 4-2: 0xf20, 0x1600. All of
/// 0x1000 to 0x2fff is reserved for interrupts of implementations (Programming Environments Manual for 32-bit
/// implementations, table 6-2), and kernels place handlers there for parts to come.
const BOOK3S_32: &[Row] = &[
    (0x100..0x1000, 0x100),
    (0xf20..0xf21, 0x100),
    (0x1000..0x3000, 0x100),
];

/// 64 bits: Power ISA 3.0 B, book III, section 6.5, figure 65: real addresses, then the same for interrupts
/// taken with translation on (LPCR\[AIL\] = 3, at 0x4000 behind), and `scv` with translation on (0x3000, 32 of
/// them). 0x1200, 0x1600 and 0x1800 are the Cell processor's. `scv` with translation off (0x17000) is left out:
/// no kernel is known to use it, and ordinary code or data lies there.
const BOOK3S_64: &[Row] = &[
    (0x100..0x300, 0x100),
    (0x300..0x500, 0x80),
    (0x500..0x900, 0x100),
    (0x900..0xa00, 0x80),
    (0xa00..0xe00, 0x100),
    (0xe00..0xec0, 0x20),
    (0xf00..0xfa0, 0x20),
    (0x1200..0x1900, 0x100),
    (0x3000..0x4000, 0x20),
    (0x4300..0x4500, 0x80),
    (0x4500..0x4900, 0x100),
    (0x4900..0x4a00, 0x80),
    (0x4a00..0x4e00, 0x100),
    (0x4e00..0x4ec0, 0x20),
    (0x4f00..0x4fa0, 0x20),
    (0x5300..0x5800, 0x100),
];

/// The vectors of a family, as distances from physical address 0.
pub(super) fn vectors(family: Family) -> impl Iterator<Item = u64> {
    let rows = match family {
        Family::Book3s32 => BOOK3S_32,
        Family::Book3s64 => BOOK3S_64,
        Family::E500 => &[],
    };
    rows.iter().flat_map(|(range, step)| {
        range
            .clone()
            .step_by(usize::try_from(*step).unwrap_or(usize::MAX))
    })
}
