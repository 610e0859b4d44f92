//! To the guest and back.
//!
//! [`run`] goes to problem state with the guest's registers, which are loaded from the [`State`] itself: a 32-bit register is
//! the low half of a number there. Every exception comes back to it, behind the vectors, with the guest's registers stored
//! again; but for one: the trace interrupt (MPC750 User's Manual 4.5.11) of a guest that is stepped. It finds out how far the
//! guest can go unseen, and goes back to it unless somebody is to know.
//!
//! Counting needs no interrupt at each instruction. From the program counter on, instructions follow each other up to the next
//! branch, and MSR\[BE\] interrupts behind that: then as many have completed as stand there. Where something comes in between,
//! an exception or an emulator's own reason to stop, the program counter says how many. So that it can say so, a branch that may
//! lead into the very instructions in front of it is not run that way. Where there is no branch before an instruction that is
//! looked at, before the last that may complete, or before the end of the page, MSR\[SE\] interrupts at each.
//!
//! | handler's word | holds |
//! |---|---|
//! | `start` | where the instructions that run now begin |
//! | `bytes` | how long they are |
//! | `run` | how many traces are still to come before all have completed |
//! | `left` | how many instructions may complete, from `start` on |
//!
//! | register | holds while the guest runs |
//! |---|---|
//! | SPRG0 | the address of the [`Frame`] |
//! | SPRG1 | nothing; a handler saves r3 there |

use core::arch::global_asm;
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::mem::offset_of;

use cpu::State;

use super::classes::{self, CLASSES};
use crate::step::Pages;

/// Exceptions, by the offset of their vector.
pub(super) mod vector {
    pub(in super::super) const DATA: u32 = 0x300;
    pub(in super::super) const FETCH: u32 = 0x400;
    pub(in super::super) const ALIGNMENT: u32 = 0x600;
    pub(in super::super) const PROGRAM: u32 = 0x700;
    pub(in super::super) const FLOATING_POINT: u32 = 0x800;
    pub(in super::super) const DECREMENTER: u32 = 0x900;
    pub(in super::super) const SYSTEM_CALL: u32 = 0xc00;
    /// No exceptions: what the handler of the trace interrupt has come to.
    pub(in super::super) const STEPPED: u32 = 1;
    pub(in super::super) const LOOK: u32 = 2;
}

/// What passes between Rust and the handlers.
#[repr(C)]
pub(super) struct Frame {
    /// The guest's registers.
    pub(super) state: *mut State,
    /// The MSR that the guest runs with.
    pub(super) msr: u32,
    /// Why it came back: a number of [`vector`].
    pub(super) vector: u32,
    /// SRR1, DAR and DSISR as the exception set them.
    pub(super) srr1: u32,
    pub(super) dar: u32,
    pub(super) dsisr: u32,
    /// Instructions that may still complete, when stepping.
    pub(super) left: u32,
    /// The pages that may be fetched from, when stepping.
    pub(super) pages: *const Pages,
    classes: *const u8,
    /// The host's stack.
    stack: u32,
    /// What a handler saves: CR and r4 to r10.
    saved: [u32; 8],
    start: u32,
    bytes: u32,
    run: u32,
    /// Where the reservation is dropped, and FPSCR moved: a doubleword.
    scratch: [u32; 2],
}

struct Place(UnsafeCell<Frame>);

// SAFETY: there is one processor, and its handlers use the frame only while `run` has it.
unsafe impl Sync for Place {}

static FRAME: Place = Place(UnsafeCell::new(Frame {
    state: core::ptr::null_mut(),
    msr: 0,
    vector: 0,
    srr1: 0,
    dar: 0,
    dsisr: 0,
    left: 0,
    pages: core::ptr::null(),
    classes: core::ptr::null(),
    stack: 0,
    saved: [0; 8],
    start: 0,
    bytes: 0,
    run: 0,
    scratch: [0; 2],
}));

unsafe extern "C" {
    /// Takes a [`Frame`].
    fn switch_to_guest(frame: *mut c_void);
    /// Take a [`State`] and [`Frame::scratch`].
    fn switch_load_floating(state: *const c_void, scratch: *mut u32);
    fn switch_save_floating(state: *mut c_void, scratch: *mut u32);
}

/// Exceptions can come from now on.
pub(super) fn install() {
    // SAFETY: SPRG0 is the handlers' own; they find the one frame there.
    unsafe { core::arch::asm!("mtspr 272, {}", in(reg) FRAME.0.get(), options(nomem, nostack)) };
}

