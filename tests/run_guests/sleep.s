# An e500 that sleeps by hypercall, with no decrementer interrupts: nothing but an injected interrupt wakes it.

        .include "board.inc"

        .set IVPR, 63
        .set IVOR4, 404

        .globl _start
        .type _start, @function
_start: li 3, 0
        mtspr IVPR, 3
        load 3, external
        mtspr IVOR4, 3
        load 11, 0x00010010             # EV_IDLE
        load 0, 0x4b564d21
        sc
        load 3, 0x8000
        mtmsr 3
        b .
        .size _start, . - _start

        .balign 16
        .type external, @function
external:
        li 3, 'w'
        put
        li 3, 0
        exit
        .size external, . - external
