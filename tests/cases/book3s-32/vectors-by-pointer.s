# Code outside functions: reached from the entry by a constant in SRR0, through a pointer in data, and not at all.
    .text
    .globl  _start, f
    .type   f, @function
f:  b       asm
    .size   f, . - f
asm:
    lis     9, target@h
    ori     9, 9, target@l
    mtsrr0  9
    mfmsr   10
    mtsrr1  10
    rfi
target:
    mfsprg  3, 0
    b       target
pointed:
    mfsprg  4, 1
    blr
unreferenced:
    mfsprg  5, 2
    blr
    .data
    .long   pointed

#= asm+0x8: mtsrr0 r9 => direct mtspr: stw r9,-4028(0)
#= asm+0xc: mfmsr r10 => direct mfmsr: lwz r10,-4004(0)
#= asm+0x10: mtsrr1 r10 => direct mtspr: stw r10,-4020(0)
#= target: mfsprg r3,0 => direct mfspr: lwz r3,-4060(0)
#= pointed: mfsprg r4,1 => direct mfspr: lwz r4,-4052(0)
#= unreferenced: mfsprg r5,2 => left, unreferenced
