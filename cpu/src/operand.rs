//! Operands: where in the word they are, what they read and write, how they print.
//!
//! Bits of the word are counted from the least significant (bit 0): a field's place is its lowest bit. The numbers that
//! fields hold are the manuals': bit 0 of the condition register, or of a mask that an instruction makes, is the most
//! significant.

use crate::regs::Regs;

/// What an instruction does with a register operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads it.
    Read,
    /// Overwrites it completely.
    Write,
    /// Reads it and overwrites it completely.
    Update,
    /// Changes a part of it.
    Insert,
}

/// How the displacement of a storage operand, in bytes, is encoded. It is signed unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Displacement {
    /// D form: 16 bits.
    D,
    /// DS form: 14 bits, times 4.
    Ds,
    /// DQ form: 12 bits, times 16.
    Dq,
    /// Paired singles: 12 bits.
    Ps,
    /// SPE: 5 bits unsigned where the second operand stands, times the given number of bytes.
    Spe(u8),
}

/// One operand of an instruction.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    /// A general register, its number at the given bit.
    Gpr(u8, Role),
    /// An even and an odd general register; the number is the even one's.
    GprPair(u8, Role),
    /// The RA field as a base: a general register, or the number zero where the field is 0.
    Base,
    /// The RA field as a base that prints as `r0` where it stands for zero.
    PlainBase,
    /// A displacement and a base; with `true` the base register receives the address.
    Mem(Displacement, bool),
    /// A floating-point register, its number at the given bit.
    Fpr(u8),
    /// An even and an odd floating-point register; the number is the even one's.
    FprPair(u8),
    /// A vector register, its number at the given bit.
    Vr(u8),
    /// A vector-scalar register: five bits at the first place, the sixth, most significant, at the second.
    Vsr(u8, u8),
    /// A condition-register field, its number at the given bit.
    Cr(u8, Role),
    /// A bit of the condition register, its number at the given bit.
    CrBit(u8, Role),
    /// A field of FPSCR at bit 18, which prints like one of the condition register.
    FpscrField,
    /// The eight-bit field mask of `mtcrf` and its kin, at bit 12.
    CrMask(Role),
    /// A number of `width` bits.
    Uint {
        /// Lowest bit.
        at: u8,
        /// Width in bits.
        width: u8,
    },
    /// A signed number of `width` bits.
    Sint {
        /// Lowest bit.
        at: u8,
        /// Width in bits.
        width: u8,
    },
    /// A byte count of 1 to 32 at bit 11; 32 is encoded as 0.
    Count,
    /// A number in pieces, most significant first: the lowest bit and the width of each.
    Fields(&'static [(u8, u8)]),
    /// A signed number in pieces.
    SignedFields(&'static [(u8, u8)]),
    /// A branch target of 26 bits: 24 at bit 2, signed, times 4.
    Target26,
    /// A branch target of 16 bits: 14 at bit 2, signed, times 4.
    Target16,
    /// A number that is printed but not encoded as such. The first function gives the number of a word; the second puts
    /// a number into a word, and the first tells whether that could be done.
    Computed(fn(u32) -> u32, fn(u32, u32) -> u32),
    /// An operand that is not printed where it and all that follow are zero.
    Opt(&'static Operand),
}

use Operand::{Cr, CrBit, Fpr, Gpr, Mem, Sint, Uint, Vr, Vsr};
use Role::{Insert, Read, Update, Write};

/// A number of `width` bits whose lowest bit is `at`.
pub const fn u(at: u8, width: u8) -> Operand {
    Uint { at, width }
}

macro_rules! operands {
    ($($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        $($(#[$doc])* pub const $name: Operand = $value;)*
    };
}

operands! {
    /// Target register.
    RT = Gpr(21, Write);
    /// Target register that is also a source.
    RTU = Gpr(21, Update);
    /// Source register.
    RS = Gpr(21, Read);
    /// Target register pair.
    RTP = Operand::GprPair(21, Write);
    /// Source register pair.
    RSP = Operand::GprPair(21, Read);
    /// First operand register.
    RA = Gpr(16, Read);
    /// First operand's field as a target.
    RAW = Gpr(16, Write);
    /// First operand register, updated.
    RAU = Gpr(16, Update);
    /// First operand register, or zero.
    RA0 = Operand::Base;
    /// First operand's field as a target of which a part is kept.
    RAI = Gpr(16, Insert);
    /// Second operand register.
    RB = Gpr(11, Read);
    /// Third operand register.
    RC_ = Gpr(6, Read);
    /// D-form storage operand.
    D = Mem(Displacement::D, false);
    /// D-form storage operand with update.
    DU = Mem(Displacement::D, true);
    /// DS-form storage operand.
    DS = Mem(Displacement::Ds, false);
    /// DS-form storage operand with update.
    DSU = Mem(Displacement::Ds, true);
    /// DQ-form storage operand.
    DQ = Mem(Displacement::Dq, false);
    /// Paired-single storage operand.
    PSD = Mem(Displacement::Ps, false);
    /// Paired-single storage operand with update.
    PSDU = Mem(Displacement::Ps, true);
    /// Floating-point target or source.
    FT = Fpr(21);
    /// First floating-point operand.
    FA = Fpr(16);
    /// Second floating-point operand.
    FB = Fpr(11);
    /// Third floating-point operand.
    FC = Fpr(6);
    /// Vector target or source.
    VT = Vr(21);
    /// First vector operand.
    VA = Vr(16);
    /// Second vector operand.
    VB = Vr(11);
    /// Third vector operand.
    VC = Vr(6);
    /// Vector-scalar target or source, sixth bit at 0.
    XT = Vsr(21, 0);
    /// Vector-scalar target or source of DQ forms, sixth bit at 3.
    XTQ = Vsr(21, 3);
    /// First vector-scalar operand.
    XA = Vsr(16, 2);
    /// Second vector-scalar operand.
    XB = Vsr(11, 1);
    /// Third vector-scalar operand.
    XC = Vsr(6, 3);
    /// Condition-register field written.
    BF = Cr(23, Write);
    /// Condition-register field written, not printed when it is field 0.
    OBF = Operand::Opt(&BF);
    /// Condition-register field read.
    BFA = Cr(18, Read);
    /// Condition-register field read, at bit 6.
    BFC = Cr(6, Read);
    /// Condition-register field read, at bit 0.
    BFS = Cr(0, Read);
    /// Condition-register bit written.
    BT = CrBit(21, Insert);
    /// First condition-register bit.
    BA = CrBit(16, Read);
    /// Second condition-register bit.
    BB = CrBit(11, Read);
    /// Condition-register bit of `isel`.
    BC = CrBit(6, Read);
    /// Signed immediate.
    SI = Sint { at: 0, width: 16 };
    /// Unsigned immediate.
    UI = Uint { at: 0, width: 16 };
    /// Five-bit shift count.
    SH = Uint { at: 11, width: 5 };
    /// First bit of a 32-bit mask.
    MB = Uint { at: 6, width: 5 };
    /// Last bit of a 32-bit mask.
    ME = Uint { at: 1, width: 5 };
    /// Six-bit shift count.
    SH6 = Operand::Fields(&[(1, 1), (11, 5)]);
    /// Bound of a 64-bit mask.
    MB6 = Operand::Fields(&[(5, 1), (6, 5)]);
    /// Trap conditions, or a hint where the first operand stands.
    TO = Uint { at: 21, width: 5 };
    /// Byte count of a string instruction.
    NB = Operand::Count;
    /// SPR number.
    SPR = Operand::Fields(&[(11, 5), (16, 5)]);
    /// Segment register number.
    SR = Uint { at: 16, width: 4 };
    /// Fields of the condition register read.
    FXMR = Operand::CrMask(Read);
    /// Fields of the condition register written.
    FXMW = Operand::CrMask(Write);
}

impl Operand {
    /// The bits of the word that the operand occupies, as a mask.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Gpr(at, _) | Self::GprPair(at, _) | Self::Fpr(at) | Self::Vr(at) | Self::CrBit(at, _) => {
                31 << at
            }
            Self::FprPair(at) => 30 << at,
            Self::Base | Self::PlainBase => 31 << 16,
            Self::Mem(form, _) => {
                31 << 16
                    | match form {
                        Displacement::D => 0xffff,
                        Displacement::Ds => 0xfffc,
                        Displacement::Dq => 0xfff0,
                        Displacement::Ps => 0xfff,
                        Displacement::Spe(_) => 31 << 11,
                    }
            }
            Self::Vsr(at, high) => 31 << at | 1 << high,
            Self::Cr(at, _) => 7 << at,
            Self::FpscrField => 7 << 18,
            Self::CrMask(_) => 0xff << 12,
            Self::Uint { at, width } | Self::Sint { at, width } => (u32::MAX >> (32 - width)) << at,
            Self::Count => 31 << 11,
            Self::Fields(pieces) | Self::SignedFields(pieces) => {
                let (mut bits, mut i) = (0, 0);
                while i < pieces.len() {
                    bits |= ((1 << pieces[i].1) - 1) << pieces[i].0;
                    i += 1;
                }
                bits
            }
            Self::Target26 => 0x03ff_fffc,
            Self::Target16 => 0xfffc,
            Self::Computed(..) => 0,
            Self::Opt(operand) => operand.bits(),
        }
    }

    /// What the operand reads.
    pub const fn reads(self, word: u32) -> Regs {
        match self {
            Self::Gpr(at, Read | Update | Insert) => Regs::gpr(field5(word, at)),
            Self::GprPair(at, Read | Update | Insert) => Regs::gpr_range(field5(word, at), 2),
            Self::Base | Self::PlainBase | Self::Mem(_, false) => base(word),
            Self::Mem(_, true) => Regs::gpr(field5(word, 16)),
            Self::Cr(at, Read | Update | Insert) => Regs::cr(field5(word, at) & 7),
            Self::CrBit(at, Read | Update | Insert) => Regs::cr(field5(word, at) >> 2),
            Self::CrMask(Read | Update | Insert) => Regs::cr_mask((word >> 12 & 0xff) as u8),
            Self::Opt(operand) => operand.reads(word),
            _ => Regs::NONE,
        }
    }

    /// What the operand writes.
    pub const fn writes(self, word: u32) -> Regs {
        match self {
            Self::Gpr(at, Write | Update | Insert) => Regs::gpr(field5(word, at)),
            Self::GprPair(at, Write | Update | Insert) => Regs::gpr_range(field5(word, at), 2),
            Self::Mem(_, true) => Regs::gpr(field5(word, 16)),
            Self::Cr(at, Write | Update | Insert) => Regs::cr(field5(word, at) & 7),
            Self::CrBit(at, Write | Update | Insert) => Regs::cr(field5(word, at) >> 2),
            Self::CrMask(Write | Update | Insert) => Regs::cr_mask((word >> 12 & 0xff) as u8),
            Self::Opt(operand) => operand.writes(word),
            _ => Regs::NONE,
        }
    }

    /// What the operand certainly overwrites completely.
    pub const fn defines(self, word: u32) -> Regs {
        match self {
            Self::Gpr(_, Insert) | Self::Cr(_, Insert) | Self::CrBit(_, Insert) => Regs::NONE,
            Self::Opt(operand) => operand.defines(word),
            _ => self.writes(word),
        }
    }
}

/// A number in pieces, most significant first, and its width in bits.
pub const fn gather(word: u32, pieces: &[(u8, u8)]) -> (u32, u8) {
    let (mut value, mut width, mut i) = (0, 0, 0);
    while i < pieces.len() {
        let (at, bits) = pieces[i];
        value = value << bits | word >> at & ((1 << bits) - 1);
        width += bits;
        i += 1;
    }
    (value, width)
}

/// The five-bit field of `word` whose lowest bit is `at`.
pub const fn field5(word: u32, at: u8) -> u8 {
    (word >> at & 31) as u8
}

/// The base register, or nothing where the RA field is 0.
const fn base(word: u32) -> Regs {
    match field5(word, 16) {
        0 => Regs::NONE,
        n => Regs::gpr(n),
    }
}

/// An SPR number as the manuals count it: the word holds its halves exchanged.
pub const fn split10(word: u32) -> u16 {
    field5(word, 16) as u16 | (field5(word, 11) as u16) << 5
}
