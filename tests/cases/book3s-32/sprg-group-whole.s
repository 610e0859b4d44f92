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

#= reads: mfsprg r3,3 => direct mfspr: lwz r3,-4036(0)
#= reads+0x4: mtsprg 3,r4 => direct mtspr: stw r4,-4036(0)
#= reads+0x8: mfspr r5,276 => direct mfspr: lwz r5,-3884(0)
