# Into the guest, and out of it.
#
# An interrupt turns MSR[PR], MSR[IS] and MSR[DS] off (EREF, interrupt processing), so that a handler runs in address
# space 0 and sees the host's memory only; nothing of the guest's translation has to be undone. The guest's registers go
# to the context, which is below 32 KiB: with r0 as base, which reads as 0, a handler needs no register of its own to
# save the first.

# Registers of the host that the guest's replace: r1, r2, r13 to r31, CR and LR, on the host's stack.
    .macro  save_host
    mflr    0
    mfcr    4
    stwu    1, -96(1)
    stw     0, 100(1)
    stw     4, 8(1)
    stw     2, 12(1)
    stmw    13, 16(1)
    stw     1, {HOST}(0)
    .endm

# Everything but the general registers, CR and where to go.
    .macro  load_special
    lwz     3, {XER}(0)
    lwz     4, {LR}(0)
    lwz     5, {CTR}(0)
    mtxer   3
    mtlr    4
    mtctr   5
    .endm

    .section .vectors, "ax"
    .globl  vectors
    .p2align 4
# A stub of at most 16 bytes for each interrupt: noncritical ones know their number.
    .macro  noncritical number
    .p2align 4
    stw     3, {GPR}+12(0)
    li      3, \number
    b       trapped
    .endm
# Interrupts that nothing enables, and machine checks.
    .macro  fatal number
    .p2align 4
    li      3, \number
    b       fatal_critical
    .endm

vectors:
    fatal       0
    fatal       1
    noncritical 2
    noncritical 3
    noncritical 4
    noncritical 5
    noncritical 6
    noncritical 7
    noncritical 8
    noncritical 9
    noncritical 10
    noncritical 11
    fatal       12
    noncritical 13
    noncritical 14
# Debug (IVOR15): the common case is one more instruction of a guest that is being stepped.
    .p2align 4
    stw     3, {GPR}+12(0)
    b       stepped
    noncritical 32
    noncritical 33
    noncritical 34
    noncritical 35

# The end of a run. r3 holds the number of the interrupt, the guest's r3 is in the context.
trapped:
    stmw    4, {GPR}+16(0)
    mfcr    4
    mfspr   5, {SRR0}
    mfspr   6, {SRR1}
    mfspr   7, {ESR}
    mfspr   8, {DEAR}
    stw     7, {ESR_AT}(0)
    stw     8, {DEAR_AT}(0)
    # An interrupt in the host is a fault of the host.
    andi.   9, 6, 0x4000
    beq     fatal_host
ended:
    stw     0, {GPR}(0)
    stw     1, {GPR}+4(0)
    stw     2, {GPR}+8(0)
    stw     3, {VECTOR}(0)
    stw     4, {CR}(0)
    stw     5, {PC}(0)
    mfxer   4
    mflr    5
    mfctr   6
    stw     4, {XER}(0)
    stw     5, {LR}(0)
    stw     6, {CTR}(0)
    lwz     1, {HOST}(0)
    lwz     0, 100(1)
    lwz     4, 8(1)
    lwz     2, 12(1)
    lmw     13, 16(1)
    addi    1, 1, 96
    mtcr    4
    mtlr    0
    blr

fatal_critical:
    mfspr   5, {CSRR0}
    mfspr   6, {CSRR1}
    cmpwi   3, 1
    bne     1f
    mfspr   5, {MCSRR0}
    mfspr   6, {MCSRR1}
1:  mfspr   8, {DEAR}
    mfspr   7, {MCSR}
fatal_host:
    mr      4, 5
    mr      5, 6
    mr      6, 7
    mr      7, 8
    mflr    8
    mr      9, 1
    lis     1, __emergency_stack@h
    ori     1, 1, __emergency_stack@l
    li      0, 0
    stwu    0, -16(1)
    bl      e500_fatal

# Runs the guest until an interrupt.
    .section .text.e500_run, "ax"
    .globl  e500_run
e500_run:
    save_host
    load_special
    lwz     3, {PC}(0)
    lwz     4, {MSR}(0)
    lwz     5, {CR}(0)
    mtspr   {SRR0}, 3
    mtspr   {SRR1}, 4
    mtcr    5
    lwz     0, {GPR}(0)
    lwz     1, {GPR}+4(0)
    lwz     2, {GPR}+8(0)
    lmw     3, {GPR}+12(0)
    rfi

