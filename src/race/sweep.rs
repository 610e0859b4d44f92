//! Every boundary of every case.
//!
//! One world runs through the site an instruction at a time; at each boundary a copy of it gets the interrupt and runs
//! to the end. What the copy is judged against ran through with no interrupt at all, once with the replacement and
//! once with the instruction as it was: the two must agree before any interrupt is tried.

use cpu::State;
use kvm_ppc::deferral::Policy;
use kvm_ppc::interrupt::Interrupt;
use magicpage::{Family, WordSize};
use rewriter::analysis::Ee;
use rewriter::classify::Operation;

use super::case::{Case, Origin, Setting, Subject, Target};
use super::guest::{self, SITE};
use super::judge::{Final, Moment, Verdict, judge};
use super::world::{World, variant};

/// The worlds that the cases of a target, an origin and a policy share.
pub struct Bench {
    policy: &'static dyn Policy,
    target: Target,
    base: World,
    /// In front of the site, with a subject's code and a setting's registers.
    ready: World,
    /// Goes through the site.
    runner: World,
    /// Gets the interrupt.
    injected: World,
    /// Gets the second one.
    second: World,
}

/// An injection and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Injection {
    /// Instructions from the site to the boundary, along the way that the guest took.
    pub step: u32,
    /// Address of the instruction behind the boundary.
    pub address: u64,
    /// The second interrupt, if there was one: which, and how many instructions after the first.
    pub second: Option<(Interrupt, u32)>,
    /// The verdict; of a pair, on the first interrupt and on the second.
    pub verdict: Verdict,
}

/// Instructions that a way through a site takes at most, back to behind it.
const LONGEST: u32 = 64;

impl Bench {
    /// The worlds.
    pub fn new(target: Target, origin: Origin, policy: &'static dyn Policy) -> Self {
        let base = World::new(target, origin, policy);
        let copy = || World {
            vcpu: base.vcpu.clone(),
            machine: base.machine.clone(),
        };
        let (ready, runner, injected, second) = (copy(), copy(), copy(), copy());
        Self {
            policy,
            target,
            base,
            ready,
            runner,
            injected,
            second,
        }
    }

    /// Puts the guest in front of the site, which becomes the subject's replacement or stays the instruction.
    pub fn prepare(&mut self, subject: &Subject, setting: Setting, seed: u64, replaced: bool) {
        let pieces = if replaced {
            guest::site(subject, variant(self.policy))
        } else {
            guest::original(subject)
        };
        self.ready.copy(&self.base);
        self.ready.write(self.target, &pieces);
        let msr = guest::mode(self.target) | setting.before;
        self.ready.vcpu.set_msr(&mut self.ready.machine, msr);
        registers(&mut self.ready.vcpu.state, subject, setting, seed);
        self.ready.fill_page(seed);
        self.ready.machine.seal();
    }

    /// The guest in front of the site.
    pub fn ready(&self) -> &World {
        &self.ready
    }

    /// The end of a guest that nothing interrupts; `None` if it does not come to one.
    pub fn undisturbed(&mut self, subject: &Subject) -> Option<Final> {
        self.injected.copy(&self.ready);
        self.injected
            .finish()
            .then(|| Final::of(&self.injected, subject.dead))
    }

    /// The end that both the instruction and its replacement come to; `None` if they differ.
    pub fn expected(&mut self, subject: &Subject, setting: Setting, seed: u64) -> Option<Final> {
        self.prepare(subject, setting, seed, false);
        let original = self.undisturbed(subject)?;
        self.prepare(subject, setting, seed, true);
        let replaced = self.undisturbed(subject)?;
        (original == replaced).then_some(original)
    }

    /// The boundaries from the site to behind it, in the order of the guest's way: the addresses of the instructions behind them.
    /// The guest must stand in front of the site.
    pub fn boundaries(&mut self) -> Vec<u64> {
        self.runner.copy(&self.ready);
        let mut boundaries = vec![self.runner.vcpu.state.pc];
        for _ in 1..LONGEST {
            if boundaries.last() == Some(&(SITE + 4)) {
                break;
            }
            self.runner.step();
            boundaries.push(self.runner.vcpu.state.pc);
        }
        boundaries
    }

    /// Raises the case's interrupt at every boundary from the site to behind it. The guest must stand in front of the
    /// site.
    pub fn each_boundary(&mut self, case: &Case, expected: &Final, mut report: impl FnMut(Injection)) {
        self.runner.copy(&self.ready);
        for step in 0..LONGEST {
            let address = self.runner.vcpu.state.pc;
            self.injected.copy(&self.runner);
            let moment = Moment::of(&self.injected, self.target, case.kind);
            self.injected.vcpu.interrupt(case.kind);
            let finished = self.injected.finish();
            let verdict = judge(
                &self.injected,
                case.subject,
                case.kind,
                moment,
                finished,
                expected,
            );
            report(Injection {
                step,
                address,
                second: None,
                verdict,
            });
            if address == SITE + 4 {
                break;
            }
            self.runner.step();
        }
    }

