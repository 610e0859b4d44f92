//! The assembly, in one piece: its files share macros, and the order in which pieces are assembled is not defined.
//!
//! Offsets and sizes come from the Rust side.

use core::arch::global_asm;
use core::mem::offset_of;

use crate::boot;
use crate::exception::{self, Frame};
#[cfg(book3s32)]
use crate::msr;
use crate::thread::{self, Thread};
use crate::workload::shadow::Shadow;

macro_rules! assemble {
    ($($file:literal),* => $($operands:tt)*) => {
        global_asm!(
            $(include_str!($file),)*
            boot_stack = sym boot::BOOT_STACK,
            BOOT_STACK = const boot::STACK - 16,
            kmain = sym boot::kmain,
            FRAME = const size_of::<Frame>(),
            GPR = const offset_of!(Frame, gpr),
            NIP = const offset_of!(Frame, nip),
            MSR = const offset_of!(Frame, msr),
            CR = const offset_of!(Frame, cr),
            LR = const offset_of!(Frame, lr),
            CTR = const offset_of!(Frame, ctr),
            XER = const offset_of!(Frame, xer),
            DAR = const offset_of!(Frame, dar),
            DSISR = const offset_of!(Frame, dsisr),
            VECTOR = const offset_of!(Frame, vector),
            CANARY_AT = const offset_of!(Frame, canary),
            CANARY = const exception::CANARY,
            THREAD_STACK = const offset_of!(Thread, stack_top),
            first_stack = sym exception::FIRST_STACK,
            second_stack = sym exception::SECOND_STACK,
            OWN_STACK = const exception::OWN_STACK,
            exception = sym exception::exception,
            corrupted = sym exception::exception_corrupted,
            SWITCH_SAVED = const thread::SAVED,
            SWITCH_STACK = const offset_of!(Thread, stack),
            thread_begin = sym thread::begin,
            VALUES = const offset_of!(Shadow, values),
            SHADOW_CR = const offset_of!(Shadow, cr),
            SHADOW_XER = const offset_of!(Shadow, xer),
            SHADOW_CTR = const offset_of!(Shadow, ctr),
            SHADOW_LR = const offset_of!(Shadow, lr),
            TURNS = const offset_of!(Shadow, turns),
            WRONG = const offset_of!(Shadow, wrong),
            $($operands)*
        );
    };
}

#[cfg(book3s32)]
assemble!(
    "assembly.s", "boot.s", "exception/frame.s", "exception/book3s32.s", "thread.s", "pv/linux.s", "workload/shadow.s" =>
    KERNEL_MSR = const exception::KERNEL_MSR,
    WITHOUT_RI = const exception::KERNEL_MSR & !msr::RI,
);

#[cfg(e500)]
assemble!(
    "assembly.s", "boot.s", "exception/frame.s", "exception/e500.s", "thread.s", "pv/linux.s", "workload/shadow.s" =>
);
