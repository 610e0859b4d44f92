//! Floating point against the host's arithmetic, which rounds to nearest, and against the manuals where QEMU is no
//! model.
//!
//! What FPSCR says of rounding (FR, FI) is computed here from the error of a result, which is itself a double and
//! comes from fused multiply-add or from comparing sums.

mod common;

use common::{Random, Zeros};
use cpu::exec::{Done, Stop, execute};
use cpu::fpscr::*;
use cpu::{Extension, State, decode};
use magicpage::Family;

const FAMILY: Family = Family::Book3s32;

/// `f1 <- f2 op f3`, or `op` with `f4` as the third operand.
const fn word(primary: u32, extended: u32) -> u32 {
    let b_and_c = match extended {
        25 => 3 << 6,
        28.. => 4 << 11 | 3 << 6,
        _ => 3 << 11,
    };
    primary << 26 | 1 << 21 | 2 << 16 | b_and_c | extended << 1
}

const ADD: u32 = 21;
const SUBTRACT: u32 = 20;
const MULTIPLY: u32 = 25;
const DIVIDE: u32 = 18;
const MULTIPLY_ADD: u32 = 29;
const NEGATIVE_MULTIPLY_ADD: u32 = 31;

fn run(word: u32, operands: &[f64], fpscr: u32, interrupts: bool) -> (Done, State) {
    let mut state = State::new(FAMILY);
    for (register, value) in state.fpr[2..].iter_mut().zip(operands) {
        *register = value.to_bits();
    }
    state.fpr[1] = 42.0f64.to_bits();
    (state.fpscr, state.fp_exceptions) = (fpscr, interrupts);
    let done = execute(decode(word, FAMILY), &mut state, &mut Zeros);
    (done, state)
}

fn result(state: &State) -> f64 {
    f64::from_bits(state.fpr[1])
}

/// A double whose products, quotients and sums, and their errors, stay normal.
fn moderate(random: &mut Random) -> f64 {
    let bits = random.next() & 0x801f_ffff_ffff_ffff | 0x3fe0_0000_0000_0000;
    f64::from_bits(if random.below(4) == 0 {
        bits & !0xffff_ffff
    } else {
        bits
    })
}

/// The result to nearest, and exact value less result.
fn expected(extended: u32, a: f64, b: f64, c: f64) -> (f64, f64) {
    let sum = |a: f64, b: f64| {
        let (large, small) = if a.abs() < b.abs() { (b, a) } else { (a, b) };
        let sum = large + small;
        (sum, small - (sum - large))
    };
    match extended {
        ADD => sum(a, b),
        SUBTRACT => sum(a, -b),
        MULTIPLY => (a * b, a.mul_add(b, -(a * b))),
        DIVIDE => {
            let quotient = a / b;
            // The remainder's sign, put right for the divisor's.
            (quotient, -quotient.mul_add(b, -a) * b.signum())
        }
        _ => {
            // Of a multiply-add with an addend that the product dwarfs or equals, the error of both roundings.
            let (product, low) = (a * b, a.mul_add(b, -(a * b)));
            let result = a.mul_add(b, c);
            let (partial, error) = sum(product, c);
            (result, (partial - result) + (error + low))
        }
    }
}

#[test]
fn results_to_nearest_are_the_hosts_and_the_fraction_is_told_from_the_error() {
    let mut random = Random(5);
    for extended in [ADD, SUBTRACT, MULTIPLY, DIVIDE, MULTIPLY_ADD] {
        for _ in 0..20_000 {
            let [a, b] = [moderate(&mut random), moderate(&mut random)];
            let c = if random.below(2) == 0 {
                -a * b
            } else {
                moderate(&mut random)
            };
            let (nearest, error) = expected(extended, a, b, c);
            let (done, state) = run(word(63, extended), &[a, b, c], 0, false);
            assert_eq!(done, Ok(()));
            assert_eq!(
                result(&state).to_bits(),
                nearest.to_bits(),
                "{extended}: {a} {b} {c}"
            );
            let inexact = error != 0.0;
            let incremented = inexact && error.is_sign_positive() != nearest.is_sign_positive();
            assert_eq!(state.fpscr & FI != 0, inexact, "{extended}: {a:e} {b:e} {c:e}");
            assert_eq!(
                state.fpscr & FR != 0,
                incremented,
                "{extended}: {a:e} {b:e} {c:e}"
            );
        }
    }
}

#[test]
fn directed_rounding_increments_in_one_direction_only() {
    let mut random = Random(6);
    for extended in [ADD, SUBTRACT, MULTIPLY, DIVIDE, MULTIPLY_ADD] {
        for _ in 0..10_000 {
            let [a, b, c] = [0; 3].map(|_| moderate(&mut random));
            let (nearest, error) = expected(extended, a, b, c);
            for mode in 1..4 {
                let (_, state) = run(word(63, extended), &[a, b, c], mode, false);
                let up = mode == 2 || mode == 1 && nearest < 0.0;
                let directed = match (up, error) {
                    (_, 0.0) => nearest,
                    (true, 0.0..) => nearest.next_up(),
                    (false, ..0.0) => nearest.next_down(),
                    _ => nearest,
                };
                assert_eq!(
                    result(&state).to_bits(),
                    directed.to_bits(),
                    "{extended} in {mode}: {a:e} {b:e} {c:e}"
                );
                let away = mode != 1 && up == (nearest > 0.0) && error != 0.0;
                assert_eq!(
                    state.fpscr & FR != 0,
                    away,
                    "{extended} in {mode}: {a:e} {b:e} {c:e}"
                );
            }
        }
    }
}

