# Prints on a USB Gecko in slot A, as Linux does: select, a command of two bytes in DATA, start, wait.

        .include "board.inc"
        .set EXI, 0x0c006800

        .globl _start
        .type _start, @function
_start:
        load 5, text
        load 6, EXI
        li 7, 0xd0                      # device 0, 32 MHz
        stw 7, 0(6)
1:      lbz 3, 0(5)
        cmpwi 3, 0
        beq 3f
        slwi 3, 3, 20
        oris 3, 3, 0xb000               # send
        stw 3, 16(6)
        li 7, 0x19                      # two bytes, both ways, start
        stw 7, 12(6)
2:      lwz 7, 12(6)
        andi. 7, 7, 1
        bne 2b
        addi 5, 5, 1
        b 1b
3:      load 4, POWER_OFF
        stw 3, 0(4)
        b .
        .size _start, . - _start

text:   .string "Hello, Gecko\n"
