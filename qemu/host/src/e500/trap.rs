//! The handlers (see `trap.s`), and what an interrupt means.

use core::arch::global_asm;

use kvm_ppc::hardware::Cause;

use super::context::{Context, EXTENDED, HOST, LOOK, PRIMARY, STEPPED, at};
use super::{console, leave, spr};

global_asm!(
    include_str!("trap.s"),
    GPR = const at!(gpr),
    CR = const at!(cr),
    XER = const at!(xer),
    LR = const at!(lr),
    CTR = const at!(ctr),
    PC = const at!(pc),
    MSR = const at!(msr),
    VECTOR = const at!(vector),
    ESR_AT = const at!(esr),
    DEAR_AT = const at!(dear),
    LEFT = const at!(left),
    PAGES = const at!(pages),
    HOST = const HOST,
    PRIMARY = const PRIMARY,
    EXTENDED = const EXTENDED,
    LOOK = const LOOK,
    STEPPED = const STEPPED,
    SRR0 = const spr::SRR0,
    SRR1 = const spr::SRR1,
    CSRR0 = const spr::CSRR0,
    CSRR1 = const spr::CSRR1,
    MCSRR0 = const spr::MCSRR0,
    MCSRR1 = const spr::MCSRR1,
    MCSR = const spr::MCSR,
    ESR = const spr::ESR,
    DEAR = const spr::DEAR,
    DBSR = const spr::DBSR,
);

unsafe extern "C" {
    /// Runs the guest that the context describes until an interrupt, which is in the context then.
    pub(super) fn e500_run(context: *mut Context);
    /// The same, one instruction after the other.
    pub(super) fn e500_step(context: *mut Context);
}

/// Numbers of interrupts: of the registers with their offsets (E500 2.7.1.5).
pub(super) mod vector {
    pub const DATA_STORAGE: u32 = 2;
    pub const INSTRUCTION_STORAGE: u32 = 3;
    pub const ALIGNMENT: u32 = 5;
    pub const PROGRAM: u32 = 6;
    pub const FLOATING_POINT: u32 = 7;
    pub const SYSTEM_CALL: u32 = 8;
    pub const AUXILIARY: u32 = 9;
    pub const DECREMENTER: u32 = 10;
    pub const DATA_MISS: u32 = 13;
    pub const INSTRUCTION_MISS: u32 = 14;
    pub const SPE: u32 = 32;
    pub const SPE_DATA: u32 = 33;
    pub const SPE_ROUND: u32 = 34;
}

/// Bits of ESR (E500 2.7.1).
pub(super) mod esr {
    pub const PRIVILEGED: u32 = 0x0400_0000;
    pub const TRAP: u32 = 0x0200_0000;
    pub const STORE: u32 = 0x0080_0000;
    /// A cache line was to be locked, with MSR\[UCLE\] off: DLK and ILK.
    pub const LOCK: u32 = 0x0030_0000;
}

/// What a program interrupt was.
pub(super) const fn program(status: u32) -> Cause {
    if status & esr::PRIVILEGED != 0 {
        Cause::Privileged
    } else if status & esr::TRAP != 0 {
        Cause::Trap
    } else {
        Cause::Illegal
    }
}

/// An interrupt that the host has no answer to: it says what there is to say and ends QEMU.
#[unsafe(no_mangle)]
extern "C" fn e500_fatal(vector: u32, pc: u32, msr: u32, syndrome: u32, dear: u32, lr: u32, stack: u32) -> ! {
    dump(
        "host: unexpected interrupt",
        &[
            ("vector", vector),
            ("pc", pc),
            ("msr", msr),
            ("esr", syndrome),
            ("dear", dear),
            ("lr", lr),
            ("r1", stack),
        ],
    );
    leave(false)
}

/// The same for an interrupt of the guest that nothing can have caused.
pub(super) fn unexpected(context: &Context) -> ! {
    dump(
        "guest: unexpected interrupt",
        &[
            ("vector", context.vector),
            ("pc", context.pc),
            ("msr", context.msr),
            ("esr", context.esr),
            ("dear", context.dear),
            ("lr", context.lr),
            ("r1", context.gpr[1]),
        ],
    );
    leave(false)
}

/// Prints numbers with nothing but the console: neither memory nor the formatter may be relied on.
fn dump(title: &str, values: &[(&str, u32)]) {
    let print = |text: &str| text.bytes().for_each(console::put);
    print(title);
    for (name, value) in values {
        print(" ");
        print(name);
        print("=");
        for shift in (0..8).rev() {
            let digit = value >> (4 * shift) & 15;
            console::put(b"0123456789abcdef"[digit as usize]);
        }
    }
    print("\n");
}
