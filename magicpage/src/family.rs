//! Processor families, byte orders and word sizes.

use bitflags::bitflags;
use core::fmt;

/// A processor family: parts that share the privileged architecture the interface touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Family {
    /// 603, 604, 750, 750CL, 7400: 32-bit, hashed page table, segment registers.
    #[cfg_attr(feature = "serde", serde(rename = "book3s-32"))]
    Book3s32,
    /// 970 and POWER: 64-bit, hashed page table, segment look-aside buffer.
    #[cfg_attr(feature = "serde", serde(rename = "book3s-64"))]
    Book3s64,
    /// e500v2: 32-bit Book E, software-loaded TLB.
    #[cfg_attr(feature = "serde", serde(rename = "e500"))]
    E500,
}

impl Family {
    /// Every family, in the order of the enumeration.
    pub const ALL: [Self; 3] = [Self::Book3s32, Self::Book3s64, Self::E500];

    /// The family's name on command lines and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Book3s32 => "book3s-32",
            Self::Book3s64 => "book3s-64",
            Self::E500 => "e500",
        }
    }

    /// The width of a general register of the family.
    pub const fn word_size(self) -> WordSize {
        match self {
            Self::Book3s32 | Self::E500 => WordSize::Word32,
            Self::Book3s64 => WordSize::Word64,
        }
    }

    /// The set that holds just this family.
    pub const fn set(self) -> Families {
        match self {
            Self::Book3s32 => Families::BOOK3S_32,
            Self::Book3s64 => Families::BOOK3S_64,
            Self::E500 => Families::E500,
        }
    }

    /// The family called `name`, as [`Family::name`] spells it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

bitflags! {
    /// A set of families: the column of a table that says where a row holds.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Families: u8 {
        /// [`Family::Book3s32`].
        const BOOK3S_32 = 1;
        /// [`Family::Book3s64`].
        const BOOK3S_64 = 2;
        /// [`Family::E500`].
        const E500 = 4;
        /// Both server families.
        const BOOK3S = Self::BOOK3S_32.bits() | Self::BOOK3S_64.bits();
        /// Every family.
        const ALL = Self::BOOK3S.bits() | Self::E500.bits();
    }
}

impl Families {
    /// Whether the set holds `family`.
    pub const fn has(self, family: Family) -> bool {
        self.contains(family.set())
    }
}

/// The order of the bytes of a word in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Endian {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl Endian {
    /// The 32-bit word that these bytes of memory are, lowest address first.
    pub const fn read_u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        }
    }

    /// The bytes in memory of a 32-bit word, lowest address first.
    pub const fn write_u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        }
    }

    /// The 64-bit doubleword that these bytes of memory are, lowest address first.
    pub const fn read_u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Big => u64::from_be_bytes(bytes),
            Self::Little => u64::from_le_bytes(bytes),
        }
    }

    /// The bytes in memory of a 64-bit doubleword, lowest address first.
    pub const fn write_u64(self, value: u64) -> [u8; 8] {
        match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        }
    }
}

/// The width of a general register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WordSize {
    /// 32 bits.
    Word32,
    /// 64 bits.
    Word64,
}

impl WordSize {
    /// Bytes in a word.
    pub const fn bytes(self) -> u8 {
        match self {
            Self::Word32 => 4,
            Self::Word64 => 8,
        }
    }
}
