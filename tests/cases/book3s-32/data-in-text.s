# Words that look like privileged instructions but that control does not reach: a constant pool behind a return, a
# jump table's neighbour, a table between functions with and without a label, and data behind a call that uses LR as a
# pointer.
    .text
    .globl  pool_user, table_user, pointer_user, last
    .type   pool_user, @function
pool_user:
    lis     9, pool@ha
    lwz     3, pool@l(9)
    blr
pool:
    .long   0x7c6000a6, 0x7c600124
    .size   pool_user, . - pool_user

    .long   0x7c6000a6, 0x7c600124, 0x7c0004a6
between:
    .long   0x7c7042a6, 0x7c7043a6

    .type   table_user, @function
table_user:
    cmplwi  3, 2
    bgt     1f
    lis     9, table@ha
    addi    9, 9, table@l
    slwi    3, 3, 2
    lwzx    10, 9, 3
    add     10, 10, 9
    mtctr   10
    bctr
table:
    .long   2f - table, 3f - table, 1f - table
    .long   0x7c6000a6
2:  mfmsr   3
    blr
3:  mfsprg  3, 0
1:  blr
    .size   table_user, . - table_user

pointer_user:
    mflr    0
    bl      4f
    .long   0x7c6000a6, 0x4e800020
4:  mflr    4
    lwz     3, 0(4)
    mtlr    0
    blr

    .type   inline, @function
inline:
    mflr    0
    bl      5f
    .long   0x7c6000a6, 0x7c600124
5:  mflr    4
    lwz     3, 0(4)
    mtlr    0
    blr
    .size   inline, . - inline

    .type   last, @function
last:
    b       pointer_user
    .size   last, . - last

#= pool_user+0xc: mfmsr r3 => left, data
#= pool_user+0x10: mtmsr r3 => left, data
#= pool+0x8: mfmsr r3 => left, unreferenced
#= pool+0xc: mtmsr r3 => left, unreferenced
#= between: mfsprg r3,0 => left, unreferenced
#= between+0x4: mtsprg 0,r3 => left, unreferenced
#= table_user+0x30: mfmsr r3 => left, data
#= table_user+0x34: mfmsr r3 => direct mfmsr: lwz r3,-4004(0)
#= table_user+0x3c: mfsprg r3,0 => direct mfspr: lwz r3,-4060(0)
#= pointer_user+0x8: mfmsr r3 => left, data
#= inline+0x8: mfmsr r3 => left, data
#= inline+0xc: mtmsr r3 => left, data
