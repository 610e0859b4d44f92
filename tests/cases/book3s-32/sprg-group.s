# SPRG3 to SPRG7 are rewritten all or none: one of them stands where no template may be used, here in code that nothing
# is known to lead to, but that a word of data names.
    .text
    .globl  reads, writes
    .type   reads, @function
reads:
    mfsprg  3, 3
    mfsprg  3, 2
    blr
    .size   reads, . - reads

hidden:                         # runs on into what is no instruction: not read as code
    mtsprg  3, 3
    .long   0
    .data
    .long   hidden

#= reads: mfsprg r3,3 => left, sprg-group
#= reads+0x4: mfsprg r3,2 => direct mfspr: lwz r3,-4044(0)
#= hidden: mtsprg 3,r3 => left, data
