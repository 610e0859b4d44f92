# The three commonest idioms with interrupts: off, on, save and restore.
    .text
    .globl  off, on, save_restore
    .type   off, @function
off:
    mfmsr   9
    rlwinm  9, 9, 0, 17, 15
    mtmsr   9
    blr
    .size   off, . - off

    .type   on, @function
on:
    mfmsr   9
    ori     9, 9, 0x8000
    mtmsr   9
    blr
    .size   on, . - on

    .type   save_restore, @function
save_restore:
    mfmsr   8
    rlwinm  9, 8, 0, 17, 15
    mtmsr   9
    addi    3, 3, 1
    mtmsr   8
    blr
    .size   save_restore, . - save_restore

#= off: mfmsr r9 => direct mfmsr: lwz r9,-4004(0)
#= off+0x8: mtmsr r9 => idiom store-msr: stw r9,-4004(0)
#= on: mfmsr r9 => direct mfmsr: lwz r9,-4004(0)
#= on+0x8: mtmsr r9 => free-register store-msr-ee-on; dead r0 cr0
#= save_restore: mfmsr r8 => direct mfmsr: lwz r8,-4004(0)
#= save_restore+0x8: mtmsr r9 => idiom store-msr: stw r9,-4004(0)
#= save_restore+0x10: mtmsr r8 => free-register store-msr-checked; dead r0 cr0
