# Three decrementer interrupts, a letter each.

        .include "board.inc"

        .org 0x900
        .type handler, @function
handler:
        li 3, 't'
        put
        li 3, 500
        mtdec 3
        addi 30, 30, 1
        rfi
        .size handler, . - handler

        .org 0x3000
        .globl _start
        .type _start, @function
_start: li 30, 0
        li 3, 500
        mtdec 3
        load 3, 0x8000
        mtmsr 3
1:      cmpwi 30, 3
        bne 1b
        li 3, 0
        mtmsr 3
        li 3, 0
        exit
        .size _start, . - _start
