# Prints on the plain console and ends. Nothing here is privileged: it runs on every family.

        .include "board.inc"

        .globl _start
        .type _start, @function
_start:
        load 5, text
1:      lbz 3, 0(5)
        cmpwi 3, 0
        beq 2f
        put
        addi 5, 5, 1
        b 1b
2:      li 3, 0
        exit
        .size _start, . - _start

text:   .string "Hello, plain board\n"
