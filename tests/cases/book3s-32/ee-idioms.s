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
