//! Simplified mnemonics: rows of what objdump prints in place of a base mnemonic.

use magicpage::{Families, Family};

use crate::decode::Ins;
use crate::operand::*;

/// One simplified mnemonic.
struct Alias {
    of: &'static str,
    /// Whether it applies to a word.
    when: fn(u32) -> bool,
    mnemonic: &'static str,
    operands: &'static [Operand],
    families: Families,
}

macro_rules! aliases {
    ($($of:literal $when:expr, $mnemonic:literal [$($operand:expr),*] $families:ident;)*) => {
        &[$(Alias {
            of: $of,
            when: $when,
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
const fn mb(word: u32) -> u32 {
    word >> 6 & 31
}
const fn me(word: u32) -> u32 {
    word >> 1 & 31
}
const fn sh6(word: u32) -> u32 {
    rb(word) | (word >> 1 & 1) << 5
}
const fn mb6(word: u32) -> u32 {
    mb(word) | word & 32
}
const fn long(word: u32) -> bool {
    word & 1 << 21 != 0
}

/// A hint that is not printed where it is zero.
const TOUCH: Operand = Operand::Opt(&TO);

/// The selector of `xxpermdi`.
const fn dm(word: u32) -> u32 {
    word >> 8 & 3
}
const fn same_vsr(word: u32) -> bool {
    ra(word) == rb(word) && word >> 1 & 1 == word >> 2 & 1
}

/// The end of a mask that clears on the right.
const ZEROS: Operand = Computed(|word| 31 - me(word));
const ZEROS6: Operand = Computed(|word| 63 - mb6(word));
/// A right shift, from the left rotation that does it.
const RIGHT: Operand = Computed(|word| (32 - rb(word)) & 31);
const RIGHT6: Operand = Computed(|word| (64 - sh6(word)) & 63);

/// The first row that applies wins.
#[rustfmt::skip]
const ALIASES: &[Alias] = aliases! {
    "addi"   |w| ra(w) == 0,                       "li"      [RT, SI]              ALL;
    "addis"  |w| ra(w) == 0,                       "lis"     [RT, SI]              ALL;
    "cmp"    |w| !long(w),                         "cmpw"    [OBF, RA, RB]         ALL;
    "cmp"    long,                                 "cmpd"    [OBF, RA, RB]         ALL;
    "cmpi"   |w| !long(w),                         "cmpwi"   [OBF, RA, SI]         ALL;
    "cmpi"   long,                                 "cmpdi"   [OBF, RA, SI]         ALL;
    "cmpl"   |w| !long(w),                         "cmplw"   [OBF, RA, RB]         ALL;
    "cmpl"   long,                                 "cmpld"   [OBF, RA, RB]         ALL;
    "cmpli"  |w| !long(w),                         "cmplwi"  [OBF, RA, UI]         ALL;
    "cmpli"  long,                                 "cmpldi"  [OBF, RA, UI]         ALL;

    "ori"    |w| w == 0x6000_0000,                 "nop"     []                    ALL;
    "ori"    |w| w == 0x63ff_0000,                 "exser"   []                    BOOK3S_64;
    "xori"   |w| w == 0x6800_0000,                 "xnop"    []                    ALL;
    "or"     |w| rt(w) == rb(w),                   "mr"      [RAW, RS]             ALL;
    "nor"    |w| rt(w) == rb(w),                   "not"     [RAW, RS]             ALL;

    "rlwinm" |w| mb(w) == 0 && me(w) == 31,        "rotlwi"  [RAW, RS, SH]         ALL;
    "rlwinm" |w| rb(w) == 0 && me(w) == 31,        "clrlwi"  [RAW, RS, MB]         ALL;
    "rlwinm" |w| rb(w) == 0 && mb(w) == 0,         "clrrwi"  [RAW, RS, ZEROS]      ALL;
    "rlwinm" |w| mb(w) == 0 && me(w) == 31 - rb(w), "slwi"   [RAW, RS, SH]         ALL;
    "rlwinm" |w| me(w) == 31 && mb(w) + rb(w) == 32, "srwi"  [RAW, RS, RIGHT]      ALL;
    "rlwnm"  |w| mb(w) == 0 && me(w) == 31,        "rotlw"   [RAW, RS, RB]         ALL;
    "rldicl" |w| mb6(w) == 0,                      "rotldi"  [RAW, RS, SH6]        ALL;
    "rldicl" |w| sh6(w) == 0,                      "clrldi"  [RAW, RS, MB6]        ALL;
    "rldicl" |w| mb6(w) + sh6(w) == 64,            "srdi"    [RAW, RS, RIGHT6]     ALL;
    "rldicr" |w| sh6(w) == 0,                      "clrrdi"  [RAW, RS, ZEROS6]     ALL;
    "rldicr" |w| mb6(w) + sh6(w) == 63,            "sldi"    [RAW, RS, SH6]        ALL;
    "rldcl"  |w| mb6(w) == 0,                      "rotld"   [RAW, RS, RB]         ALL;

    "tw"     |w| w == 0x7fe0_0008,                 "trap"    []                    ALL;
    "tw"     |w| rt(w) == 16,                               "twlt"    [RA, RB]              ALL;
    "tw"     |w| rt(w) == 20,                               "twle"    [RA, RB]              ALL;
    "tw"     |w| rt(w) == 4,                                "tweq"    [RA, RB]              ALL;
    "tw"     |w| rt(w) == 12,                               "twge"    [RA, RB]              ALL;
    "tw"     |w| rt(w) == 8,                                "twgt"    [RA, RB]              ALL;
    "tw"     |w| rt(w) == 24,                               "twne"    [RA, RB]              ALL;
    "tw"     |w| rt(w) == 2,                                "twllt"   [RA, RB]              ALL;
    "tw"     |w| rt(w) == 6,                                "twlle"   [RA, RB]              ALL;
    "tw"     |w| rt(w) == 5,                                "twlge"   [RA, RB]              ALL;
    "tw"     |w| rt(w) == 1,                                "twlgt"   [RA, RB]              ALL;
    "tw"     |w| rt(w) == 31,                               "twu"     [RA, RB]              ALL;
    "twi"    |w| rt(w) == 16,                               "twlti"   [RA, SI]              ALL;
    "twi"    |w| rt(w) == 20,                               "twlei"   [RA, SI]              ALL;
    "twi"    |w| rt(w) == 4,                                "tweqi"   [RA, SI]              ALL;
    "twi"    |w| rt(w) == 12,                               "twgei"   [RA, SI]              ALL;
    "twi"    |w| rt(w) == 8,                                "twgti"   [RA, SI]              ALL;
    "twi"    |w| rt(w) == 24,                               "twnei"   [RA, SI]              ALL;
    "twi"    |w| rt(w) == 2,                                "twllti"  [RA, SI]              ALL;
    "twi"    |w| rt(w) == 6,                                "twllei"  [RA, SI]              ALL;
    "twi"    |w| rt(w) == 5,                                "twlgei"  [RA, SI]              ALL;
    "twi"    |w| rt(w) == 1,                                "twlgti"  [RA, SI]              ALL;
    "twi"    |w| rt(w) == 31,                               "twui"    [RA, SI]              ALL;
    "td"     |w| rt(w) == 16,                               "tdlt"    [RA, RB]              ALL;
    "td"     |w| rt(w) == 20,                               "tdle"    [RA, RB]              ALL;
    "td"     |w| rt(w) == 4,                                "tdeq"    [RA, RB]              ALL;
    "td"     |w| rt(w) == 12,                               "tdge"    [RA, RB]              ALL;
    "td"     |w| rt(w) == 8,                                "tdgt"    [RA, RB]              ALL;
    "td"     |w| rt(w) == 24,                               "tdne"    [RA, RB]              ALL;
    "td"     |w| rt(w) == 2,                                "tdllt"   [RA, RB]              ALL;
    "td"     |w| rt(w) == 6,                                "tdlle"   [RA, RB]              ALL;
    "td"     |w| rt(w) == 5,                                "tdlge"   [RA, RB]              ALL;
    "td"     |w| rt(w) == 1,                                "tdlgt"   [RA, RB]              ALL;
    "td"     |w| rt(w) == 31,                               "tdu"     [RA, RB]              ALL;
    "tdi"    |w| rt(w) == 16,                               "tdlti"   [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 20,                               "tdlei"   [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 4,                                "tdeqi"   [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 12,                               "tdgei"   [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 8,                                "tdgti"   [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 24,                               "tdnei"   [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 2,                                "tdllti"  [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 6,                                "tdllei"  [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 5,                                "tdlgei"  [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 1,                                "tdlgti"  [RA, SI]              ALL;
    "tdi"    |w| rt(w) == 31,                               "tdui"    [RA, SI]              ALL;
    "mtcrf"  |w| w >> 12 & 0xff == 0xff,           "mtcr"    [RS]                  ALL;
    "crxor"  |w| rt(w) == ra(w) && ra(w) == rb(w), "crclr"   [BT]                  ALL;
    "creqv"  |w| rt(w) == ra(w) && ra(w) == rb(w), "crset"   [BT]                  ALL;
    "cror"   |w| ra(w) == rb(w),                   "crmove"  [BT, BA]              ALL;
    "crnor"  |w| ra(w) == rb(w),                   "crnot"   [BT, BA]              ALL;
    "isel"   |w| mb(w) == 0,                       "isellt"  [RT, RA0, RB]         ALL;
    "isel"   |w| mb(w) == 1,                       "iselgt"  [RT, RA0, RB]         ALL;
    "isel"   |w| mb(w) == 2,                       "iseleq"  [RT, RA0, RB]         ALL;
    "addpcis" |w| w & 0x001f_ffc1 == 0,            "lnia"    [RT]                  ALL;
    "sync"   |_| true,                             "hwsync"  []                    BOOK3S_64;
    "sync"   |_| true,                             "msync"   []                    E500;
    "dcbt"   |w| rt(w) == 16,                       "dcbtt"   [RA0, RB]             BOOK3S_64;
    "dcbt"   |w| rt(w) == 8,                        "dcbtds"  [RA0, RB]             BOOK3S_64;
    "dcbt"   |w| rt(w) >> 3 == 1,                   "dcbtds"  [RA0, RB, TO]         BOOK3S_64;
    "dcbt"   |w| rt(w) < 8,                         "dcbtct"  [RA0, RB, TOUCH]      BOOK3S_64;
    "dcbtst" |w| rt(w) == 16,                       "dcbtstt" [RA0, RB]             BOOK3S_64;
    "dcbtst" |w| rt(w) == 8,                        "dcbtstds" [RA0, RB]             BOOK3S_64;
    "dcbtst" |w| rt(w) >> 3 == 1,                   "dcbtstds" [RA0, RB, TO]         BOOK3S_64;
    "dcbtst" |w| rt(w) < 8,                         "dcbtstct" [RA0, RB, TOUCH]      BOOK3S_64;
    "rfebb"  |w| w & 1 << 11 != 0,                 "rfebb"   []                    ALL;
    "tend."  |w| w & 1 << 25 != 0,                 "tendall." []                   ALL;
    "tsr."   |w| w & 1 << 21 != 0,                 "tresume." []                   ALL;
    "tsr."   |_| true,                             "tsuspend." []                  ALL;
    "mfvsrd" |w| w & 1 == 0,                       "mffprd"  [RAW, FT]             ALL;
    "mfvsrd" |_| true,                             "mfvrd"   [RAW, VT]             ALL;
    "mfvsrwz" |w| w & 1 == 0,                      "mffprwz" [RAW, FT]             ALL;
    "mfvsrwz" |_| true,                            "mfvrwz"  [RAW, VT]             ALL;
    "mtvsrd" |w| w & 1 == 0,                       "mtfprd"  [FT, RA]              ALL;
    "mtvsrd" |_| true,                             "mtvrd"   [VT, RA]              ALL;
    "mtvsrwa" |w| w & 1 == 0,                      "mtfprwa" [FT, RA]              ALL;
    "mtvsrwa" |_| true,                            "mtvrwa"  [VT, RA]              ALL;
    "mtvsrwz" |w| w & 1 == 0,                      "mtfprwz" [FT, RA]              ALL;
    "mtvsrwz" |_| true,                            "mtvrwz"  [VT, RA]              ALL;
    "vor"    |w| ra(w) == rb(w),                   "vmr"     [VT, VA]              ALL;
    "vnor"   |w| ra(w) == rb(w),                   "vnot"    [VT, VA]              ALL;
    "evor"   |w| ra(w) == rb(w),                   "evmr"    [RT, RA]              ALL;
    "evnor"  |w| ra(w) == rb(w),                   "evnot"   [RT, RA]              ALL;
    "xxlor"  same_vsr,                             "xxmr"    [XT, XA]              ALL;
    "xxlnor" same_vsr,                             "xxlnot"  [XT, XA]              ALL;
    "xvcpsgndp" same_vsr,                          "xvmovdp" [XT, XA]              ALL;
    "xvcpsgnsp" same_vsr,                          "xvmovsp" [XT, XA]              ALL;
    "xxpermdi" |w| same_vsr(w) && dm(w) == 2,      "xxswapd" [XT, XA]              ALL;
    "xxpermdi" |w| same_vsr(w) && dm(w) == 0,      "xxspltd" [XT, XA, Computed(|_| 0)] ALL;
    "xxpermdi" |w| same_vsr(w) && dm(w) == 3,      "xxspltd" [XT, XA, Computed(|_| 1)] ALL;
    "xxpermdi" |w| dm(w) == 0,                     "xxmrghd" [XT, XA, XB]          ALL;
    "xxpermdi" |w| dm(w) == 3,                     "xxmrgld" [XT, XA, XB]          ALL;
    "mftb"   |w| split10(w) == 268,                "mftb"    [RT]                  ALL;
    "mftb"   |w| split10(w) == 269,                "mftbu"   [RT]                  ALL;
};

/// The simplified mnemonic and its operands, where one applies.
pub(super) fn of(ins: Ins) -> Option<(&'static str, &'static [Operand])> {
    let family: Family = ins.family();
    ALIASES
        .iter()
        .find(|alias| alias.of == ins.mnemonic() && alias.families.has(family) && (alias.when)(ins.word))
        .map(|alias| (alias.mnemonic, alias.operands))
}