/// Power ISA I 4.2.2: the summary is set by a change of an exception bit, not by an exception that is known already.
#[test]
fn a_known_exception_does_not_set_the_summary() {
    let (_, state) = run(word(63, DIVIDE), &[1.0, 3.0], XX, false);
    assert_eq!(state.fpscr & (FX | XX | FI), XX | FI);
    let (_, state) = run(word(63, DIVIDE), &[1.0, 3.0], 0, false);
    assert_eq!(state.fpscr & (FX | XX | FI), FX | XX | FI);
}

/// Power ISA I 4.6.6.2: rounded, then negated.
#[test]
fn a_negative_multiply_add_is_rounded_first() {
    for mode in 0..4 {
        let operands = [1.0 / 3.0, 0.1, 1.0 / 7.0];
        let (_, plain) = run(word(63, MULTIPLY_ADD), &operands, mode, false);
        let (_, negative) = run(word(63, NEGATIVE_MULTIPLY_ADD), &operands, mode, false);
        assert_eq!(result(&negative), -result(&plain), "{mode}");
    }
}

/// Power ISA I A.1: a result that is denormal as a single is so in FPRF, though the register holds a normal double.
#[test]
fn a_single_is_classed_as_a_single() {
    let tiny = f64::from(f32::MIN_POSITIVE);
    let (_, state) = run(word(59, MULTIPLY), &[tiny, 0.5], 0, false);
    assert_eq!(result(&state), tiny / 2.0);
    assert_eq!(state.fpscr, 0b10100 << 12);
    let (_, state) = run(word(63, MULTIPLY), &[tiny, -0.5], 0, false);
    assert_eq!(state.fpscr, 0b01000 << 12);
}

/// Power ISA I 4.4.3.2 and 4.4.4.2: enabled overflow and underflow move the exponent.
#[test]
fn enabled_overflow_and_underflow_move_the_exponent() {
    let large = 2f64.powi(1000);
    let (done, state) = run(word(63, MULTIPLY), &[large, large], OE, true);
    assert_eq!(done, Err(Stop::FloatingPointException));
    assert_eq!(result(&state), 2f64.powi(2000 - 1536));
    assert_eq!(state.fpscr & (FX | FEX | OX | XX | FI), FX | FEX | OX);
    assert_eq!(state.pc, 0, "the address of the instruction");
    let (done, state) = run(word(63, DIVIDE), &[1.0 / large, large], UE, true);
    assert_eq!(done, Err(Stop::FloatingPointException));
    assert_eq!(result(&state), 2f64.powi(1536 - 2000));
    let (_, state) = run(word(59, MULTIPLY), &[2f64.powi(100), 2f64.powi(100)], OE, false);
    assert_eq!(result(&state), 2f64.powi(200 - 192));
    assert_eq!(state.pc, 4, "nothing interrupts");
}

/// Power ISA I 4.4.1.2 and 4.4.2.2: enabled invalid operations and divisions by zero leave the target alone.
#[test]
fn an_enabled_exception_may_suppress_the_result() {
    let cases = [
        (0.0, 0.0, VE, VXZDZ | VX),
        (f64::INFINITY, f64::INFINITY, VE, VXIDI | VX),
        (1.0, 0.0, ZE, ZX),
    ];
    for (a, b, enable, cause) in cases {
        let class = 0b00100 << 12;
        let (done, state) = run(word(63, DIVIDE), &[a, b], enable | FR | FI | class, true);
        assert_eq!(done, Err(Stop::FloatingPointException));
        assert_eq!(result(&state), 42.0);
        assert_eq!(state.fpscr, FX | FEX | cause | enable | class);
        let (done, state) = run(word(63, DIVIDE), &[a, b], 0, true);
        assert_eq!(done, Ok(()));
        assert!(!result(&state).is_finite());
    }
}

/// MPC750 UM 4.5.8: an attempt at an instruction of the unit while MSR\[FP\] is 0.
#[test]
fn without_the_unit_nothing_happens() {
    let mut state = State::new(FAMILY);
    state.fp = false;
    let before = state.clone();
    // fadd, lfd, stfs, mffs, mtfsb1, fcmpu, fmr.
    for word in [
        0xfc22_182a,
        0xc822_0000,
        0xd022_0000,
        0xfc20_048e,
        0xffc0_004c,
        0xfc02_1800,
        0xfc20_1090,
    ] {
        let done = execute(decode(word, FAMILY), &mut state, &mut Zeros);
        assert_eq!(done, Err(Stop::FloatingPointUnavailable), "{word:#x}");
        assert_eq!(state, before);
    }
}

/// MPC750 UM 2.3.4.2 and 750CL UM on HID2: no square root, and no paired singles unless HID2\[PSE\] is 1.
#[test]
fn what_the_750_lacks_is_illegal() {
    // fsqrt, fsqrts, fctid, ps_mr, psq_l, psq_lu, psq_st, psq_stu.
    let words = [
        0xfc20_102c,
        0xec20_102c,
        0xfc20_165c,
        0x1020_1090,
        0xe022_0000,
        0xe422_0000,
        0xf022_0000,
        0xf422_0000,
    ];
    for word in words {
        let done = execute(decode(word, FAMILY), &mut State::new(FAMILY), &mut Zeros);
        assert_eq!(done, Err(Stop::Illegal), "{word:#x}");
    }
    // ps_add, which is vsel on a 7400.
    assert_eq!(decode(0x1022_182a, FAMILY).extension(), Some(Extension::Vector));
}
