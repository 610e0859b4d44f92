//! The program's text.
//!
//! Each stub loads all registers from the current block, runs its words and leaves, one way or another, to code that
//! stores all registers into the block, moves on to the next, and comes back as often as the stub has blocks. A signal,
//! of a floating-point exception say, sends the stub to the same code by way of its handler.

use std::fmt::Write as _;

use crate::layout::{
    BLOCKS, BUFFER, BUFFER_BYTES, CONTROL, CONTROL_BYTES, FLOATS, SLOT, STUB, Target, block_bytes, floats_at,
};
use crate::stub::Stub;

/// Words of the control area: the current block, the rounds left, the stub, the way a signal says, r31.
const BLOCK: u64 = CONTROL;
const LEFT: u64 = CONTROL + 8;
const CURRENT: u64 = CONTROL + 16;
const SIGNAL: u64 = CONTROL + 24;
const STASH: u64 = CONTROL + 32;

/// Illegal instruction, trap, bus error, floating-point exception, segmentation fault. Only the fourth is expected.
const SIGNALS: [u32; 5] = [4, 5, 7, 8, 11];

/// The mnemonics and numbers that depend on the width of registers.
struct Width {
    load: &'static str,
    store: &'static str,
    bytes: usize,
    /// Where a signal's context tells where its registers are; nothing if they are part of it.
    pointer: Option<usize>,
    /// Where the next instruction's address stands from there.
    next: usize,
}

const NARROW: Width = Width {
    load: "lwz",
    store: "stw",
    bytes: 4,
    pointer: Some(48),
    next: 4 * 32,
};

const WIDE: Width = Width {
    load: "ld",
    store: "std",
    bytes: 8,
    pointer: None,
    next: 232 + 8 * 32,
};

/// The program: an entry, the stubs, an end.
pub fn program(target: &Target, stubs: &[Stub]) -> String {
    let wide = target.is_wide();
    let width = if wide { WIDE } else { NARROW };
    let blocks: usize = stubs.iter().map(|stub| stub.cases.len()).sum();
    let total = blocks * block_bytes(target);
    let mut text = String::new();
    let abi = if wide { ".abiversion 2\n" } else { "" };
    writeln!(text, "{abi}.text\n.globl _start\n_start:").expect("a string");
    set_up(&mut text, &width);
    entry(&mut text, target, &width);
    leave(&mut text, target, &width);
    writeln!(text, ".org {STUB}*3\nstubs:").expect("a string");
    for (n, stub) in stubs.iter().enumerate() {
        let rounds = stub.cases.len();
        let words: Vec<String> = stub.words.iter().map(|word| format!("{word:#x}")).collect();
        writeln!(text, "enter {n} {rounds}\n .long {}", words.join(",")).expect("a string");
        writeln!(text, " b leave0\n b leave1\n .org stubs+{STUB}*{}", n + 1).expect("a string");
    }
    write!(
        text,
        "    lis r29,{BLOCKS}>>16
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
.space {CONTROL_BYTES}
.data
.incbin \"blocks\"
",
        high = total >> 16,
        low = total & 0xffff
    )
    .expect("a string");
    text
}

/// The first block, a stack for signals, and a handler of floating-point exceptions.
fn set_up(text: &mut String, width: &Width) {
    let Width {
        load, store, bytes, ..
    } = width;
    let table = CONTROL + 0x300;
    let to_registers = width
        .pointer
        .map_or(String::new(), |pointer| format!("    {load} r5,{pointer}(r5)\n"));
    let next = width.next;
    let actions = SIGNALS.iter().fold(String::new(), |lines, signal| {
        lines + &format!("    li r3,{signal}\n    li r5,0\n    li r6,8\n    li r0,173\n    sc\n")
    });
    write!(
        text,
        "    lis r4,{BLOCKS}>>16
    {store} r4,{BLOCK}(0)
    li r3,{table}
    li r4,0x4000
    {store} r4,0(r3)
    li r5,0
    stw r5,{bytes}(r3)
    lis r5,1
    {store} r5,2*{bytes}(r3)
    li r4,0
    li r0,185
    sc
    lis r5,handler@h
    ori r5,r5,handler@l
    li r3,{table}
    {store} r5,0(r3)
    lis r5,0x4800
    ori r5,r5,4
    {store} r5,{bytes}(r3)
    li r5,0
    {store} r5,2*{bytes}(r3)
    {store} r5,3*{bytes}(r3)
    {store} r5,4*{bytes}(r3)
    mr r4,r3
{actions}    b stubs
handler:
{to_registers}    {load} r6,{next}(r5)
    andi. r7,r6,{STUB}-1
    slwi r3,r3,16
    or r7,r7,r3
    {store} r7,{SIGNAL}(0)
    lis r6,leave_by_signal@h
    ori r6,r6,leave_by_signal@l
    {store} r6,{next}(r5)
    blr
"
    )
    .expect("a string");
}

