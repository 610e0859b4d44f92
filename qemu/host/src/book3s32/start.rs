//! From the machine's reset to [`crate::main`].

use core::arch::global_asm;

// The entry: MSR[IP] is set, and the block address translation registers hold anything. The vectors are copied to where
// MSR[IP] = 0 finds them (MPC750 User's Manual, table 4-2), then `rfi` sets MSR[ME] alone.
global_asm!(
    r#"
    .section .text.start, "ax"
    .globl _start
_start:
    lis     %r1, stack_top@ha
    addi    %r1, %r1, stack_top@l
    addi    %r1, %r1, -64

    lis     %r3, bss_begin@ha
    addi    %r3, %r3, bss_begin@l
    lis     %r4, bss_end@ha
    addi    %r4, %r4, bss_end@l
    li      %r0, 0
1:  cmplw   %r3, %r4
    bge     2f
    stw     %r0, 0(%r3)
    addi    %r3, %r3, 4
    b       1b
2:
    # BATs are off: MPC750 User's Manual 5.3.
    .irp    number, 528,529,530,531,532,533,534,535,536,537,538,539,540,541,542,543
    mtspr   \number, %r0
    .endr

    lis     %r3, vectors_begin@ha
    addi    %r3, %r3, vectors_begin@l
    lis     %r4, vectors_end@ha
    addi    %r4, %r4, vectors_end@l
    li      %r5, 0x100
3:  lwz     %r0, 0(%r3)
    stw     %r0, 0(%r5)
    dcbst   0, %r5
    sync
    icbi    0, %r5
    addi    %r3, %r3, 4
    addi    %r5, %r5, 4
    cmplw   %r3, %r4
    blt     3b
    sync
    isync

    lis     %r3, start_in_rust@ha
    addi    %r3, %r3, start_in_rust@l
    mtspr   26, %r3
    li      %r3, 0x1000
    mtspr   27, %r3
    li      %r0, 0
    stw     %r0, 0(%r1)
    rfi
    .previous
"#
);

#[unsafe(no_mangle)]
extern "C" fn start_in_rust() -> ! {
    super::machine::quiet();
    super::switch::install();
    crate::main()
}
