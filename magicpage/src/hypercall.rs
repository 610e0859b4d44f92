//! Hypercalls: tokens, status codes, features and the instruction sequence.
//!
//! Register use (`epapr_hcalls.h`): r11 holds the token, r3 to r10 the parameters; r3 returns the status, r4 to
//! r11 the results; r0, r12, CR, CTR, LR and XER are volatile. A token is `vendor << 16 | number`.

use bitflags::bitflags;
use core::fmt;

/// The low word of r0 that tells a host in PR mode that an `sc` is a hypercall: "KVM!" (`KVM_SC_MAGIC_R0`).
pub const SC_MAGIC: u32 = 0x4b56_4d21;

/// The words of a hypercall, as the device tree's `hcall-instructions` holds them:
/// `lis r0, 0x4b56; ori r0, r0, 0x4d21; sc; nop`.
///
/// The cells of the property are big-endian, also for a little-endian guest (`kvm_vm_ioctl_get_pvinfo` in Linux's
/// `arch/powerpc/kvm/powerpc.c`).
pub const INSTRUCTIONS: [u32; 4] = [0x3c00_4b56, 0x6000_4d21, 0x4400_0002, 0x6000_0000];

/// ePAPR's vendor number.
pub const VENDOR_EPAPR: u16 = 1;
/// KVM's vendor number.
pub const VENDOR_KVM: u16 = 42;

/// Rows `Name vendor number`: the enumeration and both directions of its encoding.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident $vendor:ident $number:literal;)*) => {
        /// A hypercall.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Hypercall { $($(#[$doc])* $name),* }

        impl Hypercall {
            /// Every hypercall of the interface.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The token that goes into r11.
            pub const fn token(self) -> u32 {
                match self { $(Self::$name => ($vendor as u32) << 16 | $number),* }
            }
        }
    };
}

calls! {
    /// Sleep until an interrupt is pending (`EV_IDLE`).
    Idle VENDOR_EPAPR 16;
    /// r4 = [`Features`] (`KVM_HC_FEATURES`).
    Features VENDOR_KVM 3;
    /// Map the page: r3 = its real-mode address, r4 = its effective address with [`MapFlags`] in the low 12
    /// bits; returns r4 = [`PageFeatures`] (`KVM_HC_PPC_MAP_MAGIC_PAGE`).
    MapMagicPage VENDOR_KVM 4;
}

impl Hypercall {
    /// The hypercall with this token; only the low 32 bits of r11 count.
    pub fn from_token(token: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|call| call.token() == token)
    }
}

/// Rows `Name "name" value "meaning"`: the status codes of `epapr_hcalls.h`.
macro_rules! statuses {
    ($($status:ident $name:literal $value:literal $meaning:literal;)*) => {
        /// What a hypercall returns in r3.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Status { $(#[doc = concat!("`", $name, "`: ", $meaning, ".")] $status = $value),* }

        impl Status {
            /// Every status, in the order of its value.
            pub const ALL: &[Self] = &[$(Self::$status),*];

            /// The name in the kernel's header.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$status => $name),* }
            }

            /// What it says.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$status => $meaning),* }
            }
        }
    };
}

statuses! {
    Success "EV_SUCCESS" 0 "done";
    NotPermitted "EV_EPERM" 1 "not permitted";
    NoEntry "EV_ENOENT" 2 "no such entry";
    InputOutput "EV_EIO" 3 "input or output failed";
    Again "EV_EAGAIN" 4 "cannot be done now";
    NoMemory "EV_ENOMEM" 5 "no memory";
    BadAddress "EV_EFAULT" 6 "bad guest address";
    NoDevice "EV_ENODEV" 7 "no such device";
    Invalid "EV_EINVAL" 8 "bad argument";
    Internal "EV_INTERNAL" 9 "internal error";
    Config "EV_CONFIG" 10 "configuration error";
    InvalidState "EV_INVALID_STATE" 11 "wrong state for this call";
    Unimplemented "EV_UNIMPLEMENTED" 12 "no such call";
    BufferOverflow "EV_BUFFER_OVERFLOW" 13 "the caller's buffer is too small";
}

bitflags! {
    /// Result of [`Hypercall::Features`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Features: u32 {
        /// The host offers a magic page: `KVM_FEATURE_MAGIC_PAGE` is bit number 1.
        const MAGIC_PAGE = 1 << 1;
    }

    /// Guest flags in the low 12 bits of r4 of [`Hypercall::MapMagicPage`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct MapFlags: u32 {
        /// The guest's trampolines are mapped executable (`MAGIC_PAGE_FLAG_NOT_MAPPED_NX`).
        const NOT_MAPPED_NX = 1;
        /// The guest wants the second page as well, one page below this one at both addresses: an addition of ours,
        /// for hosts that offer [`PageFeatures::SPLIT_CRITICAL`] or [`PageFeatures::NOTIFICATION`].
        const SECOND_PAGE = 1 << 11;
    }

    /// Which fields the host keeps, result of [`Hypercall::MapMagicPage`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct PageFeatures: u32 {
        /// The segment registers (`KVM_MAGIC_FEAT_SR`).
        const SR = 1 << 0;
        /// MAS0 and all fields behind it (`KVM_MAGIC_FEAT_MAS0_TO_SPRG7`).
        const MAS0_TO_SPRG7 = 1 << 1;
        /// `critical` lives in the second page, at the same offset: an addition of ours.
        const SPLIT_CRITICAL = 1 << 30;
        /// The guest stores to the first word of the second page after each section: an addition of ours.
        const NOTIFICATION = 1 << 31;
    }
}

impl PageFeatures {
    /// The features that Linux's guests know.
    pub const LINUX: Self = Self::SR.union(Self::MAS0_TO_SPRG7);

    /// The names of Linux's features on command lines and in plans.
    pub const NAMES: [(&'static str, Self); 2] = [("sr", Self::SR), ("mas0-to-sprg7", Self::MAS0_TO_SPRG7)];
}

impl fmt::Display for PageFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Self::NAMES
            .iter()
            .filter(|(_, bit)| self.contains(*bit))
            .map(|(name, _)| *name);
        f.write_str(names.next().unwrap_or("none"))?;
        names.try_for_each(|name| write!(f, ",{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        assert_eq!(Hypercall::Idle.token(), 0x0001_0010);
        assert_eq!(Hypercall::Features.token(), 0x002a_0003);
        assert_eq!(Hypercall::MapMagicPage.token(), 0x002a_0004);
        assert_eq!(Hypercall::from_token(0x002a_0004), Some(Hypercall::MapMagicPage));
        assert_eq!(Hypercall::from_token(0x002a_0005), None);
    }

    #[test]
    fn sequence_loads_the_magic() {
        let [lis, ori, ..] = INSTRUCTIONS;
        assert_eq!((lis & 0xffff) << 16 | ori & 0xffff, SC_MAGIC);
    }

    #[test]
    fn statuses_are_dense() {
        assert!(
            Status::ALL
                .iter()
                .zip(0..)
                .all(|(status, value)| *status as u32 == value)
        );
    }
}
