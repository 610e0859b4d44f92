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
