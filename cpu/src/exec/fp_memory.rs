//! Floating-point loads and stores (Power ISA I 4.6.2 and 4.6.3). Singles become doubles on the way in, and doubles
//! singles on the way out, with no regard to what the bits mean: nothing rounds, and no NaN becomes quiet.

use super::Done;
use super::load_store::{Base, Mode, effective};
use super::registers::{low, low_signed};
use crate::decode::Ins;
use crate::memory::Memory;
use crate::state::State;

fn load<M: Memory>(
    s: &mut State,
    m: &mut M,
    i: Ins,
    (bytes, mode, base): (u8, Mode, Base),
    f: fn(u64) -> u64,
) -> Done {
    s.floating()?;
    let address = effective(s, i, mode);
    let value = f(m.load(address, bytes)?);
    s.set_ft(i, value);
    if base == Base::Updated {
        s.set(i, i.ra(), address);
    }
    s.next()
}

fn store<M: Memory>(
    s: &mut State,
    m: &mut M,
    i: Ins,
    (bytes, mode, base): (u8, Mode, Base),
    f: fn(u64) -> u64,
) -> Done {
    s.floating()?;
    let address = effective(s, i, mode);
    m.store(address, bytes, f(s.fs(i)))?;
    if base == Base::Updated {
        s.set(i, i.ra(), address);
    }
    s.next()
}

const fn plain(value: u64) -> u64 {
    value
}

/// How much further the exponent of a double reaches than that of a single.
const REBIAS: u64 = 1023 - 127;

/// A single as a double: `DOUBLE` of the manual.
const fn double(value: u64) -> u64 {
    let sign = (value & 0x8000_0000) << 32;
    let magnitude = value & 0x7fff_ffff;
    let rest = match magnitude {
        0 => 0,
        1..0x0080_0000 => {
            // The leading one, bit 23 of a normal number, moves to bit 52 and counts as 1 of the exponent.
            let shift = magnitude.leading_zeros() as u64 - 40;
            (magnitude << (shift + 29)) + ((REBIAS - shift) << 52)
        }
        0x0080_0000..0x7f80_0000 => (magnitude << 29) + (REBIAS << 52),
        _ => magnitude << 29 | 0x7ff << 52,
    };
    sign | rest
}

/// A double as a single: `SINGLE` of the manual.
const fn single(value: u64) -> u64 {
    let exponent = value >> 52 & 0x7ff;
    let sign = value >> 32 & 0x8000_0000;
    match exponent {
        // Where the single is denormal, the leading one shows, and is shifted with the rest.
        874..=REBIAS => sign | (value & 0x000f_ffff_ffff_ffff | 1 << 52) >> (REBIAS + 30 - exponent),
        0..874 => sign,
        _ => value >> 32 & 0xc000_0000 | value >> 29 & 0x3fff_ffff,
    }
}

fn zero_extended(value: u64) -> u64 {
    low(value).into()
}

macro_rules! accesses {
    ($($name:ident $access:ident $bytes:literal $mode:ident $base:ident $f:ident;)*) => {
        $(pub(super) fn $name<M: Memory>(s: &mut State, m: &mut M, i: Ins) -> Done {
            $access(s, m, i, ($bytes, Mode::$mode, Base::$base), $f)
        })*
    };
}

accesses! {
    lfs load 4 D Kept double;
    lfsu load 4 D Updated double;
    lfsx load 4 X Kept double;
    lfsux load 4 X Updated double;
    lfd load 8 D Kept plain;
    lfdu load 8 D Updated plain;
    lfdx load 8 X Kept plain;
    lfdux load 8 X Updated plain;
    lfiwax load 4 X Kept low_signed;
    lfiwzx load 4 X Kept zero_extended;
    stfs store 4 D Kept single;
    stfsu store 4 D Updated single;
    stfsx store 4 X Kept single;
    stfsux store 4 X Updated single;
    stfd store 8 D Kept plain;
    stfdu store 8 D Updated plain;
    stfdx store 8 X Kept plain;
    stfdux store 8 X Updated plain;
    stfiwx store 4 X Kept zero_extended;
}
