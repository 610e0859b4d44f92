//! Running the guest.

use cpu::State;
use kvm_ppc::hardware::{Cause, Rights, Space};
use magicpage::msr;

use super::context::{self, Context};
use super::mmu::Mmu;
use super::trap::{self, esr, vector};
use super::{spr, time};
use crate::arch::{Extent, Ran, Run, Trap};

/// The MSR that the guest runs with: problem state, address space 1; machine checks are the host's. MSR\[VEC\] is off,
/// so that SPE instructions interrupt.
const GUEST: u64 = msr::PR | msr::ME | msr::IR | msr::DR;
const FREE: u32 = GUEST as u32;
/// With the decrementer's interrupt, or stepped.
const TIMED: u32 = (GUEST | msr::EE) as u32;
const STEPPED: u32 = (GUEST | msr::DE) as u32;
/// DBCR0\[IDM\] and DBCR0\[ICMP\] (E500 2.13.1): an instruction that completes makes a debug interrupt.
const EACH: u32 = 0x4800_0000;

/// Runs the guest in problem state until an exception.
///
/// Only a guest whose fetches, loads and stores are all of one space can run: there is one process identifier for all.
pub fn enter(mmu: &mut Mmu, state: &mut State, run: &Run<'_>) -> Ran {
    let space = run.fetch[0];
    if run.fetch.iter().chain(run.data).any(|&other| other != space) {
        let trap = Trap::Interpret;
        return Ran { trap, steps: 0 };
    }
    mmu.use_space(space);
    // SAFETY: there is one processor, and no handler uses the context but in `e500_run` and `e500_step`.
    let context = unsafe { &mut *context::get() };
    load(context, state);
    let most = match run.extent {
        Extent::Free { ticks: Some(0) } => {
            let trap = Trap::Decrementer;
            return Ran { trap, steps: 0 };
        }
        Extent::Free { ticks } => {
            context.msr = match ticks {
                Some(ticks) => {
                    time::arm(ticks);
                    TIMED
                }
                None => FREE,
            };
            None
        }
        Extent::Steps { most, pages } => {
            context.msr = STEPPED;
            context.left = most;
            context.pages = pages;
            Some(most)
        }
    };
    // SAFETY: debug events need MSR[DE], which the host never has.
    unsafe { spr::write::<{ spr::DBCR0 }>(if most.is_some() { EACH } else { 0 }) };
    let trap = loop {
        // SAFETY: the context describes a guest in problem state and address space 1, where it reaches what the host
        // has mapped and nothing else; `pages` is borrowed for longer than the call.
        unsafe {
            match most {
                None => trap::e500_run(context),
                Some(_) => trap::e500_step(context),
            }
        }
        if !refilled(context, mmu, space) {
            break answer(context);
        }
    };
    store(context, state);
    if trap == Trap::SystemCall {
        // SRR0 is behind it (E500 chapter 5, system call interrupt).
        state.pc = u64::from(context.pc.wrapping_sub(4));
    }
    Ran {
        trap,
        steps: most.map_or(0, |most| most - context.left),
    }
}

fn load(context: &mut Context, state: &State) {
    for (to, from) in context.gpr.iter_mut().zip(&state.gpr) {
        *to = low(*from);
    }
    context.cr = state.cr;
    context.xer = state.xer;
    context.lr = low(state.lr);
    context.ctr = low(state.ctr);
    context.pc = low(state.pc) & !3;
}

fn store(context: &Context, state: &mut State) {
    for (to, from) in state.gpr.iter_mut().zip(context.gpr) {
        *to = from.into();
    }
    state.cr = context.cr;
    state.xer = context.xer;
    state.lr = context.lr.into();
    state.ctr = context.ctr.into();
    state.pc = context.pc.into();
}

/// The low 32 bits, which is all there is on this part.
const fn low(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}

const fn needed(context: &Context) -> Rights {
    if is_store(context) {
        Rights::WRITE
    } else {
        Rights::READ
    }
}

const fn is_store(context: &Context) -> bool {
    context.esr & esr::STORE != 0
}

/// Whether the interrupt was one of the TLB, and the list of mappings allows the access.
fn refilled(context: &Context, mmu: &mut Mmu, space: Space) -> bool {
    match context.vector {
        vector::DATA_MISS => mmu.refill(context.dear, space, needed(context), false),
        vector::INSTRUCTION_MISS => mmu.refill(context.pc, space, Rights::EXECUTE, false),
        vector::DATA_STORAGE if context.esr & esr::LOCK == 0 => {
            mmu.refill(context.dear, space, needed(context), true)
        }
        vector::INSTRUCTION_STORAGE => mmu.refill(context.pc, space, Rights::EXECUTE, true),
        _ => false,
    }
}

/// What the interrupt means.
fn answer(context: &Context) -> Trap {
    match context.vector {
        context::LOOK => Trap::Look,
        context::STEPPED => Trap::Stepped,
        vector::DATA_STORAGE if context.esr & esr::LOCK != 0 => Trap::Program(Cause::Privileged),
        vector::DATA_STORAGE | vector::DATA_MISS => Trap::Data {
            address: context.dear,
            store: is_store(context),
        },
        vector::INSTRUCTION_STORAGE | vector::INSTRUCTION_MISS => Trap::Fetch,
        vector::ALIGNMENT => Trap::Alignment {
            address: context.dear,
        },
        vector::PROGRAM => Trap::Program(trap::program(context.esr)),
        vector::FLOATING_POINT => Trap::FloatingPoint,
        vector::SYSTEM_CALL => Trap::SystemCall,
        vector::DECREMENTER => Trap::Decrementer,
        vector::SPE => Trap::Vector,
        vector::AUXILIARY | vector::SPE_DATA | vector::SPE_ROUND => Trap::Program(Cause::Illegal),
        _ => trap::unexpected(context),
    }
}
