# 32-bit Book3S: vectors (MPC750 User's Manual table 4-1), and the way to the handler and back.

    .set DAR, 19
    .set DSISR, 18

.macro AT vector
    .org \vector - 0x100
vector_\vector:
    ROW     vector_\vector
    BEGIN   SPRG0, SPRG1
    CHOOSE_STACK SRR1
    SAVE_FIRST SPRG0, SPRG1, SRR0, SRR1, \vector
    b       exception_common
.endm

# A reset or machine check may find r1 to be anything.
.macro AT_OWN vector, stack
    .org \vector - 0x100
vector_\vector:
    ROW     vector_\vector
    BEGIN   SPRG0, SPRG1
    lis     11, \stack@ha
    addi    11, 11, \stack@l
    addi    11, 11, {OWN_STACK}
    SAVE_FIRST SPRG0, SPRG1, SRR0, SRR1, \vector
    b       exception_common
.endm

    .pushsection .vectors, "ax"
    AT_OWN  0x100, {first_stack}
    AT_OWN  0x200, {second_stack}
    .irp vector, 0x300,0x400,0x500,0x600,0x700,0x800,0x900,0xc00,0xd00,0xf00,0x1300,0x1400,0x1700
    AT      \vector
    .endr
    .popsection

    .pushsection .text.kernel, "ax"
exception_common:
    ROW     exception_common
    SAVE_REST DAR, DSISR
    lis     10, exception_translated@ha
    addi    10, 10, exception_translated@l
    mtspr   SRR0, 10
    li      10, {KERNEL_MSR}
    mtspr   SRR1, 10
    rfi
exception_translated:
    ROW     exception_translated
    mr      3, 1
    bl      {exception}
    CHECK
exception_restore:
    li      10, {WITHOUT_RI}
    mtmsr   10
    isync
    RESTORE SRR0, SRR1
    rfi

    .globl exception_restore_at
exception_restore_at:
    ROW     exception_restore_at
    mr      1, 3
    b       exception_restore

exception_damaged:
    mr      3, 1
    bl      {corrupted}
    .popsection
