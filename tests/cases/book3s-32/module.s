# A relocatable object: calls are completed by relocations, so is an address; neither is what the words say.
# object: yes
    .text
    .globl  f
    .type   f, @function
f:
    stwu    1, -16(1)
    mflr    0
    stw     0, 20(1)
    mfmsr   9
    rlwinm  9, 9, 0, 17, 15
    mtmsr   9
    bl      elsewhere
    mfmsr   9
    ori     9, 9, 0x8000
    mtmsr   9
    lwz     0, 20(1)
    mtlr    0
    addi    1, 1, 16
    blr
    .size   f, . - f
    .section .init.text, "ax"
    .type   g, @function
g:
    mtmsr   3
    blr
    .size   g, . - g

#= f+0xc: mfmsr r9 => direct mfmsr: lwz r9,-4004(0)
#= f+0x14: mtmsr r9 => idiom store-msr: stw r9,-4004(0)
#= f+0x1c: mfmsr r9 => direct mfmsr: lwz r9,-4004(0)
#= f+0x24: mtmsr r9 => free-register store-msr-ee-on; dead r0 cr0 lr
#= g: mtmsr r3 => free-register mtmsr; dead r0 cr0
