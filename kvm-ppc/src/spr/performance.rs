//! The performance monitor registers of the e500, a bank of their own: `mfpmr` and `mtpmr` reach them.
//!
//! Nothing counts; software that programs them finds what it has written.

use super::Access::{ReadOnly, ReadWrite};
use super::Home::{Same, Value};
use super::table::{slots, with_slots};
use super::{Row, e500, registers};

const ALL: u64 = 0xffff_ffff;
/// FAC, PMIE, FCECE.
const PMGC0: u64 = 0xe000_0000;
/// FC, FCS, FCU, FCM1, FCM0, CE, EVENT.
const PMLCA: u64 = 0xfc7f_0000;
/// THRESHMUL, THRESHOLD.
const PMLCB: u64 = 0x073f;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &with_slots(registers! {
    // number name models access, home, mask, reset, source
    0    "upmc0"   E500V2 ReadOnly,  Same(16),  0,     0, "E500 2.15";
    1    "upmc1"   E500V2 ReadOnly,  Same(17),  0,     0, "E500 2.15";
    2    "upmc2"   E500V2 ReadOnly,  Same(18),  0,     0, "E500 2.15";
    3    "upmc3"   E500V2 ReadOnly,  Same(19),  0,     0, "E500 2.15";
    16   "pmc0"    E500V2 ReadWrite, Value,     ALL,   0, "E500 2.15";
    17   "pmc1"    E500V2 ReadWrite, Value,     ALL,   0, "E500 2.15";
    18   "pmc2"    E500V2 ReadWrite, Value,     ALL,   0, "E500 2.15";
    19   "pmc3"    E500V2 ReadWrite, Value,     ALL,   0, "E500 2.15";
    128  "upmlca0" E500V2 ReadOnly,  Same(144), 0,     0, "E500 2.15";
    129  "upmlca1" E500V2 ReadOnly,  Same(145), 0,     0, "E500 2.15";
    130  "upmlca2" E500V2 ReadOnly,  Same(146), 0,     0, "E500 2.15";
    131  "upmlca3" E500V2 ReadOnly,  Same(147), 0,     0, "E500 2.15";
    144  "pmlca0"  E500V2 ReadWrite, Value,     PMLCA, 0, "E500 2.15";
    145  "pmlca1"  E500V2 ReadWrite, Value,     PMLCA, 0, "E500 2.15";
    146  "pmlca2"  E500V2 ReadWrite, Value,     PMLCA, 0, "E500 2.15";
    147  "pmlca3"  E500V2 ReadWrite, Value,     PMLCA, 0, "E500 2.15";
    256  "upmlcb0" E500V2 ReadOnly,  Same(272), 0,     0, "E500 2.15";
    257  "upmlcb1" E500V2 ReadOnly,  Same(273), 0,     0, "E500 2.15";
    258  "upmlcb2" E500V2 ReadOnly,  Same(274), 0,     0, "E500 2.15";
    259  "upmlcb3" E500V2 ReadOnly,  Same(275), 0,     0, "E500 2.15";
    272  "pmlcb0"  E500V2 ReadWrite, Value,     PMLCB, 0, "E500 2.15";
    273  "pmlcb1"  E500V2 ReadWrite, Value,     PMLCB, 0, "E500 2.15";
    274  "pmlcb2"  E500V2 ReadWrite, Value,     PMLCB, 0, "E500 2.15";
    275  "pmlcb3"  E500V2 ReadWrite, Value,     PMLCB, 0, "E500 2.15";
    384  "upmgc0"  E500V2 ReadOnly,  Same(400), 0,     0, "E500 2.15";
    400  "pmgc0"   E500V2 ReadWrite, Value,     PMGC0, 0, "E500 2.15";
}, slots(e500::ROWS, 0));
