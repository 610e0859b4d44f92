//! Linux's system calls on 32-bit PowerPC, as far as they are needed here.
//!
//! The number is in r0, arguments in r3 to r8; CR0\[SO\] says that r3 is an error's number (`entry_32.S`). Numbers are
//! those of `arch/powerpc/kernel/syscalls/syscall.tbl`.

use core::arch::asm;

/// Rows `Name number`.
macro_rules! calls {
    ($($call:ident $number:literal;)*) => {
        /// A system call.
        #[derive(Clone, Copy)]
        pub enum Call { $(#[doc = concat!("Number ", $number, ".")] $call = $number),* }
    };
}

calls! {
    Exit 1;
    Fork 2;
    Read 3;
    Write 4;
    Open 5;
    Close 6;
    Unlink 10;
    Kill 37;
    Mount 21;
    Mkdir 39;
    Pipe 42;
    Reboot 88;
    Mmap 90;
    Munmap 91;
    Wait4 114;
    Yield 158;
    Nanosleep 162;
    ClockGettime 246;
    TimerfdCreate 306;
    TimerfdSettime 311;
}

/// Makes a call. Answers the result or the error's number.
///
/// # Safety
///
/// What the arguments point to is what the call expects.
pub unsafe fn call(call: Call, arguments: [usize; 6]) -> Result<usize, i32> {
    let [a, b, c, d, e, f] = arguments;
    let (result, flags): (usize, u32);
    // SAFETY: the kernel keeps every register that is not named here; memory is the caller's to answer for.
    unsafe {
        asm!(
            "sc",
            "mfcr 4",
            inlateout("r0") call as usize => _,
            inlateout("r3") a => result,
            inlateout("r4") b => flags,
            inlateout("r5") c => _,
            inlateout("r6") d => _,
            inlateout("r7") e => _,
            inlateout("r8") f => _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
            out("cr0") _,
            out("cr1") _,
            out("cr5") _,
            out("cr6") _,
            out("cr7") _,
            out("ctr") _,
            out("xer") _,
        );
    }
    const SUMMARY_OVERFLOW: u32 = 1 << 28;
    if flags & SUMMARY_OVERFLOW == 0 {
        Ok(result)
    } else {
        Err(i32::try_from(result).unwrap_or(i32::MAX))
    }
}

/// Switches the power off, or waits for ever where that fails.
pub fn power_off() -> ! {
    const MAGIC: [usize; 3] = [0xfee1_dead, 672_274_793, 0x4321_fedc];
    loop {
        // SAFETY: the call takes numbers only.
        let _ = unsafe { call(Call::Reboot, [MAGIC[0], MAGIC[1], MAGIC[2], 0, 0, 0]) };
    }
}
