# From QEMU's entry to Rust.
#
# QEMU enters with MSR = 0 and one TLB1 entry that maps low memory one to one (ePAPR, boot CPU initial state). The host
# wants entries of its own: all memory, and the devices. An entry must not be replaced while it is executed from, nor
# may two translate the same address (e500 Core Family Reference Manual chapter 12), so that the change is made from
# address space 1.

    .section .text._start, "ax"
    .globl  _start
_start:
    # A way through address space 1: TLB1 entry 15, 256 MiB, supervisor only (MAS registers: E500 2.12.5).
    lis     3, 0x100f
    lis     4, 0xc000
    ori     4, 4, 0x1900
    li      5, 0
    li      6, 0x15
    li      7, 0
    bl      write_entry

    lis     3, 1f@h
    ori     3, 3, 1f@l
    li      4, 0x30
    mtspr   {SRR0}, 3
    mtspr   {SRR1}, 4
    rfi
1:
    # All other entries go: TLB1 one by one, since some are protected; TLB0 by a flash (E500 12.4).
    li      8, 15
    mtctr   8
    lis     3, 0x1000
    li      4, 0
2:  bl      write_entry
    addis   3, 3, 1
    bdnz    2b
    li      3, 4
    tlbivax 0, 3
    msync
    isync

    # Memory, one to one: two entries of 256 MiB.
    lis     3, 0x1000
    lis     4, 0xc000
    ori     4, 4, 0x0900
    li      5, 0
    li      6, 0x15
    bl      write_entry
    lis     3, 0x1001
    lis     5, 0x1000
    ori     6, 5, 0x15
    bl      write_entry
    # The devices, 1 MiB at real 0xf_e0000000: caching-inhibited and guarded, not executable.
    lis     3, 0x1002
    lis     4, 0xc000
    ori     4, 4, 0x0500
    lis     5, {CCSR}@h
    ori     6, 5, 0x05
    ori     5, 5, 0x0a
    li      7, 0xf
    bl      write_entry
    # The page of the PCI bus, the same with 4 KiB.
    lis     3, 0x1003
    lis     4, 0xc000
    ori     4, 4, 0x0100
    lis     5, {PCI}@h
    ori     5, 5, 0x0a
    li      6, 0x05
    li      7, {PCI_REAL} >> 32
    bl      write_entry

    # Back to address space 0. The critical-interrupt and debug enables stay 0; machine checks are taken.
    lis     3, 3f@h
    ori     3, 3, 3f@l
    li      4, 0x1000
    mtspr   {SRR0}, 3
    mtspr   {SRR1}, 4
    rfi
3:  lis     3, 0x100f
    li      4, 0
    li      7, 0
    bl      write_entry

    # Process 0, no timer but the decrementer (TCR[DIE], E500 2.6.1), no debug events, and the time base counts
    # (HID0[TBEN], E500 2.10.1).
    li      3, 0
    mtspr   {PID0}, 3
    mtspr   {PID1}, 3
    mtspr   {PID2}, 3
    mtspr   {DBCR0}, 3
    mtspr   {SPEFSCR}, 3
    lis     3, 0x0400
    mtspr   {TCR}, 3
    lis     3, 0xffff
    mtspr   {TSR}, 3
    mtspr   {DBSR}, 3
    li      3, 0x4000
    mtspr   {HID0}, 3
    isync

    # Vectors: 16 bytes each, in the order of their numbers (E500 2.7.1.5). IVOR0 to 15, then IVOR32 to 35.
    lis     3, vectors@h
    mtspr   {IVPR}, 3
    li      3, 0
    .irp    number, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 528, 529, 530, 531
    mtspr   \number, 3
    addi    3, 3, 16
    .endr

    lis     3, __bss_start@h
    ori     3, 3, __bss_start@l
    lis     4, __bss_end@h
    ori     4, 4, __bss_end@l
    li      5, 0
4:  cmplw   3, 4
    bge     5f
    stw     5, 0(3)
    addi    3, 3, 4
    b       4b
5:
    lis     1, __stack@h
    ori     1, 1, __stack@l
    stwu    5, -16(1)
    bl      e500_main

# Writes MAS0, 1, 2, 3 and 7 from r3 to r7 and the entry from those (E500 12.4.2).
write_entry:
    mtspr   {MAS0}, 3
    mtspr   {MAS1}, 4
    mtspr   {MAS2}, 5
    mtspr   {MAS3}, 6
    mtspr   {MAS7}, 7
    isync
    tlbwe
    msync
    isync
    blr
