# The image's first instructions: zeros where zeros are expected, and a stack.

    .pushsection .text.kernel, "ax"
    .globl _start
_start:
    ROW     _start
    lis     4, bss_start@ha
    addi    4, 4, bss_start@l
    lis     5, bss_end@ha
    addi    5, 5, bss_end@l
    li      0, 0
    b       2f
1:  stw     0, 0(4)
    stw     0, 4(4)
    stw     0, 8(4)
    stw     0, 12(4)
    addi    4, 4, 16
2:  cmplw   4, 5
    blt     1b
    lis     1, {boot_stack}@ha
    addi    1, 1, {boot_stack}@l
    addis   1, 1, ({BOOT_STACK})@ha
    addi    1, 1, ({BOOT_STACK})@l
    li      2, 0
    stw     0, 0(1)
    bl      {kmain}
3:  b       3b
    .popsection
