//! The registers of the 750 and the 750CL.

use super::Access::{Fixed, ReadOnly, ReadWrite, WriteOnly};
use super::Array::{Data, Instruction};
use super::Half::{High, Low};
use super::Home::{Bat, Constant, Decrementer, Same, Sdr1, Time, UpperBats, Value, Version};
use super::table::with_slots;
use super::{Row, registers};

/// SPRG4 to SPRG7, which came with the 755, and PIR.
pub(super) const ABSENT: &[u16] = &[276, 277, 278, 279, 1023];

const ALL: u64 = 0xffff_ffff;
/// HID0 has bits 5, 12 to 14, 27 and 30 reserved; ICFI and DCFI are zero again when they can be read.
const HID0: u64 = 0xfbf1_f3ed;
/// LSQE, WPE, PSE, LCE and the exception enables. DMAQL shows the length of a queue that is always empty; the
/// error bits can only be cleared, and are never set.
const HID2: u64 = 0xf00f_0000;
/// H4A, L2FM, BPD, BCO, SBE, ST0, LPE, DBP, L2MUM, L2CFI.
const HID4: u64 = 0xfff0_0000;
/// E and RID.
const EAR: u64 = 0x8000_003f;
/// All but bit 31, L2IP: no invalidation is ever in progress.
const L2CR: u64 = 0xffff_e000;
/// FI and E.
const ICTC: u64 = 0x1ff;
/// The threshold, TID, TIE and V; no temperature is ever reported.
const THRM12: u64 = 0x3f80_0007;
/// SITV and E.
const THRM3: u64 = 0x3fff;
/// PMC3SELECT and PMC4SELECT.
const MMCR1: u64 = 0xffc0_0000;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &with_slots(registers! {
    // number name models access, home, mask, reset, source
    22   "dec"    BOOK3S_32 ReadWrite, Decrementer,                ALL,    0, "PEM 2.3.13";
    25   "sdr1"   BOOK3S_32 ReadWrite, Sdr1,                       ALL,    0, "PEM 2.3.4";
    268  "tbl"    BOOK3S_32 ReadOnly,  Time(Low),                  ALL,    0, "PEM 2.2.1";
    269  "tbu"    BOOK3S_32 ReadOnly,  Time(High),                 ALL,    0, "PEM 2.2.1";
    282  "ear"    BOOK3S_32 ReadWrite, Value,                      EAR,    0, "PEM 2.3.15";
    284  "tbl"    BOOK3S_32 WriteOnly, Time(Low),                  ALL,    0, "PEM 2.3.12";
    285  "tbu"    BOOK3S_32 WriteOnly, Time(High),                 ALL,    0, "PEM 2.3.12";
    287  "pvr"    BOOK3S_32 ReadOnly,  Version,                    0,      0, "PEM 2.3.2";

    528  "ibat0u" BOOK3S_32 ReadWrite, Bat(Instruction, 0, High),  ALL,    0, "PEM 2.3.3";
    529  "ibat0l" BOOK3S_32 ReadWrite, Bat(Instruction, 0, Low),   ALL,    0, "PEM 2.3.3";
    530  "ibat1u" BOOK3S_32 ReadWrite, Bat(Instruction, 1, High),  ALL,    0, "PEM 2.3.3";
    531  "ibat1l" BOOK3S_32 ReadWrite, Bat(Instruction, 1, Low),   ALL,    0, "PEM 2.3.3";
    532  "ibat2u" BOOK3S_32 ReadWrite, Bat(Instruction, 2, High),  ALL,    0, "PEM 2.3.3";
    533  "ibat2l" BOOK3S_32 ReadWrite, Bat(Instruction, 2, Low),   ALL,    0, "PEM 2.3.3";
    534  "ibat3u" BOOK3S_32 ReadWrite, Bat(Instruction, 3, High),  ALL,    0, "PEM 2.3.3";
    535  "ibat3l" BOOK3S_32 ReadWrite, Bat(Instruction, 3, Low),   ALL,    0, "PEM 2.3.3";
    536  "dbat0u" BOOK3S_32 ReadWrite, Bat(Data, 0, High),         ALL,    0, "PEM 2.3.3";
    537  "dbat0l" BOOK3S_32 ReadWrite, Bat(Data, 0, Low),          ALL,    0, "PEM 2.3.3";
    538  "dbat1u" BOOK3S_32 ReadWrite, Bat(Data, 1, High),         ALL,    0, "PEM 2.3.3";
    539  "dbat1l" BOOK3S_32 ReadWrite, Bat(Data, 1, Low),          ALL,    0, "PEM 2.3.3";
    540  "dbat2u" BOOK3S_32 ReadWrite, Bat(Data, 2, High),         ALL,    0, "PEM 2.3.3";
    541  "dbat2l" BOOK3S_32 ReadWrite, Bat(Data, 2, Low),          ALL,    0, "PEM 2.3.3";
    542  "dbat3u" BOOK3S_32 ReadWrite, Bat(Data, 3, High),         ALL,    0, "PEM 2.3.3";
    543  "dbat3l" BOOK3S_32 ReadWrite, Bat(Data, 3, Low),          ALL,    0, "PEM 2.3.3";
    560  "ibat4u" M750CL    ReadWrite, Bat(Instruction, 4, High),  ALL,    0, "750CL 2.1";
    561  "ibat4l" M750CL    ReadWrite, Bat(Instruction, 4, Low),   ALL,    0, "750CL 2.1";
    562  "ibat5u" M750CL    ReadWrite, Bat(Instruction, 5, High),  ALL,    0, "750CL 2.1";
    563  "ibat5l" M750CL    ReadWrite, Bat(Instruction, 5, Low),   ALL,    0, "750CL 2.1";
    564  "ibat6u" M750CL    ReadWrite, Bat(Instruction, 6, High),  ALL,    0, "750CL 2.1";
    565  "ibat6l" M750CL    ReadWrite, Bat(Instruction, 6, Low),   ALL,    0, "750CL 2.1";
    566  "ibat7u" M750CL    ReadWrite, Bat(Instruction, 7, High),  ALL,    0, "750CL 2.1";
    567  "ibat7l" M750CL    ReadWrite, Bat(Instruction, 7, Low),   ALL,    0, "750CL 2.1";
    568  "dbat4u" M750CL    ReadWrite, Bat(Data, 4, High),         ALL,    0, "750CL 2.1";
    569  "dbat4l" M750CL    ReadWrite, Bat(Data, 4, Low),          ALL,    0, "750CL 2.1";
    570  "dbat5u" M750CL    ReadWrite, Bat(Data, 5, High),         ALL,    0, "750CL 2.1";
    571  "dbat5l" M750CL    ReadWrite, Bat(Data, 5, Low),          ALL,    0, "750CL 2.1";
    572  "dbat6u" M750CL    ReadWrite, Bat(Data, 6, High),         ALL,    0, "750CL 2.1";
    573  "dbat6l" M750CL    ReadWrite, Bat(Data, 6, Low),          ALL,    0, "750CL 2.1";
    574  "dbat7u" M750CL    ReadWrite, Bat(Data, 7, High),         ALL,    0, "750CL 2.1";
    575  "dbat7l" M750CL    ReadWrite, Bat(Data, 7, Low),          ALL,    0, "750CL 2.1";

    912  "gqr0"   M750CL    ReadWrite, Value,                      0x3f07_3f07, 0, "750CL 2.1";
    913  "gqr1"   M750CL    ReadWrite, Value,                      0x3f07_3f07, 0, "750CL 2.1";
    914  "gqr2"   M750CL    ReadWrite, Value,                      0x3f07_3f07, 0, "750CL 2.1";
    915  "gqr3"   M750CL    ReadWrite, Value,                      0x3f07_3f07, 0, "750CL 2.1";
    916  "gqr4"   M750CL    ReadWrite, Value,                      0x3f07_3f07, 0, "750CL 2.1";
    917  "gqr5"   M750CL    ReadWrite, Value,                      0x3f07_3f07, 0, "750CL 2.1";
    918  "gqr6"   M750CL    ReadWrite, Value,                      0x3f07_3f07, 0, "750CL 2.1";
    919  "gqr7"   M750CL    ReadWrite, Value,                      0x3f07_3f07, 0, "750CL 2.1";
    920  "hid2"   M750CL    ReadWrite, Value,                      HID2,   0, "750CL 2.1";
    921  "wpar"   M750CL    ReadWrite, Value,                      0xffff_ffe0, 0, "750CL 2.1";
    922  "dmau"   M750CL    ReadWrite, Value,                      ALL,    0, "750CL 2.1";
    923  "dmal"   M750CL    ReadWrite, Value,                      0xffff_fffc, 0, "750CL 2.1";
    924  "ecidu"  M750CL    Fixed,     Constant(0),                0,      0, "750CL 2.1";
    925  "ecidm"  M750CL    Fixed,     Constant(0),                0,      0, "750CL 2.1";
    926  "ecidl"  M750CL    Fixed,     Constant(0),                0,      0, "750CL 2.1";
    1011 "hid4"   M750CL    ReadWrite, UpperBats,                  HID4,   0x8000_0000, "750CL 2.1";
    1012 "tdcl"   M750CL    Fixed,     Constant(0),                0,      0, "750CL 2.1";
    1018 "tdch"   M750CL    Fixed,     Constant(0),                0,      0, "750CL 2.1";

    936  "ummcr0" BOOK3S_32 ReadOnly,  Same(952),                  0,      0, "750 2.1.2.4";
    937  "upmc1"  BOOK3S_32 ReadOnly,  Same(953),                  0,      0, "750 2.1.2.4";
    938  "upmc2"  BOOK3S_32 ReadOnly,  Same(954),                  0,      0, "750 2.1.2.4";
    939  "usia"   BOOK3S_32 ReadOnly,  Same(955),                  0,      0, "750 2.1.2.4";
    940  "ummcr1" BOOK3S_32 ReadOnly,  Same(956),                  0,      0, "750 2.1.2.4";
    941  "upmc3"  BOOK3S_32 ReadOnly,  Same(957),                  0,      0, "750 2.1.2.4";
    942  "upmc4"  BOOK3S_32 ReadOnly,  Same(958),                  0,      0, "750 2.1.2.4";
    952  "mmcr0"  BOOK3S_32 ReadWrite, Value,                      ALL,    0, "750 2.1.2.4";
    953  "pmc1"   BOOK3S_32 ReadWrite, Value,                      ALL,    0, "750 2.1.2.4";
    954  "pmc2"   BOOK3S_32 ReadWrite, Value,                      ALL,    0, "750 2.1.2.4";
    955  "sia"    BOOK3S_32 Fixed,     Value,                      0,      0, "750 2.1.2.4";
    956  "mmcr1"  BOOK3S_32 ReadWrite, Value,                      MMCR1,  0, "750 2.1.2.4";
    957  "pmc3"   BOOK3S_32 ReadWrite, Value,                      ALL,    0, "750 2.1.2.4";
    958  "pmc4"   BOOK3S_32 ReadWrite, Value,                      ALL,    0, "750 2.1.2.4";

    1008 "hid0"   BOOK3S_32 ReadWrite, Value,                      HID0,   0, "750 2.1.2.2";
    1009 "hid1"   BOOK3S_32 Fixed,     Constant(0x8000_0000),      0,      0, "750 2.1.2.3";
    1010 "iabr"   BOOK3S_32 ReadWrite, Value,                      ALL,    0, "750 2.1.2.1";
    1013 "dabr"   BOOK3S_32 ReadWrite, Value,                      ALL,    0, "PEM 2.3.14";
    1017 "l2cr"   BOOK3S_32 ReadWrite, Value,                      L2CR,   0, "750 2.1.5";
    1019 "ictc"   BOOK3S_32 ReadWrite, Value,                      ICTC,   0, "750 2.1.3";
    1020 "thrm1"  BOOK3S_32 ReadWrite, Value,                      THRM12, 0, "750 2.1.4";
    1021 "thrm2"  BOOK3S_32 ReadWrite, Value,                      THRM12, 0, "750 2.1.4";
    1022 "thrm3"  BOOK3S_32 ReadWrite, Value,                      THRM3,  0, "750 2.1.4";
}, 0);
