# A loop that no instruction leaves: an idle loop, which an interrupt's handler leaves for the address in LR. Nothing in it is
# overwritten behind the site, and still nothing is dead; what the loop itself overwrites on every way round is no exception. What
# leads into the loop needs what the loop needs. A loop that may be left is like any other code.
    .text
    .globl  idle, leads_in, left, spins
    .type   idle, @function
idle:
    lis     7, 4
    ori     7, 7, 0x9032
1:  sync
    mtmsr   7
    isync
    b       1b
    .size   idle, . - idle

    .type   leads_in, @function
leads_in:                       # r9 to r12 and cr0 are overwritten before the loop, LR is not
    mtmsr   3
    li      9, 0
    li      10, 0
    li      11, 0
    li      12, 0
    li      0, 0
    cmpwi   3, 0
2:  b       2b
    .size   leads_in, . - leads_in

    .type   left, @function
left:                           # left when r4 is 0, and LR is saved
    mflr    31
3:  mtmsr   3
    lwz     4, 0(5)
    cmpwi   4, 0
    bne     3b
    mtlr    31
    blr
    .size   left, . - left

#= idle+0xc: mtmsr r7 => left, no-end-marker
#= leads_in: mtmsr r3 => free-register mtmsr; dead r0 cr0
#= left+0x4: mtmsr r3 => free-register mtmsr; dead r0 cr0 lr
