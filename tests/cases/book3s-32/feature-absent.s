# A host that offers no features beyond the plain page.
# features: none
    .text
    .globl  f
    .type   f, @function
f:
    mfsprg  3, 1
    mfspr   4, 276
    mtsrin  3, 4
    mfmsr   3
    blr
    .size   f, . - f

#= f: mfsprg r3,1 => direct mfspr: lwz r3,-4052(0)
#= f+0x4: mfspr r4,276 => left, feature-absent
#= f+0x8: mtsrin r3,r4 => left, feature-absent
#= f+0xc: mfmsr r3 => direct mfmsr: lwz r3,-4004(0)
