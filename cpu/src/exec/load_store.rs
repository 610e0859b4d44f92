//! Loads and stores of one value.

use super::Done;
use super::registers::{immediate, low, low_signed};
use crate::decode::Ins;
use crate::memory::Memory;
use crate::state::State;

/// How the address is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Base and displacement.
    D,
    /// Base and a displacement that is a multiple of 4.
    Ds,
    /// Base and index.
    X,
}

/// Whether the base register receives the address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Kept,
    Updated,
}

pub(super) fn effective(s: &State, i: Ins, mode: Mode) -> u64 {
    let offset = match mode {
        Mode::D => immediate(i),
        Mode::Ds => immediate(i) & !3,
        Mode::X => s.rb(i),
    };
    s.address(s.base(i).wrapping_add(offset))
}

fn load<M: Memory>(
    s: &mut State,
    m: &mut M,
    i: Ins,
    bytes: u8,
    mode: Mode,
    base: Base,
    f: fn(u64) -> u64,
) -> Done {
    let address = effective(s, i, mode);
    let value = f(m.load(address, bytes)?);
    s.set(i, i.rt(), value);
    if base == Base::Updated {
        s.set(i, i.ra(), address);
    }
    s.next()
}

fn store<M: Memory>(
    s: &mut State,
    m: &mut M,
    i: Ins,
    bytes: u8,
    mode: Mode,
    base: Base,
    f: fn(u64) -> u64,
) -> Done {
    let address = effective(s, i, mode);
    m.store(address, bytes, f(s.rs(i)))?;
    if base == Base::Updated {
        s.set(i, i.ra(), address);
    }
    s.next()
}

const fn plain(value: u64) -> u64 {
    value
}

const fn halfword(value: u64) -> u64 {
    (value << 48).cast_signed().wrapping_shr(48).cast_unsigned()
}

const fn reversed2(value: u64) -> u64 {
    (value << 48).swap_bytes()
}

fn reversed4(value: u64) -> u64 {
    low(value).swap_bytes().into()
}

const fn reversed8(value: u64) -> u64 {
    value.swap_bytes()
}

macro_rules! accesses {
    ($($name:ident $access:ident $bytes:literal $mode:ident $base:ident $f:ident;)*) => {
        $(pub(super) fn $name<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
            $access(s, m, i, $bytes, Mode::$mode, Base::$base, $f)
        })*
    };
}

accesses! {
    lbz load 1 D Kept plain;
    lbzu load 1 D Updated plain;
    lbzx load 1 X Kept plain;
    lbzux load 1 X Updated plain;
    lhz load 2 D Kept plain;
    lhzu load 2 D Updated plain;
    lhzx load 2 X Kept plain;
    lhzux load 2 X Updated plain;
    lha load 2 D Kept halfword;
    lhau load 2 D Updated halfword;
    lhax load 2 X Kept halfword;
    lhaux load 2 X Updated halfword;
    lwz load 4 D Kept plain;
    lwzu load 4 D Updated plain;
    lwzx load 4 X Kept plain;
    lwzux load 4 X Updated plain;
    lwa load 4 Ds Kept low_signed;
    lwax load 4 X Kept low_signed;
    lwaux load 4 X Updated low_signed;
    ld load 8 Ds Kept plain;
    ldu load 8 Ds Updated plain;
    ldx load 8 X Kept plain;
    ldux load 8 X Updated plain;
    lhbrx load 2 X Kept reversed2;
    lwbrx load 4 X Kept reversed4;
    ldbrx load 8 X Kept reversed8;
    stb store 1 D Kept plain;
    stbu store 1 D Updated plain;
    stbx store 1 X Kept plain;
    stbux store 1 X Updated plain;
    sth store 2 D Kept plain;
    sthu store 2 D Updated plain;
    sthx store 2 X Kept plain;
    sthux store 2 X Updated plain;
    stw store 4 D Kept plain;
    stwu store 4 D Updated plain;
    stwx store 4 X Kept plain;
    stwux store 4 X Updated plain;
    std store 8 Ds Kept plain;
    stdu store 8 Ds Updated plain;
    stdx store 8 X Kept plain;
    stdux store 8 X Updated plain;
    sthbrx store 2 X Kept reversed2;
    stwbrx store 4 X Kept reversed4;
    stdbrx store 8 X Kept reversed8;
}
