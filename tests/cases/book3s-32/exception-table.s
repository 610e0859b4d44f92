# A site whose fault the kernel handles by its address must stay where it is; the fixup's needs count behind every
# instruction that may lead there.
    .text
    .globl  f
    .type   f, @function
f:
    mtmsr   3                   # the fixup reads r0, r10, r11 and r12
1:  lwz     4, 0(5)
    li      0, 0
    li      10, 0
    li      11, 0
    li      12, 0
2:  mtmsr   4
    blr
3:  add     3, 0, 10
    add     3, 3, 11
    add     3, 3, 12
    blr
    .size   f, . - f
    .section __ex_table, "a"
    .long   1b - ., 3b - .
    .long   2b - ., 3b - .

#= f: mtmsr r3 => free-register mtmsr; dead r9 cr0
#= f+0x18: mtmsr r4 => left, pinned
