//! The kernel patches its own code, as alternatives and jump labels do, and runs it.

use core::arch::global_asm;

use super::Setting;
use crate::console::report;
use crate::random::Random;
use crate::{control, text};

// A function with places to patch: r3 is the argument and the answer.
global_asm!(
    ".pushsection .patched, \"ax\"",
    ".balign 16",
    ".globl selfmod_function",
    "selfmod_function:",
    "nop",
    "nop",
    "nop",
    "nop",
    "blr",
    "selfmod_other:",
    "xori 3, 3, 0x5555",
    "blr",
    ".popsection",
);

unsafe extern "C" {
    fn selfmod_function(argument: u32) -> u32;
    static selfmod_other: u8;
}

/// Places to patch.
const PLACES: usize = 4;

/// What a place may become, and what that does: `nop`, `addi r3, r3, n`, `xori r3, r3, n`, `slwi r3, r3, 1`.
const NOP: u32 = 0x6000_0000;
const ADDI: u32 = 0x3863_0000;
const XORI: u32 = 0x6863_0000;
const SHIFT: u32 = 0x5463_083c;

/// An instruction with an operand, and its effect.
fn choose(random: &mut Random) -> (u32, impl Fn(u32) -> u32 + use<>) {
    let (kind, operand) = (random.below(4), random.below(0x8000));
    let word = match kind {
        0 => NOP,
        1 => ADDI | operand,
        2 => XORI | operand,
        _ => SHIFT,
    };
    (word, move |value: u32| match kind {
        0 => value,
        1 => value.wrapping_add(operand),
        2 => value ^ operand,
        _ => value << 1,
    })
}

/// Patches the function at random and runs it; with `out` the first place becomes a branch out of it. Answers with what
/// came of it and what should have.
pub fn turn(random: &mut Random, out: bool) -> (u32, u32) {
    let start = selfmod_function as *const () as usize;
    let other = (&raw const selfmod_other) as usize;
    let argument = random.next();
    let mut expected = argument;
    for place in 0..PLACES {
        let (word, effect) = choose(random);
        // SAFETY: nobody else runs the function.
        unsafe { text::write(start + 4 * place, word) };
        expected = effect(expected);
    }
    if out {
        let word = rewriter::asm::branch(start as u64, other as u64).unwrap_or(NOP);
        // SAFETY: as above.
        unsafe { text::write(start, word) };
        expected = argument ^ 0x5555;
    }
    text::flush(start, PLACES);
    // SAFETY: the function changes r3 only, whatever was patched.
    let answer = unsafe { selfmod_function(argument) };
    (answer, expected)
}

/// Patches and runs `count` times.
pub fn run(setting: &Setting) -> bool {
    let mut random = Random::new(setting.seed);
    let (mut wrong, mut sum) = (0u32, 0u32);
    control::begin();
    for turn_number in 0..setting.count {
        let (answer, expected) = turn(&mut random, turn_number % 10 == 9);
        wrong += u32::from(answer != expected);
        sum = sum.rotate_left(3) ^ answer;
    }
    report!("sum", format_args!("{sum:#010x}"));
    report!("wrong", wrong);
    wrong == 0
}
