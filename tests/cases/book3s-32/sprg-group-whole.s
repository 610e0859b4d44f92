# The same group, each member reached: all rewritten.
    .text
    .globl  reads
    .type   reads, @function
reads:
    mfsprg  3, 3
    mtsprg  3, 4
    mfspr   5, 276
    blr
    .size   reads, . - reads
