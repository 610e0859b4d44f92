//! Every register against a copy of what it has to be.
//!
//! A turn loads all registers with what the copy says, turns interrupts off and on in several idioms, and compares all
//! registers with the copy. Since every register is read afterwards, the rewriter finds none that is dead.

use crate::random::Random;

/// What the registers have to be.
#[repr(C)]
pub struct Shadow {
    /// General registers; r1, r2, r5, r6 and r31 are in use.
    pub values: [u32; 32],
    /// Condition register.
    pub cr: u32,
    /// XER: its flags.
    pub xer: u32,
    /// Count register.
    pub ctr: u32,
    /// Link register.
    pub lr: u32,
    /// Turns that are left.
    pub turns: u32,
    /// Registers that were found to be something else.
    pub wrong: u32,
}

/// SO, OV and CA.
const XER_FLAGS: u32 = 0xe000_0000;

unsafe extern "C" {
    fn shadow_run(shadow: &mut Shadow);
}

impl Shadow {
    /// Random values, and so many turns.
    pub fn new(random: &mut Random, turns: u32) -> Self {
        Self {
            values: core::array::from_fn(|_| random.next()),
            cr: random.next(),
            xer: random.next() & XER_FLAGS,
            ctr: random.next(),
            lr: random.next() & !3,
            turns,
            wrong: 0,
        }
    }

    /// Runs the turns, with interrupts on. Answers with how many registers were wrong.
    pub fn run(&mut self) -> u32 {
        // SAFETY: the function keeps the calling convention and changes nothing but the turns and the wrong ones.
        unsafe { shadow_run(self) };
        self.wrong
    }
}
