# Interrupt vectors of Book E: low halves put into IVORs, the high half into IVPR.
    .text
    .globl  setup
    .type   setup, @function
setup:
    b       start
    .size   setup, . - setup
start:
    lis     4, external@h
    mtspr   63, 4
    li      26, external@l
    mtspr   404, 26
    b       start
    .align  4
external:
    mtsprg  0, 10
    mfsrr1  11
    mfspr   10, 61
    rfi

#= external: mtsprg 0,r10 => direct mtspr: stw r10,-4060(0)
#= external+0x4: mfsrr1 r11 => direct mfspr: lwz r11,-4020(0)
#= external+0x8: mfdear r10 => direct mfspr: lwz r10,-4012(0)
