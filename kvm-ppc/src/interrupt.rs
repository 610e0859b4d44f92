//! Interrupts: which there are, which come first, and what taking one does to the guest.
//!
//! Everything is a row of [`rows`]: one table per family, the interrupts that wait in the order of their priority.
//! Taking an interrupt reads its row and nothing else, so asynchronous and synchronous ones are taken by the same
//! few lines.

mod deliver;
mod queue;
mod rows;

pub use queue::Queue;
pub use rows::{Row, Saves, Vector, row, rows};

/// An interrupt of the guest, by its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Interrupt {
    /// Soft reset.
    SystemReset,
    /// Machine check.
    MachineCheck,
    /// Book E critical input.
    Critical,
    /// External input.
    External,
    /// Decrementer.
    Decrementer,
    /// Data storage.
    DataStorage,
    /// Data segment, 64-bit Book3S.
    DataSegment,
    /// Instruction storage.
    InstructionStorage,
    /// Instruction segment, 64-bit Book3S.
    InstructionSegment,
    /// Data TLB error, Book E.
    DataTlb,
    /// Instruction TLB error, Book E.
    InstructionTlb,
    /// Alignment.
    Alignment,
    /// Program.
    Program,
    /// Floating point unavailable.
    FloatingPointUnavailable,
    /// AltiVec or SPE unavailable.
    VectorUnavailable,
    /// System call.
    SystemCall,
    /// Trace.
    Trace,
}

impl Interrupt {
    /// Those that come from outside and wait in the [`Queue`].
    pub const WAITING: [Self; 5] = [
        Self::SystemReset,
        Self::MachineCheck,
        Self::Critical,
        Self::External,
        Self::Decrementer,
    ];

    /// The name on command lines and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SystemReset => "system-reset",
            Self::MachineCheck => "machine-check",
            Self::Critical => "critical",
            Self::External => "external",
            Self::Decrementer => "decrementer",
            Self::DataStorage => "data-storage",
            Self::DataSegment => "data-segment",
            Self::InstructionStorage => "instruction-storage",
            Self::InstructionSegment => "instruction-segment",
            Self::DataTlb => "data-tlb",
            Self::InstructionTlb => "instruction-tlb",
            Self::Alignment => "alignment",
            Self::Program => "program",
            Self::FloatingPointUnavailable => "floating-point-unavailable",
            Self::VectorUnavailable => "vector-unavailable",
            Self::SystemCall => "system-call",
            Self::Trace => "trace",
        }
    }
}
