//! Fixed-point loads and stores, reservations and barriers.

use super::*;
use crate::operand::*;

/// The exclusive-access hint of a load and reserve.
const EH: Operand = Operand::Opt(&u(0, 1));

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "lbz"    Lbz     [RT, D]              NO,         ALL,       "I 3.3.2";
    "lbzu"   Lbzu    [RT, DU]             NO,         ALL,       "I 3.3.2";
    "lbzx"   Lbzx    [RT, RA0, RB]        NO,         ALL,       "I 3.3.2";
    "lbzux"  Lbzux   [RT, RAU, RB]        NO,         ALL,       "I 3.3.2";
    "lhz"    Lhz     [RT, D]              NO,         ALL,       "I 3.3.2";
    "lhzu"   Lhzu    [RT, DU]             NO,         ALL,       "I 3.3.2";
    "lhzx"   Lhzx    [RT, RA0, RB]        NO,         ALL,       "I 3.3.2";
    "lhzux"  Lhzux   [RT, RAU, RB]        NO,         ALL,       "I 3.3.2";
    "lha"    Lha     [RT, D]              NO,         ALL,       "I 3.3.2";
    "lhau"   Lhau    [RT, DU]             NO,         ALL,       "I 3.3.2";
    "lhax"   Lhax    [RT, RA0, RB]        NO,         ALL,       "I 3.3.2";
    "lhaux"  Lhaux   [RT, RAU, RB]        NO,         ALL,       "I 3.3.2";
    "lwz"    Lwz     [RT, D]              NO,         ALL,       "I 3.3.2";
    "lwzu"   Lwzu    [RT, DU]             NO,         ALL,       "I 3.3.2";
    "lwzx"   Lwzx    [RT, RA0, RB]        NO,         ALL,       "I 3.3.2";
    "lwzux"  Lwzux   [RT, RAU, RB]        NO,         ALL,       "I 3.3.2";
    "lwa"    Lwa     [RT, DS]             NO,         BOOK3S_64, "I 3.3.2.1";
    "lwax"   Lwax    [RT, RA0, RB]        NO,         BOOK3S_64, "I 3.3.2.1";
    "lwaux"  Lwaux   [RT, RAU, RB]        NO,         BOOK3S_64, "I 3.3.2.1";
    "ld"     Ld      [RT, DS]             NO,         BOOK3S_64, "I 3.3.2.1";
    "ldu"    Ldu     [RT, DSU]            NO,         BOOK3S_64, "I 3.3.2.1";
    "ldx"    Ldx     [RT, RA0, RB]        NO,         BOOK3S_64, "I 3.3.2.1";
    "ldux"   Ldux    [RT, RAU, RB]        NO,         BOOK3S_64, "I 3.3.2.1";
    "lhbrx"  Lhbrx   [RT, RA0, RB]        NO,         ALL,       "I 3.3.5";
    "lwbrx"  Lwbrx   [RT, RA0, RB]        NO,         ALL,       "I 3.3.5";
    "ldbrx"  (x(31, 532)) [RT, RA0, RB]   NO,         BOOK3S_64, "I 3.3.5.1";

    "stb"    Stb     [RS, D]              NO,         ALL,       "I 3.3.3";
    "stbu"   Stbu    [RS, DU]             NO,         ALL,       "I 3.3.3";
    "stbx"   Stbx    [RS, RA0, RB]        NO,         ALL,       "I 3.3.3";
    "stbux"  Stbux   [RS, RAU, RB]        NO,         ALL,       "I 3.3.3";
    "sth"    Sth     [RS, D]              NO,         ALL,       "I 3.3.3";
    "sthu"   Sthu    [RS, DU]             NO,         ALL,       "I 3.3.3";
    "sthx"   Sthx    [RS, RA0, RB]        NO,         ALL,       "I 3.3.3";
    "sthux"  Sthux   [RS, RAU, RB]        NO,         ALL,       "I 3.3.3";
    "stw"    Stw     [RS, D]              NO,         ALL,       "I 3.3.3";
    "stwu"   Stwu    [RS, DU]             NO,         ALL,       "I 3.3.3";
    "stwx"   Stwx    [RS, RA0, RB]        NO,         ALL,       "I 3.3.3";
    "stwux"  Stwux   [RS, RAU, RB]        NO,         ALL,       "I 3.3.3";
    "std"    Std     [RS, DS]             NO,         BOOK3S_64, "I 3.3.3.1";
    "stdu"   Stdu    [RS, DSU]            NO,         BOOK3S_64, "I 3.3.3.1";
    "stdx"   Stdx    [RS, RA0, RB]        NO,         BOOK3S_64, "I 3.3.3.1";
    "stdux"  Stdux   [RS, RAU, RB]        NO,         BOOK3S_64, "I 3.3.3.1";
    "sthbrx" Sthbrx  [RS, RA0, RB]        NO,         ALL,       "I 3.3.5";
    "stwbrx" Stwbrx  [RS, RA0, RB]        NO,         ALL,       "I 3.3.5";
    "stdbrx" (x(31, 660)) [RS, RA0, RB]   NO,         BOOK3S_64, "I 3.3.5.1";

    "lq"     (56 << 26) [RTP, DQ]         NO,         BOOK3S_64, "I 3.3.4";
    "stq"    (62 << 26 | 2) [RSP, DS]     NO,         BOOK3S_64, "I 3.3.4";
    "lmw"    Lmw     [RT, D]              MULTIPLE,   ALL,       "I 3.3.6";
    "stmw"   Stmw    [RS, D]              MULTIPLE,   ALL,       "I 3.3.6";
    "lswi"   Lswi    [RT, RA0, NB]        STRING,     BOOK3S,    "I 3.3.7";
    "lswx"   Lswx    [RT, RA0, RB]        STRING_X,   BOOK3S,    "I 3.3.7";
    "stswi"  Stswi   [RS, RA0, NB]        STRING,     BOOK3S,    "I 3.3.7";
    "stswx"  Stswx   [RS, RA0, RB]        STRING_X,   BOOK3S,    "I 3.3.7";

    "lwarx"  Lwarx   [RT, RA0, RB]        OTHW,       ALL,       "II 4.6.2";
    "lwarx"  (x(31, 20)) [RT, RA0, RB, EH] OTHW,      BOOK3S_64, "II 4.6.2";
    "ldarx"  Ldarx   [RT, RA0, RB]        OTHW,       BOOK3S_64, "II 4.6.2";
    "ldarx"  (x(31, 84)) [RT, RA0, RB, EH] OTHW,      BOOK3S_64, "II 4.6.2";
    "lbarx"  (x(31, 52)) [RT, RA0, RB, EH] OTHW,      BOOK3S_64, "II 4.6.2";
    "lharx"  (x(31, 116)) [RT, RA0, RB, EH] OTHW,     BOOK3S_64, "II 4.6.2";
    "lqarx"  (x(31, 276)) [RTP, RA0, RB, EH] OTHW,    BOOK3S_64, "II 4.6.2.2";
    "stwcx." Stwcx_  [RS, RA0, RB]        CR0 | OTHR | OTHW, ALL, "II 4.6.2";
    "stdcx." Stdcx_  [RS, RA0, RB]        CR0 | OTHR | OTHW, BOOK3S_64, "II 4.6.2";
    "stbcx." (x(31, 694) | 1) [RS, RA0, RB] CR0 | OTHR | OTHW, BOOK3S_64, "II 4.6.2";
    "sthcx." (x(31, 726) | 1) [RS, RA0, RB] CR0 | OTHR | OTHW, BOOK3S_64, "II 4.6.2";
    "stqcx." (x(31, 182) | 1) [RSP, RA0, RB] CR0 | OTHR | OTHW, BOOK3S_64, "II 4.6.2.2";

    "eciwx"  Eciwx   [RT, RA0, RB]        OTHR,       BOOK3S,    "PEM 8.2";
    "ecowx"  Ecowx   [RS, RA0, RB]        OTHR,       BOOK3S,    "PEM 8.2";
};
