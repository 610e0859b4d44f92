//! The registers of the e500v2.

use magicpage::layout::{self, Part};

use super::Access::{Clear, Once, ReadOnly, ReadWrite, WriteOnly};
use super::Half::{High, Low};
use super::Home::{Constant, Decrementer, Flash, Page, Process, Time, Value, Version};
use super::table::with_slots;
use super::{Row, registers};
use crate::mmu::tlb;

/// Of the registers that the page knows for the family, the part has all.
pub(super) const ABSENT: &[u16] = &[];

const ALL: u64 = 0xffff_ffff;
/// EMCP, DOZE, NAP, SLEEP, TBEN, SEL_TBCLK, EN_MAS7_UPDATE, DCFA, NOPTI.
const HID0: u64 = 0x80e0_60c1;
/// RFXE, R1DPE, R2DPE, ASTME, ABE, MPXTT.
const HID1: u64 = 0x0002_f400;
/// CPE, CPI, CE: flash invalidation and lock flash clear are over at once, nothing is ever locked.
const L1CSR: u64 = 0x0001_8001;
/// WP, WRC, WIE, DIE, FP, FIE, ARE, WPEXT, FPEXT.
const TCR: u64 = 0xffdf_e000;
/// TCR\[WRC\]: only a reset clears it.
const WRC: u64 = 0x3000_0000;
/// ENW, WIS, WRS, DIS, FIS.
const TSR: u64 = 0xfc00_0000;
/// IDM, ICMP, BRT, IRPT, TRAP, IAC1, IAC2, DAC1, DAC2, RET, FT. RST resets nothing here.
const DBCR0: u64 = 0x4fcf_8001;
const DBCR12: u64 = 0xffc0_0000;
const DBSR: u64 = 0xffcf_8000;
const SPEFSCR: u64 = 0xff3f_ff7f;
/// MCP, ICPERR, DCP_PERR, DCPERR, BUS_*.
const MCSR: u64 = 0xf000_00ff;
const IVOR: u64 = 0xfff0;

