//! A guest that sleeps until one interrupt.
//!
//! The decrementer is off and nothing else makes the guest exit: the guest enables interrupts through Linux's trampoline
//! and waits, in a loop, for the one interrupt that it expects. If that is raised after the trampoline has looked and
//! before its section is over, a host that does nothing leaves the guest asleep, however long one waits.

use kvm_ppc::deferral::Policy;
use kvm_ppc::interrupt::Interrupt;
use magicpage::{Endian, Family, msr};
use serde::Serialize;

use super::case::{self, Case, Origin, Setting, Target};
use super::guest;
use super::sweep::Bench;
use super::world::World;

/// Instructions that a sleeping guest is waited for.
pub const PATIENCE: u64 = 100_000;

/// What became of the guest under a policy.
#[derive(Clone, Debug, Serialize)]
pub struct Tickless {
    /// The policy.
    pub policy: &'static str,
    /// Boundaries at which the interrupt was raised.
    pub boundaries: usize,
    /// Those from which the guest never woke, within [`PATIENCE`] instructions.
    pub asleep: usize,
    /// How many instructions it was waited for.
    pub patience: u64,
}

/// Lets the guest sleep once for each boundary of the trampoline.
pub fn tickless(policy: &'static dyn Policy, seed: u64) -> Tickless {
    let target = Target {
        family: Family::Book3s32,
        endian: Endian::Big,
    };
    let subjects = case::subjects();
    let subject = subjects
        .iter()
        .find(|subject| {
            subject.target == target && subject.origin == Origin::Linux && subject.template == "mtmsr"
        })
        .expect("Linux has a shape for mtmsr");
    let setting = Setting {
        before: 0,
        asked: msr::EE,
        other: 0,
    };
    let case = Case {
        subject,
        setting,
        kind: Interrupt::External,
    };
    let mut bench = Bench::new(target, Origin::Linux, policy);
    bench.prepare(subject, setting, seed, true);
    let mut steps = Vec::new();
    if let Some(expected) = bench.undisturbed(subject) {
        bench.each_boundary(&case, &expected, |injection| steps.push(injection.step));
    }
    let mut is_asleep = |step: u32| {
        let world = bench.go_to(step, |_| {});
        world.vcpu.interrupt(case.kind);
        !wakes(world, target)
    };
    let asleep = steps.iter().filter(|step| is_asleep(**step)).count();
    Tickless {
        policy: policy.name(),
        boundaries: steps.len(),
        asleep,
        patience: PATIENCE,
    }
}

fn wakes(world: &mut World, target: Target) -> bool {
    // No exit of its own in front of the loop.
    world.write(target, &[(guest::END, vec![rewriter::asm::NOP])]);
    world.go_on(PATIENCE);
    world.handled(target, Interrupt::External) > 0
}
