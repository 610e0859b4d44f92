# Counts external interrupts while it switches them on and off, and prints the count in hexadecimal.

        .include "board.inc"

        .set COUNT, 0x2000
        .ifndef ROUNDS
        .set ROUNDS, 200
        .endif

        .org 0x500
        .type handler, @function
handler:
        mtsprg 0, 3
        mtsprg 1, 4
        li 4, COUNT
        lwz 3, 0(4)
        addi 3, 3, 1
        stw 3, 0(4)
        mfsprg 4, 1
        mfsprg 3, 0
        rfi
        .size handler, . - handler

        .org 0x3000
        .globl _start
        .type _start, @function
_start: load 20, ROUNDS
        mtctr 20
        li 20, 0
1:      mfmsr 5
        ori 6, 5, 0x8000
        mtmsr 6
        addi 20, 20, 3
        xor 21, 20, 6
        mfmsr 7
        rlwinm 7, 7, 0, 17, 15
        mtmsr 7
        add 22, 21, 20
        bdnz 1b
        load 6, 0x8000                  # whatever still waits
        mtmsr 6
        nop
        li 6, 0
        mtmsr 6
        bl print
        li 3, 0
        lis 4, EXIT@h                   # ends the guest; a return, for nothing is dead before a loop without end
        ori 4, 4, EXIT@l
        stw 3, 0(4)
        blr
        .size _start, . - _start

        .type print, @function
print:  li 8, COUNT
        lwz 8, 0(8)
        li 9, 8
        mtctr 9
2:      rotlwi 8, 8, 4
        clrlwi 3, 8, 28
        cmpwi 3, 10
        addi 3, 3, '0'
        blt 3f
        addi 3, 3, 'a' - '0' - 10
3:      put
        bdnz 2b
        li 3, '\n'
        put
        blr
        .size print, . - print
