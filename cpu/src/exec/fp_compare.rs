//! Floating-point comparison (Power ISA I 4.6.8) and selection (4.6.9).

use core::cmp::Ordering;

use super::Done;
use super::fp_result::{floating, is_nan, is_signalling};
use super::registers::order;
use crate::decode::Ins;
use crate::fpscr::{FPCC, VE, VXSNAN, VXVC};
use crate::state::State;

/// Neither less nor greater nor equal.
const UNORDERED: u32 = 1;

/// Compares A and B into a field and FPCC, which an enabled exception does not prevent.
fn compared(s: &mut State, i: Ins, ordered: bool) -> Done {
    let (a, b) = (s.fa(i), s.fb(i));
    let (condition, causes) = match f64::from_bits(a).partial_cmp(&f64::from_bits(b)) {
        Some(ordering) => (order(ordering), 0),
        None => (UNORDERED, unordered(s, a, b, ordered)),
    };
    s.fpscr = s.fpscr & !FPCC | condition << FPCC.trailing_zeros();
    s.set_cr_field(i.rt() >> 2, condition);
    s.signal(causes)?;
    s.next()
}

/// What a comparison with a NaN causes. A signalling NaN that interrupts is not an invalid comparison on top.
fn unordered(s: &State, a: u64, b: u64, ordered: bool) -> u32 {
    let signalling = is_signalling(a) || is_signalling(b);
    match (signalling, ordered) {
        (true, true) if s.fpscr & VE == 0 => VXSNAN | VXVC,
        (true, _) => VXSNAN,
        (false, true) => VXVC,
        (false, false) => 0,
    }
}

floating! {
    fcmpu |s, i| compared(s, i, false);
    fcmpo |s, i| compared(s, i, true);
    /// C if A is not less than zero, else B: also where A is a NaN.
    fsel |s, i| {
        let a = s.fa(i);
        let chosen = if is_nan(a) || f64::from_bits(a).partial_cmp(&0.0) == Some(Ordering::Less) {
            s.fb(i)
        } else {
            s.fc(i)
        };
        s.moved(i, chosen)
    };
}
