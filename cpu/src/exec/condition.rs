//! The condition register: logic on its bits, moves of its fields.

use super::Done;
use crate::decode::Ins;
use crate::memory::Memory;
use crate::state::{CA, CA32, OV, OV32, SO, State};

macro_rules! bits {
    ($($name:ident |$a:ident, $b:ident| $value:expr;)*) => {
        $(pub(super) fn $name<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
            let ($a, $b) = (s.cr_bit(i.ra()), s.cr_bit(i.rb()));
            s.set_cr_bit(i.rt(), $value);
            s.next()
        })*
    };
}

bits! {
    crand |a, b| a & b;
    crandc |a, b| a & !b;
    creqv |a, b| a == b;
    crnand |a, b| !(a & b);
    crnor |a, b| !(a | b);
    cror |a, b| a | b;
    crorc |a, b| a | !b;
    crxor |a, b| a ^ b;
}

pub(super) fn mcrf<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let field = s.cr_field(i.ra() >> 2);
    s.set_cr_field(i.rt() >> 2, field);
    s.next()
}

/// The bits of the fields that the mask in the word selects.
fn selected(i: Ins) -> u32 {
    (0..8)
        .filter(|field| i.word >> (12 + field) & 1 != 0)
        .fold(0, |bits, field| bits | 15 << (4 * field))
}

pub(super) fn mfcr<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    s.set(i, i.rt(), s.cr.into());
    s.next()
}

pub(super) fn mfocrf<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let value = s.cr & selected(i);
    s.set(i, i.rt(), value.into());
    s.next()
}

pub(super) fn mtcrf<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let mask = selected(i);
    s.cr = s.cr & !mask | super::registers::low(s.rs(i)) & mask;
    s.next()
}

/// SO, OV and CA into a field, and zero into them.
pub(super) fn mcrxr<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    s.set_cr_field(i.rt() >> 2, s.xer >> 28);
    s.xer &= !(SO | OV | CA);
    s.next()
}

pub(super) fn mcrxrx<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let bit = |mask: u32| u32::from(s.xer & mask != 0);
    let field = bit(OV) << 3 | bit(OV32) << 2 | bit(CA) << 1 | bit(CA32);
    s.set_cr_field(i.rt() >> 2, field);
    s.next()
}
