//! Constants in general registers along a straight run of code.

use cpu::operand::{field5, split10};
use cpu::{Ins, Regs};
use magicpage::WordSize;

use crate::value::{Value, compute, within};

/// Which general registers, and LR, hold a known constant.
#[derive(Clone, Debug)]
pub struct Constants {
    values: [Value; 32],
    link: Value,
    size: WordSize,
}

/// `mfspr` and `mtspr` without register and SPR number.
const MFSPR: u32 = 0x7c00_02a6;
const MTSPR: u32 = 0x7c00_03a6;
/// SPR number of LR.
const LR: u16 = 8;

impl Constants {
    /// Nothing is known.
    pub fn new(size: WordSize) -> Self {
        Self {
            values: [Value::UNKNOWN; 32],
            link: Value::UNKNOWN,
            size,
        }
    }

    /// Says what a register holds.
    pub fn set(&mut self, register: u8, constant: u64) {
        self.values[usize::from(register & 31)] = within(self.size, Value::constant(constant));
    }

    /// Says that LR holds the address behind a branch.
    pub fn set_link(&mut self, constant: u64) {
        self.link = within(self.size, Value::constant(constant));
    }

    /// Follows one instruction; returns the constant that it computed. A relocated word's immediate field is not
    /// known.
    pub fn step(&mut self, ins: Ins, relocated: bool) -> Option<u64> {
        let computed = if spr_move(ins.word, MFSPR) == Some(LR) {
            Some((field5(ins.word, 21), self.link))
        } else {
            compute(ins.word, self.size, |register| {
                self.values[usize::from(register & 31)]
            })
        };
        let writes = ins.effects().writes;
        for register in writes.gprs() {
            self.values[usize::from(register)] = Value::UNKNOWN;
        }
        if writes.contains(Regs::LR) {
            self.link = Value::UNKNOWN;
        }
        let (target, value) = computed.filter(|_| !relocated)?;
        if !writes.contains(Regs::gpr(target)) {
            return None;
        }
        self.values[usize::from(target)] = value;
        value.as_constant()
    }

    /// A called function may change everything.
    pub fn forget(&mut self) {
        *self = Self::new(self.size);
    }

    /// The SPR that the instruction at `address` writes, and the address it writes. Where only the place within a
    /// page is known, the page is the instruction's: code that changes its own mapping goes on like that.
    pub fn moved_to_spr(&self, word: u32, address: u64) -> Option<(u16, u64)> {
        let spr = spr_move(word, MTSPR)?;
        let value = self.values[usize::from(field5(word, 21))];
        let known = u64::MAX.unbounded_shl(value.known_low_bits());
        (known & PAGE_OFFSET == 0).then_some((spr, value.set & !known | address & known))
    }
}

/// The part of an address that no mapping changes.
const PAGE_OFFSET: u64 = 0xfff;

/// The SPR number, if the word is this kind of move.
fn spr_move(word: u32, kind: u32) -> Option<u16> {
    (word & 0xfc00_07ff == kind).then(|| split10(word))
}
