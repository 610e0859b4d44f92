//! Branches, system calls and traps.

use super::*;
use crate::operand::*;

const BO: Operand = u(21, 5);
const BI: Operand = CrBit(16, Role::Read);
const LEV: Operand = Opt(&u(5, 7));
const BH: Operand = Opt(&u(11, 2));
/// The level of `scv`, always printed.
const SCV_LEV: Operand = u(5, 7);

use Operand::{CrBit, Opt, Target16, Target26};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "b"     B       [Target26]              BRANCH | LK | AA,           ALL,       "I 2.4";
    "bc"    Bc      [BO, BI, Target16]      BRANCH | COND | LK | AA,    ALL,       "I 2.4";
    "bclr"  Bclr    [BO, BI]                TO_LR | COND | LK,          ALL,       "I 2.4";
    "bcctr" Bcctr   [BO, BI]                TO_CTR | COND | LK,         ALL,       "I 2.4";
    "bclr"  (x(19, 16))  [BO, BI, BH]       TO_LR | COND | LK,          BOOK3S_64, "I 2.4";
    "bcctr" (x(19, 528)) [BO, BI, BH]       TO_CTR | COND | LK,         BOOK3S_64, "I 2.4";
    "bctar" (x(19, 560)) [BO, BI, BH]       TO_TAR | COND | LK | OTHR, BOOK3S_64, "I 2.4";
    "sc"    Sc      []                      SYSCALL,                    ALL,       "I 2.6";
    "sc"    (x(17, 1))   [LEV]              SYSCALL,                    BOOK3S_64, "I 2.6";
    "scv"   (17 << 26 | 1) [SCV_LEV] SYSCALL,                 BOOK3S_64, "I 2.6";
    "tw"    Tw      [TO, RA, RB]            TRAP,                       ALL,       "I 3.3.11";
    "twi"   Twi     [TO, RA, SI]            TRAP,                       ALL,       "I 3.3.11";
    "td"    Td      [TO, RA, RB]            TRAP,                       BOOK3S_64, "I 3.3.11.1";
    "tdi"   Tdi     [TO, RA, SI]            TRAP,                       BOOK3S_64, "I 3.3.11.1";
    "rfi"   Rfi     []                      RETURN | SUPER,             ALL,       "PEM 8.2";
    "rfid"  Rfid    []                      RETURN | SUPER,             BOOK3S_64, "III 3.3.1";
    "hrfid" (x(19, 274)) []                 RETURN | SUPER,             BOOK3S_64, "III 3.3.1";
    "rfscv" (x(19, 82))  []                 RETURN | SUPER,             BOOK3S_64, "III 3.3.1";
    "urfid" (x(19, 306)) []                 RETURN | SUPER,             BOOK3S_64, "III 3.3.1";
    "rfebb" (x(19, 146)) [u(11, 1)]         RETURN,                     BOOK3S_64, "II 7.2";
    "rfci"  (x(19, 51))  []                 RETURN | SUPER,             E500,      "III-E 4.3";
    "rfdi"  (x(19, 39))  []                 RETURN | SUPER,             E500,      "III-E 4.3";
    "rfmci" (x(19, 38))  []                 RETURN | SUPER,             E500,      "III-E 4.3";
};
