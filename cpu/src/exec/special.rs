//! Moves from and to the SPRs that are part of the state, and instructions that do nothing to it.

use magicpage::{Family, WordSize};

use super::registers::{low, width};
use super::{Done, Stop};
use crate::decode::Ins;
use crate::memory::Memory;
use crate::operand::split10;
use crate::spr;
use crate::state::{CA, CA32, COUNT, OV, OV32, SO, State};

/// The bits of XER that exist.
const fn xer_bits(family: Family) -> u32 {
    match family.word_size() {
        WordSize::Word32 => SO | OV | CA | COUNT,
        WordSize::Word64 => SO | OV | CA | OV32 | CA32 | COUNT,
    }
}

/// What to do with an SPR that is not part of the state.
const fn elsewhere(number: u16) -> Stop {
    if number & spr::PRIVILEGED != 0 {
        Stop::Privileged
    } else {
        Stop::Unimplemented
    }
}

pub(super) fn mfspr<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let value = match split10(i.word) {
        spr::XER => s.xer.into(),
        spr::LR => s.lr,
        spr::CTR => s.ctr,
        number => return Err(elsewhere(number)),
    };
    s.set(i, i.rt(), value);
    s.next()
}

pub(super) fn mtspr<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let value = s.rs(i);
    match split10(i.word) {
        spr::XER => s.xer = low(value) & xer_bits(i.family()),
        spr::LR => s.lr = value & width(i),
        spr::CTR => s.ctr = value & width(i),
        number => return Err(elsewhere(number)),
    }
    s.next()
}

/// Barriers and hints: nothing that one processor alone could see.
pub(super) fn nothing<M: Memory>(s: &mut State, _: &mut M, _: Ins) -> Done {
    s.next()
}

/// Cache management that counts as a load where it may fault, and does nothing else.
pub(super) fn touch<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
    m.load(s.address(s.base(i).wrapping_add(s.rb(i))), 1)?;
    s.next()
}
