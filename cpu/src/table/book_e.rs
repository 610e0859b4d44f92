//! Book E and e500.

use super::*;
use crate::operand::*;

const CT: Operand = Operand::Opt(&u(21, 5));
const E: Operand = u(15, 1);

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "wrtee"    (x(31, 131)) [RS]             SUPER | MSRW,     E500, "III-E 5.4.1";
    "wrteei"   (x(31, 163)) [E]              SUPER | MSRW,     E500, "III-E 5.4.1";
    "tlbwe"    (x(31, 978)) []               SUPER | OTHR | OTHW, E500, "III-E 6.11.4.9";
    "tlbre"    (x(31, 946)) []               SUPER | OTHR | OTHW, E500, "III-E 6.11.4.9";
    "tlbsx"    (x(31, 914)) [RA0, RB]        SUPER | OTHR | OTHW, E500, "III-E 6.11.4.9";
    "tlbivax"  (x(31, 786)) [RA0, RB]        SUPER | OTHR | OTHW, E500, "III-E 6.11.4.9";
    "tlbilxlpid" (x(31, 18)) []              SUPER | OTHR | OTHW, E500, "III-E 6.11.4.9";
    "tlbilxpid" (x(31, 18) | 1 << 21) []     SUPER | OTHR | OTHW, E500, "III-E 6.11.4.9";
    "tlbilxva" (x(31, 18) | 3 << 21) [RA0, RB] SUPER | OTHR | OTHW, E500, "III-E 6.11.4.9";
    "mfdcr"    (x(31, 323)) [RT, SPR]        SUPER | OTHR,     E500, "III-E 5.4.1";
    "mtdcr"    (x(31, 451)) [SPR, RS]        SUPER | OTHW,     E500, "III-E 5.4.1";
    "mfdcrx"   (x(31, 259)) [RT, RA]         SUPER | OTHR,     E500, "III-E 5.4.1";
    "mtdcrx"   (x(31, 387)) [RA, RS]         SUPER | OTHW,     E500, "III-E 5.4.1";
    "mfpmr"    (x(31, 334)) [RT, SPR]        OTHR | NUMBERED,         E500, "E500 3.8.7";
    "mtpmr"    (x(31, 462)) [SPR, RS]        OTHW | NUMBERED,     E500, "E500 3.8.7";
    "dcbtls"   (x(31, 166)) [CT, RA0, RB]    OTHW,             E500, "E500 3.8.5";
    "dcbtstls" (x(31, 134)) [CT, RA0, RB]    OTHW,             E500, "E500 3.8.5";
    "dcblc"    (x(31, 390)) [CT, RA0, RB]    OTHW,             E500, "E500 3.8.5";
    "icbtls"   (x(31, 486)) [CT, RA0, RB]    OTHW,             E500, "E500 3.8.5";
    "icblc"    (x(31, 230)) [CT, RA0, RB]    OTHW,             E500, "E500 3.8.5";
    "bbelr"    (x(31, 550)) []               OTHW,             E500, "E500 3.8.6";
    "bblels"   (x(31, 518)) []               OTHW,             E500, "E500 3.8.6";
};
