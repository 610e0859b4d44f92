//! The instructions, one row each.
//!
//! A row says how the instruction is recognised, its operands in the assembler's order, what it touches besides
//! them, on which families it exists, and where the manual describes it. Masks, effects, privilege, control flow and
//! text derive from the row; adding an instruction is adding a row.
//!
//! Sources are abbreviated: `I`, `II`, `III` and a section are the books of the Power ISA, version 3.0B (2.07B where
//! 3.0B dropped the instruction); `III-E` is book III-E of version 2.07B; `750` is the MPC750 user's manual; `750CL`
//! the 750CL user's manual; `E500` the e500 core family reference manual; `AV` the AltiVec programming environments
//! manual; `SPE` the signal processing engine programming environments manual; `PEM` the 32-bit programming
//! environments manual.

use magicpage::Families;
use powerpc::Opcode;

use crate::operand::Operand;

mod altivec;
mod altivec_isa3;
mod book_e;
mod branch;
mod decimal;
mod floating;
mod index;
mod integer;
mod isa3;
mod memory;
mod paired;
mod spe;
mod supervisor;
mod system;
mod transaction;
mod vsx;

pub(crate) use index::{find_opcode, find_word};

/// Who may execute an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Privilege {
    /// Anybody.
    User,
    /// Supervisor (or hypervisor) only: traps in problem state.
    Supervisor,
}

/// How a row recognises its instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Select {
    /// What the `powerpc` crate calls it, if the crate recognises it.
    pub opcode: Option<Opcode>,
    /// Bits that must have the values of `value`.
    pub mask: u32,
    /// See `mask`.
    pub value: u32,
}

/// What an instruction is and does besides its operands: a set of the constants below.
pub(crate) type Flags = u64;

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: Flags = 1 << $bit;)*
    };
}

flags! {
    /// Bit 0 of the word is Rc: record the result in field 0.
    RC = 0;
    /// Bit 0 of the word is Rc: record FPSCR's summary in field 1.
    RC1 = 1;
    /// Bit 10 of the word is Rc: record the vector comparison in field 6.
    RC6 = 2;
    /// Writes field 0, the summary overflow bit included.
    CR0 = 3;
    /// Bit 10 of the word is OE: record the overflow.
    OE = 4;
    /// Reads the carry.
    CAI = 5;
    /// Writes the carry.
    CAO = 6;
    /// Copies the summary overflow bit into the field it writes.
    SO = 7;
    /// Reads and writes the floating-point unit.
    FP = 8;
    /// Reads and writes the vector unit.
    VEC = 9;
    /// Reads resources of `Regs::OTHER`.
    OTHR = 10;
    /// Writes resources of `Regs::OTHER`.
    OTHW = 11;
    /// Reads the MSR.
    MSRR = 12;
    /// Writes the MSR.
    MSRW = 13;
    /// Privileged.
    SUPER = 14;
    /// Hands over to an exception handler, if a condition holds.
    TRAP = 15;
    /// A system call.
    SYSCALL = 16;
    /// Returns from an exception.
    RETURN = 17;
    /// Branches to a target in the word.
    BRANCH = 18;
    /// Branches to the link register.
    TO_LR = 19;
    /// Branches to the count register.
    TO_CTR = 20;
    /// Has a BO and a BI field.
    COND = 21;
    /// Bit 0 of the word is LK: the link register receives the next address.
    LK = 22;
    /// Bit 1 of the word is AA: the target is absolute.
    AA = 23;
    /// The register operand is the first of several, up to r31.
    MULTIPLE = 24;
    /// The register operand is the first of as many as the byte count fills.
    STRING = 25;
    /// The register operand is the first of as many as XER's byte count fills.
    STRING_X = 26;
    /// Reads or writes the SPR its operand names: the target is the general register for `mfspr`.
    SPR_READ = 27;
    /// See `SPR_READ`.
    SPR_WRITE = 28;
    /// Reads all of the condition register.
    CRS = 29;
    /// Reads and writes the overflow bits, nothing of them completely.
    OV = 30;
    /// Branches to the target address register.
    TO_TAR = 32;
    /// Writes field 6.
    CR6 = 33;
    /// Privileged if bit 4 of the split number in the word is set.
    NUMBERED = 35;
    /// Reads the time base: of the numbers in the word two exist.
    TIME_BASE = 34;
    /// Starts or stops a data stream.
    DATA_STREAM = 36;
    /// Part of the paired singles.
    PAIRED = 37;
    /// Does anything: reads and writes every resource.
    ANY = 31;
}

/// No flag.
pub(crate) const NO: Flags = 0;

/// One instruction.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The mnemonic, with no suffix for Rc, OE, LK and AA.
    pub mnemonic: &'static str,
    pub(crate) select: Select,
    /// The operands, in the assembler's order.
    pub operands: &'static [Operand],
    pub(crate) flags: Flags,
    /// The families that have the instruction.
    pub families: Families,
    /// Manual and section.
    pub source: &'static str,
}