/// What the guest is run with.
pub(super) struct Start<'a> {
    pub(super) msr: u32,
    pub(super) left: u32,
    pub(super) pages: Option<&'a Pages>,
}

/// What the processor said.
///
/// From `start` up to the program counter instructions have completed that `left` still counts.
pub(super) struct Said {
    pub(super) vector: u32,
    pub(super) srr1: u32,
    pub(super) dar: u32,
    pub(super) dsisr: u32,
    pub(super) left: u32,
    pub(super) start: u32,
}

/// Runs the guest until an exception that is not the handlers' own.
///
/// # Safety
///
/// What the guest's effective addresses reach, by segment registers and page table, is memory that may change under Rust's
/// feet: guest memory and shared pages, of which no reference is alive.
pub(super) unsafe fn run(state: &mut State, start: Start<'_>) -> Said {
    let frame = FRAME.0.get();
    // SAFETY: the frame is used by nobody else while the guest does not run; the state is the caller's until then.
    unsafe {
        (*frame).state = state;
        (*frame).msr = start.msr;
        (*frame).left = start.left;
        (*frame).pages = start.pages.map_or(core::ptr::null(), |pages| pages);
        (*frame).classes = CLASSES.as_ptr();
        // The first instruction, by MSR[SE].
        (*frame).start = low(state.pc);
        (*frame).bytes = 4;
        (*frame).run = 1;
        switch_to_guest(frame.cast());
        Said {
            vector: (*frame).vector,
            srr1: (*frame).srr1,
            dar: (*frame).dar,
            dsisr: (*frame).dsisr,
            left: (*frame).left,
            start: (*frame).start,
        }
    }
}

const fn low(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}

/// Loads the floating-point registers.
pub(super) fn load_floating(state: &State) {
    // SAFETY: nothing of Rust's is in floating-point registers; the scratch space is this module's.
    unsafe {
        switch_load_floating(
            (&raw const *state).cast(),
            (&raw mut (*FRAME.0.get()).scratch).cast(),
        )
    };
}

/// Saves the floating-point registers.
pub(super) fn save_floating(state: &mut State) {
    // SAFETY: as above.
    unsafe {
        switch_save_floating(
            (&raw mut *state).cast(),
            (&raw mut (*FRAME.0.get()).scratch).cast(),
        )
    };
}

/// An exception that the host itself has made: it cannot go on.
#[unsafe(no_mangle)]
extern "C" fn switch_fatal(vector: u32, address: u32, msr: u32, link: u32) -> ! {
    let (dar, dsisr): (u32, u32);
    // SAFETY: reads registers.
    unsafe {
        core::arch::asm!("mfdar {}", "mfdsisr {}", out(reg) dar, out(reg) dsisr, options(nomem, nostack))
    };
    panic!(
        "exception {vector:#x} in the host at {address:#010x}, called from {link:#010x}: SRR1 {msr:#010x}, DAR {dar:#010x}, DSISR {dsisr:#010x}"
    );
}

