//! Decimal floating point. Operands are floating-point registers or pairs of them. A tabular file.

use super::*;
use crate::operand::*;

use Operand::{FprPair, Sint};

const FTP: Operand = FprPair(21);
const FAP: Operand = FprPair(16);
const FBP: Operand = FprPair(11);

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "dadd"         (x(59, 2))             [FT, FA, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "dcffix"       (x(59, 802))           [FT, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "dcmpo"        (x(59, 130))           [BF, FA, FB] FP, BOOK3S_64, "I 5.6";
    "dcmpu"        (x(59, 642))           [BF, FA, FB] FP, BOOK3S_64, "I 5.6";
    "dctdp"        (x(59, 258))           [FT, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "dctfix"       (x(59, 290))           [FT, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "ddedpd"       (x(59, 322))           [u(19, 2), FT, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "ddiv"         (x(59, 546))           [FT, FA, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "denbcd"       (x(59, 834))           [u(20, 1), FT, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "diex"         (x(59, 866))           [FT, FA, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "dmul"         (x(59, 34))            [FT, FA, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "dqua"         (x(59, 3))             [FT, FA, FB, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "dquai"        (x(59, 67))            [Sint { at: 16, width: 5 }, FT, FB, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "drintn"       (x(59, 227))           [u(16, 1), FT, FB, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "drintx"       (x(59, 99))            [u(16, 1), FT, FB, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "drrnd"        (x(59, 35))            [FT, FA, FB, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "drsp"         (x(59, 770))           [FT, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "dscli"        (x(59, 66))            [FT, FA, u(10, 6)] FP | RC1, BOOK3S_64, "I 5.6";
    "dscri"        (x(59, 98))            [FT, FA, u(10, 6)] FP | RC1, BOOK3S_64, "I 5.6";
    "dsub"         (x(59, 514))           [FT, FA, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "dtstdc"       (x(59, 194))           [BF, FA, u(10, 6)] FP, BOOK3S_64, "I 5.6";
    "dtstdg"       (x(59, 226))           [BF, FA, u(10, 6)] FP, BOOK3S_64, "I 5.6";
    "dtstex"       (x(59, 162))           [BF, FA, FB] FP, BOOK3S_64, "I 5.6";
    "dtstsf"       (x(59, 674))           [BF, FA, FB] FP, BOOK3S_64, "I 5.6";
    "dtstsfi"      (x(59, 675))           [BF, u(16, 6), FB] FP, BOOK3S_64, "I 5.6";
    "dxex"         (x(59, 354))           [FT, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "daddq"        (x(63, 2))             [FTP, FAP, FBP] FP | RC1, BOOK3S_64, "I 5.6";
    "dcffixq"      (x(63, 802))           [FTP, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "dcmpoq"       (x(63, 130))           [BF, FAP, FBP] FP, BOOK3S_64, "I 5.6";
    "dcmpuq"       (x(63, 642))           [BF, FAP, FBP] FP, BOOK3S_64, "I 5.6";
    "dctfixq"      (x(63, 290))           [FT, FBP] FP | RC1, BOOK3S_64, "I 5.6";
    "dctqpq"       (x(63, 258))           [FTP, FB] FP | RC1, BOOK3S_64, "I 5.6";
    "ddedpdq"      (x(63, 322))           [u(19, 2), FTP, FBP] FP | RC1, BOOK3S_64, "I 5.6";
    "ddivq"        (x(63, 546))           [FTP, FAP, FBP] FP | RC1, BOOK3S_64, "I 5.6";
    "denbcdq"      (x(63, 834))           [u(20, 1), FTP, FBP] FP | RC1, BOOK3S_64, "I 5.6";
    "diexq"        (x(63, 866))           [FTP, FA, FBP] FP | RC1, BOOK3S_64, "I 5.6";
    "dmulq"        (x(63, 34))            [FTP, FAP, FBP] FP | RC1, BOOK3S_64, "I 5.6";
    "dquaiq"       (x(63, 67))            [Sint { at: 16, width: 5 }, FTP, FBP, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "dquaq"        (x(63, 3))             [FTP, FAP, FBP, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "drdpq"        (x(63, 770))           [FTP, FBP] FP | RC1, BOOK3S_64, "I 5.6";
    "drintnq"      (x(63, 227))           [u(16, 1), FTP, FBP, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "drintxq"      (x(63, 99))            [u(16, 1), FTP, FBP, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "drrndq"       (x(63, 35))            [FTP, FA, FBP, u(9, 2)] FP | RC1, BOOK3S_64, "I 5.6";
    "dscliq"       (x(63, 66))            [FTP, FAP, u(10, 6)] FP | RC1, BOOK3S_64, "I 5.6";
    "dscriq"       (x(63, 98))            [FTP, FAP, u(10, 6)] FP | RC1, BOOK3S_64, "I 5.6";
    "dsubq"        (x(63, 514))           [FTP, FAP, FBP] FP | RC1, BOOK3S_64, "I 5.6";
    "dtstdcq"      (x(63, 194))           [BF, FAP, u(10, 6)] FP, BOOK3S_64, "I 5.6";
    "dtstdgq"      (x(63, 226))           [BF, FAP, u(10, 6)] FP, BOOK3S_64, "I 5.6";
    "dtstexq"      (x(63, 162))           [BF, FAP, FBP] FP, BOOK3S_64, "I 5.6";
    "dtstsfiq"     (x(63, 675))           [BF, u(16, 6), FBP] FP, BOOK3S_64, "I 5.6";
    "dtstsfq"      (x(63, 674))           [BF, FA, FBP] FP, BOOK3S_64, "I 5.6";
    "dxexq"        (x(63, 354))           [FT, FBP] FP | RC1, BOOK3S_64, "I 5.6";
};
