//! Registers as rows.

/// What a guest may do with a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Stores are not implemented: ignored and counted.
    ReadOnly,
    /// Loads are not implemented: 0 and counted.
    WriteOnly,
    /// Both work.
    ReadWrite,
}

impl Access {
    /// Whether a load means something.
    pub const fn readable(self) -> bool {
        !matches!(self, Self::WriteOnly)
    }

    /// Whether a store means something.
    pub const fn writable(self) -> bool {
        !matches!(self, Self::ReadOnly)
    }
}

/// A row: one 32-bit register of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// The manual's name, or ours where there is no manual.
    pub name: &'static str,
    /// Bytes from the device's base: a multiple of 4.
    pub offset: u32,
    /// What a guest may do with it.
    pub access: Access,
    /// What it means: its bits, what a load and a store do.
    pub doc: &'static str,
}

/// The registers of a device, as an enumeration.
pub trait RegisterSet: Copy + 'static {
    /// A row for each, in ascending order of offset.
    const ROWS: &'static [Register];

    /// The register at an offset from the device's base.
    fn at(offset: u32) -> Option<Self>;
}

/// The registers of a device that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoRegister {}

impl RegisterSet for NoRegister {
    const ROWS: &'static [Register] = &[];

    fn at(_offset: u32) -> Option<Self> {
        None
    }
}

/// Rows `/// meaning`, `Name "manual's name" offset access`: the enumeration, its table and the way back.
macro_rules! registers {
    ($(#[$meta:meta])* $set:ident {
        $($(#[doc = $doc:literal])+ $register:ident $name:literal $offset:literal $access:ident;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $set { $($(#[doc = $doc])+ $register = $offset),* }

        impl $set {
            /// Bytes from the device's base.
            pub const fn offset(self) -> u32 {
                self as u32
            }
        }

        impl $crate::register::RegisterSet for $set {
            const ROWS: &'static [$crate::register::Register] = &[$($crate::register::Register {
                name: $name,
                offset: $offset,
                access: $crate::register::Access::$access,
                doc: concat!($($doc),+).trim_ascii(),
            }),*];

            fn at(offset: u32) -> Option<Self> {
                match offset {
                    $($offset => Some(Self::$register),)*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use registers;