global_asm!(
    r#"
    .equ    STATE, {state}
    .equ    MSR, {msr}
    .equ    VECTOR, {vector}
    .equ    SRR1, {srr1}
    .equ    DAR, {dar}
    .equ    DSISR, {dsisr}
    .equ    LEFT, {left}
    .equ    PAGES, {pages}
    .equ    CLASSES, {classes}
    .equ    STACK, {stack}
    .equ    SAVED, {saved}
    .equ    SCRATCH, {scratch}
    .equ    START, {start}
    .equ    BYTES, {bytes}
    .equ    RUN, {run}
    .equ    PLAIN, {plain}
    .equ    LOOK, {look}
    .equ    BRANCH, {branch}
    .equ    INDIRECT, {indirect}
    .equ    MTSPR, {mtspr}
    .equ    STEPPED, {stepped}
    .equ    LOOKED, {looked}
    .equ    GPR, {gpr} + 4
    .equ    CR, {cr}
    .equ    XER, {xer}
    .equ    LR, {lr} + 4
    .equ    CTR, {ctr} + 4
    .equ    PC, {pc} + 4
    .equ    FPR, {fpr}
    .equ    FPSCR, {fpscr}

    # ---- vectors, which are copied to 0x100
    .section .vectors, "ax"
vectors:
    .macro  vector number
    .org    \number - 0x100
    mtspr   273, %r3
    mfspr   %r3, 272
    stw     %r4, SAVED + 4(%r3)
    li      %r4, \number
    ba      switch_exception
    .endm
    .irp    number, 0x100,0x200,0x300,0x400,0x500,0x600,0x700,0x800,0x900,0xa00,0xb00,0xc00
    vector  \number
    .endr
    .org    0xd00 - 0x100
    mtspr   273, %r3
    mfspr   %r3, 272
    ba      switch_trace
    .irp    number, 0xe00,0xf00,0x1000,0x1100,0x1200,0x1300,0x1400,0x1500,0x1600,0x1700
    vector  \number
    .endr
    .org    0x1700
    .previous

    # ---- to the guest: void switch_to_guest(Frame *r3)
    .section .text.switch, "ax"
    .globl  switch_to_guest
switch_to_guest:
    mflr    %r0
    stwu    %r1, -112(%r1)
    stw     %r0, 116(%r1)
    mfcr    %r0
    stw     %r0, 24(%r1)
    stw     %r2, 28(%r1)
    stmw    %r13, 32(%r1)
    stw     %r1, STACK(%r3)
    lwz     %r4, STATE(%r3)
    lwz     %r5, MSR(%r3)
    mtspr   27, %r5
    lwz     %r5, PC(%r4)
    mtspr   26, %r5
    lwz     %r5, CR(%r4)
    mtcrf   255, %r5
    lwz     %r5, XER(%r4)
    mtxer   %r5
    lwz     %r5, LR(%r4)
    mtlr    %r5
    lwz     %r5, CTR(%r4)
    mtctr   %r5
    .irp    n, 0,1,2,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    lwz     \n, GPR + 8 * \n(%r4)
    .endr
    lwz     %r4, GPR + 8 * 4(%r4)
    rfi

    # ---- the trace interrupt of a guest that is stepped: r3 is the frame, SPRG1 the guest's %r3
switch_trace:
    stw     %r4, SAVED + 4(%r3)
    mfcr    %r4
    stw     %r4, SAVED(%r3)
    lwz     %r4, RUN(%r3)
    cmpwi   %r4, 1
    ble     1f
    # One of several that follow each other.
    addi    %r4, %r4, -1
    stw     %r4, RUN(%r3)
    lwz     %r4, SAVED(%r3)
    mtcrf   255, %r4
    lwz     %r4, SAVED + 4(%r3)
    mfspr   %r3, 273
    rfi

    # How many have completed: all, unless the program counter is among them.
1:  stw     %r5, SAVED + 8(%r3)
    stw     %r6, SAVED + 12(%r3)
    stw     %r7, SAVED + 16(%r3)
    stw     %r8, SAVED + 20(%r3)
    stw     %r9, SAVED + 24(%r3)
    stw     %r10, SAVED + 28(%r3)
    mfspr   %r5, 26
    lwz     %r4, START(%r3)
    lwz     %r7, BYTES(%r3)
    subf    %r6, %r4, %r5
    cmplw   %r6, %r7
    bge     2f
    cmpwi   %r6, 0
    bne     3f
2:  mr      %r6, %r7
3:  srwi    %r6, %r6, 2
    lwz     %r7, LEFT(%r3)
    subf    %r7, %r6, %r7
    stw     %r7, LEFT(%r3)
    stw     %r5, START(%r3)
    cmpwi   %r7, 0
    beq     switch_stepped

    # The slot of the page: its tag is the page's address + 1.
    lwz     %r4, PAGES(%r3)
    rlwinm  %r6, %r5, 23, 21, 28
    add     %r6, %r6, %r4
    lwz     %r4, 0(%r6)
    xor     %r4, %r4, %r5
    rlwinm  %r4, %r4, 0, 31, 19
    cmpwi   %r4, 1
    bne     switch_look
    lwz     %r6, 4(%r6)
    rlwimi  %r6, %r5, 0, 20, 31

    # r7: bytes to look through, up to the last that may complete, the end of the page, and 32 instructions.
    # r8: bytes looked through.
    cmplwi  %r7, 32
    ble     4f
    li      %r7, 32
4:  slwi    %r7, %r7, 2
    rlwinm  %r8, %r5, 0, 20, 31
    li      %r9, 0x1000
    subf    %r8, %r8, %r9
    cmplw   %r7, %r8
    ble     5f
    mr      %r7, %r8
5:  li      %r8, 0
    lwz     %r4, CLASSES(%r3)

switch_scan:
    lwzx    %r9, %r6, %r8
    rlwinm  %r10, %r9, 6, 26, 31
    lbzx    %r10, %r4, %r10
    cmpwi   %r10, PLAIN
    bne     6f
switch_next:
    addi    %r8, %r8, 4
    cmplw   %r8, %r7
    blt     switch_scan

    # r8 bytes, each with a trace.
switch_each:
    stw     %r8, BYTES(%r3)
    srwi    %r8, %r8, 2
    stw     %r8, RUN(%r3)
    mfspr   %r9, 27
    rlwinm  %r9, %r9, 0, 23, 20
    ori     %r9, %r9, 0x400
    mtspr   27, %r9
    b       switch_on

    # What class is it?
6:  cmpwi   %r10, BRANCH
    beq     switch_branch
    cmpwi   %r10, LOOK
    beq     switch_stop
    rlwinm  %r10, %r9, 31, 22, 31
    addi    %r10, %r10, 64
    lbzx    %r10, %r4, %r10
    cmpwi   %r10, PLAIN
    beq     switch_next
    cmpwi   %r10, LOOK
    beq     switch_stop
    cmpwi   %r10, INDIRECT
    beq     switch_indirect
    # The number of the register, whose halves stand swapped in the word.
    cmpwi   %r10, MTSPR
    rlwinm  %r10, %r9, 21, 22, 31
    beq     7f
    # mfspr: is it one of the halves of the time base?
    rlwinm  %r10, %r10, 0, 27, 25
    cmpwi   %r10, 12 << 5 | 8
    bne     switch_next
    # Stop in front of it.
switch_stop:
    cmpwi   %r8, 0
    bne     switch_each
    b       switch_look
    # mtspr: stop behind it if it changes LR or CTR, 8 and 9, whose values a branch further on is judged by.
7:  rlwinm  %r10, %r10, 27, 5, 31
    rlwinm  %r10, %r10, 0, 0, 30
    cmpwi   %r10, 8
    bne     switch_next
    addi    %r8, %r8, 4
    b       switch_each

    # b or bc: the displacement has 24 or 14 bits; AA is bit 30. Nothing here may change CA.
switch_branch:
    rlwinm  %r10, %r9, 6, 26, 31
    cmpwi   %r10, 18
    rlwinm  %r10, %r9, 0, 6, 31
    xoris   %r10, %r10, 0x200
    addis   %r10, %r10, -0x200
    beq     8f
    extsh   %r10, %r9
8:  rlwinm  %r10, %r10, 0, 0, 29
    andi.   %r9, %r9, 2
    bne     9f
    add     %r10, %r10, %r5
    add     %r10, %r10, %r8
9:  b       switch_judge

    # bclr or bcctr, 16 or 528.
switch_indirect:
    andi.   %r9, %r9, 528 << 1 ^ 16 << 1
    mflr    %r10
    beq     10f
    mfctr   %r10
10: rlwinm  %r10, %r10, 0, 0, 29

    # r10: where the branch at r5 + r8 leads to. Not among what is behind %r5, up to itself?
switch_judge:
    subf    %r10, %r5, %r10
    addi    %r10, %r10, -1
    cmplw   %r10, %r8
    blt     11f
    addi    %r8, %r8, 4
    stw     %r8, BYTES(%r3)
    li      %r8, 1
    stw     %r8, RUN(%r3)
    mfspr   %r9, 27
    rlwinm  %r9, %r9, 0, 23, 20
    ori     %r9, %r9, 0x200
    mtspr   27, %r9

switch_on:
    lwz     %r4, SAVED(%r3)
    mtcrf   255, %r4
    lwz     %r4, SAVED + 4(%r3)
    lwz     %r5, SAVED + 8(%r3)
    lwz     %r6, SAVED + 12(%r3)
    lwz     %r7, SAVED + 16(%r3)
    lwz     %r8, SAVED + 20(%r3)
    lwz     %r9, SAVED + 24(%r3)
    lwz     %r10, SAVED + 28(%r3)
    mfspr   %r3, 273
    rfi
    # Up to the branch, each; then the branch for itself.
11: b       switch_each

switch_stepped:
    li      %r4, STEPPED
    b       12f
switch_look:
    li      %r4, LOOKED
12: stw     %r4, VECTOR(%r3)
    lwz     %r6, SAVED + 12(%r3)
    lwz     %r7, SAVED + 16(%r3)
    lwz     %r8, SAVED + 20(%r3)
    lwz     %r9, SAVED + 24(%r3)
    lwz     %r10, SAVED + 28(%r3)
    b       switch_back

    # ---- any other exception: r3 is the frame, SPRG1 the guest's r3, r4 the vector
switch_exception:
    stw     %r5, SAVED + 8(%r3)
    mfcr    %r5
    stw     %r5, SAVED(%r3)
    stw     %r4, VECTOR(%r3)
    mfspr   %r5, 27
    andi.   %r5, %r5, 0x4000
    bne     switch_back
    # From the host: on what is left of its stack.
    mr      %r3, %r4
    mfspr   %r4, 26
    mfspr   %r5, 27
    mflr    %r6
    lis     %r1, stack_top@ha
    addi    %r1, %r1, stack_top@l - 64
    b       switch_fatal

    # ---- from the guest: SAVED has CR, r4 and r5, SPRG1 r3
switch_back:
    lwz     %r4, STATE(%r3)
    .irp    n, 0,1,2,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    stw     \n, GPR + 8 * \n(%r4)
    .endr
    mfspr   %r5, 273
    stw     %r5, GPR + 8 * 3(%r4)
    lwz     %r5, SAVED + 4(%r3)
    stw     %r5, GPR + 8 * 4(%r4)
    lwz     %r5, SAVED + 8(%r3)
    stw     %r5, GPR + 8 * 5(%r4)
    lwz     %r5, SAVED(%r3)
    stw     %r5, CR(%r4)
    mfxer   %r5
    stw     %r5, XER(%r4)
    mflr    %r5
    stw     %r5, LR(%r4)
    mfctr   %r5
    stw     %r5, CTR(%r4)
    mfspr   %r5, 26
    stw     %r5, PC(%r4)
    mfspr   %r5, 27
    stw     %r5, SRR1(%r3)
    mfspr   %r5, 19
    stw     %r5, DAR(%r3)
    mfspr   %r5, 18
    stw     %r5, DSISR(%r3)
    # The guest's reservation is not the host's: a store conditional ends it (MPC750 User's Manual 3.3.4).
    addi    %r5, %r3, SCRATCH
    stwcx.  %r5, 0, %r5
    lwz     %r1, STACK(%r3)
    lmw     %r13, 32(%r1)
    lwz     %r2, 28(%r1)
    lwz     %r0, 24(%r1)
    mtcrf   255, %r0
    lwz     %r0, 116(%r1)
    mtlr    %r0
    addi    %r1, %r1, 112
    blr

    # ---- floating point: r3 is the state, r4 scratch space. Rust's code has no such instructions and neither has its
    # assembler, hence the words: lfd and stfd (Programming Environments Manual, chapter 8).
    .globl  switch_load_floating
switch_load_floating:
    mfmsr   %r6
    ori     %r5, %r6, 0x2000
    mtmsr   %r5
    isync
    lwz     %r5, FPSCR(%r3)
    stw     %r5, 4(%r4)
    .long   50 << 26 | 4 << 16                   # lfd f0, 0(r4)
    .long   63 << 26 | 0xff << 17 | 711 << 1     # mtfsf 255, f0
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .long   50 << 26 | \n << 21 | 3 << 16 | (FPR + 8 * \n)
    .endr
    mtmsr   %r6
    isync
    blr

    .globl  switch_save_floating
switch_save_floating:
    mfmsr   %r6
    ori     %r5, %r6, 0x2000
    mtmsr   %r5
    isync
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .long   54 << 26 | \n << 21 | 3 << 16 | (FPR + 8 * \n)
    .endr
    .long   63 << 26 | 583 << 1                  # mffs f0
    .long   54 << 26 | 4 << 16                   # stfd f0, 0(r4)
    lwz     %r5, 4(%r4)
    stw     %r5, FPSCR(%r3)
    mtmsr   %r6
    isync
    blr
    .previous
"#,
    state = const offset_of!(Frame, state),
    msr = const offset_of!(Frame, msr),
    vector = const offset_of!(Frame, vector),
    srr1 = const offset_of!(Frame, srr1),
    dar = const offset_of!(Frame, dar),
    dsisr = const offset_of!(Frame, dsisr),
    left = const offset_of!(Frame, left),
    pages = const offset_of!(Frame, pages),
    classes = const offset_of!(Frame, classes),
    stack = const offset_of!(Frame, stack),
    saved = const offset_of!(Frame, saved),
    scratch = const offset_of!(Frame, scratch),
    start = const offset_of!(Frame, start),
    bytes = const offset_of!(Frame, bytes),
    run = const offset_of!(Frame, run),
    plain = const classes::PLAIN,
    look = const classes::LOOK,
    branch = const classes::BRANCH,
    indirect = const classes::INDIRECT,
    mtspr = const classes::MTSPR,
    stepped = const vector::STEPPED,
    looked = const vector::LOOK,
    gpr = const offset_of!(State, gpr),
    cr = const offset_of!(State, cr),
    xer = const offset_of!(State, xer),
    lr = const offset_of!(State, lr),
    ctr = const offset_of!(State, ctr),
    pc = const offset_of!(State, pc),
    fpr = const offset_of!(State, fpr),
    fpscr = const offset_of!(State, fpscr),
);
