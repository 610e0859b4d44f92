//! Simplified mnemonics: rows of what objdump prints in place of a base mnemonic.
//!
//! A row says what the simplified form leaves out as a function that fills it in: the form applies to the words in which
//! that changes nothing, and an assembler gets the word from its operands alone.

use magicpage::{Families, Family};

use crate::decode::Ins;
use crate::operand::*;

/// One simplified mnemonic.
#[derive(Clone, Copy)]
pub(crate) struct Alias {
    /// The base mnemonic.
    pub of: &'static str,
    /// Fills in what the operands do not say.
    pub fill: fn(u32) -> u32,
    pub mnemonic: &'static str,
    pub operands: &'static [Operand],
    pub families: Families,
}

macro_rules! aliases {
    ($($of:literal $fill:expr, $mnemonic:literal [$($operand:expr),*] $families:ident;)*) => {
        &[$(Alias {
            of: $of,
            fill: $fill,
            mnemonic: $mnemonic,
            operands: &[$($operand),*],
            families: Families::$families,
        }),*]
    };
}

use Operand::Computed;

const fn rt(word: u32) -> u32 {
    word >> 21 & 31
}
const fn ra(word: u32) -> u32 {
    word >> 16 & 31
}
const fn rb(word: u32) -> u32 {
    word >> 11 & 31
}
const fn me(word: u32) -> u32 {
    word >> 1 & 31
}
const fn sh6(word: u32) -> u32 {
    rb(word) | (word >> 1 & 1) << 5
}
const fn mb6(word: u32) -> u32 {
    word >> 6 & 31 | word & 32
}

/// The word with its five bits at `at` replaced by the lower five of `value`.
const fn set(word: u32, at: u32, value: u32) -> u32 {
    word & !(31 << at) | (value & 31) << at
}
const fn set_rt(word: u32, value: u32) -> u32 {
    set(word, 21, value)
}
const fn set_ra(word: u32, value: u32) -> u32 {
    set(word, 16, value)
}
const fn set_rb(word: u32, value: u32) -> u32 {
    set(word, 11, value)
}
const fn set_mb(word: u32, value: u32) -> u32 {
    set(word, 6, value)
}
const fn set_me(word: u32, value: u32) -> u32 {
    set(word, 1, value)
}
const fn set_sh6(word: u32, value: u32) -> u32 {
    set_rb(word, value) & !2 | (value >> 5 & 1) << 1
}
const fn set_mb6(word: u32, value: u32) -> u32 {
    set_mb(word, value) & !32 | value & 32
}
/// The selector of `xxpermdi`.
const fn set_dm(word: u32, value: u32) -> u32 {
    word & !(3 << 8) | value << 8
}
/// The first vector-scalar operand as the second, too.
const fn copy_xa(word: u32) -> u32 {
    set_rb(word, ra(word)) & !2 | (word >> 2 & 1) << 1
}

/// The length of a comparison.
const L: u32 = 1 << 21;

/// A hint that is not printed where it is zero.
const TOUCH: Operand = Operand::Opt(&TO);

/// The end of a mask that clears on the right.
const ZEROS: Operand = Computed(
    |word| 31 - me(word),
    |word, zeros| set_me(word, 31 - (zeros & 31)),
);
const ZEROS6: Operand = Computed(
    |word| 63 - mb6(word),
    |word, zeros| set_mb6(word, 63 - (zeros & 63)),
);
/// A right shift, from the left rotation that does it.
const RIGHT: Operand = Computed(
    |word| (32 - rb(word)) & 31,
    |word, shift| set_rb(word, 32 - (shift & 31)),
);
const RIGHT6: Operand = Computed(
    |word| (64 - sh6(word)) & 63,
    |word, shift| set_sh6(word, 64 - (shift & 63)),
);
/// A number that the mnemonic says already.
const FIRST: Operand = Computed(|_| 0, |word, _| word);
const SECOND: Operand = Computed(|_| 1, |word, _| word);

