# A system call from user mode: the handler prints what it is given and ends.

        .include "board.inc"

        .org 0xc00
        .type handler, @function
handler:
        mr 3, 31
        put
        mfsrr1 3                        # it came from user mode
        rlwinm 3, 3, 18, 31, 31
        xori 3, 3, 1
        exit
        .size handler, . - handler

        .org 0x3000
        .globl _start
        .type _start, @function
_start: load 3, user
        mtsrr0 3
        load 3, 0x4000
        mtsrr1 3
        rfi
        .size _start, . - _start

        .type user, @function
user:   li 31, 'S'
        li 0, 1
        sc
        b .
        .size user, . - user
