//! States to execute a site in: corner values first, then random ones.

use cpu::state::State;
use magicpage::layout::{self, Place};
use magicpage::msr::{DR, EE, FP, IR, ME, RI, SF};
use magicpage::{Endian, Family, WordSize, critical};

use super::model::World;
use crate::analysis::{Ee, MsrCopy};
use crate::classify::Operation;
use crate::plan::Known;

/// A small generator of pseudo-random numbers (xorshift64*, Marsaglia 2003 and Vigna 2016): the same seed gives the
/// same states everywhere.
pub struct Random(u64);

impl Random {
    /// A generator; any seed will do.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// One of the choices.
    pub fn pick<T: Copy, const N: usize>(&mut self, choices: [T; N]) -> T {
        choices[usize::try_from(self.next() >> 33).unwrap_or(0) % N]
    }

    fn bit(&mut self) -> bool {
        self.next() >> 63 != 0
    }
}

/// What a site is executed with.
pub struct Setting<'p> {
    /// The site's operation.
    pub operation: Operation,
    /// What was proved about a register.
    pub known: Option<&'p Known>,
    /// Family.
    pub family: Family,
    /// Byte order.
    pub endian: Endian,
    /// Whether the code relies on r2 being another than r1.
    pub relies_on_r2: bool,
}

/// EE and RI before, EE and RI of the source, another bit that differs, and whether an interrupt waits: every
/// combination is a corner.
pub const CORNERS: u32 = 1 << 6;

impl Setting<'_> {
    /// The state with this index: corners first, then random ones.
    pub fn state(&self, index: u32, random: &mut Random) -> (State, World) {
        let corner = if index < CORNERS {
            index
        } else {
            (random.next() >> 32) as u32
        };
        let flag = |bit: u32, value: u64| if corner >> bit & 1 != 0 { value } else { 0 };
        let translation = random.pick([0, IR | DR, DR, IR]);
        let mode = if self.family.word_size() == WordSize::Word64 {
            SF
        } else {
            0
        };
        let msr = mode | ME | random.pick([0, FP]) | translation | flag(0, EE) | flag(1, RI);
        let mut source = msr & !(EE | RI) | flag(2, EE) | flag(3, RI);
        source ^= flag(4, random.pick([FP, DR, IR, ME, 1 << 30]));
        if index >= CORNERS && random.bit() {
            source = random.next();
        }
        let mut state = self.registers(random);
        if let Some(register) = self.operation.source() {
            state.gpr[usize::from(register)] = self.truncate(source);
        }
        if let Some(known) = self.known {
            state.gpr[usize::from(known.register)] = self.truncate(satisfy(known, msr, source));
        }
        if self.relies_on_r2 && state.gpr[1] == state.gpr[2] {
            state.gpr[2] = self.truncate(!state.gpr[1]);
        }
        let waiting = msr & EE == 0 && flag(5, 1) != 0;
        let world = self.world(&state, msr, waiting, random);
        (state, world)
    }

    fn registers(&self, random: &mut Random) -> State {
        let mut state = State::new(self.family);
        for register in &mut state.gpr {
            let any = random.next();
            *register =
                self.truncate(random.pick([any, any, any, 0, u64::MAX, EE, 0x7fff_ffff, any & 0xffff_fff0]));
        }
        // Any 32 bits will do.
        #[allow(clippy::cast_possible_truncation)]
        {
            state.cr = random.next() as u32;
            state.xer = random.next() as u32 & 0xe000_007f;
        }
        state.lr = self.truncate(random.next() & !3);
        state.ctr = self.truncate(random.next());
        state
    }

    fn world(&self, state: &State, msr: u64, waiting: bool, random: &mut Random) -> World {
        let mut world = World::new(self.endian, self.family.word_size());
        for chunk in world.page[..usize::from(layout::END)].chunks_exact_mut(8) {
            chunk.copy_from_slice(&random.next().to_be_bytes());
        }
        world.waiting = waiting;
        world.set(world.word(layout::MSR), msr);
        world.set(
            Place {
                offset: layout::INT_PENDING.offset,
                bytes: 4,
            },
            u64::from(waiting),
        );
        let section = world.word(critical::FIELD);
        if world.get(section) == state.gpr[1] {
            world.set(section, !state.gpr[1]);
        }
        world
    }

    fn truncate(&self, value: u64) -> u64 {
        match self.family.word_size() {
            WordSize::Word32 => value & 0xffff_ffff,
            WordSize::Word64 => value,
        }
    }
}

/// A value of which is true what is known.
fn satisfy(known: &Known, msr: u64, wanted: u64) -> u64 {
    let mask = match known.differs_in {
        MsrCopy::No => u64::MAX,
        MsrCopy::ButEeRi => EE | RI,
        MsrCopy::ButEe => EE,
    };
    let value = msr & !mask | wanted & mask;
    match known.ee {
        Ee::Unknown => value,
        Ee::Off => value & !EE,
        Ee::On => value | EE,
        Ee::Unchanged => value & !EE | msr & EE,
    }
}
