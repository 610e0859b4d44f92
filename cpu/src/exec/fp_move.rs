//! Floating-point moves, which look at no more than bits (Power ISA I 4.6.5).

use super::fp_result::{SIGN, floating};

const UPPER: u64 = 0xffff_ffff_0000_0000;

floating! {
    fmr |s, i| s.moved(i, s.fb(i));
    fneg |s, i| s.moved(i, s.fb(i) ^ SIGN);
    fabs |s, i| s.moved(i, s.fb(i) & !SIGN);
    fnabs |s, i| s.moved(i, s.fb(i) | SIGN);
    fcpsgn |s, i| s.moved(i, s.fa(i) & SIGN | s.fb(i) & !SIGN);
    fmrgew |s, i| {
        s.set_ft(i, s.fa(i) & UPPER | s.fb(i) >> 32);
        s.next()
    };
    fmrgow |s, i| {
        s.set_ft(i, s.fa(i) << 32 | s.fb(i) & !UPPER);
        s.next()
    };
}