/// NPIDS 3, PIDSIZE 8 bits, two TLBs, MMU architecture 1.
const MMUCFG: u64 = 0x19c4;
/// Ways, pages from and up to 4 KiB, entries.
const TLB0CFG: u64 = (tlb::WAYS as u64) << 24 | 0x0011_0000 | tlb::SMALL as u64;
/// Ways, pages from 4 KiB to 4 GiB, IPROT, any size, entries.
const TLB1CFG: u64 = (tlb::LARGE as u64) << 24 | 0x001b_c000 | tlb::LARGE as u64;
/// Lines of 32 bytes, pseudo-LRU, locking, parity, 8 ways, 32 KiB.
const L1CFG: u64 = 0x0038_3820;
/// No product's.
const SVR: u64 = 0xe000_0000;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &with_slots(registers! {
    // number name models access, home, mask, reset, source
    22   "dec"     E500V2 ReadWrite, Decrementer,     ALL,         0, "E500 2.6.4";
    48   "pid0"    E500V2 ReadWrite, Process(0),      0xff,        0, "E500 2.12.1";
    54   "decar"   E500V2 WriteOnly, Value,           ALL,         0, "E500 2.6.5";
    58   "csrr0"   E500V2 ReadWrite, Value,           ALL,         0, "E500 2.7.2";
    59   "csrr1"   E500V2 ReadWrite, Value,           ALL,         0, "E500 2.7.2";
    63   "ivpr"    E500V2 ReadWrite, Value,           0xffff_0000, 0, "E500 2.7.1.5";
    256  "usprg0"  E500V2 ReadWrite, Value,           ALL,         0, "E500 2.8";
    // The user's way to read SPRG3; the kernel's structure has no name for it.
    259  "sprg3r"  E500V2 ReadOnly,  Page(layout::SPRG3, Part::Word), 0, 0, "E500 2.8";
    268  "tbl"     E500V2 ReadOnly,  Time(Low),       0,           0, "E500 2.6.3";
    269  "tbu"     E500V2 ReadOnly,  Time(High),      0,           0, "E500 2.6.3";
    284  "tbl"     E500V2 WriteOnly, Time(Low),       ALL,         0, "E500 2.6.3";
    285  "tbu"     E500V2 WriteOnly, Time(High),      ALL,         0, "E500 2.6.3";
    // The page serves reads only; the part lets software write it.
    286  "pir"     E500V2 ReadWrite, Page(layout::PIR, Part::Word), ALL, 0, "E500 2.5.2";
    287  "pvr"     E500V2 ReadOnly,  Version,         0,           0, "E500 2.5.3";
    304  "dbsr"    E500V2 Clear,     Value,           DBSR,        0, "E500 2.13.2";
    308  "dbcr0"   E500V2 ReadWrite, Value,           DBCR0,       0, "E500 2.13.1";
    309  "dbcr1"   E500V2 ReadWrite, Value,           DBCR12,      0, "E500 2.13.1";
    310  "dbcr2"   E500V2 ReadWrite, Value,           DBCR12,      0, "E500 2.13.1";
    312  "iac1"    E500V2 ReadWrite, Value,           ALL,         0, "E500 2.13.3";
    313  "iac2"    E500V2 ReadWrite, Value,           ALL,         0, "E500 2.13.3";
    316  "dac1"    E500V2 ReadWrite, Value,           ALL,         0, "E500 2.13.4";
    317  "dac2"    E500V2 ReadWrite, Value,           ALL,         0, "E500 2.13.4";
    336  "tsr"     E500V2 Clear,     Value,           TSR,         0, "E500 2.6.2";
    340  "tcr"     E500V2 Once(WRC), Value,           TCR,         0, "E500 2.6.1";

    400  "ivor0"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    401  "ivor1"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    402  "ivor2"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    403  "ivor3"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    404  "ivor4"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    405  "ivor5"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    406  "ivor6"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    407  "ivor7"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    408  "ivor8"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    409  "ivor9"   E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    410  "ivor10"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    411  "ivor11"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    412  "ivor12"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    413  "ivor13"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    414  "ivor14"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    415  "ivor15"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    528  "ivor32"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    529  "ivor33"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    530  "ivor34"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";
    531  "ivor35"  E500V2 ReadWrite, Value,           IVOR,        0, "E500 2.7.1.5";

    512  "spefscr" E500V2 ReadWrite, Value,           SPEFSCR,     0, "E500 2.14.1";
    513  "bbear"   E500V2 ReadWrite, Value,           ALL,         0, "E500 2.9.1";
    514  "bbtar"   E500V2 ReadWrite, Value,           ALL,         0, "E500 2.9.2";
    515  "l1cfg0"  E500V2 ReadOnly,  Constant(L1CFG), 0,           0, "E500 2.11.3";
    516  "l1cfg1"  E500V2 ReadOnly,  Constant(L1CFG), 0,           0, "E500 2.11.4";
    // The alternate time base counts as fast as the other.
    526  "atbl"    E500V2 ReadOnly,  Time(Low),       0,           0, "E500 2.6.6";
    527  "atbu"    E500V2 ReadOnly,  Time(High),      0,           0, "E500 2.6.6";
    569  "mcaru"   E500V2 ReadOnly,  Constant(0),     0,           0, "E500 2.7.2.3";
    570  "mcsrr0"  E500V2 ReadWrite, Value,           ALL,         0, "E500 2.7.2.1";
    571  "mcsrr1"  E500V2 ReadWrite, Value,           ALL,         0, "E500 2.7.2.2";
    572  "mcsr"    E500V2 Clear,     Value,           MCSR,        0, "E500 2.7.2.4";
    573  "mcar"    E500V2 ReadOnly,  Value,           0,           0, "E500 2.7.2.3";
    633  "pid1"    E500V2 ReadWrite, Process(1),      0xff,        0, "E500 2.12.1";
    634  "pid2"    E500V2 ReadWrite, Process(2),      0xff,        0, "E500 2.12.1";
    688  "tlb0cfg" E500V2 ReadOnly,  Constant(TLB0CFG), 0,         0, "E500 2.12.4";
    689  "tlb1cfg" E500V2 ReadOnly,  Constant(TLB1CFG), 0,         0, "E500 2.12.4";
    1008 "hid0"    E500V2 ReadWrite, Value,           HID0,        0, "E500 2.10.1";
    1009 "hid1"    E500V2 ReadWrite, Value,           HID1,        0, "E500 2.10.2";
    1010 "l1csr0"  E500V2 ReadWrite, Value,           L1CSR,       0, "E500 2.11.1";
    1011 "l1csr1"  E500V2 ReadWrite, Value,           L1CSR,       0, "E500 2.11.2";
    1012 "mmucsr0" E500V2 ReadWrite, Flash,           0x6,         0, "E500 2.12.2";
    1013 "bucsr"   E500V2 ReadWrite, Value,           0x1,         0, "E500 2.9.3";
    1015 "mmucfg"  E500V2 ReadOnly,  Constant(MMUCFG), 0,          0, "E500 2.12.3";
    1023 "svr"     E500V2 ReadOnly,  Constant(SVR),   0,           0, "E500 2.5.4";
}, 0);
