//! The programs. They stand in pages of their own, which processes see at 256 MiB, and use nothing that lies elsewhere:
//! no tables, no functions of the kernel.

use core::arch::asm;

use super::{call, mix};

/// A program: three arguments.
pub type Program = extern "C" fn(u32, u32, u32) -> !;

/// Makes `count` system calls with numbers that depend on `seed`, compares each answer with what it has to be, and
/// keeps registers in between. Its status is 0 if all was right.
#[unsafe(link_section = ".user")]
pub extern "C" fn calls(count: u32, seed: u32, _: u32) -> ! {
    let (mut value, mut wrong) = (seed, 0);
    let mut left = count;
    while left != 0 {
        let answer = system_call(call::MIX, value, left);
        wrong |= answer ^ mix(value, left);
        value = answer;
        left -= 1;
    }
    exit(wrong)
}

/// Reads a word and says what it was.
#[unsafe(link_section = ".user")]
pub extern "C" fn probe_read(address: u32, _: u32, _: u32) -> ! {
    let value: u32;
    // SAFETY: the kernel answers an access to what is not the program's by ending it.
    unsafe { asm!("lwz {0}, 0({1})", out(reg) value, in(reg_nonzero) address, options(nostack)) };
    exit(value)
}

/// Writes a word.
#[unsafe(link_section = ".user")]
pub extern "C" fn probe_write(address: u32, value: u32, _: u32) -> ! {
    // SAFETY: the kernel answers an access to what is not the program's by ending it.
    unsafe { asm!("stw {0}, 0({1})", in(reg) value, in(reg_nonzero) address, options(nostack)) };
    exit(0)
}

#[inline(always)]
fn system_call(number: u32, first: u32, second: u32) -> u32 {
    let answer;
    // SAFETY: the kernel changes r3 only, and memory of the program not at all.
    unsafe {
        asm!(
            "sc",
            in("r0") number,
            inlateout("r3") first => answer,
            in("r4") second,
            options(nostack, preserves_flags)
        );
    }
    answer
}

#[inline(always)]
fn exit(status: u32) -> ! {
    system_call(call::EXIT, status, 0);
    loop {
        core::hint::spin_loop();
    }
}
