# Code that the kernel replaces when it boots: rewritten in place where it stands and said to be replaced; in the
# alternative, which is copied, only in place; what is live in the alternative is live before the code it replaces.
    .text
    .globl  f
    .type   f, @function
f:
    mtmsr   3                   # the alternative reads r0, r11 and r12
1:  mfsprg  4, 0
    mtmsr   4
2:
    li      5, 0
    blr
    .size   f, . - f
alternative:
3:  mfsprg  4, 1
    mtmsr   4
    add     3, 0, 11
    add     3, 3, 12
4:
    .section __ftr_fixup, "a"
    .align  2
5:  .long   1, 1
    .long   1b - 5b, 2b - 5b, 3b - 5b, 4b - 5b

#= f: mtmsr r3 => left, no-end-marker
#= f+0x4: mfsprg r4,0 => direct mfspr: lwz r4,-4060(0); replaced by __ftr_fixup
#= f+0x8: mtmsr r4 => free-register mtmsr; dead r0 cr0; replaced by __ftr_fixup
#= alternative: mfsprg r4,1 => direct mfspr: lwz r4,-4052(0)
#= alternative+0x4: mtmsr r4 => left, copied-at-boot
