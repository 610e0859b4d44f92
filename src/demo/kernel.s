# A small kernel for 32-bit Book3S (603, 750), big-endian, linked at 0xc0000000 and loaded at 0.
#
# It does what kernels do with privileged instructions, in the forms that compilers and hand-written assembly give
# them. `.org` sets the distance from the start; `.func` and `.end` enclose a function. SPRs go by number: 18 DSISR,
# 19 DAR, 26 SRR0, 27 SRR1, 272 to 275 SPRG0 to SPRG3, 528 to 537 the first block translations.

# Translation is off when a kernel is entered, and at every interrupt. SPRG3 holds the thread's physical address.
.org 0x0
.func _start
    or      r31, r3, r3             # the device tree
    lis     r4, 0xc000              # 256 MB at 0xc0000000, from physical 0
    ori     r4, r4, 0x1ffe
    li      r5, 2
    mtspr   529, r5
    mtspr   528, r4
    mtspr   537, r5
    mtspr   536, r4
    bl      setup_segments
    bl      flush_tlb
    lis     r1, 0xc001              # the first stack
    li      r2, 0x4000              # the first thread
    mtspr   275, r2
    addis   r2, r2, 0xc000
    mfmsr   r0
    ori     r0, r0, 0x30            # translation on: only the host can do that
    mtspr   27, r0
    lis     r0, 0xc000
    ori     r0, r0, 0x3200
    mtspr   26, r0
    rfi
.end

.org 0x300
.func data_storage
    mtspr   272, r10
    mtspr   273, r11
    mfspr   r11, 275
    mfspr   r10, 19
    stw     r10, 12(r11)
    mfspr   r10, 18
    stw     r10, 16(r11)
    b       enter
.end

.org 0x500
.func external
    mtspr   272, r10
    mtspr   273, r11
    b       enter
.end

.org 0x900
.func decrementer
    mtspr   272, r10
    mtspr   273, r11
    b       enter
.end

# Keeps in the thread what the next interrupt would overwrite, and turns translation on.
.org 0x3000
.func enter
    mfspr   r11, 275
    mfcr    r10
    stw     r10, 0(r11)
    mfspr   r10, 26
    stw     r10, 4(r11)
    mfspr   r10, 27
    stw     r10, 8(r11)
    lis     r10, 0xc000
    ori     r10, r10, 0x3100
    mtspr   26, r10
    mfmsr   r10
    ori     r10, r10, 0x30
    mtspr   27, r10
    rfi
.end

# Saves what was interrupted, calls the handler, and goes back with every register as it was.
.org 0x3100
.func interrupt
    stwu    r1, -160(r1)
    stw     r0, 8(r1)
    stmw    r2, 16(r1)              # rN at 8 + 4 N
    mfspr   r10, 272
    stw     r10, 48(r1)
    mfspr   r11, 273
    stw     r11, 52(r1)
    mflr    r10
    stw     r10, 136(r1)
    mfctr   r10
    stw     r10, 140(r1)
    lwz     r10, 0(r2)              # CR, SRR0 and SRR1
    stw     r10, 144(r1)
    lwz     r10, 4(r2)
    stw     r10, 148(r1)
    lwz     r10, 8(r2)
    stw     r10, 152(r1)
    mfmsr   r9
    ori     r9, r9, 0x2             # recoverable again
    mtmsr   r9
    bl      handle
    lwz     r10, 140(r1)
    mtctr   r10
    lwz     r10, 136(r1)
    mtlr    r10
    lwz     r10, 144(r1)
    mtcrf   255, r10
    lwz     r0, 8(r1)
    lwz     r2, 16(r1)
    lwz     r3, 20(r1)
    lwz     r4, 24(r1)
    lwz     r5, 28(r1)
    lwz     r6, 32(r1)
    lwz     r7, 36(r1)
    lwz     r8, 40(r1)
    lwz     r9, 44(r1)
    lmw     r12, 56(r1)
    li      r10, 0x1030             # no longer recoverable; only r10 and r11 are free
    mtmsr   r10
    lwz     r10, 148(r1)
    mtspr   26, r10
    lwz     r11, 152(r1)
    mtspr   27, r11
    lwz     r10, 48(r1)
    lwz     r11, 52(r1)
    lwz     r1, 0(r1)
    rfi
.end

.org 0x3200
.func start_kernel
    bl      local_irq_enable
forever:
    bl      idle
    b       forever
.end

.func handle
    stwu    r1, -16(r1)
    mflr    r0
    stw     r0, 20(r1)
    or      r3, r2, r2
    bl      count_event
    bl      local_irq_save
    lwz     r4, 20(r2)              # something that interrupts must not see half done
    addi    r4, r4, 1
    stw     r4, 20(r2)
    bl      local_irq_restore
    lwz     r0, 20(r1)
    mtlr    r0
    addi    r1, r1, 16
    blr
.end

.func local_irq_save
    mfmsr   r3
    rlwinm  r9, r3, 0, 17, 15       # all but EE
    mtmsr   r9
    blr
.end

.func local_irq_restore
    mtmsr   r3
    blr
.end

.func local_irq_disable
    mfmsr   r9
    rlwinm  r9, r9, 0, 17, 15
    mtmsr   r9
    blr
.end

.func local_irq_enable
    mfmsr   r9
    ori     r9, r9, 0x8000
    mtmsr   r9
    blr
.end

# Adds one to a counter that interrupts count with too.
.func count_event
    mfmsr   r10
    rlwinm  r9, r10, 0, 17, 15
    mtmsr   r9
    lwz     r8, 24(r3)
    addi    r8, r8, 1
    stw     r8, 24(r3)
    mtmsr   r10
    blr
.end

# Sleeps until an interrupt comes: POW is a bit that only the host can change.
.func idle
    mfmsr   r9
    oris    r9, r9, 0x4
    ori     r9, r9, 0x8000
    sync
    mtmsr   r9
    isync
    blr
.end

# Another address space: twelve user segments.
.func setup_segments
    li      r4, 12
    mtctr   r4
    li      r5, 0
    lis     r6, 0x2000
segment:
    mtsrin  r6, r5
    addi    r6, r6, 0x111
    addis   r5, r5, 0x1000
    bdnz    segment
    isync
    blr
.end

# From the thread in r3 to the thread in r4.
.func switch_to
    addis   r5, r4, 0x4000          # its physical address
    mtspr   275, r5
    stw     r1, 28(r3)
    lwz     r1, 28(r4)
    or      r2, r4, r4
    blr
.end

.func flush_tlb
    li      r4, 64
    mtctr   r4
    li      r5, 0
entry:
    tlbie   r5
    addi    r5, r5, 0x1000
    bdnz    entry
    sync
    tlbsync
    sync
    blr
.end

# Mixes a constant into a checksum. The constant looks like `mfmsr r3`, and control never reaches it.
.org 0x3320
.func checksum
    lis     r4, 0xc000
    lwz     r4, 0x332c(r4)
    b       mix
    .long   0x7c6000a6              # at 0x332c
mix:
    xor     r3, r3, r4
    blr
.end
