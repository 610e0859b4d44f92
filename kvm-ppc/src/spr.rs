//! Special-purpose registers: what `mfspr` and `mtspr` reach.
//!
//! A register is a row: its number, the models that have it, how it may be moved, which of its bits are kept, and
//! where its value lives. Some live in the magic page, where the guest reaches them without an exit (those rows are
//! derived from [`magicpage::registers`]), some are the time base, the decrementer or a register of the MMU; the rest
//! are plain values, kept in [`Registers`]. No value has two homes.
//!
//! A number that a model lacks is answered as the part answers it: [`Undefined`](crate::model::Undefined).
//!
//! Sources are abbreviated as in [`cpu::table`]: `750` is the MPC750 user's manual, `750CL` the 750CL user's manual,
//! `PEM` the 32-bit programming environments manual, `E500` the e500 core family reference manual, `III-S` that book of
//! the Power ISA 2.07.

use magicpage::layout::{Field, Part};
use magicpage::registers::SharedSpr;

use crate::model::{Model, Models};

mod access;
mod book3s32;
mod book3s64;
mod e500;
pub mod number;
mod performance;
mod table;

pub use table::{Bank, find, rows};

/// What a move to or from a register does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Both ways.
    ReadWrite,
    /// From it only; a move to it is no instruction.
    ReadOnly,
    /// Both ways, but a move to it changes nothing.
    Fixed,
    /// To it only; a move from it is no instruction.
    WriteOnly,
    /// A move to it clears the bits that are ones in the source.
    Clear,
    /// Both ways; of these bits, once one of them is set, none changes any more.
    Once(u64),
}

impl Access {
    /// Whether `mfspr` is an instruction.
    pub const fn reads(self) -> bool {
        !matches!(self, Self::WriteOnly)
    }

    /// Whether `mtspr` is an instruction.
    pub const fn writes(self) -> bool {
        !matches!(self, Self::ReadOnly)
    }
}

/// A half of a register of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Bits 32 to 63, counted from the left; on a 64-bit processor a move from it reads all.
    Low,
    /// Bits 0 to 31.
    High,
}

/// The arrays of block address translation registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Array {
    /// IBATs.
    Instruction,
    /// DBATs.
    Data,
}

/// Where a register's value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the magic page.
    Page(Field, Part),
    /// In [`Registers`].
    Value,
    /// In [`Registers`], under another number.
    Same(u16),
    /// Nowhere: it is always this.
    Constant(u64),
    /// The model's version.
    Version,
    /// The time base.
    Time(Half),
    /// The decrementer.
    Decrementer,
    /// In [`Registers`]; HID4\[SBE\] in it switches the upper BATs on.
    UpperBats,
    /// A BAT: its array, its number, and whether it is the upper register of the pair.
    Bat(Array, u8, Half),
    /// SDR1.
    Sdr1,
    /// A process identifier of the e500.
    Process(u8),
    /// MMUCSR0, which reads as zero: a move to it invalidates TLBs.
    Flash,
}

/// A register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The number, as `mfspr` takes it.
    pub number: u16,
    /// The name in lower case.
    pub name: &'static str,
    /// The models that have it.
    pub models: Models,
    /// What a move does.
    pub access: Access,
    /// Where the value lives.
    pub home: Home,
    /// The bits that a move to it changes.
    pub mask: u64,
    /// The value after a reset, where the home is [`Registers`].
    pub reset: u64,
    /// Manual and section.
    pub source: &'static str,
    /// Where in [`Registers`].
    slot: u8,
}

impl Row {
    /// The row of a register in the page. All of the field may be written: the guest's own stores know no mask.
    const fn shared(spr: &SharedSpr) -> Self {
        let access = match spr.access {
            magicpage::registers::Access::Read => Access::ReadOnly,
            magicpage::registers::Access::ReadWrite => Access::ReadWrite,
        };
        Self {
            number: spr.number,
            name: spr.name,
            models: Models::ALL,
            access,
            home: Home::Page(spr.field, spr.part),
            mask: u64::MAX,
            reset: 0,
            source: "magic page",
            slot: table::NOWHERE,
        }
    }

    /// Whether the register may be moved in user mode: the architecture says so by its number (PEM 4.4.2).
    pub const fn is_user(&self) -> bool {
        self.number & cpu::spr::PRIVILEGED == 0
    }

    /// Whether the value lives in [`Registers`] under this number.
    const fn is_value(&self) -> bool {
        matches!(self.home, Home::Value | Home::UpperBats)
    }
}

/// Rows `number "name" MODELS Access home, mask, reset, source;`.
macro_rules! registers {
    ($($number:literal $name:literal $models:ident $access:expr, $home:expr, $mask:expr, $reset:expr, $source:literal;)*) => {
        [$(crate::spr::Row {
            number: $number,
            name: $name,
            models: crate::model::Models::$models,
            access: $access,
            home: $home,
            mask: $mask,
            reset: $reset,
            source: $source,
            slot: crate::spr::table::NOWHERE,
        }),*]
    };
}
use registers;

/// The values of the registers that have no other home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers {
    model: &'static Model,
    values: [u64; table::SLOTS],
}

impl Registers {
    /// The values after a reset.
    pub fn new(model: &'static Model) -> Self {
        let mut registers = Self {
            model,
            values: [0; table::SLOTS],
        };
        for bank in Bank::ALL {
            for row in rows(bank, model).filter(Row::is_value) {
                registers.put(&row, row.reset);
            }
        }
        registers
    }

    /// A register's value; 0 for one that the model does not have, or that has another home.
    pub fn get(&self, number: u16) -> u64 {
        find(Bank::Special, self.model, number).map_or(0, |row| self.value(&row))
    }

    /// Sets all bits of a register, whatever its mask; nothing for one that the model does not have, or that has
    /// another home.
    pub fn set(&mut self, number: u16, value: u64) {
        self.set_in(Bank::Special, number, value);
    }

    /// Sets a register of a bank as [`set`](Self::set) does. Answers whether its home is here.
    pub fn set_in(&mut self, bank: Bank, number: u16, value: u64) -> bool {
        let row = find(bank, self.model, number).filter(|row| usize::from(row.slot) < self.values.len());
        if let Some(row) = &row {
            self.put(row, value);
        }
        row.is_some()
    }

    /// Every register whose home is here, with its bank and value.
    pub fn all(&self) -> impl Iterator<Item = (Bank, Row, u64)> + '_ {
        Bank::ALL
            .into_iter()
            .flat_map(|bank| rows(bank, self.model).map(move |row| (bank, row)))
            .filter(|(_, row)| row.is_value())
            .map(|(bank, row)| (bank, row, self.value(&row)))
    }

    fn value(&self, row: &Row) -> u64 {
        self.values.get(usize::from(row.slot)).copied().unwrap_or(0)
    }

    fn put(&mut self, row: &Row, value: u64) {
        if let Some(place) = self.values.get_mut(usize::from(row.slot)) {
            *place = value;
        }
    }
}