/// Rows: `"mnemonic" Opcode if (mask, value) [operands] flags, families, source;` for what the crate recognises,
/// `"mnemonic" (value) [operands] ...` for what it does not.
macro_rules! rows {
    ($($name:literal $($opcode:ident)? $(if ($mask:expr, $bits:expr))? $(($value:expr))?
        [$($operand:expr),*] $flags:expr, $families:ident, $source:literal;)*) => {
        &[$($crate::table::Row::new(
            $name,
            rows!(@opcode $($opcode)?),
            rows!(@pair $($mask, $bits)?),
            rows!(@value $($value)?),
            &[$($operand),*],
            $flags,
            magicpage::Families::$families,
            $source,
        )),*]
    };
    (@opcode $opcode:ident) => { Some(powerpc::Opcode::$opcode) };
    (@opcode) => { None };
    (@pair $mask:expr, $bits:expr) => { ($mask, $bits) };
    (@pair) => { (0, 0) };
    (@value $value:expr) => { $value };
    (@value) => { 0 };
}
pub(crate) use rows;

/// The value of a word with primary opcode `primary` and the ten-bit extended opcode `extended` at bit 1.
pub(crate) const fn x(primary: u32, extended: u32) -> u32 {
    primary << 26 | extended << 1
}

/// The value of a word with primary opcode 4 and the eleven-bit extended opcode `extended` at bit 0.
pub(crate) const fn vx(extended: u32) -> u32 {
    4 << 26 | extended
}

impl Row {
    #[expect(clippy::too_many_arguments, reason = "the columns of the table")]
    pub(crate) const fn new(
        mnemonic: &'static str,
        opcode: Option<Opcode>,
        extra: (u32, u32),
        value: u32,
        operands: &'static [Operand],
        flags: Flags,
        families: Families,
        source: &'static str,
    ) -> Self {
        let select = match opcode {
            Some(_) => Select {
                opcode,
                mask: extra.0,
                value: extra.1,
            },
            None => Select {
                opcode,
                mask: !variable(operands, flags),
                value,
            },
        };
        Self {
            mnemonic,
            select,
            operands,
            flags,
            families,
            source,
        }
    }

    /// A mask of the bits of a word that vary from one instance of the instruction to another: operands, Rc, OE, LK and
    /// AA. All others are fixed.
    pub const fn variable_bits(&self) -> u32 {
        variable(self.operands, self.flags)
    }

    /// Whether every flag of `flags` is set.
    pub(crate) const fn has(&self, flags: Flags) -> bool {
        self.flags & flags == flags
    }
}

/// The bits of a word that operands and the flags of the row give a meaning to.
pub(crate) const fn variable(operands: &[Operand], flags: Flags) -> u32 {
    let mut bits = 0;
    let mut i = 0;
    while i < operands.len() {
        bits |= operands[i].bits();
        i += 1;
    }
    if flags & (RC | RC1 | LK) != 0 {
        bits |= 1;
    }
    if flags & AA != 0 {
        bits |= 2;
    }
    if flags & (RC6 | OE) != 0 {
        bits |= 1 << 10;
    }
    bits
}

/// The row of a word that no other row recognises.
const UNKNOWN: Row = Row {
    mnemonic: ".long",
    select: Select {
        opcode: None,
        mask: 0,
        value: 1,
    },
    operands: &[Operand::Uint { at: 0, width: 32 }],
    flags: ANY | SUPER,
    families: Families::ALL,
    source: "",
};

/// The parts of the table, in the order in which they are asked.
const PARTS: &[&[Row]] = &[
    &[UNKNOWN],
    branch::ROWS,
    integer::ROWS,
    memory::ROWS,
    system::ROWS,
    supervisor::ROWS,
    book_e::ROWS,
    isa3::ROWS,
    transaction::ROWS,
    floating::ROWS,
    decimal::ROWS,
    paired::ROWS,
    altivec::ROWS,
    altivec_isa3::ROWS,
    vsx::ROWS,
    spe::ROWS,
];

/// How many rows there are, that of unknown words included.
pub const COUNT: usize = {
    let mut count = 0;
    let mut part = 0;
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

/// All rows; the first is that of unknown words.
pub(crate) static ROWS: [Row; COUNT] = {
    let mut rows = [UNKNOWN; COUNT];
    let (mut part, mut next) = (0, 0);
    while part < PARTS.len() {
        let mut i = 0;
        while i < PARTS[part].len() {
            rows[next] = PARTS[part][i];
            next += 1;
            i += 1;
        }
        part += 1;
    }
    rows
};

/// Every instruction the crate knows, in the order of the table.
pub fn instructions() -> &'static [Row] {
    &ROWS[1..]
}

/// The mnemonic of the row at a position.
///
/// # Panics
///
/// When `position` is not below [`COUNT`].
pub const fn mnemonic(position: usize) -> &'static str {
    ROWS[position].mnemonic
}
