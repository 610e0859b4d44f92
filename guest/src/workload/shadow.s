# Loads every register, toggles interrupts, and compares every register. r31 is the copy, r5 and r6 are scratch.

.macro SAME register, at
    lwz     5, \at(31)
    cmpw    5, \register
    bne-    shadow_wrong
.endm

    .pushsection .text.kernel, "ax"
    .globl  shadow_run
shadow_run:
    ROW     shadow_run
    stwu    1, -96(1)
    mflr    0
    stw     0, 100(1)
    mfcr    0
    stw     0, 12(1)
    stmw    14, 16(1)
    mr      31, 3
    stw     31, 8(1)

shadow_turn:
    lwz     5, {SHADOW_CR}(31)
    mtcrf   0xff, 5
    lwz     5, {SHADOW_XER}(31)
    mtxer   5
    lwz     5, {SHADOW_CTR}(31)
    mtctr   5
    lwz     5, {SHADOW_LR}(31)
    mtlr    5
    .irp number, 0,3,4,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    lwz     \number, {VALUES}+4*\number(31)
    .endr

.ifdef BOOK_E
    mfmsr   5
    wrteei  0
    wrtee   5
    wrteei  0
    wrteei  1
    mfmsr   6
    wrteei  0
    mtmsr   6
.else
    mfmsr   5
    rlwinm  6, 5, 0, 17, 15
    mtmsr   6
    mtmsr   5
    mfmsr   6
    rlwinm  6, 6, 0, 17, 15
    mtmsr   6
    ori     6, 6, 0x8000
    mtmsr   6
    mfmsr   5
    xori    6, 5, 0x8000
    mtmsr   6
    mtmsr   5
.endif

    mfcr    6
    SAME    6, {SHADOW_CR}
    mfxer   6
    SAME    6, {SHADOW_XER}
    mfctr   6
    SAME    6, {SHADOW_CTR}
    mflr    6
    SAME    6, {SHADOW_LR}
    lwz     6, 8(1)
    cmpw    6, 31
    bne-    shadow_wrong
    mfspr   6, SPRG3
    cmpw    6, 2
    bne-    shadow_wrong
    .irp number, 0,3,4,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    SAME    \number, {VALUES}+4*\number
    .endr

shadow_next:
    lwz     5, {TURNS}(31)
    addi    5, 5, -1
    stw     5, {TURNS}(31)
    cmpwi   5, 0
    bne     shadow_turn
    lmw     14, 16(1)
    lwz     0, 12(1)
    mtcrf   0xff, 0
    lwz     0, 100(1)
    mtlr    0
    addi    1, 1, 96
    blr

shadow_wrong:
    lwz     31, 8(1)
    lwz     5, {WRONG}(31)
    addi    5, 5, 1
    stw     5, {WRONG}(31)
    b       shadow_next
    .popsection
