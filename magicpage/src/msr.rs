//! Bits of the machine state register, as masks of the 64-bit value.
//!
//! Sources: MPC750 User's Manual table 2-4 (32-bit Book3S), Power ISA 2.07 Book III-S section 3.2.1 (64-bit),
//! e500 Core Family Reference Manual table 2-7 (e500v2). The manuals number bits from the left; each constant
//! names the 32-bit manuals' number.

/// Little-endian mode (bit 31, Book3S).
pub const LE: u64 = 0x0001;
/// Recoverable interrupt (bit 30, Book3S). On e500 this mask is reserved in v1 and v2.
pub const RI: u64 = 0x0002;
/// Performance monitor mark (bit 29).
pub const PMM: u64 = 0x0004;
/// Data relocation on Book3S; data address space DS on Book E (bit 27).
pub const DR: u64 = 0x0010;
/// Instruction relocation on Book3S; instruction address space IS on Book E (bit 26).
pub const IR: u64 = 0x0020;
/// Exception prefix (bit 25, 32-bit Book3S).
pub const IP: u64 = 0x0040;
/// Floating-point exception mode 1 (bit 23).
pub const FE1: u64 = 0x0100;
/// Branch trace (bit 22, Book3S).
pub const BE: u64 = 0x0200;
/// Debug interrupt enable (bit 22, Book E).
pub const DE: u64 = 0x0200;
/// Single-step trace (bit 21, Book3S).
pub const SE: u64 = 0x0400;
/// Floating-point exception mode 0 (bit 20).
pub const FE0: u64 = 0x0800;
/// Machine check enable (bit 19).
pub const ME: u64 = 0x1000;
/// Floating point available (bit 18).
pub const FP: u64 = 0x2000;
/// Problem state (bit 17).
pub const PR: u64 = 0x4000;
/// External interrupt enable (bit 16).
pub const EE: u64 = 0x8000;
/// Interrupt little-endian mode (bit 15, 32-bit Book3S).
pub const ILE: u64 = 0x0001_0000;
/// Critical interrupt enable (bit 14, Book E).
pub const CE: u64 = 0x0002_0000;
/// Power management enable (bit 13, 750) or wait state (bit 13, e500).
pub const POW: u64 = 0x0004_0000;
/// AltiVec available (bit 6, 7400 and 64-bit) or SPE available (bit 6, e500).
pub const VEC: u64 = 0x0200_0000;
/// Sixty-four-bit mode (bit 0 of the 64-bit register).
pub const SF: u64 = 0x8000_0000_0000_0000;

/// The bits that a guest may change in the page with no exit. Every other change must reach the host.
///
/// They are `MSR_SAFE_BITS` of Linux's `arch/powerpc/kernel/kvm_emul.S`.
pub const GUEST_OWNED: u64 = EE | RI;
