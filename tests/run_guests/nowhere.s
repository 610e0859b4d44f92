# A load from where there is nothing: a machine check, and MSR[ME] is clear.

        .globl _start
        .type _start, @function
_start: lis 3, 0x5000
        lwz 3, 0(3)
        b .
        .size _start, . - _start
