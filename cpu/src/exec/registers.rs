//! Register operands and what an instruction records beside its result.

use magicpage::WordSize;

use super::Done;
use crate::decode::Ins;
use crate::operand::field5;
use crate::state::{CA, CA32, OV, OV32, SO, State};

/// The bits that a general register of the instruction's family has.
pub(super) fn width(ins: Ins) -> u64 {
    match ins.family().word_size() {
        WordSize::Word32 => 0xffff_ffff,
        WordSize::Word64 => u64::MAX,
    }
}

impl State {
    pub(super) fn rs(&self, ins: Ins) -> u64 {
        self.gpr[usize::from(ins.rt())]
    }

    pub(super) fn ra(&self, ins: Ins) -> u64 {
        self.gpr[usize::from(ins.ra())]
    }

    /// RA, or zero where the field is 0.
    pub(super) fn base(&self, ins: Ins) -> u64 {
        if ins.ra() == 0 { 0 } else { self.ra(ins) }
    }

    pub(super) fn rb(&self, ins: Ins) -> u64 {
        self.gpr[usize::from(ins.rb())]
    }

    /// The register in bits 10 to 6.
    pub(super) fn third(&self, ins: Ins) -> u64 {
        self.gpr[usize::from(field5(ins.word, 6))]
    }

    /// Sets a general register to as much of `value` as the family's registers hold, and gives that back.
    pub(super) fn set(&mut self, ins: Ins, register: u8, value: u64) -> u64 {
        let value = value & width(ins);
        self.gpr[usize::from(register & 31)] = value;
        value
    }

    /// The instruction is complete: on to the next word.
    pub(super) fn next(&mut self) -> Done {
        self.pc = self.address(self.pc.wrapping_add(4));
        Ok(())
    }

    /// The summary overflow bit, as it stands in a condition-register field.
    pub(super) const fn so(&self) -> u32 {
        self.xer >> 31
    }

    pub(super) const fn carry(&self) -> u64 {
        (self.xer & CA != 0) as u64
    }

    /// Compares with zero into field 0.
    pub(super) fn record(&mut self, value: u64) {
        let field = order(self.significant(value).cmp(&0)) | self.so();
        self.set_cr_field(0, field);
    }

    /// Completes an instruction with an Rc bit that put `value` into a register.
    pub(super) fn finish(&mut self, ins: Ins, value: u64) -> Done {
        if ins.rc() {
            self.record(value);
        }
        self.next()
    }

    /// Sets CA; `word` says the same of the low 32 bits, which 32-bit mode looks at and 64-bit processors keep apart.
    pub(super) fn set_carry(&mut self, ins: Ins, full: bool, word: bool) {
        let carry = match self.word {
            WordSize::Word32 => word,
            WordSize::Word64 => full,
        };
        let mut bits = if carry { CA } else { 0 };
        let mut mask = CA;
        if ins.family().word_size() == WordSize::Word64 {
            bits |= if word { CA32 } else { 0 };
            mask |= CA32;
        }
        self.xer = self.xer & !mask | bits;
    }

    /// Sets OV, and SO with it; `word` as in [`set_carry`](Self::set_carry).
    pub(super) fn set_overflow(&mut self, ins: Ins, full: bool, word: bool) {
        let overflow = match self.word {
            WordSize::Word32 => word,
            WordSize::Word64 => full,
        };
        let mut bits = if overflow { OV | SO } else { 0 };
        let mut mask = OV;
        if ins.family().word_size() == WordSize::Word64 {
            bits |= if word { OV32 } else { 0 };
            mask |= OV32;
        }
        self.xer = self.xer & !mask | bits;
    }
}

/// LT, GT or EQ.
pub(super) const fn order(ordering: core::cmp::Ordering) -> u32 {
    match ordering {
        core::cmp::Ordering::Less => 8,
        core::cmp::Ordering::Greater => 4,
        core::cmp::Ordering::Equal => 2,
    }
}

/// A signed immediate as a 64-bit value.
pub(super) fn immediate(ins: Ins) -> u64 {
    i64::from(ins.si()).cast_unsigned()
}

/// The low 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
pub(super) const fn low(value: u64) -> u32 {
    value as u32
}

/// The low 32 bits, sign-extended.
pub(super) fn low_signed(value: u64) -> u64 {
    i64::from(low(value).cast_signed()).cast_unsigned()
}
