# mtmsrd with L=1 and a constant, and the doubleword idioms.
    .text
    .globl  constants, idioms
    .type   constants, @function
constants:
    li      9, 0
    mtmsrd  9, 1
    li      9, 2
    mtmsrd  9, 1
    lis     9, 0
    ori     9, 9, 0x8002
    mtmsrd  9, 1
    mtmsrd  3, 1
    blr
    .size   constants, . - constants

    .type   idioms, @function
idioms:
    mfmsr   9
    rldicl  10, 9, 48, 1
    rldicl  10, 10, 16, 0
    mtmsrd  10, 1
    mtmsrd  9, 1
    mfmsr   9
    ori     9, 9, 0x8000
    mtmsrd  9
    rlwinm  9, 9, 0, 17, 15     # clears EE, and makes the high word a copy of the low one
    mtmsrd  9
    mfdsisr 3
    mtdsisr 3
    blr
    .size   idioms, . - idioms

#= constants+0x4: mtmsrd r9,1 => free-register mtmsrd-1-ee-off; dead r0
#= constants+0xc: mtmsrd r9,1 => free-register mtmsrd-1-ee-off; dead r0
#= constants+0x18: mtmsrd r9,1 => free-register mtmsrd-1-ee-on; dead r0 cr0
#= constants+0x1c: mtmsrd r3,1 => free-register mtmsrd-1; dead r0 cr0
#= idioms: mfmsr r9 => direct mfmsr: ld r9,-4008(0)
#= idioms+0xc: mtmsrd r10,1 => idiom store-msr: std r10,-4008(0)
#= idioms+0x10: mtmsrd r9,1 => free-register store-msr-checked; dead r0 cr0
#= idioms+0x14: mfmsr r9 => direct mfmsr: ld r9,-4008(0)
#= idioms+0x1c: mtmsrd r9 => free-register store-msr-ee-on; dead r0 cr0
#= idioms+0x24: mtmsrd r9 => free-register mtmsrd-0; dead r0 cr0
#= idioms+0x28: mfdsisr r3 => direct mfspr: lwz r3,-4000(0)
#= idioms+0x2c: mtdsisr r3 => direct mtspr: stw r3,-4000(0)