/// One line for each register.
fn each(registers: std::ops::Range<usize>, line: impl Fn(usize) -> String) -> String {
    registers.fold(String::new(), |lines, n| lines + "    " + &line(n) + "\n")
}

/// What precedes the words of a stub.
fn entry(text: &mut String, target: &Target, width: &Width) {
    let Width {
        load, store, bytes, ..
    } = width;
    let offset = |n: usize| n * bytes;
    let floats = floats_at(target);
    let mut loads = String::new();
    if target.floats() {
        loads += &format!(
            "    lfd f0,{}(r31)\n    mtfsf 255,f0\n",
            floats + 8 * (FLOATS - 1)
        );
        loads += &each(0..32, |n| format!("lfd f{n},{}(r31)", floats + 8 * n));
    }
    loads += &each(0..31, |n| format!("{load} r{n},{}(r31)", offset(n)));
    write!(
        text,
        "copy_in: {load} r4,{BLOCK}(0)
    addi r4,r4,{buffer}-4
    li r5,{BUFFER}-4
    li r6,{words}
    mtctr r6
1:  lwzu r7,4(r4)
    stwu r7,4(r5)
    bdnz 1b
    stwcx. r7,0,r5
    blr
.macro enter number rounds
    li r30,\\rounds
    {store} r30,{LEFT}(0)
    bl 1f
1:  mflr r30
    addi r30,r30,12
    {store} r30,{CURRENT}(0)
    bl copy_in
    {load} r31,{BLOCK}(0)
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
    .org stubs+{STUB}*\\number+{SLOT}-4,0
    nop
3:
.endm
",
        buffer = block_bytes(target) - BUFFER_BYTES,
        words = BUFFER_BYTES / 4,
        cr = offset(32),
        xer = offset(33),
        lr = offset(34),
        ctr = offset(35),
        r31 = offset(31),
    )
    .expect("a string");
}

/// What follows the words of a stub.
fn leave(text: &mut String, target: &Target, width: &Width) {
    let Width {
        load, store, bytes, ..
    } = width;
    let offset = |n: usize| n * bytes;
    let floats = floats_at(target);
    let mut stores = each(1..31, |n| format!("{store} r{n},{}(r31)", offset(n)));
    if target.floats() {
        stores += &each(0..32, |n| format!("stfd f{n},{}(r31)", floats + 8 * n));
        stores += &format!("    mffs f0\n    stfd f0,{}(r31)\n", floats + 8 * (FLOATS - 1));
    }
    write!(
        text,
        ".macro stash
    {store} r31,{STASH}(0)
    {load} r31,{BLOCK}(0)
    {store} r0,0(r31)
.endm
leave_by_signal: stash
    {load} r0,{SIGNAL}(0)
    b leave
leave0: stash
    li r0,0
    b leave
leave1: stash
    li r0,1
leave:
    {store} r0,{way}(r31)
{stores}    {load} r0,{STASH}(0)
    {store} r0,{r31}(r31)
    mfcr r0
    {store} r0,{cr}(r31)
    mfxer r0
    {store} r0,{xer}(r31)
    mflr r0
    {store} r0,{lr}(r31)
    mfctr r0
    {store} r0,{ctr}(r31)
    addi r8,r31,{block}
    {store} r8,{BLOCK}(0)
    addi r4,r31,{buffer}-4
    li r5,{BUFFER}-4
    li r6,{words}
    mtctr r6
1:  lwzu r7,4(r5)
    stwu r7,4(r4)
    bdnz 1b
    {load} r5,{CURRENT}(0)
    {load} r6,{LEFT}(0)
    addic. r6,r6,-1
    {store} r6,{LEFT}(0)
    mtctr r5
    bnectr
    rlwinm r5,r5,0,0,31-{stub_bits}
    addi r5,r5,{STUB}
    mtctr r5
    bctr
",
        way = offset(36),
        block = block_bytes(target),
        buffer = block_bytes(target) - BUFFER_BYTES,
        words = BUFFER_BYTES / 4,
        cr = offset(32),
        xer = offset(33),
        lr = offset(34),
        ctr = offset(35),
        r31 = offset(31),
        stub_bits = STUB.trailing_zeros(),
    )
    .expect("a string");
}
