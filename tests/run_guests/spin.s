# Never ends.

        .globl _start
        .type _start, @function
_start: addi 3, 3, 1
        b _start
        .size _start, . - _start
