//! Sets of architected resources.
//!
//! One bit per resource: each general register, each field of the condition register, the three parts of XER that
//! instructions use apart, and lumps for whatever nobody needs to tell apart. A lump is never *defined* by an
//! instruction that writes only a part of it.

use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign, Not, Sub};

/// A set of architected resources.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Regs(u64);

const CR_SHIFT: u32 = 32;

impl Regs {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// Every resource.
    pub const ALL: Self = Self((1 << 49) - 1);
    /// The 32 general registers.
    pub const GPRS: Self = Self(0xffff_ffff);
    /// The eight fields of the condition register.
    pub const CR_FIELDS: Self = Self(0xff << CR_SHIFT);
    /// The link register.
    pub const LR: Self = Self(1 << 40);
    /// The count register.
    pub const CTR: Self = Self(1 << 41);
    /// XER\[CA\], and CA32 where it exists.
    pub const XER_CA: Self = Self(1 << 42);
    /// XER\[SO\] and XER\[OV\], and OV32 where it exists.
    pub const XER_OV: Self = Self(1 << 43);
    /// XER's byte count for string instructions, and every other bit of XER.
    pub const XER_COUNT: Self = Self(1 << 44);
    /// The whole of XER.
    pub const XER: Self = Self(Self::XER_CA.0 | Self::XER_OV.0 | Self::XER_COUNT.0);
    /// The machine state register.
    pub const MSR: Self = Self(1 << 45);
    /// The floating-point registers and FPSCR, as one.
    pub const FPU: Self = Self(1 << 46);
    /// The vector registers, VSCR and VRSAVE; on e500 the upper halves of the general registers, the
    /// accumulator and SPEFSCR; as one.
    pub const VECTOR: Self = Self(1 << 47);
    /// Everything else: other SPRs, segment registers, translation look-aside buffers, the time base, the
    /// reservation. Memory is not a resource.
    pub const OTHER: Self = Self(1 << 48);

    /// General register `n` (0 to 31; higher numbers wrap).
    pub const fn gpr(n: u8) -> Self {
        Self(1 << (n & 31))
    }

    /// Field `field` of the condition register (0 to 7; higher numbers wrap).
    pub const fn cr(field: u8) -> Self {
        Self(1 << (CR_SHIFT + (field & 7) as u32))
    }

    /// `count` consecutive general registers from `first` on, wrapping from r31 to r0.
    pub const fn gpr_range(first: u8, count: u8) -> Self {
        let ones = if count >= 32 { u32::MAX } else { (1 << count) - 1 };
        Self(ones.rotate_left((first & 31) as u32) as u64)
    }

    /// The fields that an eight-bit field mask selects; the mask's most significant bit is field 0, as in
    /// `mtcrf`.
    pub const fn cr_mask(mask: u8) -> Self {
        Self((mask.reverse_bits() as u64) << CR_SHIFT)
    }

    /// Whether every resource of `other` is in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the sets share a resource.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The resources of either set.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The resources of both sets.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The resources of this set that `other` lacks.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many resources the set holds.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The numbers of the general registers in the set, ascending.
    pub fn gprs(self) -> impl Iterator<Item = u8> {
        (0..32).filter(move |&n| self.contains(Self::gpr(n)))
    }

    /// The numbers of the condition-register fields in the set, ascending.
    pub fn crs(self) -> impl Iterator<Item = u8> {
        (0..8).filter(move |&n| self.contains(Self::cr(n)))
    }

    /// The resources of the set one by one, in the order of their bits.
    pub fn each(self) -> impl Iterator<Item = Self> {
        (0..49)
            .map(|bit| Self(1 << bit))
            .filter(move |&one| self.contains(one))
    }
}

impl BitOr for Regs {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl BitOrAssign for Regs {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.union(other);
    }
}

impl BitAnd for Regs {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        self.intersection(other)
    }
}

impl Sub for Regs {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.minus(other)
    }
}

impl Not for Regs {
    type Output = Self;
    fn not(self) -> Self {
        Self::ALL.minus(self)
    }
}

impl FromIterator<Regs> for Regs {
    fn from_iter<I: IntoIterator<Item = Regs>>(sets: I) -> Self {
        sets.into_iter().fold(Self::NONE, Self::union)
    }
}

/// The names of the resources that are not numbered.
const NAMES: [(Regs, &str); 9] = [
    (Regs::LR, "lr"),
    (Regs::CTR, "ctr"),
    (Regs::XER_CA, "ca"),
    (Regs::XER_OV, "ov"),
    (Regs::XER_COUNT, "xer"),
    (Regs::MSR, "msr"),
    (Regs::FPU, "fpu"),
    (Regs::VECTOR, "vector"),
    (Regs::OTHER, "other"),
];

impl fmt::Debug for Regs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("{all}");
        }
        let mut set = f.debug_set();
        if self.contains(Self::GPRS) {
            set.entry(&format_args!("r0-r31"));
        } else {
            for n in self.gprs() {
                set.entry(&format_args!("r{n}"));
            }
        }
        for n in self.crs() {
            set.entry(&format_args!("cr{n}"));
        }
        for (regs, name) in NAMES {
            if self.contains(regs) {
                set.entry(&format_args!("{name}"));
            }
        }
        set.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_wrap_from_r31_to_r0() {
        let range = Regs::gpr_range(30, 4);
        assert_eq!(range, Regs::gpr(30) | Regs::gpr(31) | Regs::gpr(0) | Regs::gpr(1));
        assert_eq!(Regs::gpr_range(7, 32), Regs::GPRS);
        assert_eq!(Regs::gpr_range(7, 0), Regs::NONE);
    }

    #[test]
    fn the_first_bit_of_a_field_mask_is_field_0() {
        assert_eq!(Regs::cr_mask(0x80), Regs::cr(0));
        assert_eq!(Regs::cr_mask(0x03), Regs::cr(6) | Regs::cr(7));
        assert_eq!(Regs::cr_mask(0xff), Regs::CR_FIELDS);
    }

    #[test]
    fn the_resources_are_disjoint_and_complete() {
        let named: Regs = NAMES.into_iter().map(|(regs, _)| regs).collect();
        assert_eq!(Regs::GPRS | Regs::CR_FIELDS | named, Regs::ALL);
        assert_eq!(Regs::ALL.each().count(), 49);
        assert_eq!(!Regs::ALL, Regs::NONE);
    }
}