# Runs the guest one instruction after the other. An instruction that completes with MSR[DE] and DBCR0[ICMP] set makes a
# debug interrupt, with CSRR0 at the next (EREF, instruction complete debug event; E500 2.13.1); before each, the first
# included, it is looked up whether the caller wants to see it.
    .globl  e500_step
e500_step:
    save_host
    load_special
    lwz     4, {MSR}(0)
    mtspr   {SRR1}, 4
    lwz     0, {GPR}(0)
    lwz     1, {GPR}+4(0)
    lwz     2, {GPR}+8(0)
    lmw     7, {GPR}+28(0)
    lwz     6, {CR}(0)
    lwz     5, {LEFT}(0)
    lwz     3, {PC}(0)
    b       check

# An instruction has completed. The guest's r3 is in the context.
    .p2align 5
stepped:
    stw     4, {GPR}+16(0)
    stw     5, {GPR}+20(0)
    stw     6, {GPR}+24(0)
    mfcr    6
    mfspr   3, {CSRR1}
    andi.   3, 3, 0x4000
    lis     4, 0x0800
    mtspr   {DBSR}, 4
    beq     stepped_host
    lwz     5, {LEFT}(0)
    addi    5, 5, -1
    stw     5, {LEFT}(0)
    mfspr   3, {CSRR0}

# Before an instruction: r3 is its address, r5 the number that may still complete, r6 the guest's CR; r3 to r6 are in
# the context, and SRR1 is as the guest is entered with: rfi it is and not rfci, which QEMU under -icount does not
# expect to change address spaces.
check:
    cmpwi   5, 0
    mtspr   {SRR0}, 3
    beq     enough
    # QEMU 7.2 reports no instruction between 0x100 and 0xf00, taking them for those of a handler.
    cmplwi  3, 0xf00
    blt     look
    # The slot of the program counter's page: its tag is the address of the page plus 1.
    lwz     5, {PAGES}(0)
    rlwinm  4, 3, 23, 21, 28
    add     5, 5, 4
    lwz     4, 0(5)
    xor     4, 4, 3
    xori    4, 4, 1
    rlwinm. 4, 4, 0, 31, 19
    bne     look
    # The instruction, by the real address of the page, and what is to be done about its primary opcode.
    lwz     4, 4(5)
    rlwimi  4, 3, 0, 20, 31
    lwz     4, 0(4)
    rlwinm  5, 4, 6, 26, 31
    lbz     5, {PRIMARY}(5)
    cmpwi   5, 0
    bne     further
go:
    mtcr    6
    lwz     3, {GPR}+12(0)
    lwz     4, {GPR}+16(0)
    lwz     5, {GPR}+20(0)
    lwz     6, {GPR}+24(0)
    rfi

# It depends on the extended opcode: 2 and 3 choose a table of 1024 bytes.
further:
    cmpwi   5, 1
    beq     look
    slwi    5, 5, 10
    rlwimi  5, 4, 31, 22, 31
    lbz     5, {EXTENDED}-2048(5)
    cmpwi   5, 0
    beq     go
    cmpwi   5, 1
    beq     look
    # A move from or to a special-purpose register: the upper half of its number is in bits 16 to 20 of the word.
    andi.   5, 4, 0xf800
    beq     go
look:
    li      3, {LOOK}
    b       1f
enough:
    li      3, {STEPPED}
1:  stmw    7, {GPR}+28(0)
    mr      4, 6
    mfspr   5, {SRR0}
    b       ended

# An interrupt of an instruction that was stepped leaves MSR[DE] on (EREF, interrupt processing), so that the first
# instruction of its handler, which has stored r3, is reported too. The handler goes on with MSR[DE] off.
stepped_host:
    mfspr   3, {CSRR1}
    rlwinm  3, 3, 0, 23, 21
    mtspr   {CSRR1}, 3
    mtcr    6
    lwz     3, {GPR}+12(0)
    lwz     4, {GPR}+16(0)
    lwz     5, {GPR}+20(0)
    lwz     6, {GPR}+24(0)
    rfci
