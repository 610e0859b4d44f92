# Ordinary code: a sieve, a sort, a checksum, a copy, a recursive function, a walk over a list. ROUNDS rounds of all of
# them; the sum of what they find is the exit status. Runs as a Linux program and on the machine alike.

    .globl _start
    .text
_start:
    lis     1, stack_end@ha
    addi    1, 1, stack_end@l
    li      31, 0
    li      30, ROUNDS
round:
    bl      sieve
    add     31, 31, 3
    bl      shuffle
    bl      sort
    add     31, 31, 3
    bl      checksum
    add     31, 31, 3
    bl      copy
    add     31, 31, 3
    li      3, 12
    bl      fibonacci
    add     31, 31, 3
    bl      list
    add     31, 31, 3
    addic.  30, 30, -1
    bne     round
    clrlwi  3, 31, 25
    li      0, 1
    sc

# Counts primes below 8192.
sieve:
    lis     4, bytes@ha
    addi    4, 4, bytes@l
    li      5, 2048
    mtctr   5
    addi    6, 4, -4
    li      0, 0
1:  stwu    0, 4(6)
    bdnz    1b
    li      3, 0
    li      7, 2
    li      10, 1
2:  lbzx    8, 4, 7
    cmpwi   8, 0
    bne     4f
    addi    3, 3, 1
    add     9, 7, 7
3:  cmpwi   9, 8192
    bge     4f
    stbx    10, 4, 9
    add     9, 9, 7
    b       3b
4:  addi    7, 7, 1
    cmpwi   7, 8192
    blt     2b
    blr

# Fills 1024 words with noise.
shuffle:
    lis     4, words@ha
    addi    4, 4, words@l
    addi    4, 4, -4
    li      5, 1024
    mtctr   5
    lis     6, 0x41c6
    ori     6, 6, 0x4e6d
    li      7, 1
1:  mullw   7, 7, 6
    addi    7, 7, 12345
    srwi    8, 7, 8
    stwu    8, 4(4)
    bdnz    1b
    blr

# Shell sort of 1024 words; the median.
sort:
    lis     4, words@ha
    addi    4, 4, words@l
    li      5, 1024*4/2
1:  mr      6, 5                    # each gap
2:  lwzx    7, 4, 6                 # each element
    mr      8, 6
3:  subf.   9, 5, 8
    blt     4f
    lwzx    10, 4, 9
    cmplw   10, 7
    ble     4f
    stwx    10, 4, 8
    mr      8, 9
    b       3b
4:  stwx    7, 4, 8
    addi    6, 6, 4
    cmpwi   6, 4096
    blt     2b
    srwi    5, 5, 1
    rlwinm. 5, 5, 0, 0, 29
    bne     1b
    lwz     3, 2048(4)
    blr

# CRC-32 of 8192 bytes, bit by bit for the table, then by table.
checksum:
    lis     4, table@ha
    addi    4, 4, table@l
    lis     5, 0xedb8
    ori     5, 5, 0x8320
    li      6, 0
1:  mr      7, 6
    li      8, 8
    mtctr   8
2:  andi.   9, 7, 1
    srwi    7, 7, 1
    beq     3f
    xor     7, 7, 5
3:  bdnz    2b
    slwi    10, 6, 2
    stwx    7, 4, 10
    addi    6, 6, 1
    cmpwi   6, 256
    blt     1b
    lis     6, bytes@ha
    addi    6, 6, bytes@l
    addi    6, 6, -1
    li      7, 8192
    mtctr   7
    li      3, -1
4:  lbzu    8, 1(6)
    xor     8, 8, 3
    rlwinm  8, 8, 2, 22, 29
    lwzx    8, 4, 8
    srwi    3, 3, 8
    xor     3, 3, 8
    bdnz    4b
    not     3, 3
    blr

# Copies 4096 bytes by words, unrolled, and adds up their halfwords.
copy:
    lis     4, words@ha
    addi    4, 4, words@l
    lis     5, target@ha
    addi    5, 5, target@l
    addi    4, 4, -4
    addi    5, 5, -4
    li      6, 256
    mtctr   6
    li      3, 0
1:  lwz     7, 4(4)
    lwz     8, 8(4)
    lwz     9, 12(4)
    lwzu    10, 16(4)
    stw     7, 4(5)
    stw     8, 8(5)
    stw     9, 12(5)
    stwu    10, 16(5)
    lhz     11, 0(5)
    add     3, 3, 11
    bdnz    1b
    blr

# Recursion, with a frame as the ABI wants it.
fibonacci:
    cmpwi   3, 2
    bltlr
    mflr    0
    stwu    1, -16(1)
    stw     0, 20(1)
    stw     29, 8(1)
    mr      29, 3
    addi    3, 3, -1
    bl      fibonacci
    mr      0, 3
    addi    3, 29, -2
    mr      29, 0
    bl      fibonacci
    add     3, 3, 29
    lwz     29, 8(1)
    lwz     0, 20(1)
    addi    1, 1, 16
    mtlr    0
    blr

# Makes a list through the pages of an array, and walks it through a function pointer.
list:
    mflr    12
    lis     4, nodes@ha
    addi    4, 4, nodes@l
    li      5, 0
    li      6, 64
    mtctr   6
    lis     7, nodes@ha
    addi    7, 7, nodes@l
1:  stw     5, 0(7)
    stw     6, 4(7)
    mr      5, 7
    addi    7, 7, 1028
    bdnz    1b
    lis     6, visit@ha
    addi    6, 6, visit@l
    li      3, 0
2:  mtctr   6
    bctrl
    lwz     5, 0(5)
    cmpwi   5, 0
    bne     2b
    mtlr    12
    blr
    .balign 4096
visit:
    lwz     8, 4(5)
    add     3, 3, 8
    srawi   9, 8, 2
    subfc   3, 9, 3
    addze   3, 3
    blr

    .bss
    .balign 4096
bytes:  .skip 8192
words:  .skip 4096
target: .skip 4096
table:  .skip 1024
    .balign 4096
stack:  .skip 4096
stack_end: .skip 64
nodes:  .skip 64 * 1028
