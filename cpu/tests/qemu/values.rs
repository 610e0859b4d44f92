//! Random registers: often corners, and values that go together.

use cpu::{State, fpscr};

use crate::common::Random;
use crate::layout::{BUFFER_BYTES, Buffer, Target};

/// Doubles at the edges of formats and conversions.
const DOUBLES: [f64; 20] = [
    0.0,
    1.0,
    0.5,
    1.5,
    2.5,
    3.0,
    0.1,
    f64::MIN_POSITIVE,
    f64::MAX,
    f64::INFINITY,
    f32::MAX as f64,
    f32::MIN_POSITIVE as f64,
    2_147_483_647.0,
    2_147_483_647.5,
    2_147_483_648.0,
    4_294_967_295.5,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    1.0 + f64::EPSILON,
    1.0 + f32::EPSILON as f64,
];

/// Bits that are no such value: denormals, NaNs, the neighbours of overflow.
const BITS: [u64; 12] = [
    1,
    0x000f_ffff_ffff_ffff,
    0x0008_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0x7ff0_0000_0000_0001,
    0x7ff4_0000_2000_0000,
    0x7fff_ffff_ffff_ffff,
    0x47ef_ffff_f000_0000,
    0x380f_ffff_ffff_ffff,
    0x36a0_0000_0000_0000,
    0x369f_ffff_ffff_ffff,
    0x4340_0000_0000_0001,
];

/// A value for a floating-point register.
pub fn double(random: &mut Random) -> u64 {
    let bits = random.next();
    let sign = bits & 1 << 63;
    let exponent = |around: u64, spread: usize, random: &mut Random| {
        (around + random.below(spread) as u64).min(0x7fe) << 52
    };
    let fraction = match bits >> 8 & 3 {
        0 => bits & 0x000f_ffff_ffff_ffff,
        1 => (bits & 0x000f_ffff_ffff_ffff) & !0x1fff_ffff,
        2 => 0x000f_ffff_ffff_ffff << (bits >> 16 & 63) & 0x000f_ffff_ffff_ffff,
        _ => (bits >> 16 & 0xff) << (bits >> 24 & 63) & 0x000f_ffff_ffff_ffff,
    };
    match bits & 15 {
        0..3 => sign | DOUBLES[random.below(DOUBLES.len())].to_bits(),
        3 => sign | BITS[random.below(BITS.len())],
        4 => bits,
        5 => sign | exponent(0, 60, random) | fraction,
        6 => sign | exponent(2046 - 60, 60, random) | fraction,
        7 => sign | exponent(1023 - 150, 30, random) | fraction,
        8 => sign | exponent(1023 + 110, 30, random) | fraction,
        9 => sign | exponent(1023 + 20, 50, random) | fraction,
        10 => sign | exponent(1023 - 520, 20, random) | fraction,
        11 => sign | exponent(1023 + 500, 20, random) | fraction,
        _ => sign | exponent(1023 - 10, 20, random) | fraction,
    }
}

/// FPSCR: any rounding mode, any exception bits, and enables of others than those.
fn status(random: &mut Random) -> u32 {
    let bits = random.word();
    let exceptions = if random.below(2) == 0 {
        0
    } else {
        bits & fpscr::EXCEPTIONS
    };
    let enables = match random.below(6) {
        0 => fpscr::ENABLES,
        1 => random.word() & fpscr::ENABLES,
        _ => 0,
    };
    let rest = bits & !(fpscr::EXCEPTIONS | fpscr::ENABLES | fpscr::RESERVED | fpscr::NI);
    let mut allowed = 0;
    for shift in 3..8 {
        if !fpscr::enabled(1 << shift, exceptions) {
            allowed |= enables & 1 << shift;
        }
    }
    fpscr::summarised(rest | exceptions | allowed)
}

/// All registers but LR, CTR and the program counter.
pub fn state(target: &Target, random: &mut Random) -> State {
    let mut state = State::new(target.family);
    for register in &mut state.gpr {
        *register = random.value() & target.width();
    }
    state.cr = random.word();
    state.xer = random.word() & target.xer_bits();
    if random.below(4) == 0 {
        state.xer &= !0x60;
    }
    if target.floats() {
        for register in &mut state.fpr {
            *register = double(random);
        }
        // Neighbours, so that differences cancel.
        for n in (0..32).step_by(8) {
            let other = state.fpr[n] ^ random.next() & 0x8000_0000_0000_0003;
            state.fpr[random.below(32)] = other;
        }
        state.fpscr = status(random);
        state.fp_exceptions = true;
    }
    state
}

pub fn buffer(target: &Target, random: &mut Random) -> Buffer {
    let mut bytes = [0; BUFFER_BYTES];
    for chunk in bytes.chunks_mut(8) {
        let value = if random.below(2) == 0 {
            random.next()
        } else {
            double(random)
        };
        chunk.copy_from_slice(&value.to_be_bytes());
    }
    Buffer {
        bytes,
        endian: target.endian,
        first: None,
    }
}
