# Saving and restoring the state of what an exception interrupts. The offsets are those of `Frame`.

# Frees r10 and r11; r10 becomes the condition register.
.macro BEGIN first, second
    mtspr   \first, 10
    mtspr   \second, 11
    mfcr    10
.endm

# r11 becomes the stack: the interrupted one, or the kernel's one of the thread if a user program
# was interrupted.
.macro CHOOSE_STACK status
    mfspr   11, \status
    andi.   11, 11, 0x4000
    mr      11, 1
    beq     97f
    mfspr   11, SPRG3
    lwz     11, {THREAD_STACK}(11)
97:
.endm

# Saves r1, r9 to r12, CR and LR, and makes r1 the frame; r12 and r9 become the save registers, r10 the vector.
.macro SAVE_FIRST first, second, where, status, vector
    addi    11, 11, -{FRAME}
    stw     10, {CR}(11)
    stw     1, {GPR}+4*1(11)
    stw     1, 0(11)
    stw     9, {GPR}+4*9(11)
    stw     12, {GPR}+4*12(11)
    mfspr   10, \first
    stw     10, {GPR}+4*10(11)
    mfspr   12, \second
    stw     12, {GPR}+4*11(11)
    mflr    10
    stw     10, {LR}(11)
    mfspr   12, \where
    mfspr   9, \status
    mr      1, 11
    li      10, \vector
.endm

# Saves all that is left.
.macro SAVE_REST address, reason
    stw     12, {NIP}(1)
    stw     9, {MSR}(1)
    stw     10, {VECTOR}(1)
    stw     0, {GPR}(1)
    .irp number, 2,3,4,5,6,7,8,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    stw     \number, {GPR}+4*\number(1)
    .endr
    mfctr   10
    stw     10, {CTR}(1)
    mfxer   10
    stw     10, {XER}(1)
    mfspr   10, \address
    stw     10, {DAR}(1)
    mfspr   10, \reason
    stw     10, {DSISR}(1)
    lis     10, ({CANARY})@h
    ori     10, 10, ({CANARY})@l
    stw     10, {CANARY_AT}(1)
    mfspr   2, SPRG3
.endm

# The handler may have changed nothing that the calling convention keeps.
.macro CHECK
    lwz     10, {CANARY_AT}(1)
    lis     11, ({CANARY})@h
    ori     11, 11, ({CANARY})@l
    cmpw    10, 11
    bne-    exception_damaged
    .irp number, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    lwz     10, {GPR}+4*\number(1)
    cmpw    10, \number
    bne-    exception_damaged
    .endr
.endm

# Restores everything; the return instruction follows.
.macro RESTORE where, status
    lwz     10, {CTR}(1)
    mtctr   10
    lwz     10, {XER}(1)
    mtxer   10
    lwz     10, {LR}(1)
    mtlr    10
    lwz     10, {CR}(1)
    mtcrf   0xff, 10
    lwz     11, {NIP}(1)
    lwz     12, {MSR}(1)
    mtspr   \where, 11
    mtspr   \status, 12
    .irp number, 0,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    lwz     \number, {GPR}+4*\number(1)
    .endr
    lwz     1, {GPR}+4*1(1)
.endm