/// The first row that applies wins.
#[rustfmt::skip]
pub(crate) const ALIASES: &[Alias] = aliases! {
    "addi"      |w| set_ra(w, 0),                        "li"        [RT, SI]            ALL;
    "addis"     |w| set_ra(w, 0),                        "lis"       [RT, SI]            ALL;
    "cmp"       |w| w & !L,                              "cmpw"      [OBF, RA, RB]       ALL;
    "cmp"       |w| w | L,                               "cmpd"      [OBF, RA, RB]       ALL;
    "cmpi"      |w| w & !L,                              "cmpwi"     [OBF, RA, SI]       ALL;
    "cmpi"      |w| w | L,                               "cmpdi"     [OBF, RA, SI]       ALL;
    "cmpl"      |w| w & !L,                              "cmplw"     [OBF, RA, RB]       ALL;
    "cmpl"      |w| w | L,                               "cmpld"     [OBF, RA, RB]       ALL;
    "cmpli"     |w| w & !L,                              "cmplwi"    [OBF, RA, UI]       ALL;
    "cmpli"     |w| w | L,                               "cmpldi"    [OBF, RA, UI]       ALL;

    "ori"       |_| 0x6000_0000,                         "nop"       []                  ALL;
    "ori"       |_| 0x63ff_0000,                         "exser"     []                  BOOK3S_64;
    "xori"      |_| 0x6800_0000,                         "xnop"      []                  ALL;
    "or"        |w| set_rb(w, rt(w)),                    "mr"        [RAW, RS]           ALL;
    "nor"       |w| set_rb(w, rt(w)),                    "not"       [RAW, RS]           ALL;

    "rlwinm"    |w| set_me(set_mb(w, 0), 31),            "rotlwi"    [RAW, RS, SH]       ALL;
    "rlwinm"    |w| set_me(set_rb(w, 0), 31),            "clrlwi"    [RAW, RS, MB]       ALL;
    "rlwinm"    |w| set_mb(set_rb(w, 0), 0),             "clrrwi"    [RAW, RS, ZEROS]    ALL;
    "rlwinm"    |w| set_me(set_mb(w, 0), 31 - rb(w)),    "slwi"      [RAW, RS, SH]       ALL;
    "rlwinm"    |w| set_me(set_mb(w, 32 - rb(w)), 31),   "srwi"      [RAW, RS, RIGHT]    ALL;
    "rlwnm"     |w| set_me(set_mb(w, 0), 31),            "rotlw"     [RAW, RS, RB]       ALL;
    "rldicl"    |w| set_mb6(w, 0),                       "rotldi"    [RAW, RS, SH6]      ALL;
    "rldicl"    |w| set_sh6(w, 0),                       "clrldi"    [RAW, RS, MB6]      ALL;
    "rldicl"    |w| set_mb6(w, 64 - sh6(w)),             "srdi"      [RAW, RS, RIGHT6]   ALL;
    "rldicr"    |w| set_sh6(w, 0),                       "clrrdi"    [RAW, RS, ZEROS6]   ALL;
    "rldicr"    |w| set_mb6(w, 63 - sh6(w)),             "sldi"      [RAW, RS, SH6]      ALL;
    "rldcl"     |w| set_mb6(w, 0),                       "rotld"     [RAW, RS, RB]       ALL;

    "tw"        |_| 0x7fe0_0008,                         "trap"      []                  ALL;
    "tw"        |w| set_rt(w, 16),                       "twlt"      [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 20),                       "twle"      [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 4),                        "tweq"      [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 12),                       "twge"      [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 8),                        "twgt"      [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 24),                       "twne"      [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 2),                        "twllt"     [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 6),                        "twlle"     [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 5),                        "twlge"     [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 1),                        "twlgt"     [RA, RB]            ALL;
    "tw"        |w| set_rt(w, 31),                       "twu"       [RA, RB]            ALL;
    "twi"       |w| set_rt(w, 16),                       "twlti"     [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 20),                       "twlei"     [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 4),                        "tweqi"     [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 12),                       "twgei"     [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 8),                        "twgti"     [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 24),                       "twnei"     [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 2),                        "twllti"    [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 6),                        "twllei"    [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 5),                        "twlgei"    [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 1),                        "twlgti"    [RA, SI]            ALL;
    "twi"       |w| set_rt(w, 31),                       "twui"      [RA, SI]            ALL;
    "td"        |w| set_rt(w, 16),                       "tdlt"      [RA, RB]            ALL;
    "td"        |w| set_rt(w, 20),                       "tdle"      [RA, RB]            ALL;
    "td"        |w| set_rt(w, 4),                        "tdeq"      [RA, RB]            ALL;
    "td"        |w| set_rt(w, 12),                       "tdge"      [RA, RB]            ALL;
    "td"        |w| set_rt(w, 8),                        "tdgt"      [RA, RB]            ALL;
    "td"        |w| set_rt(w, 24),                       "tdne"      [RA, RB]            ALL;
    "td"        |w| set_rt(w, 2),                        "tdllt"     [RA, RB]            ALL;
    "td"        |w| set_rt(w, 6),                        "tdlle"     [RA, RB]            ALL;
    "td"        |w| set_rt(w, 5),                        "tdlge"     [RA, RB]            ALL;
    "td"        |w| set_rt(w, 1),                        "tdlgt"     [RA, RB]            ALL;
    "td"        |w| set_rt(w, 31),                       "tdu"       [RA, RB]            ALL;
    "tdi"       |w| set_rt(w, 16),                       "tdlti"     [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 20),                       "tdlei"     [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 4),                        "tdeqi"     [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 12),                       "tdgei"     [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 8),                        "tdgti"     [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 24),                       "tdnei"     [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 2),                        "tdllti"    [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 6),                        "tdllei"    [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 5),                        "tdlgei"    [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 1),                        "tdlgti"    [RA, SI]            ALL;
    "tdi"       |w| set_rt(w, 31),                       "tdui"      [RA, SI]            ALL;
    "mtcrf"     |w| w | 0xff << 12,                      "mtcr"      [RS]                ALL;
    "crxor"     |w| set_rb(set_ra(w, rt(w)), rt(w)),     "crclr"     [BT]                ALL;
    "creqv"     |w| set_rb(set_ra(w, rt(w)), rt(w)),     "crset"     [BT]                ALL;
    "cror"      |w| set_rb(w, ra(w)),                    "crmove"    [BT, BA]            ALL;
    "crnor"     |w| set_rb(w, ra(w)),                    "crnot"     [BT, BA]            ALL;
    "isel"      |w| set_mb(w, 0),                        "isellt"    [RT, RA0, RB]       ALL;
    "isel"      |w| set_mb(w, 1),                        "iselgt"    [RT, RA0, RB]       ALL;
    "isel"      |w| set_mb(w, 2),                        "iseleq"    [RT, RA0, RB]       ALL;
    "addpcis"   |w| w & !0x001f_ffc1,                    "lnia"      [RT]                ALL;
    "sync"      |w| w,                                   "hwsync"    []                  BOOK3S_64;
    "sync"      |w| w,                                   "msync"     []                  E500;
    "dcbt"      |w| set_rt(w, 16),                       "dcbtt"     [RA0, RB]           BOOK3S_64;
    "dcbt"      |w| set_rt(w, 8),                        "dcbtds"    [RA0, RB]           BOOK3S_64;
    "dcbt"      |w| set_rt(w, 8 | rt(w) & 7),            "dcbtds"    [RA0, RB, TO]       BOOK3S_64;
    "dcbt"      |w| set_rt(w, rt(w) & 7),                "dcbtct"    [RA0, RB, TOUCH]    BOOK3S_64;
    "dcbtst"    |w| set_rt(w, 16),                       "dcbtstt"   [RA0, RB]           BOOK3S_64;
    "dcbtst"    |w| set_rt(w, 8),                        "dcbtstds"  [RA0, RB]           BOOK3S_64;
    "dcbtst"    |w| set_rt(w, 8 | rt(w) & 7),            "dcbtstds"  [RA0, RB, TO]       BOOK3S_64;
    "dcbtst"    |w| set_rt(w, rt(w) & 7),                "dcbtstct"  [RA0, RB, TOUCH]    BOOK3S_64;
    "rfebb"     |w| w | 1 << 11,                         "rfebb"     []                  ALL;
    "tend."     |w| w | 1 << 25,                         "tendall."  []                  ALL;
    "tsr."      |w| w | 1 << 21,                         "tresume."  []                  ALL;
    "tsr."      |w| w & !L,                              "tsuspend." []                  ALL;
    "mfvsrd"    |w| w & !1,                              "mffprd"    [RAW, FT]           ALL;
    "mfvsrd"    |w| w | 1,                               "mfvrd"     [RAW, VT]           ALL;
    "mfvsrwz"   |w| w & !1,                              "mffprwz"   [RAW, FT]           ALL;
    "mfvsrwz"   |w| w | 1,                               "mfvrwz"    [RAW, VT]           ALL;
    "mtvsrd"    |w| w & !1,                              "mtfprd"    [FT, RA]            ALL;
    "mtvsrd"    |w| w | 1,                               "mtvrd"     [VT, RA]            ALL;
    "mtvsrwa"   |w| w & !1,                              "mtfprwa"   [FT, RA]            ALL;
    "mtvsrwa"   |w| w | 1,                               "mtvrwa"    [VT, RA]            ALL;
    "mtvsrwz"   |w| w & !1,                              "mtfprwz"   [FT, RA]            ALL;
    "mtvsrwz"   |w| w | 1,                               "mtvrwz"    [VT, RA]            ALL;
    "vor"       |w| set_rb(w, ra(w)),                    "vmr"       [VT, VA]            ALL;
    "vnor"      |w| set_rb(w, ra(w)),                    "vnot"      [VT, VA]            ALL;
    "evor"      |w| set_rb(w, ra(w)),                    "evmr"      [RT, RA]            ALL;
    "evnor"     |w| set_rb(w, ra(w)),                    "evnot"     [RT, RA]            ALL;
    "xxlor"     copy_xa,                                 "xxmr"      [XT, XA]            ALL;
    "xxlnor"    copy_xa,                                 "xxlnot"    [XT, XA]            ALL;
    "xvcpsgndp" copy_xa,                                 "xvmovdp"   [XT, XA]            ALL;
    "xvcpsgnsp" copy_xa,                                 "xvmovsp"   [XT, XA]            ALL;
    "xxpermdi"  |w| set_dm(copy_xa(w), 2),               "xxswapd"   [XT, XA]            ALL;
    "xxpermdi"  |w| set_dm(copy_xa(w), 0),               "xxspltd"   [XT, XA, FIRST]     ALL;
    "xxpermdi"  |w| set_dm(copy_xa(w), 3),               "xxspltd"   [XT, XA, SECOND]    ALL;
    "xxpermdi"  |w| set_dm(w, 0),                        "xxmrghd"   [XT, XA, XB]        ALL;
    "xxpermdi"  |w| set_dm(w, 3),                        "xxmrgld"   [XT, XA, XB]        ALL;
    "mftb"      |w| set_rb(set_ra(w, 12), 8),            "mftb"      [RT]                ALL;
    "mftb"      |w| set_rb(set_ra(w, 13), 8),            "mftbu"     [RT]                ALL;
};

/// The simplified mnemonic and its operands, where one applies.
pub(super) fn of(ins: Ins) -> Option<(&'static str, &'static [Operand])> {
    let family: Family = ins.family();
    ALIASES
        .iter()
        .find(|alias| {
            alias.of == ins.mnemonic() && alias.families.has(family) && (alias.fill)(ins.word) == ins.word
        })
        .map(|alias| (alias.mnemonic, alias.operands))
}
