# An instruction that does not exist, and nothing at its interrupt's vector either.

        .globl _start
        .type _start, @function
_start: .long 0
        .size _start, . - _start
