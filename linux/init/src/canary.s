# void canary_registers(registers *r3, turns r4)
#
# Frame: 8 r3 of the caller, 12 CR, 16 r2, 20 the canary of r3, 24 r14 to r31, 96 f14 to f31 are not kept: the program is
# compiled without the floating-point unit.

.globl canary_registers
canary_registers:
    mflr    0
    stw     0, 4(1)
    stwu    1, -112(1)
    stw     3, 8(1)
    mfcr    0
    stw     0, 12(1)
    stw     2, 16(1)
    stmw    14, 24(1)
    mtctr   4
    lwz     0, {CR}(3)
    mtcr    0
    lwz     0, {XER}(3)
    mtxer   0
    lwz     0, {LR}(3)
    mtlr    0
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    lfd     \n, {FPR}+8*\n(3)
    .endr
    lwz     0, 0(3)
    lwz     2, 8(3)
    lmw     4, 16(3)
    lwz     3, 12(3)
1:  bdnz    1b
    stw     3, 20(1)
    lwz     3, 8(1)
    stw     0, 0(3)
    stw     2, 8(3)
    stmw    4, 16(3)
    lwz     0, 20(1)
    stw     0, 12(3)
    mfcr    0
    stw     0, {CR}(3)
    mfxer   0
    stw     0, {XER}(3)
    mflr    0
    stw     0, {LR}(3)
    mfctr   0
    stw     0, {CTR}(3)
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    stfd    \n, {FPR}+8*\n(3)
    .endr
    lwz     0, 12(1)
    mtcr    0
    lwz     2, 16(1)
    lmw     14, 24(1)
    addi    1, 1, 112
    lwz     0, 4(1)
    mtlr    0
    blr
