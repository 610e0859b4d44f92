//! Division and remainders. The head of [`exec`](super) says what becomes of undefined quotients.

use super::Done;
use super::registers::{low, low_signed};
use crate::decode::Ins;
use crate::memory::Memory;
use crate::state::State;

/// RT <- quotient, or `undefined` with an overflow where there is none.
fn quotient(s: &mut State, i: Ins, quotient: Option<u64>, undefined: u64) -> Done {
    if i.oe() {
        s.set_overflow(i, quotient.is_none(), quotient.is_none());
    }
    let value = s.set(i, i.rt(), quotient.unwrap_or(undefined));
    s.finish(i, value)
}

fn remainder(s: &mut State, i: Ins, remainder: u64) -> Done {
    s.set(i, i.rt(), remainder);
    s.next()
}

fn word(value: u64) -> i32 {
    low(value).cast_signed()
}

fn double(value: u64) -> i64 {
    value.cast_signed()
}

pub(super) fn divw<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let result = word(s.ra(i))
        .checked_div(word(s.rb(i)))
        .map(|q| q.cast_unsigned().into());
    quotient(s, i, result, low(s.ra(i)).into())
}

pub(super) fn divwu<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let result = low(s.ra(i)).checked_div(low(s.rb(i))).map(u64::from);
    quotient(s, i, result, low(s.ra(i)).into())
}

pub(super) fn divd<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let result = double(s.ra(i))
        .checked_div(double(s.rb(i)))
        .map(i64::cast_unsigned);
    quotient(s, i, result, s.ra(i))
}

pub(super) fn divdu<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let result = s.ra(i).checked_div(s.rb(i));
    quotient(s, i, result, s.ra(i))
}

/// The dividend is the register with as many zero bits below.
pub(super) fn divwe<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let dividend = i64::from(word(s.ra(i))) << 32;
    let result = dividend
        .checked_div(word(s.rb(i)).into())
        .and_then(|q| i32::try_from(q).ok());
    quotient(s, i, result.map(|q| low_signed(q.cast_unsigned().into())), 0)
}

pub(super) fn divweu<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let dividend = s.ra(i) << 32;
    let result = dividend
        .checked_div(low(s.rb(i)).into())
        .and_then(|q| u32::try_from(q).ok());
    quotient(s, i, result.map(u64::from), 0)
}

pub(super) fn divde<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let dividend = i128::from(double(s.ra(i))) << 64;
    let result = dividend
        .checked_div(double(s.rb(i)).into())
        .and_then(|q| i64::try_from(q).ok());
    quotient(s, i, result.map(i64::cast_unsigned), 0)
}

pub(super) fn divdeu<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let dividend = u128::from(s.ra(i)) << 64;
    let result = dividend
        .checked_div(s.rb(i).into())
        .and_then(|q| u64::try_from(q).ok());
    quotient(s, i, result, 0)
}

pub(super) fn modsw<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let result = word(s.ra(i)).checked_rem(word(s.rb(i))).unwrap_or(0);
    remainder(s, i, low_signed(result.cast_unsigned().into()))
}

pub(super) fn moduw<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let result = low(s.ra(i)).checked_rem(low(s.rb(i))).unwrap_or(0);
    remainder(s, i, result.into())
}

pub(super) fn modsd<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let result = double(s.ra(i)).checked_rem(double(s.rb(i))).unwrap_or(0);
    remainder(s, i, result.cast_unsigned())
}

pub(super) fn modud<M: Memory>(s: &mut State, _: &mut M, i: Ins) -> Done {
    let result = s.ra(i).checked_rem(s.rb(i)).unwrap_or(0);
    remainder(s, i, result)
}
