# Every kind of operand register, with everything live, in assembly that obeys no convention: no register is known to
# differ from r1 there, so that sites that need a section are left alone.
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
