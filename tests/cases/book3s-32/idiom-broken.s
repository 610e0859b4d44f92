# What looks like an idiom and is none: a call in between, a path that enters in the middle, a bit beyond EE and RI, a
# label that anybody may jump to, a register changed on one path, a jump table target.
    .text
    .globl  call_between, enter_middle, other_bit, labelled, one_path, callee
    .type   callee, @function
callee:
    blr
    .size   callee, . - callee

    .type   call_between, @function
call_between:
    mflr    0
    mfmsr   30
    rlwinm  30, 30, 0, 17, 15
    bl      callee
    mtmsr   30
    mtlr    0
    blr
    .size   call_between, . - call_between

    .type   enter_middle, @function
enter_middle:
    cmpwi   3, 0
    mr      9, 4
    beq     1f
    mfmsr   9
    rlwinm  9, 9, 0, 17, 15
1:  mtmsr   9
    blr
    .size   enter_middle, . - enter_middle

    .type   other_bit, @function
other_bit:
    mfmsr   9
    rlwinm  9, 9, 0, 17, 15
    ori     9, 9, 0x2000
    mtmsr   9
    blr
    .size   other_bit, . - other_bit

    .type   labelled, @function
labelled:
    mfmsr   9
    rlwinm  9, 9, 0, 17, 15
middle:
    mtmsr   9
    blr
    .size   labelled, . - labelled

    .type   both_paths, @function
both_paths:                     # an idiom: both paths leave the MSR with EE off in r9
    mfmsr   9
    cmpwi   3, 0
    beq     2f
    rlwinm  9, 9, 0, 17, 15
    b       3f
2:  rlwinm  9, 9, 0, 17, 15
    ori     9, 9, 2
3:  mtmsr   9
    blr
    .size   both_paths, . - both_paths

    .type   after_change, @function
after_change:                   # r8 was the MSR; it is restored after a change of FP: not a copy any more
    mfmsr   8
    ori     9, 8, 0x2000
    mtmsr   9
    mtmsr   8
    blr
    .size   after_change, . - after_change

#= call_between+0x4: mfmsr r30 => direct mfmsr: lwz r30,-4004(0)
#= call_between+0x10: mtmsr r30 => free-register mtmsr; dead r12 cr0 lr
#= enter_middle+0xc: mfmsr r9 => direct mfmsr: lwz r9,-4004(0)
#= enter_middle+0x14: mtmsr r9 => free-register mtmsr; dead r0 cr0
#= other_bit: mfmsr r9 => direct mfmsr: lwz r9,-4004(0)
#= other_bit+0xc: mtmsr r9 => free-register mtmsr-ee-off; dead r0 cr0
#= labelled: mfmsr r9 => direct mfmsr: lwz r9,-4004(0)
#= labelled+0x8: mtmsr r9 => free-register mtmsr; dead r0 cr0
#= both_paths: mfmsr r9 => direct mfmsr: lwz r9,-4004(0)
#= both_paths+0x1c: mtmsr r9 => idiom store-msr: stw r9,-4004(0)
#= after_change: mfmsr r8 => direct mfmsr: lwz r8,-4004(0)
#= after_change+0x8: mtmsr r9 => free-register mtmsr; dead r0 cr0
#= after_change+0xc: mtmsr r8 => free-register mtmsr; dead r0 cr0
