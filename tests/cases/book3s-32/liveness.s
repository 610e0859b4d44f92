# What is dead and what is not: a register read on one of two paths, a field read behind a join, a register read by the
# callee, one that a caller in assembly relies on, LR in a leaf and in a function that saved it.
    .text
    .globl  one_path, field_later, callee_reads, asm_caller, leaf, saved, reader, indirect
    .type   one_path, @function
one_path:                       # r0, r9 to r12: all read on the path to 1f; r7 and r8 are dead
    mtmsr   3
    cmpwi   4, 0
    beq     1f
    blr
1:  add     3, 0, 9
    add     3, 3, 10
    add     3, 3, 11
    add     3, 3, 12
    blr
    .size   one_path, . - one_path

    .type   field_later, @function
field_later:                    # cr0 is read behind the site
    cmpwi   3, 0
    mtmsr   4
    beq     2f
    li      3, 1
2:  blr
    .size   field_later, . - field_later

    .type   reader, @function
reader:
    add     3, 0, 12
    add     3, 3, 11
    blr
    .size   reader, . - reader

    .type   callee_reads, @function
callee_reads:                   # reader takes r0, r11 and r12; its LR is not needed any more: saved
    stwu    1, -16(1)
    mflr    31
    mtmsr   3
    bl      reader
    mtlr    31
    addi    1, 1, 16
    blr
    .size   callee_reads, . - callee_reads

    .type   relied_on, @function
relied_on:                      # called by assembly that keeps values in every volatile register
    mtmsr   3
    blr
    .size   relied_on, . - relied_on

asm_caller:
    bl      relied_on
    add     3, 0, 7
    add     3, 3, 8
    add     3, 3, 9
    add     3, 3, 10
    add     3, 3, 11
    add     3, 3, 12
    b       leaf

    .type   leaf, @function
leaf:                           # LR is live
    mtmsr   3
    blr
    .size   leaf, . - leaf

    .type   saved, @function
saved:                          # LR is dead between the save and the restore
    mflr    0
    stw     0, 4(1)
    mtmsr   3
    lwz     0, 4(1)
    mtlr    0
    blr
    .size   saved, . - saved

    .type   indirect, @function
indirect:                       # an unknown callee may read anything
    mtctr   4
    mtmsr   3
    bctrl
    b       indirect
    .size   indirect, . - indirect

#= one_path: mtmsr r3 => free-register mtmsr; dead r8 cr0
#= field_later+0x4: mtmsr r4 => free-register mtmsr; dead r0 cr7
#= callee_reads+0x8: mtmsr r3 => free-register mtmsr; dead r10 cr0 lr
#= relied_on: mtmsr r3 => left, no-end-marker
#= leaf: mtmsr r3 => free-register mtmsr; dead r0 cr0
#= saved+0x8: mtmsr r3 => free-register mtmsr; dead r0 cr0 lr
#= indirect+0x4: mtmsr r3 => left, no-end-marker
