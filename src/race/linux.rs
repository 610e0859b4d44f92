//! The shapes of Linux's trampolines.
//!
//! Written from what is known of them (`arch/powerpc/kernel/kvm_emul.S`): the critical section is opened first, r31,
//! r30 and the condition register are saved whatever is dead, `int_pending` is read once, and the section is closed
//! by a store of r2. They take as many instructions as Linux's and meet the same boundaries.

use magicpage::layout::{self, Field};
use magicpage::{Endian, Family, WordSize, critical};
use rewriter::asm::assemble;
use rewriter::template::BACK;

/// One of Linux's trampolines.
pub struct Shape {
    /// The instruction it stands for.
    pub name: &'static str,
    /// The instruction's word, its register operands zero.
    pub word: u32,
    /// Where the source register's number goes, if there is one.
    pub source: Option<u32>,
    /// The families that have it.
    pub families: &'static [Family],
    /// Between the saves and the restores. `{s}` is the source register, `{b}` rB. A body that branches to `slow`
    /// runs the original instruction.
    body: &'static str,
    /// Whether `int_pending` is read.
    looks: bool,
}

/// Every shape. Branches back and the section's begin and end are [`words`]'s.
pub const SHAPES: &[Shape] = &[
    Shape {
        name: "mtmsr",
        word: 0x7c00_0124,
        source: Some(21),
        families: &[Family::Book3s32],
        body: "
            lwz     r31, {msr}
            {get}   r30
            xor     r31, r30, r31
            lis     r30, 0xffff
            ori     r30, r30, 0x7ffd        # all but EE and RI
            and.    r31, r31, r30
            bne     slow
            {get}   r30
            stw     r30, {msr}",
        looks: true,
    },
    Shape {
        name: "mtmsrd",
        word: 0x7c00_0164,
        source: Some(21),
        families: &[Family::Book3s64],
        body: "
            ld      r31, {msr}
            {get}   r30
            xor     r31, r30, r31
            lis     r30, 0xffff
            ori     r30, r30, 0x7ffd
            and.    r31, r31, r30
            bne     slow
            {get}   r30
            std     r30, {msr}",
        looks: true,
    },
    Shape {
        name: "mtmsrd-1",
        word: 0x7c01_0164,
        source: Some(21),
        families: &[Family::Book3s64],
        body: "
            ld      r31, {msr}
            lis     r30, 0xffff
            ori     r30, r30, 0x7ffd
            and     r31, r31, r30
            {get}   r30
            andi.   r30, r30, 0x8002
            or      r30, r31, r30
            std     r30, {msr}",
        looks: true,
    },
    Shape {
        name: "wrtee",
        word: 0x7c00_0106,
        source: Some(21),
        families: &[Family::E500],
        body: "
            lwz     r31, {msr}
            rlwinm  r31, r31, 0, 17, 15
            {get}   r30
            andi.   r30, r30, 0x8000
            or      r30, r31, r30
            stw     r30, {msr}",
        looks: true,
    },
    Shape {
        name: "wrteei-1",
        word: 0x7c00_8146,
        source: None,
        families: &[Family::E500],
        body: "
            lwz     r30, {msr}
            ori     r30, r30, 0x8000
            stw     r30, {msr}",
        looks: true,
    },
    Shape {
        name: "wrteei-0",
        word: 0x7c00_0146,
        source: None,
        families: &[Family::E500],
        body: "
            lwz     r31, {msr}
            rlwinm  r31, r31, 0, 17, 15
            stw     r31, {msr}",
        looks: false,
    },
    Shape {
        name: "mtsrin",
        // rB is r4.
        word: 0x7c00_21e4,
        source: Some(21),
        families: &[Family::Book3s32],
        body: "
            lwz     r31, {msr}
            rlwinm. r31, r31, 0, 26, 27     # IR and DR
            bne     slow
            rlwinm  r30, r4, 6, 26, 29
            stw     {s}, {sr}",
        looks: false,
    },
];

const SAVE: &str = "
    {st}    r1, {critical}
    {st}    r31, {scratch1}
    mfcr    r31
    stw     r31, {scratch3}
    {st}    r30, {scratch2}";

const RESTORE: &str = "
    {l}     r30, {scratch2}
    lwz     r31, {scratch3}
    mtcrf   0xff, r31
    {l}     r31, {scratch1}
    {st}    r2, {critical}";

/// An interrupt waits and EE is now 1: the host is to take over.
const LOOK: &str = "
    lwz     r31, {int}
    cmpwi   r31, 0
    beq     done
    andi.   r30, r30, 0x8000
    beq     done";

/// The words of a shape's trampoline for the instruction `original`, whose source register is `source`.
///
/// [`BACK`] stands for the branch to the word behind the site.
pub fn words(shape: &Shape, source: u8, original: u32, family: Family, endian: Endian) -> Vec<u32> {
    let look = if shape.looks { LOOK } else { "" };
    let leave = format!("{RESTORE}\n.long {BACK:#x}\n");
    let slow = format!("slow:\n{RESTORE}\n.long {original:#x}\n.long {BACK:#x}\n");
    // A body that looks falls into the slow path, as it is what is left; another falls out of it.
    let paths = if shape.looks {
        format!("{slow}done:\n{leave}")
    } else {
        format!("{leave}{slow}")
    };
    let text = format!("{SAVE}\n{}\n{look}\n{paths}", shape.body);
    let text = expand(&text, source, family, endian);
    assemble(&text).expect("the shapes of this file assemble")
}

fn expand(text: &str, source: u8, family: Family, endian: Endian) -> String {
    let wide = family.word_size() == WordSize::Word64;
    let place = |field: Field| {
        format!(
            "{}(r0)",
            field.offset_in(endian, family.word_size()).displacement()
        )
    };
    // What the trampoline has saved is read back from where it was saved.
    let get = match source {
        30 => format!(
            "{} r30, {}",
            if wide { "ld" } else { "lwz" },
            place(layout::SCRATCH2)
        ),
        31 => format!(
            "{} r30, {}",
            if wide { "ld" } else { "lwz" },
            place(layout::SCRATCH1)
        ),
        _ => format!("or r30, r{source}, r{source}"),
    };
    text.replace("{get}   r30", &get)
        .replace("{s}", &format!("r{source}"))
        .replace("{st}", if wide { "std" } else { "stw" })
        .replace("{l}", if wide { "ld" } else { "lwz" })
        .replace("{msr}", &place(layout::MSR))
        .replace("{int}", &place(layout::INT_PENDING))
        .replace("{critical}", &place(critical::FIELD))
        .replace("{scratch1}", &place(layout::SCRATCH1))
        .replace("{scratch2}", &place(layout::SCRATCH2))
        .replace("{scratch3}", &place(layout::SCRATCH3))
        .replace("{sr}", &format!("{}(r30)", layout::SR.element(0).displacement()))
}
