# e500: vectors, and the way to the handler and back.

    .set BOOK_E, 1
    .set DEAR, 61
    .set ESR, 62
    .set MCSR, 572

.macro AT vector
    .org \vector - 0x100
vector_\vector:
    ROW     vector_\vector
    BEGIN   SPRG0, SPRG1
    CHOOSE_STACK SRR1
    SAVE_FIRST SPRG0, SPRG1, SRR0, SRR1, \vector
    b       exception_common
.endm

.macro AT_OWN vector, first, second, stack, where, status, common
    .org \vector - 0x100
vector_\vector:
    ROW     vector_\vector
    BEGIN   \first, \second
    lis     11, \stack@ha
    addi    11, 11, \stack@l
    addi    11, 11, {OWN_STACK}
    SAVE_FIRST \first, \second, \where, \status, \vector
    b       \common
.endm

    .pushsection .vectors, "ax"
    AT_OWN  0x100, SPRG4, SPRG5, {first_stack}, CSRR0, CSRR1, critical_common
    AT_OWN  0x200, SPRG6, SPRG7, {second_stack}, MCSRR0, MCSRR1, machine_check_common
    .irp vector, 0x300,0x400,0x500,0x600,0x700,0x800,0x900,0xc00
    AT      \vector
    .endr
    AT_OWN  0xd00, SPRG4, SPRG5, {first_stack}, CSRR0, CSRR1, critical_common
    .irp vector, 0xf00,0x1000,0x1100,0x1200
    AT      \vector
    .endr
    AT_OWN  0x1300, SPRG4, SPRG5, {first_stack}, CSRR0, CSRR1, critical_common
    .popsection

    .pushsection .text.kernel, "ax"
exception_common:
    ROW     exception_common
    SAVE_REST DEAR, ESR
    mr      3, 1
    bl      {exception}
    CHECK
exception_restore:
    wrteei  0
    RESTORE SRR0, SRR1
    rfi

critical_common:
    ROW     critical_common
    SAVE_REST DEAR, ESR
    mr      3, 1
    bl      {exception}
    CHECK
    RESTORE CSRR0, CSRR1
    rfci

machine_check_common:
    ROW     machine_check_common
    SAVE_REST DEAR, ESR
    mr      3, 1
    bl      {exception}
    mfspr   10, MCSR
    mtspr   MCSR, 10
    CHECK
    RESTORE MCSRR0, MCSRR1
    rfmci

    .globl exception_restore_at
exception_restore_at:
    ROW     exception_restore_at
    mr      1, 3
    b       exception_restore

exception_damaged:
    mr      3, 1
    bl      {corrupted}
    .popsection
