//! Fixed-point instructions that the Power ISA gained after the 64-bit PowerPC.

use super::*;
use crate::operand::*;

const DX: Operand = Operand::SignedFields(&[(6, 10), (16, 5), (0, 1)]);

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "isel"     (31 << 26 | 15 << 1) [RT, RA0, RB, BC] NO,          BOOK3S_64, "I 3.3.12";
    "isel"     (31 << 26 | 15 << 1) [RT, RA0, RB, BC] NO,          E500,      "E500 3.8.2";
    "addpcis"  (19 << 26 | 2 << 1) [RT, DX] NO,           BOOK3S_64, "I 3.3.9";
    "addex"    (31 << 26 | 170 << 1) [RT, RA, RB, u(9, 2)] OV,     BOOK3S_64, "I 3.3.9";
    "maddhd"   (vx(48)) [RT, RA, RB, RC_]    NO,                   BOOK3S_64, "I 3.3.9.1";
    "maddhdu"  (vx(49)) [RT, RA, RB, RC_]    NO,                   BOOK3S_64, "I 3.3.9.1";
    "maddld"   (vx(51)) [RT, RA, RB, RC_]    NO,                   BOOK3S_64, "I 3.3.9.1";
    "modsw"    (x(31, 779)) [RT, RA, RB]     NO,                   BOOK3S_64, "I 3.3.9";
    "moduw"    (x(31, 267)) [RT, RA, RB]     NO,                   BOOK3S_64, "I 3.3.9";
    "modsd"    (x(31, 777)) [RT, RA, RB]     NO,                   BOOK3S_64, "I 3.3.9.1";
    "modud"    (x(31, 265)) [RT, RA, RB]     NO,                   BOOK3S_64, "I 3.3.9.1";
    "divwe"    (x(31, 427)) [RT, RA, RB]     OE | RC,              BOOK3S_64, "I 3.3.9";
    "divweu"   (x(31, 395)) [RT, RA, RB]     OE | RC,              BOOK3S_64, "I 3.3.9";
    "divde"    (x(31, 425)) [RT, RA, RB]     OE | RC,              BOOK3S_64, "I 3.3.9.1";
    "divdeu"   (x(31, 393)) [RT, RA, RB]     OE | RC,              BOOK3S_64, "I 3.3.9.1";
    "cmprb"    (x(31, 192)) [BF, u(21, 1), RA, RB] NO,             BOOK3S_64, "I 3.3.10.1";
    "cmpeqb"   (x(31, 224)) [BF, RA, RB]     NO,                   BOOK3S_64, "I 3.3.10.1";
    "setb"     (x(31, 128)) [RT, BFA]        NO,                   BOOK3S_64, "I 3.3.17";
    "mcrxrx"   (x(31, 576)) [BF]             CAI | SO,             BOOK3S_64, "I 3.3.17";
    "popcntb"  (x(31, 122)) [RAW, RS]        NO,                   BOOK3S_64, "I 3.3.13";
    "popcntw"  (x(31, 378)) [RAW, RS]        NO,                   BOOK3S_64, "I 3.3.13";
    "popcntd"  (x(31, 506)) [RAW, RS]        NO,                   BOOK3S_64, "I 3.3.13.1";
    "prtyw"    (x(31, 154)) [RAW, RS]        NO,                   BOOK3S_64, "I 3.3.13";
    "prtyd"    (x(31, 186)) [RAW, RS]        NO,                   BOOK3S_64, "I 3.3.13.1";
    "cmpb"     (x(31, 508)) [RAW, RS, RB]    NO,                   BOOK3S_64, "I 3.3.13";
    "bpermd"   (x(31, 252)) [RAW, RS, RB]    NO,                   BOOK3S_64, "I 3.3.13.1";
    "cnttzw"   (x(31, 538)) [RAW, RS]        RC,                   BOOK3S_64, "I 3.3.13";
    "cnttzd"   (x(31, 570)) [RAW, RS]        RC,                   BOOK3S_64, "I 3.3.13.1";
    "extswsli" (x(31, 890)) [RAW, RS, SH6]   RC,                   BOOK3S_64, "I 3.3.14.2";
    "addg6s"   (x(31, 74)) [RT, RA, RB]      NO,                   BOOK3S_64, "I 3.3.15";
    "cdtbcd"   (x(31, 282)) [RAW, RS]        NO,                   BOOK3S_64, "I 3.3.15";
    "cbcdtd"   (x(31, 314)) [RAW, RS]        NO,                   BOOK3S_64, "I 3.3.15";
    "darn"     (x(31, 755)) [RT, u(16, 2)]   OTHR,                 BOOK3S_64, "I 3.3.9";
    "lwat"     (x(31, 582)) [RTU, RA0, u(11, 5)] ANY,              BOOK3S_64, "II 4.5";
    "ldat"     (x(31, 614)) [RTU, RA0, u(11, 5)] ANY,              BOOK3S_64, "II 4.5";
    "stwat"    (x(31, 710)) [RS, RA0, u(11, 5)] NO,                BOOK3S_64, "II 4.5";
    "stdat"    (x(31, 742)) [RS, RA0, u(11, 5)] NO,                BOOK3S_64, "II 4.5";
    "copy"     (x(31, 774) | 1 << 21) [RA0, RB] OTHW,              BOOK3S_64, "II 4.4";
    "paste."   (x(31, 902) | 1 << 21 | 1) [RA0, RB] CR0 | OTHR | OTHW, BOOK3S_64, "II 4.4";
    "cpabort"  (x(31, 838)) []               OTHW,                 BOOK3S_64, "II 4.4";
};
