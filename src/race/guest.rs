//! The guest that is raced: one site, its trampoline, and handlers that run trampolines themselves.
//!
//! Everything lies below 0x8000, so that register number 0 reaches it. Effective addresses are physical ones.
//!
//! | address | what |
//! |---|---|
//! | 0x100, 0x200, 0x500, 0x900 | handlers; on Book E IVORs point there |
//! | 0x1000 | the site, [`AFTER`] instructions that do nothing, a system call that ends the run, and an endless loop |
//! | 0x2000 | the site's trampoline |
//! | 0x2800 | the handlers' trampolines |
//! | 0x4000 | counters, and what the handlers save: in a page without code |

use kvm_ppc::interrupt::{Interrupt, Saves, Vector, row};
use magicpage::layout::{self, Field};
use magicpage::{Family, WordSize, msr};
use rewriter::asm::{assemble, branch, call};
use rewriter::template::{Allowed, BACK, Code, Context, choose};

use super::case::{Origin, Subject, Target};
use super::linux;
use super::variant::Variant;

/// Bytes of guest memory.
pub const MEMORY: u64 = 0x5000;
/// The site.
pub const SITE: u64 = 0x1000;
/// Instructions behind the site before the loop.
pub const AFTER: u64 = 16;
/// The endless loop.
pub const LOOP: u64 = END + 4;
/// The system call that ends the run.
pub const END: u64 = SITE + 4 + 4 * AFTER;
/// The site's trampoline.
pub const TRAMPOLINE: u64 = 0x2000;
/// The handlers' trampolines: [`HANDLER_ROOM`] bytes each.
pub const HANDLER_TRAMPOLINES: u64 = 0x2800;
const HANDLER_ROOM: u64 = 0x100;
/// Where handlers count and save, up to the end of memory.
pub const DATA: u64 = 0x4000;
const DATA_ROOM: u64 = 0x40;
/// Bytes of it that are used.
pub const DATA_BYTES: u64 = DATA_ROOM * (place(Interrupt::Decrementer) + 1);

const NOP: u32 = rewriter::asm::NOP;
const LOOP_WORD: u32 = 0x4800_0000;
const END_WORD: u32 = 0x4400_0002;

/// Words at an address.
pub type Piece = (u64, Vec<u32>);

/// The address of a kind's vector; Book E is told to use the same.
pub const fn vector(kind: Interrupt) -> u64 {
    match kind {
        Interrupt::SystemReset | Interrupt::Critical => 0x100,
        Interrupt::MachineCheck => 0x200,
        Interrupt::External => 0x500,
        _ => 0x900,
    }
}

/// Where a kind's handler counts its calls.
pub const fn counter(kind: Interrupt) -> u64 {
    DATA + DATA_ROOM * place(kind)
}

const fn place(kind: Interrupt) -> u64 {
    match kind {
        Interrupt::SystemReset => 0,
        Interrupt::Critical => 1,
        Interrupt::MachineCheck => 2,
        Interrupt::External => 3,
        _ => 4,
    }
}

/// The site, and the trampoline if there is one.
pub fn site(subject: &Subject, variant: Variant) -> Vec<Piece> {
    let (word, words) = match &subject.code {
        Code::InPlace(word) => (*word, None),
        Code::Trampoline(words) => (branch(SITE, TRAMPOLINE).unwrap_or(NOP), Some(words)),
        Code::Subroutine(words) => (call(SITE, TRAMPOLINE).unwrap_or(NOP), Some(words)),
    };
    let mut pieces = vec![(SITE, vec![word])];
    if let Some(words) = words {
        pieces.push((
            TRAMPOLINE,
            placed(words, subject.target, variant, TRAMPOLINE, SITE + 4),
        ));
    }
    pieces
}

/// The site as it was.
pub fn original(subject: &Subject) -> Vec<Piece> {
    vec![(SITE, vec![subject.original])]
}

/// What is the same for all subjects of a target and an origin: the code behind the site, and the handlers.
pub fn surroundings(target: Target, origin: Origin, variant: Variant) -> Vec<Piece> {
    let mut behind = vec![NOP; usize::try_from(AFTER).unwrap_or(0)];
    behind.extend([END_WORD, LOOP_WORD]);
    let mut pieces = vec![(SITE + 4, behind)];
    for vector in 1..32 {
        pieces.push((vector * 0x80, vec![LOOP_WORD]));
    }
    for kind in Interrupt::WAITING {
        if row(target.family, kind).is_some() {
            pieces.extend(handler(target, origin, kind, variant));
        }
    }
    pieces
}

/// The trampoline's words with its way back, as the variant has them.
fn placed(words: &[u32], target: Target, variant: Variant, at: u64, back: u64) -> Vec<u32> {
    let words = variant.apply(words, target.family, target.endian);
    let addresses = (at..).step_by(4);
    let place = |(word, here)| match word {
        BACK => branch(here, back).unwrap_or(NOP),
        word => word,
    };
    words.into_iter().zip(addresses).map(place).collect()
}

/// The instruction that handlers write the MSR with, its source r3.
const fn handler_write(family: Family) -> u32 {
    match family {
        Family::Book3s32 => 0x7c60_0124,
        Family::Book3s64 => 0x7c61_0164,
        Family::E500 => 0x7c60_0106,
    }
}

