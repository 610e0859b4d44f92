//! The registers of a POWER8 as supervisor state has them, with a hypervisor above that is not the guest's.
//!
//! What only a hypervisor may move is absent, and so ignored like every other number of no register; SDR1 is here
//! because the guest has its page table in its own memory. A POWER8 without transactions lacks their registers.

use magicpage::layout::{self, Part};

use super::Access::{Fixed, ReadOnly, ReadWrite};
use super::Half::{High, Low};
use super::Home::{Constant, Decrementer, Page, Same, Sdr1, Time, Value, Version};
use super::table::with_slots;
use super::{Row, registers};

/// SPRG4 to SPRG7.
pub(super) const ABSENT: &[u16] = &[276, 277, 278, 279];

const ALL: u64 = u64::MAX;
const WORD: u64 = 0xffff_ffff;
/// DSCR's fields.
const DSCR: u64 = 0x01ff_ffff;
/// CTRL\[RUN\].
const RUN: u64 = 1;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &with_slots(registers! {
    // number name models access, home, mask, reset, source
    3    "udscr"   POWER8 ReadWrite, Same(17),    DSCR, 0, "III-S 4.4.4";
    13   "uamr"    POWER8 ReadWrite, Same(29),    ALL,  0, "III-S 4.4.4";
    17   "dscr"    POWER8 ReadWrite, Value,       DSCR, 0, "III-S 4.4.4";
    22   "dec"     POWER8 ReadWrite, Decrementer, WORD, 0, "III-S 7.3";
    25   "sdr1"    POWER8 ReadWrite, Sdr1,        ALL,  0, "III-S 5.7.7.2";
    28   "cfar"    POWER8 ReadWrite, Value,       ALL,  0, "III-S 4.3.3";
    29   "amr"     POWER8 ReadWrite, Value,       ALL,  0, "III-S 4.4.4";
    61   "iamr"    POWER8 ReadWrite, Value,       ALL,  0, "III-S 4.4.4";
    136  "ctrl"    POWER8 ReadOnly,  Same(152),   0,    0, "III-S 4.3.4";
    152  "ctrl"    POWER8 ReadWrite, Value,       RUN,  0, "III-S 4.3.4";
    153  "fscr"    POWER8 ReadWrite, Value,       ALL,  0, "III-S 6.2.10";
    157  "uamor"   POWER8 ReadWrite, Value,       ALL,  0, "III-S 4.4.4";
    159  "pspb"    POWER8 ReadWrite, Value,       WORD, 0, "III-S 4.4.4";
    256  "vrsave"  POWER8 ReadWrite, Value,       WORD, 0, "I 3.3.13";
    // The user's way to read SPRG3.
    259  "sprg3r"  POWER8 ReadOnly,  Page(layout::SPRG3, Part::Word), 0, 0, "III-S 4.3.2";
    268  "tb"      POWER8 ReadOnly,  Time(Low),   0,    0, "II 6.2.1";
    269  "tbu"     POWER8 ReadOnly,  Time(High),  0,    0, "II 6.2.1";
    287  "pvr"     POWER8 ReadOnly,  Version,     0,    0, "III-S 4.3.1";
    308  "spurr"   POWER8 ReadOnly,  Time(Low),   0,    0, "III-S 7.6";
    309  "purr"    POWER8 ReadOnly,  Time(Low),   0,    0, "III-S 7.5";
    446  "tir"     POWER8 ReadOnly,  Constant(0), 0,    0, "III-S 3.7";

    768  "usier"   POWER8 ReadOnly,  Same(784),   0,    0, "III-S 9.4";
    769  "ummcr2"  POWER8 ReadWrite, Same(785),   ALL,  0, "III-S 9.4";
    770  "ummcra"  POWER8 ReadWrite, Same(786),   ALL,  0, "III-S 9.4";
    771  "upmc1"   POWER8 ReadWrite, Same(787),   WORD, 0, "III-S 9.4";
    772  "upmc2"   POWER8 ReadWrite, Same(788),   WORD, 0, "III-S 9.4";
    773  "upmc3"   POWER8 ReadWrite, Same(789),   WORD, 0, "III-S 9.4";
    774  "upmc4"   POWER8 ReadWrite, Same(790),   WORD, 0, "III-S 9.4";
    775  "upmc5"   POWER8 ReadWrite, Same(791),   WORD, 0, "III-S 9.4";
    776  "upmc6"   POWER8 ReadWrite, Same(792),   WORD, 0, "III-S 9.4";
    779  "ummcr0"  POWER8 ReadWrite, Same(795),   ALL,  0, "III-S 9.4";
    780  "usiar"   POWER8 ReadOnly,  Same(796),   0,    0, "III-S 9.4";
    781  "usdar"   POWER8 ReadOnly,  Same(797),   0,    0, "III-S 9.4";
    782  "ummcr1"  POWER8 ReadOnly,  Same(798),   0,    0, "III-S 9.4";
    784  "sier"    POWER8 ReadWrite, Value,       ALL,  0, "III-S 9.4";
    785  "mmcr2"   POWER8 ReadWrite, Value,       ALL,  0, "III-S 9.4";
    786  "mmcra"   POWER8 ReadWrite, Value,       ALL,  0, "III-S 9.4";
    787  "pmc1"    POWER8 ReadWrite, Value,       WORD, 0, "III-S 9.4";
    788  "pmc2"    POWER8 ReadWrite, Value,       WORD, 0, "III-S 9.4";
    789  "pmc3"    POWER8 ReadWrite, Value,       WORD, 0, "III-S 9.4";
    790  "pmc4"    POWER8 ReadWrite, Value,       WORD, 0, "III-S 9.4";
    791  "pmc5"    POWER8 ReadWrite, Value,       WORD, 0, "III-S 9.4";
    792  "pmc6"    POWER8 ReadWrite, Value,       WORD, 0, "III-S 9.4";
    795  "mmcr0"   POWER8 ReadWrite, Value,       ALL,  0x8000_0000, "III-S 9.4";
    796  "siar"    POWER8 ReadWrite, Value,       ALL,  0, "III-S 9.4";
    797  "sdar"    POWER8 ReadWrite, Value,       ALL,  0, "III-S 9.4";
    798  "mmcr1"   POWER8 ReadWrite, Value,       ALL,  0, "III-S 9.4";

    804  "ebbhr"   POWER8 ReadWrite, Value,       ALL,  0, "II 7.2";
    805  "ebbrr"   POWER8 ReadWrite, Value,       ALL,  0, "II 7.2";
    806  "bescr"   POWER8 ReadWrite, Value,       ALL,  0, "II 7.2";
    815  "tar"     POWER8 ReadWrite, Value,       ALL,  0, "I 2.3.3";
    848  "ic"      POWER8 ReadOnly,  Constant(0), 0,    0, "III-S 4.3.8";
    849  "vtb"     POWER8 ReadOnly,  Time(Low),   0,    0, "III-S 7.4";
    896  "ppr"     POWER8 ReadWrite, Value,       0x001c_0000_0000_0000, 0x0010_0000_0000_0000, "II 3.1";

    // Implementation-dependent and a hypervisor's; software for older parts moves them without asking.
    1008 "hid0"    POWER8 Fixed,     Constant(0), 0,    0, "III-S 4.4.4";
    1009 "hid1"    POWER8 Fixed,     Constant(0), 0,    0, "III-S 4.4.4";
    1012 "hid4"    POWER8 Fixed,     Constant(0), 0,    0, "III-S 4.4.4";
    1014 "hid5"    POWER8 Fixed,     Constant(0), 0,    0, "III-S 4.4.4";
}, 0);
