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
