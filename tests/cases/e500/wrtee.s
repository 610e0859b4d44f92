# wrteei 0 ... wrtee: saved by mfmsr, restored; and the same across a call, where nothing is known.
    .text
    .globl  critical, across, on_off
    .type   critical, @function
critical:
    mfmsr   9
    wrteei  0
    addi    3, 3, 1
    wrtee   9
    blr
    .size   critical, . - critical

    .type   across, @function
across:
    stwu    1, -16(1)
    mflr    0
    stw     0, 20(1)
    mfmsr   31
    wrteei  0
    bl      critical
    wrtee   31
    lwz     0, 20(1)
    mtlr    0
    addi    1, 1, 16
    blr
    .size   across, . - across

    .type   on_off, @function
on_off:
    wrteei  1
    wrteei  0
    mfspr   3, 624
    mtspr   944, 3
    mfspr   3, 62
    mfspr   3, 286
    mfspr   3, 260
    mtspr   276, 3
    blr
    .size   on_off, . - on_off

#= critical: mfmsr r9 => direct mfmsr: lwz r9,-4004(0)
#= critical+0x4: wrteei 0 => free-register wrteei-0-from-copy; dead r0
#= critical+0xc: wrtee r9 => free-register store-msr-checked; dead r0 cr0
#= across+0xc: mfmsr r31 => direct mfmsr: lwz r31,-4004(0)
#= across+0x10: wrteei 0 => free-register wrteei-0-from-copy; dead r0 lr
#= across+0x18: wrtee r31 => free-register wrtee; dead r0 cr0 lr
#= on_off: wrteei 1 => free-register wrteei-1; dead r0 cr0
#= on_off+0x4: wrteei 0 => free-register wrteei-0; dead r0
#= on_off+0x8: mfspr r3,624 => direct mfspr: lwz r3,-3928(0)
#= on_off+0xc: mtspr 944,r3 => direct mtspr: stw r3,-3920(0)
#= on_off+0x10: mfesr r3 => direct mfspr: lwz r3,-3896(0)
#= on_off+0x14: mfpir r3 => direct mfspr: lwz r3,-3892(0)
#= on_off+0x18: mfsprg r3,4 => direct mfspr: lwz r3,-3884(0)
#= on_off+0x1c: mtsprg 4,r3 => direct mtspr: stw r3,-3884(0)