    /// Raises the case's interrupt at every boundary, and `kind` at every boundary from there until the guest is done.
    ///
    /// The way from the first to the second is made in steps, each of them an exit.
    pub fn each_pair(
        &mut self,
        case: &Case,
        kind: Interrupt,
        expected: &Final,
        mut report: impl FnMut(Injection),
    ) {
        self.runner.copy(&self.ready);
        for step in 0..LONGEST {
            let address = self.runner.vcpu.state.pc;
            self.injected.copy(&self.runner);
            let first = Moment::of(&self.injected, self.target, case.kind);
            self.injected.vcpu.interrupt(case.kind);
            for later in 0..8 * LONGEST {
                if let Some(verdict) = self.second_here(case, kind, first, expected) {
                    report(Injection {
                        step,
                        address,
                        second: Some((kind, later)),
                        verdict,
                    });
                }
                if self.injected.vcpu.state.pc == guest::END {
                    break;
                }
                self.injected.step();
            }
            if address == SITE + 4 {
                break;
            }
            self.runner.step();
        }
    }

    /// Raises the second interrupt of a pair now. Nothing is judged where the guest could not survive it on any
    /// processor: a machine check or a reset while the registers that the first one saved are still the only copy.
    fn second_here(
        &mut self,
        case: &Case,
        kind: Interrupt,
        first: Moment,
        expected: &Final,
    ) -> Option<Verdict> {
        if !self.injected.is_recoverable(self.target, case.kind, kind) {
            return None;
        }
        self.second.copy(&self.injected);
        let moment = Moment::of(&self.second, self.target, kind);
        // One that comes while the first still waits is the same interrupt.
        let taken = u32::try_from(self.second.vcpu.statistics.taken(kind)).unwrap_or(u32::MAX);
        self.second.vcpu.interrupt(kind);
        let finished = self.second.finish();
        let mut verdict = judge(&self.second, case.subject, kind, moment, finished, expected);
        if kind == case.kind {
            let handled = self.second.handled(self.target, kind);
            verdict.missed |= handled <= taken && !self.second.vcpu.queue.waits(kind);
            verdict.duplicated = handled.saturating_sub(taken + 1);
        } else {
            let other = judge(&self.second, case.subject, case.kind, first, finished, expected);
            verdict.missed |= other.missed;
            verdict.duplicated = verdict.duplicated.max(other.duplicated);
        }
        // The second handler's instructions stand between the first interrupt and its taking, and the other way round.
        verdict.late = 0;
        Some(verdict)
    }

    /// Takes the guest to a boundary, and hands it over. `see` is shown the way.
    pub fn go_to(&mut self, step: u32, mut see: impl FnMut(&World)) -> &mut World {
        self.injected.copy(&self.ready);
        for _ in 0..step {
            see(&self.injected);
            self.injected.step();
        }
        &mut self.injected
    }

    /// The guest as it will be so many instructions behind where [`go_to`](Self::go_to) took it, if it has not come to
    /// its end by then. It makes no exit that it would not make by itself.
    pub fn look_ahead(&mut self, instructions: u64) -> Option<&World> {
        self.second.copy(&self.injected);
        self.second.go_on(instructions).then_some(&self.second)
    }
}

/// The registers in front of the site.
fn registers(state: &mut State, subject: &Subject, setting: Setting, seed: u64) {
    let mut random = Random(seed ^ 0x9e37_79b9_7f4a_7c15);
    let wide = subject.target.family.word_size() == WordSize::Word64;
    let mask = if wide { u64::MAX } else { 0xffff_ffff };
    for value in &mut state.gpr {
        *value = random.next() & mask;
    }
    state.gpr[1] = 0xc000_8000 ^ random.next() & 0xfff0;
    state.gpr[2] = 0xc0ff_0000;
    (state.lr, state.ctr) = (random.next() & mask & !3, random.next() & mask);
    state.cr = low32(random.next());
    state.xer = low32(random.next()) & 0xe000_007f;
    let msr = guest::mode(subject.target);
    if let Some((copy, ee)) = subject.copy() {
        let on = match ee {
            Ee::Unknown => setting.before ^ setting.asked,
            Ee::On => u64::MAX,
            Ee::Off | Ee::Unchanged => 0,
        };
        let owned = setting.before & !magicpage::msr::EE | on & magicpage::msr::EE;
        state.gpr[usize::from(copy)] = msr | owned;
    }
    if let Some(source) = subject.operation.source() {
        let whole = msr | setting.asked | setting.other;
        let partial = random.next() & mask & !guest_owned(subject.target.family) | setting.asked;
        let register = &mut state.gpr[usize::from(source)];
        match subject.operation {
            Operation::WriteMsr { .. } => *register = whole,
            Operation::WriteEeRi { .. } | Operation::WriteEe { .. } if subject.is_partial() => {
                *register = partial
            }
            Operation::WriteEeRi { .. } | Operation::WriteEe { .. } => *register = whole,
            _ => {}
        }
    }
    state.pc = SITE;
}

const fn guest_owned(family: Family) -> u64 {
    match family {
        Family::E500 => magicpage::msr::EE,
        _ => magicpage::msr::GUEST_OWNED,
    }
}

const fn low32(value: u64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low half is what is asked for"
    )]
    {
        value as u32
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}
