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
