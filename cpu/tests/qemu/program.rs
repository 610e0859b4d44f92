//! The program's text.

use std::fmt::Write as _;

use magicpage::Family;

use crate::cases::Case;
use crate::layout::{
    BLOCKS, BUFFER, BUFFER_BYTES, CONTROL, REGISTERS, ROUNDS, SLOT, STUB, Target, block_bytes,
};

/// The program: an entry, the stubs, an end.
pub fn program(target: &Target, stubs: &[Vec<Case>]) -> String {
    let wide = target.family == Family::Book3s64;
    let (load, store, bytes) = if wide { ("ld", "std", 8) } else { ("lwz", "stw", 4) };
    let block = block_bytes(target);
    let total = stubs.len() * ROUNDS * block;
    let (stash, unstash) = if wide {
        ("mtvsrd vs0,r31", "mfvsrd r0,vs0")
    } else {
        ("mtspr 256,r31", "mfspr r0,256")
    };
    let mut text = String::new();
    let abi = if wide { ".abiversion 2\n" } else { "" };
    let each = |first: usize, mnemonic: &str| {
        (first..31).fold(String::new(), |mut lines, n| {
            writeln!(lines, "    {mnemonic} r{n},{}(r31)", n * bytes).expect("a string");
            lines
        })
    };
    let offset = |n: usize| n * bytes;
    let (control, buffer, blocks) = (CONTROL >> 16, BUFFER & 0xffff, BLOCKS & 0xffff);
    write!(
        text,
        "{abi}.text
.globl _start
_start: lis r3,{control}
    ori r4,r3,{blocks}
    {store} r4,0(r3)
    b stubs
copy_in: lis r3,{control}
    {load} r4,0(r3)
    addi r4,r4,{registers}-4
    ori r5,r3,{buffer}-4
    li r6,{words}
    mtctr r6
1:  lwzu r7,4(r4)
    stwu r7,4(r5)
    bdnz 1b
    stwcx. r7,0,r5
    blr
copy_out: lis r3,{control}
    {load} r4,0(r3)
    addi r8,r4,{block}
    {store} r8,0(r3)
    addi r4,r4,{registers}-4
    ori r5,r3,{buffer}-4
    li r6,{words}
    mtctr r6
1:  lwzu r7,4(r5)
    stwu r7,4(r4)
    bdnz 1b
    {load} r6,8(r3)
    addic. r6,r6,-1
    {store} r6,8(r3)
    blr
.macro leave way
    {stash}
    lis r31,{control}
    {load} r31,0(r31)
    {store} r0,0(r31)
    li r0,\\way
.endm
.macro stub first second
1:  lis r31,{control}
    li r30,{ROUNDS}
    {store} r30,8(r31)
2:  bl copy_in
    lis r31,{control}
    {load} r31,0(r31)
    {load} r0,{cr}(r31)
    mtcrf 255,r0
    {load} r0,{xer}(r31)
    mtxer r0
    {load} r0,{lr}(r31)
    mtlr r0
    {load} r0,{ctr}(r31)
    mtctr r0
{loads}    {load} r31,{r31}(r31)
    b 3f
    .org 1b+{SLOT}-4,0
    nop
3:  .long \\first,\\second
    b 4f
    b 5f
4:  leave 0
    b 6f
5:  leave 1
6:  {store} r0,{way}(r31)
{stores}    {unstash}
    {store} r0,{r31}(r31)
    mfcr r0
    {store} r0,{cr}(r31)
    mfxer r0
    {store} r0,{xer}(r31)
    mflr r0
    {store} r0,{lr}(r31)
    mfctr r0
    {store} r0,{ctr}(r31)
    bl copy_out
    bne 2b
    b 7f
    .org 1b+{STUB},0
7:
.endm
.org {STUB}
stubs:
",
        registers = REGISTERS * bytes,
        words = BUFFER_BYTES / 4,
        cr = offset(32),
        xer = offset(33),
        lr = offset(34),
        ctr = offset(35),
        way = offset(36),
        r31 = offset(31),
        loads = each(0, load),
        stores = each(1, store),
    )
    .expect("a string");
    for stub in stubs {
        let [first, second] = stub[0].words;
        writeln!(text, "stub {first:#x} {second:#x}").expect("a string");
    }
    write!(
        text,
        "    lis r29,{control}
    ori r29,r29,{blocks}
    lis r30,{high}
    ori r30,r30,{low}
1:  li r0,4
    li r3,1
    mr r4,r29
    mr r5,r30
    sc
    add r29,r29,r3
    subf. r30,r3,r30
    bgt 1b
    li r0,1
    li r3,0
    sc
.section .control,\"aw\"
.space 0x1000
.data
.incbin \"blocks\"
",
        high = total >> 16,
        low = total & 0xffff
    )
    .expect("a string");
    text
}
