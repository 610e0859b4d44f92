//! What the exception handlers and Rust share.

use core::mem::{MaybeUninit, offset_of};

use crate::step::{Pages, looks};

/// The guest's registers while it does not run, and what the handlers need. At [`ADDRESS`].
#[repr(C)]
pub(super) struct Context {
    pub gpr: [u32; 32],
    pub cr: u32,
    pub xer: u32,
    pub lr: u32,
    pub ctr: u32,
    pub pc: u32,
    /// The real MSR that the guest is entered with.
    pub msr: u32,
    /// The number of the interrupt that ended the run, or [`LOOK`] or [`STEPPED`].
    pub vector: u32,
    pub esr: u32,
    pub dear: u32,
    /// The host's stack while the guest runs.
    host: u32,
    /// Stepping: how many instructions may still complete.
    pub left: u32,
    /// Stepping: the pages that may be fetched from.
    pub pages: *const Pages,
    /// What is done about each primary opcode: [`PLAIN`], [`SEE`], or for opcodes 31 and 19 the number of a table of
    /// [`extended`](Self::extended), counted from 2.
    primary: [u8; 64],
    /// The same for their extended opcodes, or [`SPECIAL`].
    extended: [[u8; 1024]; 2],
}

/// The processor gets the instruction.
const PLAIN: u8 = 0;
/// The caller is to look at it.
const SEE: u8 = 1;
/// A move from or to a special-purpose register: the processor gets those with numbers below 32.
///
/// On this part user mode reaches more registers than LR, CTR and XER without an interrupt: the time base, SPRG3 to
/// SPRG7, USPRG0, SPEFSCR, the branch buffer's (E500 chapter 2). Those are the host's, and the guest has others.
const SPECIAL: u8 = 2;

/// The opcodes with extended opcodes, in the order of [`Context::extended`].
const WITH_EXTENDED: [u32; 2] = [31, 19];
const MFSPR: u32 = 339;
const MTSPR: u32 = 467;
/// SPE: scalar single-precision instructions do not ask MSR\[SPE\] (EREF, the SPE unavailable interrupt).
const SPE: u32 = 4;

const fn class(word: u32) -> u8 {
    if looks(word) || word >> 26 == SPE {
        SEE
    } else {
        PLAIN
    }
}

/// Where the linker script puts the context.
pub(super) const ADDRESS: u32 = 0x1000;

/// A run of steps ended before an instruction that the caller is to look at.
pub(super) const LOOK: u32 = 64;
/// A run of steps ended since all had been made.
pub(super) const STEPPED: u32 = 65;

/// Addresses of fields, for assembly.
macro_rules! at {
    ($field:ident) => {
        $crate::e500::context::ADDRESS as usize
            + core::mem::offset_of!($crate::e500::context::Context, $field)
    };
}
pub(super) use at;

pub(super) const HOST: usize = ADDRESS as usize + offset_of!(Context, host);
pub(super) const PRIMARY: usize = ADDRESS as usize + offset_of!(Context, primary);
pub(super) const EXTENDED: usize = ADDRESS as usize + offset_of!(Context, extended);

/// The context. The handlers know it by its address.
#[unsafe(link_section = ".context")]
static mut CONTEXT: MaybeUninit<Context> = MaybeUninit::zeroed();

/// The context.
pub(super) const fn get() -> *mut Context {
    (&raw mut CONTEXT).cast()
}

/// Clears the context, and writes down which instructions a caller looks at.
///
/// # Safety
///
/// No guest has run yet, and nobody else uses the context.
pub(super) unsafe fn prepare() {
    let context = get();
    // SAFETY: all zeros is a context, and it is the caller's.
    let context = unsafe {
        context.write_bytes(0, 1);
        &mut *context
    };
    for (table, primary) in context.extended.iter_mut().zip(WITH_EXTENDED) {
        for (entry, extended) in table.iter_mut().zip(0_u32..) {
            *entry = match extended {
                MFSPR | MTSPR if primary == WITH_EXTENDED[0] => SPECIAL,
                _ => class(primary << 26 | extended << 1),
            };
        }
    }
    for (entry, primary) in context.primary.iter_mut().zip(0_u32..) {
        *entry = match WITH_EXTENDED.iter().position(|&other| other == primary) {
            Some(0) => 2,
            Some(_) => 3,
            None => class(primary << 26),
        };
    }
}
