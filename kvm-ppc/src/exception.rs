//! Synchronous exceptions: what an instruction of the guest raises in the guest.

/// Why a program interrupt is raised.
///
/// SRR1 says it on Book3S (MPC750 User's Manual 4.5.7), ESR on Book E (e500 Core Family Reference Manual 2.7.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// An enabled floating-point exception, of the instruction at SRR0.
    FloatingPoint,
    /// An exception that FPSCR held already when MSR\[FE0\] or MSR\[FE1\] was set: SRR0 is behind the instruction that
    /// set it.
    FloatingPointHeld,
    /// No instruction of the guest's processor.
    Illegal,
    /// A privileged instruction in user mode.
    Privileged,
    /// A trap instruction.
    Trap,
}

/// An exception that an instruction raised.
///
/// SRR0 is the address of the instruction, or of the next one for [`SystemCall`](Self::SystemCall) and
/// [`Trace`](Self::Trace).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exception {
    /// A load or store that may not be.
    DataStorage {
        /// Effective address, for DAR or DEAR.
        address: u64,
        /// DSISR on Book3S, ESR on Book E.
        status: u32,
    },
    /// A fetch that may not be.
    InstructionStorage {
        /// Bits for SRR1 on Book3S, ESR on Book E.
        status: u32,
    },
    /// 64-bit Book3S: no segment for a load or store.
    DataSegment {
        /// Effective address.
        address: u64,
    },
    /// 64-bit Book3S: no segment for a fetch.
    InstructionSegment,
    /// Book E: no TLB entry for a load or store.
    DataTlbMiss {
        /// Effective address.
        address: u64,
        /// ESR.
        status: u32,
    },
    /// Book E: no TLB entry for a fetch.
    InstructionTlbMiss,
    /// An access that must be aligned.
    Alignment {
        /// Effective address.
        address: u64,
        /// DSISR on Book3S, ESR on Book E.
        status: u32,
    },
    /// A program interrupt.
    Program(Program),
    /// A floating-point instruction with MSR\[FP\] = 0.
    FloatingPointUnavailable,
    /// AltiVec or SPE, with MSR\[VEC\] or MSR\[SPE\] = 0.
    VectorUnavailable,
    /// `sc`.
    SystemCall,
    /// An instruction has completed with MSR\[SE\] = 1.
    Trace,
    /// An access that no memory and no device answers: a machine check, as the bus error is on the part.
    MachineCheck,
}

/// DSISR of an alignment exception: bits 15 to 21 say which instruction, 22 to 31 its registers. Bits 12 and 13 tell
/// instructions with a displacement of 14 bits apart (Power ISA 2.07 III-S 6.5.8).
pub(crate) const fn described(word: u32) -> u32 {
    let registers = word >> 16 & 0x3ff;
    let which = match word >> 26 {
        31 => (word >> 1 & 3) << 5 | (word >> 6 & 1) << 4 | word >> 7 & 15,
        58 | 62 => (word & 3) << 8 | (word >> 26 & 1) << 4 | word >> 27 & 15,
        _ => (word >> 26 & 1) << 4 | word >> 27 & 15,
    };
    which << 10 | registers
}
