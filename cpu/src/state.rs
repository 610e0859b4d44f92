//! The architected state that user-mode instructions see.
//!
//! The constants are masks of XER: bit 0 is the least significant.

use magicpage::{Family, WordSize};

/// XER\[SO\].
pub const SO: u32 = 0x8000_0000;
/// XER\[OV\].
pub const OV: u32 = 0x4000_0000;
/// XER\[CA\].
pub const CA: u32 = 0x2000_0000;
/// XER\[OV32\], on 64-bit processors.
pub const OV32: u32 = 0x0008_0000;
/// XER\[CA32\], on 64-bit processors.
pub const CA32: u32 = 0x0004_0000;
/// XER's byte count for string instructions.
pub const COUNT: u32 = 0x7f;

/// What a load and reserve left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Effective address.
    pub address: u64,
    /// Bytes reserved: 1, 2, 4 or 8.
    pub bytes: u8,
}

/// Registers.
///
/// Registers of 32-bit processors stand in the low halves; the high halves of [`gpr`](Self::gpr), [`lr`](Self::lr),
/// [`ctr`](Self::ctr) and [`pc`](Self::pc) are then zero, and execution keeps them so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// General registers.
    pub gpr: [u64; 32],
    /// Condition register: field 0 is the most significant nibble.
    pub cr: u32,
    /// Fixed-point exception register: [`SO`] to [`COUNT`].
    pub xer: u32,
    /// Link register.
    pub lr: u64,
    /// Count register.
    pub ctr: u64,
    /// Effective address of the instruction to execute next.
    pub pc: u64,
    /// The mode, MSR\[SF\]: how wide addresses are, and on how many bits results are recorded. Always
    /// [`WordSize::Word32`] on a 32-bit processor.
    pub word: WordSize,
    /// The reservation, if there is one. Whoever lets somebody else store to memory clears it.
    pub reservation: Option<Reservation>,
    /// Floating-point registers: the bits of IEEE doubles.
    pub fpr: [u64; 32],
    /// Floating-point status and control register: the masks of [`fpscr`](mod@crate::fpscr).
    pub fpscr: u32,
    /// MSR\[FP\]: whether floating-point instructions are available.
    pub fp: bool,
    /// Whether MSR\[FE0\] or MSR\[FE1\] is set: enabled floating-point exceptions interrupt, precisely. Whoever sets it
    /// while FPSCR\[FEX\] is 1 makes that interrupt.
    pub fp_exceptions: bool,
}

impl State {
    /// All registers zero, in the widest mode of the family, with floating point available and no interrupt by its
    /// exceptions.
    pub const fn new(family: Family) -> Self {
        Self {
            gpr: [0; 32],
            cr: 0,
            xer: 0,
            lr: 0,
            ctr: 0,
            pc: 0,
            word: family.word_size(),
            reservation: None,
            fpr: [0; 32],
            fpscr: 0,
            fp: true,
            fp_exceptions: false,
        }
    }

    /// Field `field` (0 to 7; higher numbers wrap) of the condition register.
    ///
    /// A number of four bits: LT, GT, EQ, SO from the most significant down.
    pub const fn cr_field(&self, field: u8) -> u32 {
        self.cr >> (28 - 4 * (field & 7)) & 15
    }

    /// Replaces field `field` of the condition register by the low four bits of `value`.
    pub const fn set_cr_field(&mut self, field: u8, value: u32) {
        let shift = 28 - 4 * (field & 7);
        self.cr = self.cr & !(15 << shift) | (value & 15) << shift;
    }

    /// Bit `bit` (0 to 31; higher numbers wrap) of the condition register; 0 is the most significant.
    pub const fn cr_bit(&self, bit: u8) -> bool {
        self.cr >> (31 - (bit & 31)) & 1 != 0
    }

    /// Replaces bit `bit` of the condition register, counted as by [`cr_bit`](Self::cr_bit).
    pub const fn set_cr_bit(&mut self, bit: u8, value: bool) {
        let shift = 31 - (bit & 31);
        self.cr = self.cr & !(1 << shift) | (value as u32) << shift;
    }

    /// Restricts an address to the mode.
    pub(crate) const fn address(&self, address: u64) -> u64 {
        match self.word {
            WordSize::Word32 => address & 0xffff_ffff,
            WordSize::Word64 => address,
        }
    }

    /// The value whose sign the mode looks at, moved to the sign of 64 bits.
    pub(crate) const fn significant(&self, value: u64) -> i64 {
        match self.word {
            WordSize::Word32 => (value << 32).cast_signed(),
            WordSize::Word64 => value.cast_signed(),
        }
    }
}
