//! Hypercalls (ePAPR 1.1 chapter 11; Linux: `arch/powerpc/kernel/epapr_hcalls.S`).
//!
//! The words of a call are the device tree's: they replace the nops that are here.

use core::arch::{asm, global_asm};
use core::ops::Range;

use magicpage::hypercall::Hypercall;

use crate::text;

global_asm!(
    ".pushsection .patched, \"ax\"",
    ".balign 16",
    "hypercall_words:",
    "nop",
    "nop",
    "nop",
    "nop",
    "blr",
    ".popsection",
);

unsafe extern "C" {
    static hypercall_words: u8;
}

/// Words of a call.
const WORDS: usize = 4;

/// The words that [`install`] replaces.
pub fn words() -> Range<usize> {
    let start = (&raw const hypercall_words) as usize;
    start..start + 4 * WORDS
}

/// Takes over the words of the device tree.
pub fn install(instructions: &[u32; WORDS]) {
    let range = words();
    for (address, word) in range.clone().step_by(4).zip(instructions) {
        // SAFETY: nobody makes a call before this is done.
        unsafe { text::write(address, *word) };
    }
    text::flush(range.start, WORDS);
}

/// Makes a call: two parameters, status and first result.
pub fn call(call: Hypercall, first: u32, second: u32) -> (u32, u32) {
    let (status, result);
    // SAFETY: the callee is the words of the device tree, followed by a return; the calling convention of ePAPR is that
    // of functions. They are named one by one because the compiler's own list has the FPU's registers.
    unsafe {
        asm!(
            "bl hypercall_words",
            inlateout("r3") first => status,
            inlateout("r4") second => result,
            inlateout("r11") call.token() => _,
            out("r0") _,
            out("r5") _,
            out("r6") _,
            out("r7") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r12") _,
            out("cr0") _,
            out("cr1") _,
            out("cr5") _,
            out("cr6") _,
            out("cr7") _,
            out("ctr") _,
            out("xer") _,
            out("lr") _,
        );
    }
    (status, result)
}
