//! Privileged instructions of the server families.

use super::*;
use crate::operand::*;

use Operand::Opt;

const L: Operand = Opt(&u(16, 1));
const RIC: Operand = Opt(&u(18, 2));
const PRS: Operand = Opt(&u(17, 1));
const R: Operand = Opt(&u(16, 1));

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "mfmsr"   Mfmsr    [RT]               SUPER | MSRR,      ALL,       "III 4.4.4";
    "mtmsr"   Mtmsr    [RS]               SUPER | MSRW,      ALL,       "III 4.4.4";
    "mtmsr"   (x(31, 146)) [RS, L]        SUPER | MSRW,      BOOK3S_64, "III 4.4.4";
    "mtmsrd"  Mtmsrd   [RS, L]            SUPER | MSRW,      BOOK3S_64, "III 4.4.4";
    "mfsr"    Mfsr     [RT, SR]           SUPER | OTHR,      BOOK3S_32, "PEM 8.2";
    "mfsrin"  Mfsrin   [RT, RB]           SUPER | OTHR,      BOOK3S_32, "PEM 8.2";
    "mtsr"    Mtsr     [SR, RS]           SUPER | OTHW,      BOOK3S_32, "PEM 8.2";
    "mtsrin"  Mtsrin   [RS, RB]           SUPER | OTHW,      BOOK3S_32, "PEM 8.2";
    "mtsrd"   Mtsrd    [SR, RS]           SUPER | OTHW,      BOOK3S_64, "PEM 8.2";
    "mtsrdin" Mtsrdin  [RS, RB]           SUPER | OTHW,      BOOK3S_64, "PEM 8.2";
    "dcbi"    Dcbi     [RA0, RB]          SUPER,             ALL,       "PEM 8.2";

    "tlbie"   Tlbie    [RB]               SUPER | OTHW,      BOOK3S_32, "PEM 8.2";
    "tlbia"   (x(31, 370)) []             SUPER | OTHW,      BOOK3S,    "PEM 8.2";
    "tlbld"   (x(31, 978)) [RB]           SUPER | OTHR | OTHW, BOOK3S_32, "PEM 8.2";
    "tlbli"   (x(31, 1010)) [RB]          SUPER | OTHR | OTHW, BOOK3S_32, "PEM 8.2";
    "tlbsync" Tlbsync  []                 SUPER,             ALL,       "III 5.9.3.3";
    "tlbie"   (x(31, 306)) [RB, RS, RIC, PRS, R] SUPER | OTHW, BOOK3S_64, "III 5.9.3.3";
    "tlbiel"  (x(31, 274)) [RB, Opt(&RS), RIC, PRS, R] SUPER | OTHW, BOOK3S_64, "III 5.9.3.3";
    "slbia"   (x(31, 498)) [Opt(&u(21, 3))] SUPER | OTHW,    BOOK3S_64, "III 5.9.3.2";
    "slbie"   Slbie    [RB]               SUPER | OTHW,      BOOK3S_64, "III 5.9.3.2";
    "slbieg"  (x(31, 466)) [RS, RB]       SUPER | OTHW,      BOOK3S_64, "III 5.9.3.2";
    "slbiag"  (x(31, 850)) [RS]           SUPER | OTHW,      BOOK3S_64, "III 5.9.3.2";
    "slbmte"  (x(31, 402)) [RS, RB]       SUPER | OTHW,      BOOK3S_64, "III 5.9.3.2";
    "slbmfee" (x(31, 915)) [RT, RB, L]    SUPER | OTHR,      BOOK3S_64, "III 5.9.3.2";
    "slbmfev" (x(31, 851)) [RT, RB, L]    SUPER | OTHR,      BOOK3S_64, "III 5.9.3.2";
    "slbfee." (x(31, 979) | 1) [RT, RB]   SUPER | OTHR | CR0, BOOK3S_64, "III 5.9.3.2";
    "slbsync" (x(31, 338)) []             SUPER,             BOOK3S_64, "III 5.9.3.2";

    "stop"    (x(19, 370)) []             ANY | SUPER,      BOOK3S_64, "III 3.3.2";
    "doze"    (x(19, 402)) []             ANY | SUPER,      BOOK3S_64, "III 3.3.2";
    "nap"     (x(19, 434)) []             ANY | SUPER,      BOOK3S_64, "III 3.3.2";
    "sleep"   (x(19, 466)) []             ANY | SUPER,      BOOK3S_64, "III 3.3.2";
    "rvwinkle" (x(19, 498)) []            ANY | SUPER,      BOOK3S_64, "III 3.3.2";
    "attn"    (256 << 1) []               ANY | SUPER,       BOOK3S_64, "III 3.3.2";

    "lwzcix"  (x(31, 789)) [RT, RA0, RB]  SUPER,             BOOK3S_64, "III 4.4.1";
    "lhzcix"  (x(31, 821)) [RT, RA0, RB]  SUPER,             BOOK3S_64, "III 4.4.1";
    "lbzcix"  (x(31, 853)) [RT, RA0, RB]  SUPER,             BOOK3S_64, "III 4.4.1";
    "ldcix"   (x(31, 885)) [RT, RA0, RB]  SUPER,             BOOK3S_64, "III 4.4.1";
    "stwcix"  (x(31, 917)) [RS, RA0, RB]  SUPER,             BOOK3S_64, "III 4.4.1";
    "sthcix"  (x(31, 949)) [RS, RA0, RB]  SUPER,             BOOK3S_64, "III 4.4.1";
    "stbcix"  (x(31, 981)) [RS, RA0, RB]  SUPER,             BOOK3S_64, "III 4.4.1";
    "stdcix"  (x(31, 1013)) [RS, RA0, RB] SUPER,             BOOK3S_64, "III 4.4.1";

    "msgsnd"  (x(31, 206)) [RB]           SUPER | OTHW,      BOOK3S_64, "III 10.3";
    "msgclr"  (x(31, 238)) [RB]           SUPER | OTHW,      BOOK3S_64, "III 10.3";
    "msgsndp" (x(31, 142)) [RB]           SUPER | OTHW,      BOOK3S_64, "III 10.3";
    "msgclrp" (x(31, 174)) [RB]           SUPER | OTHW,      BOOK3S_64, "III 10.3";
    "msgsndu" (x(31, 78)) [RB]            SUPER | OTHW,      BOOK3S_64, "III 10.3";
    "msgclru" (x(31, 110)) [RB]           SUPER | OTHW,      BOOK3S_64, "III 10.3";
    "msgsync" (x(31, 886)) []             SUPER,             BOOK3S_64, "III 10.3";
    "mfbhrbe" (x(31, 302)) [RT, u(11, 10)] OTHR,             BOOK3S_64, "II 8.2";
    "clrbhrb" (x(31, 430)) []             OTHW,              BOOK3S_64, "II 8.2";
};
