//! Moves to and from system registers, cache management, barriers and other instructions of books I and II.

use super::*;
use crate::operand::*;

/// A touch hint after the address, as server parts have it.
const TH: Operand = Operand::Opt(&u(21, 5));
/// A cache target before the address, as Book E parts have it.
const CT: Operand = Operand::Opt(&u(21, 5));
const STREAM: Operand = u(21, 2);
/// The stream is transient, or all streams.
const T: u32 = 1 << 25;
/// What a barrier orders.
const L: u32 = 3 << 21;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "mfcr"   Mfcr    [RT]                 CRS,               ALL,       "I 3.3.17";
    "mfocrf" Mfocrf  [RT, FXMR]           NO,                BOOK3S_64, "I 3.3.17";
    "mtcrf"  Mtcrf   [FXMW, RS]           NO,                ALL,       "I 3.3.17";
    "mtocrf" (x(31, 144) | 1 << 20) [FXMW, RS] NO,           BOOK3S_64, "I 3.3.17";
    "mcrxr"  Mcrxr   [BF]                 CAI | CAO | OV,    BOOK3S_32, "PEM 8.2";
    "mcrxr"  Mcrxr   [BF]                 CAI | CAO | OV,    E500,      "III-E 5.4";
    "mfspr"  Mfspr   [RT, SPR]            SPR_READ | NUMBERED,        ALL,       "I 3.3.17";
    "mtspr"  Mtspr   [SPR, RS]            SPR_WRITE | NUMBERED,       ALL,       "I 3.3.17";
    "mftb"   Mftb    [RT, SPR]            OTHR | TIME_BASE,  ALL,       "II 6.2.1";

    "dcbst"  Dcbst   [RA0, RB]            NO,                ALL,       "II 4.3.2";
    "dcbf"   Dcbf    [RA0, RB]            NO,                ALL,       "II 4.3.2";
    "dcbfl"  (x(31, 86) | 1 << 21) [RA0, RB] NO,             BOOK3S_64, "II 4.3.2";
    "dcbflp" (x(31, 86) | 3 << 21) [RA0, RB] NO,             BOOK3S_64, "II 4.3.2";
    "dcbfps" (x(31, 86) | 4 << 21) [RA0, RB] NO,             BOOK3S_64, "II 4.3.2";
    "dcbstps" (x(31, 86) | 6 << 21) [RA0, RB] NO,            BOOK3S_64, "II 4.3.2";
    "dcbz"   Dcbz    [RA0, RB]            NO,                ALL,       "II 4.3.2";
    "dcbzl"  Dcbzl   [RA0, RB]            NO,                BOOK3S_64, "II 4.3.2";
    "dcbt"   Dcbt    [RA0, RB]            NO,                BOOK3S,    "II 4.3.2";
    "dcbt"   (x(31, 278)) [RA0, RB, TH]   NO,                BOOK3S_64, "II 4.3.2";
    "dcbt"   (x(31, 278)) [CT, RA0, RB]   NO,                E500,      "E500 3.3.1.7";
    "dcbtst" Dcbtst  [RA0, RB]            NO,                BOOK3S,    "II 4.3.2";
    "dcbtst" (x(31, 246)) [RA0, RB, TH]   NO,                BOOK3S_64, "II 4.3.2";
    "dcbtst" (x(31, 246)) [CT, RA0, RB]   NO,                E500,      "E500 3.3.1.7";
    "dcba"   (x(31, 758)) [RA0, RB]       NO,                BOOK3S_32, "PEM 8.2";
    "dcba"   (x(31, 758)) [RA0, RB]       NO,                E500,      "III-E 4.3";
    "icbi"   Icbi if (1, 0) [RA0, RB]     NO,                ALL,       "II 4.3.1";
    "icbt"   (x(31, 22)) [CT, RA0, RB]    NO,                BOOK3S_64, "II 4.3.1";
    "icbt"   (x(31, 22)) [CT, RA0, RB]    NO,                E500,      "E500 3.3.1.7";
    "dst"    Dst if (T, 0) [RA, RB, STREAM] OTHW | DATA_STREAM, BOOK3S,    "AV 6.2";
    "dstt"   Dst if (T, T) [RA, RB, STREAM] OTHW | DATA_STREAM, BOOK3S,    "AV 6.2";
    "dstst"  Dstst if (T, 0) [RA, RB, STREAM] OTHW | DATA_STREAM, BOOK3S,    "AV 6.2";
    "dststt" Dstst if (T, T) [RA, RB, STREAM] OTHW | DATA_STREAM, BOOK3S,    "AV 6.2";
    "dss"    Dss if (T, 0) [STREAM]       OTHW | DATA_STREAM, BOOK3S,    "AV 6.2";
    "dssall" Dss if (T | 3 << 21, T) []   OTHW | DATA_STREAM, BOOK3S,    "AV 6.2";

    "isync"  Isync   []                   NO,                ALL,       "II 4.6.1";
    "sync"   Sync if (L, 0) []            NO,                ALL,       "II 4.6.3";
    "lwsync" Sync if (L, 1 << 21) []      NO,                ALL,       "II 4.6.3";
    "ptesync" Sync if (L, 2 << 21) []     NO,                BOOK3S_64, "II 4.6.3";
    "eieio"  Eieio   []                   NO,                BOOK3S,    "II 4.6.3";
    "mbar"   (x(31, 854)) [CT]            NO,                E500,      "E500 3.3.1.6";
    "wait"   (x(31, 30)) []               NO,                BOOK3S_64, "II 4.6.4";
    "waitrsv" (x(31, 30) | 1 << 21) []    NO,                BOOK3S_64, "II 4.6.4";
    "pause_short" (x(31, 30) | 2 << 21) [] NO,               BOOK3S_64, "II 4.6.4";
};
