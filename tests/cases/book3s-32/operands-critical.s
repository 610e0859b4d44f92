# The same operands where the caller vouches that r2 differs from r1: critical sections everywhere.
# assume-r2: yes
    .text
    .globl  _start, sized
    .type   sized, @function
sized:
    mtmsr   0
    mtmsr   1
    mtmsr   2
    mtmsr   13
    mtmsr   30
    mtmsr   31
    mtsrin  30, 31
    mtsrin  0, 0
    mtsr    15, 31
    mfmsr   1
    mfsprg  0, 0
    mtsrr0  31
    tlbsync
    mtctr   3
    bctr
    .size   sized, . - sized

    .type   no_size, @function
no_size:
    mtmsr   3
    mtsrin  4, 5
    mtctr   3
    bctr

#= sized: mtmsr r0 => critical-section mtmsr; dead ctr
#= sized+0x4: mtmsr r1 => critical-section mtmsr; dead ctr
#= sized+0x8: mtmsr r2 => critical-section mtmsr; dead ctr
#= sized+0xc: mtmsr r13 => critical-section mtmsr; dead ctr
#= sized+0x10: mtmsr r30 => critical-section mtmsr; dead ctr
#= sized+0x14: mtmsr r31 => critical-section mtmsr; dead ctr
#= sized+0x18: mtsrin r30,r31 => critical-section mtsrin; dead ctr
#= sized+0x1c: mtsrin r0,r0 => critical-section mtsrin; dead ctr
#= sized+0x20: mtsr 15,r31 => free-register mtsr; dead r0 ctr
#= sized+0x24: mfmsr r1 => direct mfmsr: lwz r1,-4004(0)
#= sized+0x28: mfsprg r0,0 => direct mfspr: lwz r0,-4060(0)
#= sized+0x2c: mtsrr0 r31 => direct mtspr: stw r31,-4028(0)
#= sized+0x30: tlbsync => direct nop: nop
#= no_size: mtmsr r3 => critical-section mtmsr; dead ctr
#= no_size+0x4: mtsrin r4,r5 => critical-section mtsrin; dead ctr
