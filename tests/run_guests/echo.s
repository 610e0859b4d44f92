# Prints what is typed, up to the end of a line.

        .include "board.inc"

        .globl _start
        .type _start, @function
_start: load 5, CONSOLE
1:      lwz 3, 4(5)                     # bit 1: a byte waits
        andi. 3, 3, 2
        beq 1b
        lbz 3, 3(5)
        put
        cmpwi 3, '\n'
        bne 1b
        li 3, 0
        exit
        .size _start, . - _start
