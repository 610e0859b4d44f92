# Leaving a thread: what the calling convention keeps goes to its stack.

    .pushsection .text.kernel, "ax"
    .globl  thread_switch
thread_switch:
    ROW     thread_switch
    stwu    1, -{SWITCH_SAVED}(1)
    mflr    0
    stw     0, {SWITCH_SAVED}+4(1)
    mfcr    0
    stw     0, 8(1)
    stmw    14, 16(1)
    stw     1, {SWITCH_STACK}(3)
    lwz     1, {SWITCH_STACK}(4)
    mr      2, 4
    mtspr   SPRG3, 4
    lmw     14, 16(1)
    lwz     0, 8(1)
    mtcrf   0xff, 0
    lwz     0, {SWITCH_SAVED}+4(1)
    mtlr    0
    addi    1, 1, {SWITCH_SAVED}
    blr

    .globl  thread_first
thread_first:
    ROW     thread_first
    mr      3, 14
    mr      4, 15
    bl      {thread_begin}
    .popsection
