//! Exceptions: from the vector to a handler in Rust, and back.
//!
//! The vectors save the whole state on the kernel's stack of the thread that was running, and the handler gets it as a
//! [`Frame`]. The way back does not believe the handler: a word at the frame's end has to be what it was, and every
//! register that the calling convention keeps has to hold what the frame says.
//!
//! | register | use |
//! |---|---|
//! | SPRG0, SPRG1 | scratch of the vectors |
//! | SPRG3, and r2 in the kernel | the running thread |
//! | SPRG4 to SPRG7 | scratch of the critical and machine check vectors of e500 |

use crate::control;
use crate::kernel::kernel;
use crate::privileged::mtmsr;
use crate::{console::print, interrupts, irq, msr, thread, timer, user};

#[cfg(book3s32)]
mod book3s32;
#[cfg(e500)]
mod e500;

#[cfg(book3s32)]
use book3s32 as family;
#[cfg(e500)]
use e500 as family;

pub use family::KERNEL_MSR;

/// Bytes of a stack of the vectors that may come at any time.
pub const OWN_STACK: usize = 8 << 10;

/// A stack, at the alignment that the calling convention wants.
#[repr(C, align(16))]
pub struct Stack([u8; OWN_STACK]);

/// The stack of the first vector: reset, or critical interrupts.
pub static mut FIRST_STACK: Stack = Stack([0; OWN_STACK]);
/// The stack of the second vector: machine checks.
pub static mut SECOND_STACK: Stack = Stack([0; OWN_STACK]);

/// The state that an exception found, on the stack of the kernel.
#[derive(Debug)]
#[repr(C)]
pub struct Frame {
    /// The calling convention's: the caller's stack frame, and room for the callee's link register.
    link: [u32; 2],
    /// General registers.
    pub gpr: [u32; 32],
    /// Where it came.
    pub nip: u32,
    /// The machine state register there.
    pub msr: u32,
    /// Condition register.
    pub cr: u32,
    /// Link register.
    pub lr: u32,
    /// Count register.
    pub ctr: u32,
    /// XER.
    pub xer: u32,
    /// DAR or DEAR: the address of a storage exception.
    pub dar: u32,
    /// DSISR or ESR: its reason.
    pub dsisr: u32,
    /// Which exception; the numbers are those of 32-bit Book3S.
    pub vector: u32,
    /// [`CANARY`].
    pub canary: u32,
}

/// What stands at a frame's end.
pub const CANARY: u32 = 0x5043_6761;

const _: () = assert!(
    size_of::<Frame>().is_multiple_of(16),
    "the stack pointer's alignment"
);

impl Frame {
    /// A frame from which a user program starts.
    pub fn of_user(entry: usize, stack: usize, arguments: [u32; 3]) -> Self {
        let mut gpr = [0; 32];
        gpr[1] = stack as u32;
        gpr[3..6].copy_from_slice(&arguments);
        Self {
            link: [0; 2],
            gpr,
            nip: entry as u32,
            msr: family::USER_MSR,
            cr: 0,
            lr: 0,
            ctr: 0,
            xer: 0,
            dar: 0,
            dsisr: 0,
            vector: 0,
            canary: CANARY,
        }
    }

    /// Whether a user program was running.
    pub const fn is_user(&self) -> bool {
        self.msr & msr::PR != 0
    }

    /// Goes on with what the frame describes.
    pub fn resume(&self) -> ! {
        unsafe extern "C" {
            fn exception_restore_at(frame: &Frame) -> !;
        }
        // SAFETY: the frame is that of a user program, which can do no harm.
        unsafe { exception_restore_at(self) }
    }
}

/// Makes the vectors work.
pub fn install() {
    family::install();
    recoverable();
}

kernel! {
    /// Says that exceptions can be returned from, and lets machine checks in.
    fn recoverable() {
        mtmsr(crate::privileged::mfmsr() | KERNEL_MSR & family::EARLY);
    }
}

/// Where every exception arrives.
pub extern "C" fn exception(frame: &mut Frame) {
    family::awake(frame);
    if family::has_own_stack(frame.vector) {
        return asynchronous(frame);
    }
    match frame.vector {
        0x300 | 0x400 | 0x1100 | 0x1200 => {
            if !user::page_fault(frame) {
                unexpected(frame);
            }
        }
        0x500 => interrupts::external(),
        0x900 => timer::interrupt(),
        0xc00 if frame.is_user() => user::system_call(frame),
        0x600 | 0x700 | 0x800 if frame.is_user() => user::fault(frame),
        _ => unexpected(frame),
    }
    if frame.msr & msr::EE != 0 {
        thread::reschedule();
    }
}

/// A reset, critical interrupt or machine check, which somebody outside raised: there is nothing to repair, but what was
/// interrupted must be able to go on. What is done here may run trampolines, in the middle of another one.
fn asynchronous(frame: &Frame) {
    if !family::is_recoverable(frame) {
        print!("unrecoverable={:#x}\n", frame.vector);
        control::exit(control::PANIC);
    }
    let enabled = irq::save();
    thread::count_asynchronous();
    irq::restore(enabled);
}

fn unexpected(frame: &Frame) -> ! {
    panic!(
        "exception {:#x} at {:#x}: msr {:#x} dar {:#x} dsisr {:#x} lr {:#x} r1 {:#x}",
        frame.vector, frame.nip, frame.msr, frame.dar, frame.dsisr, frame.lr, frame.gpr[1]
    );
}

/// The way back found something that nobody may change.
pub extern "C" fn exception_corrupted(frame: &Frame) -> ! {
    panic!(
        "a register or the frame of exception {:#x} at {:#x} was changed (canary {:#x})",
        frame.vector, frame.nip, frame.canary
    );
}
