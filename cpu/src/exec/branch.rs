//! Branches.

use super::{Done, Stop};
use crate::decode::Ins;
use crate::memory::Memory;
use crate::state::State;

use super::registers::width;

fn jump(s: &mut State, i: Ins, target: u64) -> Done {
    let next = s.address(s.pc.wrapping_add(4));
    s.pc = s.address(target);
    if i.rc() {
        s.lr = next;
    }
    Ok(())
}

/// Goes to the target if the condition holds. LK is obeyed either way.
fn jump_if(s: &mut State, i: Ins, holds: bool, target: u64) -> Done {
    let target = if holds { target } else { s.pc.wrapping_add(4) };
    jump(s, i, target)
}

/// Decrements the count register if BO says so, and tells whether the condition holds. 32-bit mode tests 32 bits.
fn condition(s: &mut State, i: Ins) -> bool {
    let bo = i.rt();
    let counted = bo & 0b00100 != 0 || {
        s.ctr = s.ctr.wrapping_sub(1) & width(i);
        let zero = s.significant(s.ctr) == 0;
        zero == (bo & 0b00010 != 0)
    };
    let tested = bo & 0b10000 != 0 || s.cr_bit(i.ra()) == (bo & 0b01000 != 0);
    counted && tested
}

pub(super) fn b<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    jump(s, i, i.target(s.pc))
}

pub(super) fn bc<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let holds = condition(s, i);
    jump_if(s, i, holds, i.target(s.pc))
}

pub(super) fn bclr<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let holds = condition(s, i);
    jump_if(s, i, holds, s.lr & !3)
}

pub(super) fn bcctr<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    if i.rt() & 0b00100 == 0 {
        return Err(Stop::Illegal);
    }
    let holds = condition(s, i);
    jump_if(s, i, holds, s.ctr & !3)
}
