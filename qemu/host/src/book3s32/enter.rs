//! Runs the guest, and says why it no longer runs.

use core::arch::asm;

use cpu::State;
use kvm_ppc::hardware::Cause;
use magicpage::msr;

use super::mmu::{Mmu, Refused};
use super::switch::{self, Said, Start, vector};
use crate::arch::{Extent, Ran, Run, Trap};
use crate::{real, step};

/// Machine check, problem state, translation of fetches and data.
const GUEST: u64 = msr::ME | msr::PR | msr::IR | msr::DR;

/// SRR1 of a program interrupt (MPC750 User's Manual 4.5.7).
const CAUSES: [(u32, Cause); 4] = [
    (0x0010_0000, Cause::FloatingPoint),
    (0x0008_0000, Cause::Illegal),
    (0x0004_0000, Cause::Privileged),
    (0x0002_0000, Cause::Trap),
];

/// DSISR of a data storage interrupt: the access was a store (MPC750 User's Manual 4.5.3).
const STORE: u32 = 0x0200_0000;

/// Runs the guest in problem state.
pub fn enter(mmu: &mut Mmu, state: &mut State, run: &Run<'_>) -> Ran {
    let mut guest = Guest {
        mmu,
        run,
        left: match run.extent {
            Extent::Free { .. } => 0,
            Extent::Steps { most, .. } => most,
        },
        floating: false,
    };
    set_decrementer(match run.extent {
        Extent::Free { ticks: Some(ticks) } => ticks.min(FAR),
        _ => FAR,
    });
    let trap = guest.run(state);
    // One that passes zero in the host would interrupt the guest as soon as it runs again.
    set_decrementer(FAR);
    if guest.floating {
        switch::save_floating(state);
    }
    let steps = match run.extent {
        Extent::Free { .. } => 0,
        Extent::Steps { most, .. } => most - guest.left,
    };
    Ran { trap, steps }
}

struct Guest<'a> {
    mmu: &'a mut Mmu,
    run: &'a Run<'a>,
    /// Instructions that may complete, when stepping.
    left: u32,
    /// Whether the guest's floating-point registers are in the processor.
    floating: bool,
}

impl Guest<'_> {
    fn run(&mut self, state: &mut State) -> Trap {
        loop {
            let pc = low(state.pc);
            if let Extent::Steps { pages, .. } = self.run.extent {
                if self.left == 0 {
                    return Trap::Stepped;
                }
                // SAFETY: pages that are known are guest memory or shared pages.
                let word = pages.real(pc).map(|real| unsafe { real::word(real) });
                if word.is_none_or(step::looks) {
                    return Trap::Look;
                }
            }
            if !self.mmu.segments.load(self.run.fetch, self.run.data, pc) {
                return Trap::Interpret;
            }
            let start = Start {
                msr: self.msr(state),
                left: self.left,
                pages: match self.run.extent {
                    Extent::Free { .. } => None,
                    Extent::Steps { pages, .. } => Some(pages),
                },
            };
            // SAFETY: the table of mappings names guest memory and shared pages only, and the caller has no reference to
            // either while the guest runs.
            let said = unsafe { switch::run(state, start) };
            self.left = said.left;
            if let Extent::Steps { .. } = self.run.extent {
                self.left -= completed(state, &said);
            }
            if let Some(trap) = self.answer(state, &said) {
                return trap;
            }
        }
    }

    fn msr(&self, state: &State) -> u32 {
        let extent = match self.run.extent {
            Extent::Free { .. } => msr::EE,
            Extent::Steps { .. } => msr::SE,
        };
        let floating = match (self.floating, state.fp_exceptions) {
            (false, _) => 0,
            (true, false) => msr::FP,
            (true, true) => msr::FP | msr::FE0 | msr::FE1,
        };
        low(GUEST | extent | floating)
    }

    /// What an exception comes to: nothing, where the guest can simply go on.
    fn answer(&mut self, state: &mut State, said: &Said) -> Option<Trap> {
        let pc = low(state.pc);
        match said.vector {
            vector::STEPPED => Some(Trap::Stepped),
            vector::LOOK => Some(Trap::Look),
            vector::DATA => {
                let store = said.dsisr & STORE != 0;
                match self.mmu.data_refused(self.run, pc, said.dar, store) {
                    Refused::Again => None,
                    Refused::Rightly => Some(Trap::Data {
                        address: said.dar,
                        store,
                    }),
                    Refused::Unable => Some(Trap::Unable),
                }
            }
            vector::FETCH => match self.mmu.fetch_refused(self.run, pc) {
                Refused::Again => None,
                _ => Some(Trap::Fetch),
            },
            vector::ALIGNMENT => Some(Trap::Alignment { address: said.dar }),
            vector::PROGRAM => {
                let found = CAUSES.iter().find(|(bit, _)| said.srr1 & bit != 0);
                Some(Trap::Program(found.map_or(Cause::Illegal, |(_, cause)| *cause)))
            }
            vector::FLOATING_POINT if state.fp => {
                switch::load_floating(state);
                self.floating = true;
                None
            }
            vector::FLOATING_POINT => Some(Trap::FloatingPoint),
            vector::DECREMENTER => Some(Trap::Decrementer),
            vector::SYSTEM_CALL => {
                state.pc = u64::from(pc.wrapping_sub(4));
                Some(Trap::SystemCall)
            }
            other => panic!(
                "exception {other:#x} in the guest at {pc:#010x}: SRR1 {:#010x}, DAR {:#010x}, DSISR {:#010x}",
                said.srr1, said.dar, said.dsisr
            ),
        }
    }
}

/// How many of the instructions that the handlers had going have completed. They follow each other, and the program counter is
/// among them, or behind a system call.
fn completed(state: &State, said: &Said) -> u32 {
    let behind = if said.vector == vector::SYSTEM_CALL { 4 } else { 0 };
    low(state.pc).wrapping_sub(said.start).wrapping_sub(behind) / 4
}

/// The largest count that is not negative.
const FAR: u32 = 0x7fff_ffff;

/// Lets the decrementer interrupt when it has passed zero (Programming Environments Manual 2.3.14).
fn set_decrementer(ticks: u32) {
    // SAFETY: interrupts are off in the host.
    unsafe { asm!("mtdec {}", in(reg) ticks, options(nomem, nostack)) };
}

const fn low(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}
