# Templates of the shape that Linux's trampolines have (`arch/powerpc/kernel/kvm_emul.S`): the section is opened first,
# r31, r30 and CR are saved whatever is dead, int_pending is read once, and a store of r2 ends the section.
#
# Words below 16 are no instructions: they are replaced when a template is copied.

    .set GET, 1             # r30 = the source register
    .set ORIGINAL, 2        # the instruction itself
    .set BACK, 3            # a branch behind the site
    .set SEGMENT, 4         # r30 = four times the number in the upper bits of rB
    .set STORE, 5           # the source register goes to the segment register in the page

    .set SCRATCH1, -4096+4
    .set SCRATCH2, -4096+0xc
    .set SCRATCH3, -4096+0x14
    .set CRITICAL, -4096+0x1c
    .set PAGE_MSR, -4096+0x5c
    .set INT_PENDING, -4096+0x64

.macro OPEN
    stw     1, CRITICAL(0)
    stw     31, SCRATCH1(0)
    mfcr    31
    stw     31, SCRATCH3(0)
    stw     30, SCRATCH2(0)
.endm

.macro CLOSE
    lwz     30, SCRATCH2(0)
    lwz     31, SCRATCH3(0)
    mtcrf   0xff, 31
    lwz     31, SCRATCH1(0)
    stw     2, CRITICAL(0)
.endm

.macro SLOW
    CLOSE
    .long   ORIGINAL
    .long   BACK
.endm

.macro LEAVE
    CLOSE
    .long   BACK
.endm

# An interrupt waits, and EE is 1 now: the instruction itself makes the host look.
.macro LOOK done
    lwz     31, INT_PENDING(0)
    cmpwi   31, 0
    beq     \done
    andi.   30, 30, 0x8000
    beq     \done
.endm

.macro TEMPLATE name
    .globl  linux_\name
    .globl  linux_\name\()_end
linux_\name:
.endm

.macro ENDS name
linux_\name\()_end:
.endm

    .pushsection .rodata.linux, "a"
    .balign 4

    TEMPLATE mtmsr
    OPEN
    lwz     31, PAGE_MSR(0)
    .long   GET
    xor     31, 30, 31
    lis     30, -1
    ori     30, 30, 0x7ffd
    and.    31, 31, 30
    bne     1f
    .long   GET
    stw     30, PAGE_MSR(0)
    LOOK    2f
1:  SLOW
2:  LEAVE
    ENDS    mtmsr

    TEMPLATE wrtee
    OPEN
    lwz     31, PAGE_MSR(0)
    rlwinm  31, 31, 0, 17, 15
    .long   GET
    andi.   30, 30, 0x8000
    or      30, 31, 30
    stw     30, PAGE_MSR(0)
    LOOK    2f
    SLOW
2:  LEAVE
    ENDS    wrtee

    TEMPLATE wrteei_1
    OPEN
    lwz     30, PAGE_MSR(0)
    ori     30, 30, 0x8000
    stw     30, PAGE_MSR(0)
    LOOK    2f
    SLOW
2:  LEAVE
    ENDS    wrteei_1

    TEMPLATE wrteei_0
    OPEN
    lwz     31, PAGE_MSR(0)
    rlwinm  31, 31, 0, 17, 15
    stw     31, PAGE_MSR(0)
    LEAVE
    ENDS    wrteei_0

    TEMPLATE mtsrin
    OPEN
    lwz     31, PAGE_MSR(0)
    rlwinm. 31, 31, 0, 26, 27
    bne     1f
    .long   SEGMENT
    .long   STORE
    LEAVE
1:  SLOW
    ENDS    mtsrin
    .popsection
