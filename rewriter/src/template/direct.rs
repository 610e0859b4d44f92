//! One load, store or nop in place.

use magicpage::layout::{self, Place};

use super::Context;
use crate::asm::NOP;
use crate::classify::Operation;

/// The word that replaces the operation wherever it stands, if one does.
pub fn word(context: &Context) -> Option<u32> {
    let (endian, size) = (context.endian, context.family.word_size());
    match context.operation {
        Operation::ReadMsr { rt } => Some(load(rt, layout::MSR.offset_in(endian, size))),
        Operation::ReadSpr { rt, spr } => Some(load(rt, spr.field.part(spr.part, endian, size))),
        Operation::WriteSpr { rs, spr } => Some(store(rs, spr.field.part(spr.part, endian, size))),
        Operation::TlbSync => Some(NOP),
        _ => None,
    }
}

/// The shape's name in plans.
pub fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::ReadMsr { .. } => "mfmsr",
        Operation::ReadSpr { .. } => "mfspr",
        Operation::WriteSpr { .. } => "mtspr",
        _ => "nop",
    }
}

/// `lwz` and `ld` (Power ISA Book I sections 3.3.2 and 3.3.2.1), base register number 0: the value zero.
fn load(register: u8, place: Place) -> u32 {
    access([0x8000_0000, 0xe800_0000], register, place)
}

/// `stw` and `std` (Power ISA Book I sections 3.3.3 and 3.3.3.1).
fn store(register: u8, place: Place) -> u32 {
    access([0x9000_0000, 0xf800_0000], register, place)
}

fn access([word, doubleword]: [u32; 2], register: u8, place: Place) -> u32 {
    let opcode = if place.bytes == 8 { doubleword } else { word };
    opcode | u32::from(register) << 21 | u32::from(place.displacement().cast_unsigned())
}
