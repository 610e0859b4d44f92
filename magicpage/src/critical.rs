//! The critical section.
//!
//! A guest enters one by storing r1 to the page's `critical` field and leaves it by storing anything else.
//! While it lasts the host delivers no interrupt, so that a trampoline may use the page's scratch space.

use crate::layout::Field;
use crate::msr;

/// The field that makes a section.
pub const FIELD: Field = crate::layout::CRITICAL;

/// Whether a guest whose page is mapped is inside a critical section.
///
/// `critical` is the page's field and `r1` the guest's register, both as 64-bit values; `guest_msr` is the
/// guest's MSR as the page holds it. In 32-bit mode (MSR\[SF\] = 0) only the low words are compared. Guest user
/// mode is never critical: it does not see the page, and its r1 may equal anything.
///
/// The rule is that of `kvmppc_critical_section` in Linux's `arch/powerpc/kvm/book3s.c`.
///
/// The question has no meaning while no page is mapped; ask it only then, or a guest whose r1 is zero is held
/// critical by a field that nobody ever wrote.
///
/// ```
/// use magicpage::{critical::is_critical, msr};
/// assert!(is_critical(0x1_c000_1000, 0xc000_1000, msr::EE));
/// assert!(!is_critical(0x1_c000_1000, 0xc000_1000, msr::SF | msr::EE));
/// assert!(!is_critical(0xc000_1000, 0xc000_1000, msr::PR));
/// ```
pub const fn is_critical(critical: u64, r1: u64, guest_msr: u64) -> bool {
    let compared = if guest_msr & msr::SF == 0 {
        0xffff_ffff
    } else {
        u64::MAX
    };
    guest_msr & msr::PR == 0 && (critical ^ r1) & compared == 0
}
