# Ends with status 7.

        .include "board.inc"

        .globl _start
        .type _start, @function
_start: li 3, 7
        exit
        .size _start, . - _start
