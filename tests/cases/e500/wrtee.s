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