fn handler_code(target: Target, origin: Origin) -> Vec<u32> {
    let Target { family, endian } = target;
    let word = handler_write(family);
    let operation = rewriter::classify::classify(word, family).expect("the handlers' words are classified");
    if origin == Origin::Linux {
        let shape = linux::SHAPES
            .iter()
            .find(|shape| shape.word | 3 << 21 == word)
            .expect("Linux has the shape");
        return linux::words(shape, 3, word, family, endian);
    }
    let context = Context {
        family,
        endian,
        operation,
        word,
        facts: rewriter::analysis::Facts::default(),
        dead: cpu::Regs::NONE,
        r2_is_never_r1: true,
        in_place_only: None,
    };
    match choose(&context, Allowed::ALL).map(|choice| choice.code) {
        Ok(Code::Trampoline(words)) => words,
        _ => unreachable!("with nothing dead an MSR write takes a trampoline"),
    }
}

/// A handler: saves what it uses and where it came from, counts, writes the MSR twice through trampolines, and goes
/// back.
fn handler(target: Target, origin: Origin, kind: Interrupt, variant: Variant) -> Vec<Piece> {
    let at = vector(kind);
    let source = handler_source(target, kind);
    let mut words = assemble(&source).expect("the handler assembles");
    let mut pieces = Vec::new();
    let code = handler_code(target, origin);
    let sites: Vec<usize> = (0..words.len())
        .filter(|index| words[*index] == SITE_MARK)
        .collect();
    for (number, index) in sites.into_iter().enumerate() {
        let here = at + 4 * index as u64;
        let room = HANDLER_TRAMPOLINES + HANDLER_ROOM * (2 * place(kind) + number as u64);
        words[index] = branch(here, room).unwrap_or(NOP);
        pieces.push((room, placed(&code, target, variant, room, here + 4)));
    }
    pieces.push((at, words));
    pieces
}

/// Stands for a branch to a handler's trampoline.
const SITE_MARK: u32 = 0xffff_fff0;

fn handler_source(target: Target, kind: Interrupt) -> String {
    let family = target.family;
    let wide = family.word_size() == WordSize::Word64;
    let (l, st) = if wide { ("ld", "std") } else { ("lwz", "stw") };
    let data = counter(kind);
    let page = |field: Field| {
        format!(
            "{}(r0)",
            field.offset_in(target.endian, family.word_size()).displacement()
        )
    };
    let saves = row(family, kind).map_or(Saves::Standard, |row| row.saves);
    // Only SRR0 and SRR1 are in the page: the other pairs need no saving, nothing here changes them.
    let (get, put) = if saves == Saves::Standard {
        let (first, second) = (page(layout::SRR0), page(layout::SRR1));
        let get = format!(
            "{l} r3, {first}\n{st} r3, {}(r0)\n{l} r3, {second}\n{st} r3, {}(r0)\n",
            data + 32,
            data + 40
        );
        let put = format!(
            "{l} r3, {}(r0)\n{st} r3, {first}\n{l} r3, {}(r0)\n{st} r3, {second}\n",
            data + 32,
            data + 40
        );
        (get, put)
    } else {
        (String::new(), String::new())
    };
    let recoverable = if family == Family::E500 {
        "ori r3, r3, 0"
    } else {
        "ori r3, r3, 2"
    };
    let back = match (family, saves) {
        (Family::Book3s64, _) => 0x4c00_0024_u32,
        (_, Saves::Standard) => 0x4c00_0064,
        (_, Saves::Critical) => 0x4c00_0066,
        (_, Saves::MachineCheck) => 0x4c00_004c,
    };
    let msr = page(layout::MSR);
    format!(
        "
        {st} r3, {}(r0)
        {st} r4, {}(r0)
        mfcr r3
        stw r3, {}(r0)
        {get}
        addi r1, r1, -64
        lwz r3, {data}(r0)
        addi r3, r3, 1
        stw r3, {data}(r0)
        {l} r3, {msr}
        {recoverable}
        .long {SITE_MARK:#x}
        {l} r3, {msr}
        {}
        .long {SITE_MARK:#x}
        {put}
        addi r1, r1, 64
        lwz r3, {}(r0)
        mtcrf 0xff, r3
        {l} r4, {}(r0)
        {l} r3, {}(r0)
        .long {back:#x}",
        data + 8,
        data + 16,
        data + 24,
        if family == Family::E500 {
            "ori r3, r3, 0"
        } else {
            "rlwinm r3, r3, 0, 31, 29"
        },
        data + 24,
        data + 16,
        data + 8,
    )
}

/// The IVOR numbers of a Book E target's handlers, with the vectors they are set to.
pub fn ivors(target: Target) -> Vec<(u8, u64)> {
    let rows = kvm_ppc::interrupt::rows(target.family).iter();
    rows.filter_map(|row| match row.vector {
        Vector::Register(ivor) if Interrupt::WAITING.contains(&row.interrupt) => {
            Some((ivor, vector(row.interrupt)))
        }
        // What is not expected ends in a loop.
        Vector::Register(ivor) => Some((ivor, 0x700)),
        Vector::Offset(_) => None,
    })
    .collect()
}

/// The MSR that the guest runs with, besides EE and RI.
pub const fn mode(target: Target) -> u64 {
    match (target.family, target.endian) {
        (Family::Book3s32 | Family::E500, _) => msr::ME,
        (Family::Book3s64, magicpage::Endian::Big) => msr::ME | msr::SF,
        (Family::Book3s64, magicpage::Endian::Little) => msr::ME | msr::SF | msr::LE,
    }
}
