//! Fixed-point arithmetic, comparison, logic, rotation and condition-register logic.

use super::*;
use crate::operand::*;

/// Doubleword comparison: exists only where registers have 64 bits.
const L: u32 = 1 << 21;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "addi"   Addi    [RT, RA0, SI]        NO,                  ALL,       "I 3.3.9";
    "addis"  Addis   [RT, RA0, SI]        NO,                  ALL,       "I 3.3.9";
    "mulli"  Mulli   [RT, RA, SI]         NO,                  ALL,       "I 3.3.9";
    "subfic" Subfic  [RT, RA, SI]         CAO,                 ALL,       "I 3.3.9";
    "addic"  Addic   [RT, RA, SI]         CAO,                 ALL,       "I 3.3.9";
    "addic." Addic_  [RT, RA, SI]         CAO | CR0,           ALL,       "I 3.3.9";
    "add"    Add     [RT, RA, RB]         OE | RC,             ALL,       "I 3.3.9";
    "addc"   Addc    [RT, RA, RB]         OE | RC | CAO,       ALL,       "I 3.3.9";
    "adde"   Adde    [RT, RA, RB]         OE | RC | CAI | CAO, ALL,       "I 3.3.9";
    "addme"  Addme   [RT, RA]             OE | RC | CAI | CAO, ALL,       "I 3.3.9";
    "addze"  Addze   [RT, RA]             OE | RC | CAI | CAO, ALL,       "I 3.3.9";
    "subf"   Subf    [RT, RA, RB]         OE | RC,             ALL,       "I 3.3.9";
    "subfc"  Subfc   [RT, RA, RB]         OE | RC | CAO,       ALL,       "I 3.3.9";
    "subfe"  Subfe   [RT, RA, RB]         OE | RC | CAI | CAO, ALL,       "I 3.3.9";
    "subfme" Subfme  [RT, RA]             OE | RC | CAI | CAO, ALL,       "I 3.3.9";
    "subfze" Subfze  [RT, RA]             OE | RC | CAI | CAO, ALL,       "I 3.3.9";
    "neg"    Neg     [RT, RA]             OE | RC,             ALL,       "I 3.3.9";
    "mulhw"  Mulhw   [RT, RA, RB]         RC,                  ALL,       "I 3.3.9";
    "mulhwu" Mulhwu  [RT, RA, RB]         RC,                  ALL,       "I 3.3.9";
    "mullw"  Mullw   [RT, RA, RB]         OE | RC,             ALL,       "I 3.3.9";
    "divw"   Divw    [RT, RA, RB]         OE | RC,             ALL,       "I 3.3.9";
    "divwu"  Divwu   [RT, RA, RB]         OE | RC,             ALL,       "I 3.3.9";
    "mulhd"  Mulhd   [RT, RA, RB]         RC,                  BOOK3S_64, "I 3.3.9.1";
    "mulhdu" Mulhdu  [RT, RA, RB]         RC,                  BOOK3S_64, "I 3.3.9.1";
    "mulld"  Mulld   [RT, RA, RB]         OE | RC,             BOOK3S_64, "I 3.3.9.1";
    "divd"   Divd    [RT, RA, RB]         OE | RC,             BOOK3S_64, "I 3.3.9.1";
    "divdu"  Divdu   [RT, RA, RB]         OE | RC,             BOOK3S_64, "I 3.3.9.1";

    "cmp"    Cmp  if (L, 0) [OBF, RA, RB] SO,                  ALL,       "I 3.3.10";
    "cmpi"   Cmpi if (L | 1 << 22, 0) [OBF, RA, SI] SO,        ALL,       "I 3.3.10";
    "cmpl"   Cmpl if (L, 0) [OBF, RA, RB] SO,                  ALL,       "I 3.3.10";
    "cmpli"  Cmpli if (L | 1 << 22, 0) [OBF, RA, UI] SO,       ALL,       "I 3.3.10";
    "cmp"    Cmp  if (L, L) [OBF, RA, RB] SO,                  BOOK3S_64, "I 3.3.10";
    "cmpi"   Cmpi if (L | 1 << 22, L) [OBF, RA, SI] SO,        BOOK3S_64, "I 3.3.10";
    "cmpl"   Cmpl if (L, L) [OBF, RA, RB] SO,                  BOOK3S_64, "I 3.3.10";
    "cmpli"  Cmpli if (L | 1 << 22, L) [OBF, RA, UI] SO,       BOOK3S_64, "I 3.3.10";

    "andi."  Andi_   [RAW, RS, UI]        CR0,                 ALL,       "I 3.3.13";
    "andis." Andis_  [RAW, RS, UI]        CR0,                 ALL,       "I 3.3.13";
    "ori"    Ori     [RAW, RS, UI]        NO,                  ALL,       "I 3.3.13";
    "oris"   Oris    [RAW, RS, UI]        NO,                  ALL,       "I 3.3.13";
    "xori"   Xori    [RAW, RS, UI]        NO,                  ALL,       "I 3.3.13";
    "xoris"  Xoris   [RAW, RS, UI]        NO,                  ALL,       "I 3.3.13";
    "and"    And     [RAW, RS, RB]        RC,                  ALL,       "I 3.3.13";
    "andc"   Andc    [RAW, RS, RB]        RC,                  ALL,       "I 3.3.13";
    "or"     Or      [RAW, RS, RB]        RC,                  ALL,       "I 3.3.13";
    "orc"    Orc     [RAW, RS, RB]        RC,                  ALL,       "I 3.3.13";
    "xor"    Xor     [RAW, RS, RB]        RC,                  ALL,       "I 3.3.13";
    "nand"   Nand    [RAW, RS, RB]        RC,                  ALL,       "I 3.3.13";
    "nor"    Nor     [RAW, RS, RB]        RC,                  ALL,       "I 3.3.13";
    "eqv"    Eqv     [RAW, RS, RB]        RC,                  ALL,       "I 3.3.13";
    "extsb"  Extsb   [RAW, RS]            RC,                  ALL,       "I 3.3.13";
    "extsh"  Extsh   [RAW, RS]            RC,                  ALL,       "I 3.3.13";
    "cntlzw" Cntlzw  [RAW, RS]            RC,                  ALL,       "I 3.3.13";
    "extsw"  Extsw   [RAW, RS]            RC,                  BOOK3S_64, "I 3.3.13.1";
    "cntlzd" Cntlzd  [RAW, RS]            RC,                  BOOK3S_64, "I 3.3.13.1";

    "rlwimi" Rlwimi  [RAI, RS, SH, MB, ME] RC,                 ALL,       "I 3.3.14.1";
    "rlwinm" Rlwinm  [RAW, RS, SH, MB, ME] RC,                 ALL,       "I 3.3.14.1";
    "rlwnm"  Rlwnm   [RAW, RS, RB, MB, ME] RC,                 ALL,       "I 3.3.14.1";
    "slw"    Slw     [RAW, RS, RB]        RC,                  ALL,       "I 3.3.14.2";
    "srw"    Srw     [RAW, RS, RB]        RC,                  ALL,       "I 3.3.14.2";
    "sraw"   Sraw    [RAW, RS, RB]        RC | CAO,            ALL,       "I 3.3.14.2";
    "srawi"  Srawi   [RAW, RS, SH]        RC | CAO,            ALL,       "I 3.3.14.2";
    "rldicl" Rldicl  [RAW, RS, SH6, MB6]  RC,                  BOOK3S_64, "I 3.3.14.1";
    "rldicr" Rldicr  [RAW, RS, SH6, MB6]  RC,                  BOOK3S_64, "I 3.3.14.1";
    "rldic"  Rldic   [RAW, RS, SH6, MB6]  RC,                  BOOK3S_64, "I 3.3.14.1";
    "rldimi" Rldimi  [RAI, RS, SH6, MB6]  RC,                  BOOK3S_64, "I 3.3.14.1";
    "rldcl"  Rldcl   [RAW, RS, RB, MB6]   RC,                  BOOK3S_64, "I 3.3.14.1";
    "rldcr"  Rldcr   [RAW, RS, RB, MB6]   RC,                  BOOK3S_64, "I 3.3.14.1";
    "sld"    Sld     [RAW, RS, RB]        RC,                  BOOK3S_64, "I 3.3.14.2";
    "srd"    Srd     [RAW, RS, RB]        RC,                  BOOK3S_64, "I 3.3.14.2";
    "srad"   Srad    [RAW, RS, RB]        RC | CAO,            BOOK3S_64, "I 3.3.14.2";
    "sradi"  Sradi   [RAW, RS, SH6]       RC | CAO,            BOOK3S_64, "I 3.3.14.2";

    "crand"  Crand   [BT, BA, BB]         NO,                  ALL,       "I 2.5.1";
    "crandc" Crandc  [BT, BA, BB]         NO,                  ALL,       "I 2.5.1";
    "creqv"  Creqv   [BT, BA, BB]         NO,                  ALL,       "I 2.5.1";
    "crnand" Crnand  [BT, BA, BB]         NO,                  ALL,       "I 2.5.1";
    "crnor"  Crnor   [BT, BA, BB]         NO,                  ALL,       "I 2.5.1";
    "cror"   Cror    [BT, BA, BB]         NO,                  ALL,       "I 2.5.1";
    "crorc"  Crorc   [BT, BA, BB]         NO,                  ALL,       "I 2.5.1";
    "crxor"  Crxor   [BT, BA, BB]         NO,                  ALL,       "I 2.5.1";
    "mcrf"   Mcrf    [BF, BFA]            NO,                  ALL,       "I 2.5.2";
};
