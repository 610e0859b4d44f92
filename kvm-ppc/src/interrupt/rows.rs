//! One row per interrupt.

use magicpage::{Family, msr};

use super::Interrupt;

/// Where the handler is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vector {
    /// At this offset in bytes from the vectors' base: 0xfff0_0000 on 32-bit Book3S with MSR\[IP\] = 1, otherwise 0.
    Offset(u16),
    /// At the offset in IVOR with this number, from IVPR.
    Register(u8),
}

/// Which pair of registers remembers where the guest was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saves {
    /// SRR0 and SRR1, which are in the page.
    Standard,
    /// CSRR0 and CSRR1.
    Critical,
    /// MCSRR0 and MCSRR1.
    MachineCheck,
}

/// An interrupt of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The cause.
    pub interrupt: Interrupt,
    /// Where the handler is.
    pub vector: Vector,
    /// The MSR bit that lets it in; 0 where nothing holds it back. [`msr::ME`] is different: a machine check that
    /// finds it clear stops the processor.
    pub enable: u64,
    /// Where the old state goes.
    pub saves: Saves,
    /// The MSR bits that stay as they were; all others are cleared.
    pub keeps: u64,
    /// Bits that the second save register holds besides the MSR's, where the cause itself says no more.
    pub status: u32,
}

/// The MSR bits that the second save register takes over on Book3S: bits 0, 5 to 9 and 16 to 31 of the 32-bit
/// register (MPC750 User's Manual 4.5; Power ISA 2.07 III-S 6.4.3 counts them from 32).
pub const SAVED_BOOK3S: u64 = 0xffff_ffff_87c0_ffff;

macro_rules! table {
    ($($interrupt:ident $vector:ident $number:literal $enable:expr, $saves:ident $keeps:expr, $status:expr;)*) => {
        &[$(Row {
            interrupt: Interrupt::$interrupt,
            vector: Vector::$vector($number),
            enable: $enable,
            saves: Saves::$saves,
            keeps: $keeps,
            status: $status,
        }),*]
    };
}

const KEPT_32: u64 = msr::ME | msr::IP | msr::ILE;
const KEPT_64: u64 = msr::ME;
const KEPT_E500: u64 = msr::CE | msr::ME | msr::DE;

/// SRR1 of a machine check from outside: the signal MCP (MPC750 User's Manual table 4-9, bit 12).
const MCP: u32 = 0x0008_0000;

/// MPC750 User's Manual tables 4-1 (vectors), 4-3 (priorities) and 4-6 (MSR).
#[rustfmt::skip]
const BOOK3S_32: &[Row] = table! {
    MachineCheck             Offset 0x200  msr::ME, Standard msr::IP | msr::ILE, MCP;
    SystemReset              Offset 0x100  0,       Standard KEPT_32, 0;
    External                 Offset 0x500  msr::EE, Standard KEPT_32, 0;
    Decrementer              Offset 0x900  msr::EE, Standard KEPT_32, 0;
    DataStorage              Offset 0x300  0,       Standard KEPT_32, 0;
    InstructionStorage       Offset 0x400  0,       Standard KEPT_32, 0;
    Alignment                Offset 0x600  0,       Standard KEPT_32, 0;
    Program                  Offset 0x700  0,       Standard KEPT_32, 0;
    FloatingPointUnavailable Offset 0x800  0,       Standard KEPT_32, 0;
    SystemCall               Offset 0xc00  0,       Standard KEPT_32, 0;
    Trace                    Offset 0xd00  0,       Standard KEPT_32, 0;
};

/// Power ISA 2.07 III-S 6.5 (vectors), 6.8 (priorities). A machine check leaves ME, which clears it on the part: only
/// a hypervisor could set it again, and the guest has none.
#[rustfmt::skip]
const BOOK3S_64: &[Row] = table! {
    SystemReset              Offset 0x100  0,       Standard KEPT_64, 0;
    MachineCheck             Offset 0x200  msr::ME, Standard KEPT_64, 0;
    External                 Offset 0x500  msr::EE, Standard KEPT_64, 0;
    Decrementer              Offset 0x900  msr::EE, Standard KEPT_64, 0;
    DataStorage              Offset 0x300  0,       Standard KEPT_64, 0;
    DataSegment              Offset 0x380  0,       Standard KEPT_64, 0;
    InstructionStorage       Offset 0x400  0,       Standard KEPT_64, 0;
    InstructionSegment       Offset 0x480  0,       Standard KEPT_64, 0;
    Alignment                Offset 0x600  0,       Standard KEPT_64, 0;
    Program                  Offset 0x700  0,       Standard KEPT_64, 0;
    FloatingPointUnavailable Offset 0x800  0,       Standard KEPT_64, 0;
    VectorUnavailable        Offset 0xf20  0,       Standard KEPT_64, 0;
    SystemCall               Offset 0xc00  0,       Standard KEPT_64, 0;
    Trace                    Offset 0xd00  0,       Standard KEPT_64, 0;
};

/// e500 Core Family Reference Manual table 5-2 (IVORs), 5.7 (interrupts), 5.10 (priorities).
#[rustfmt::skip]
const E500: &[Row] = table! {
    MachineCheck             Register 1   msr::ME, MachineCheck 0, 0;
    Critical                 Register 0   msr::CE, Critical msr::ME, 0;
    External                 Register 4   msr::EE, Standard KEPT_E500, 0;
    Decrementer              Register 10  msr::EE, Standard KEPT_E500, 0;
    DataStorage              Register 2   0,       Standard KEPT_E500, 0;
    InstructionStorage       Register 3   0,       Standard KEPT_E500, 0;
    Alignment                Register 5   0,       Standard KEPT_E500, 0;
    Program                  Register 6   0,       Standard KEPT_E500, 0;
    VectorUnavailable        Register 32  0,       Standard KEPT_E500, 0;
    SystemCall               Register 8   0,       Standard KEPT_E500, 0;
    DataTlb                  Register 13  0,       Standard KEPT_E500, 0;
    InstructionTlb           Register 14  0,       Standard KEPT_E500, 0;
};

/// The interrupts of a family; those that wait come in the order of their priority, the most urgent first.
pub const fn rows(family: Family) -> &'static [Row] {
    match family {
        Family::Book3s32 => BOOK3S_32,
        Family::Book3s64 => BOOK3S_64,
        Family::E500 => E500,
    }
}

/// The row of an interrupt, if the family has it.
pub fn row(family: Family, interrupt: Interrupt) -> Option<&'static Row> {
    rows(family).iter().find(|row| row.interrupt == interrupt)
}

impl Row {
    /// Whether the guest's MSR lets the interrupt in. A machine check is always let in: what it does then depends on
    /// MSR\[ME\].
    pub const fn is_enabled(&self, msr: u64) -> bool {
        self.enable == 0 || self.enable == msr::ME || msr & self.enable != 0
    }

    /// Whether MSR\[EE\] holds the interrupt back.
    pub const fn is_maskable(&self) -> bool {
        self.enable == msr::EE
    }
}
