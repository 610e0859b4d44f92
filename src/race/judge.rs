//! What an injection did.

use cpu::{Regs, State};
use kvm_ppc::interrupt::{Interrupt, row};
use magicpage::layout;

use super::case::{Subject, Target};
use super::guest::{AFTER, END, LOOP, SITE};
use super::world::World;

/// What the guest ends with, as far as anybody may look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Final {
    gpr: [u64; 32],
    cr: u32,
    xer: u32,
    lr: u64,
    ctr: u64,
    msr: u64,
    /// SPRG0 to SPRG3, DAR, and from DSISR on what an interrupt or a trampoline may not change.
    page: Vec<u8>,
}

impl Final {
    /// The state in the loop, without what the replacement may destroy.
    pub fn of(world: &World, dead: Regs) -> Self {
        let State {
            mut gpr,
            mut cr,
            xer,
            mut lr,
            mut ctr,
            ..
        } = world.vcpu.state;
        for (register, value) in (0..).zip(&mut gpr) {
            if dead.contains(Regs::gpr(register)) {
                *value = 0;
            }
        }
        for field in dead.crs() {
            cr &= !(0xf000_0000 >> (4 * field));
        }
        if dead.contains(Regs::LR) {
            lr = 0;
        }
        if dead.contains(Regs::CTR) {
            ctr = 0;
        }
        let page = world.page();
        let between =
            |first: layout::Field, behind: u16| &page[usize::from(first.offset)..usize::from(behind)];
        let kept = [
            between(layout::SPRG0, layout::SRR0.offset),
            between(layout::DAR, layout::MSR.offset),
            between(layout::DSISR, layout::INT_PENDING.offset),
            between(layout::SR, layout::END),
        ];
        let msr = world.vcpu.msr(&world.machine);
        Self {
            gpr,
            cr,
            xer,
            lr,
            ctr,
            msr,
            page: kept.concat(),
        }
    }
}

/// The guest when an interrupt is raised.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Instructions so far.
    instructions: u64,
    /// Exits under a hold so far, and changes of protection.
    held: u64,
    protections: u64,
    /// Whether the interrupt may be taken at once.
    allowed: bool,
    /// Whether it is let in but for a section.
    deferred: bool,
}

impl Moment {
    /// The guest as it is now.
    pub fn of(world: &World, target: Target, kind: Interrupt) -> Self {
        let msr = world.vcpu.msr(&world.machine);
        let enabled = row(target.family, kind).is_some_and(|row| row.is_enabled(msr));
        let in_section = world.vcpu.in_section(&world.machine);
        Self {
            instructions: world.machine.instructions(),
            deferred: enabled && in_section,
            held: held_exits(world),
            protections: world.vcpu.deferral.protections(),
            allowed: enabled && !in_section,
        }
    }
}

fn held_exits(world: &World) -> u64 {
    use kvm_ppc::statistics::Reason;
    world.vcpu.statistics.of(Reason::PageStore) + world.vcpu.statistics.of(Reason::Step)
}

/// What became of one injection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// It was never taken though the guest let it in.
    pub missed: bool,
    /// Instructions of the guest's own code between the first boundary that allowed it and its taking. A trampoline
    /// stands for one instruction: it has no boundary inside, except that an interrupt that may be taken where it is
    /// raised is to be taken there.
    pub late: u64,
    /// How many times too often it was taken.
    pub duplicated: u32,
    /// The guest ends with other registers than it would have without.
    pub clobbered: bool,
    /// Exits that a hold has added.
    pub extra_exits: u64,
    /// Changes of a page's protection.
    pub protections: u64,
    /// Whether it had to wait for the end of a section.
    pub deferred: bool,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub const fn is_clean(&self) -> bool {
        !self.missed && self.late == 0 && self.duplicated == 0 && !self.clobbered
    }
}

/// Judges a world that has run to its end after `kind` was raised at `raised`.
pub fn judge(
    world: &World,
    subject: &Subject,
    kind: Interrupt,
    raised: Moment,
    finished: bool,
    expected: &Final,
) -> Verdict {
    let end = Final::of(world, subject.dead);
    let handled = world.handled(subject.target, kind);
    let enabled = row(subject.target.family, kind).is_some_and(|row| row.is_enabled(expected.msr));
    let due = u32::from(enabled);
    let waits = world.vcpu.queue.waits(kind);
    let extra_exits = held_exits(world) - raised.held;
    let protections = world.vcpu.deferral.protections() - raised.protections;
    Verdict {
        missed: handled < due || !enabled && handled == 0 && !waits,
        late: if handled == 0 { 0 } else { late(world, raised) },
        duplicated: handled.saturating_sub(1),
        clobbered: !finished || end != *expected,
        extra_exits,
        protections,
        deferred: raised.deferred,
    }
}

fn late(world: &World, raised: Moment) -> u64 {
    let Some(taken) = world.vcpu.taken else {
        return 0;
    };
    if raised.allowed {
        return taken.time.saturating_sub(raised.instructions);
    }
    late_at(taken.address)
}

/// Instructions of the guest's own code between the site and where an interrupt was taken that had to wait for it.
pub fn late_at(taken: u64) -> u64 {
    match taken {
        END | LOOP => AFTER,
        behind if (SITE + 4..END).contains(&behind) => (behind - (SITE + 4)) / 4,
        _ => 0,
    }
}
