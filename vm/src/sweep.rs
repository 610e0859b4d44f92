//! Interrupts at every instruction boundary of short courses: what the race laboratory asks of a processor.
//!
//! A [`Case`] is a guest in front of a few instructions. It is run again and again from there; each time it is stopped
//! a little later, by whatever stops a guest on this platform, one interrupt is raised, and the guest runs to its end.
//! What became of the interrupt is a [`Found`]. Where instructions are not counted nobody can say when a guest must be
//! stopped to stand at a boundary: it is stopped here and there until it stood at each, or it is given up. Whoever
//! asked sees from the addresses whether all were met.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use kvm_ppc::hardware::{Exit, Shared};
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::snapshot::User;
use kvm_ppc::statistics::Reason;
use kvm_ppc::{Ready, Vcpu};
use magicpage::layout;
use serde::{Deserialize, Serialize};

use crate::guest::Guest;
use crate::platform::Platform;

/// A guest in front of what is swept, as it differs from the guest that the cases of a course share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Physical addresses, and the bytes there.
    pub memory: Vec<(u64, Vec<u8>)>,
    /// The registers that user mode sees.
    pub user: User,
    /// The MSR.
    pub msr: u64,
    /// The words of the magic page that are not zero: offset in bytes, and four bytes in memory order.
    pub page: Vec<(u16, [u8; 4])>,
    /// The boundaries, in the order in which the guest comes to them: the addresses of the instructions behind them.
    pub boundaries: Vec<u64>,
    /// The interrupts to raise, one in a run.
    pub kinds: Vec<Kind>,
    /// Registers that the guest may end with any value of.
    pub free: Free,
}

/// An interrupt, and where its handler counts its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// Which.
    pub interrupt: Interrupt,
    /// Physical address of four bytes in the guest's byte order.
    pub counter: u64,
}

/// Registers that do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Free {
    /// General registers, bit n for rn.
    pub gprs: u32,
    /// A mask of CR's bits: field 0 is the most significant nibble.
    pub cr: u32,
    /// LR.
    pub lr: bool,
    /// CTR.
    pub ctr: bool,
}

/// Cases, and where they go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The cases.
    pub cases: Vec<Case>,
    /// Physical addresses, and the bytes there in front of every case: what runs change.
    pub memory: Vec<(u64, Vec<u8>)>,
    /// How often each boundary is met at least, unless it is given up.
    pub times: u32,
    /// Addresses from this one up to [`Course::end`] are behind the last boundary of every case.
    pub behind: u64,
    /// The system call that ends a run is in front of this address.
    pub end: u64,
}

/// What became of an interrupt that was raised at a boundary; of several with the same end, one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Found {
    /// Number of the case.
    pub case: u32,
    /// Which interrupt.
    pub interrupt: Interrupt,
    /// Address of the instruction behind the boundary.
    pub address: u64,
    /// Effective address at which the guest took the interrupt; none where it did not.
    pub taken: Option<u64>,
    /// How often the handler has run.
    pub handled: u32,
    /// Whether the interrupt still waits.
    pub waits: bool,
    /// Whether the guest's MSR let it in when it was raised.
    pub enabled: bool,
    /// Whether the guest was in a critical section then.
    pub in_section: bool,
    /// Whether the guest came to its end.
    pub finished: bool,
    /// A sum (FNV-1a) over the registers that are not [free](Case::free), the MSR, and the fields of the page that
    /// neither an interrupt nor a trampoline may change.
    pub sum: u64,
    /// Exits while it was held back for a section: stores to a read-only page, and single steps.
    pub held_exits: u32,
    /// Changes of a page's protection.
    pub protections: u32,
}

/// A run that is not disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undisturbed {
    /// Number of the case.
    pub case: u32,
    /// Whether the guest came to its end.
    pub finished: bool,
    /// The same sum as [`Found::sum`].
    pub sum: u64,
    /// The MSR at the end.
    pub msr: u64,
}

/// What is told of a sweep.
pub trait Report {
    /// A case begins: nothing interrupts it.
    fn undisturbed(&mut self, undisturbed: Undisturbed);
    /// So many interrupts had this end.
    fn found(&mut self, found: Found, times: u32);
}

/// A guest that has not come to its end after so many instructions never will.
const LIMIT: u64 = 200_000;
/// How often a guest is stopped for one boundary before it is given up, for each time that it is to be met.
const TRIES: u32 = 400;
/// How far apart stops get.
const WIDEST: u64 = 1 << 16;

/// Sweeps a course with a guest that stands in front of it.
pub fn sweep<P: Platform>(mut guest: Guest<P>, course: &Course, report: &mut impl Report) {
    let (base, timebase) = (guest.vcpu.clone(), guest.machine.timebase());
    let mut start = 0;
    for (number, case) in (0..).zip(&course.cases) {
        let mut bench = Bench {
            guest: &mut guest,
            base: &base,
            timebase,
            course,
            case,
            number,
        };
        report.undisturbed(bench.undisturbed());
        let mut stops = vec![None; case.boundaries.len()];
        for kind in &case.kinds {
            bench.each(*kind, start, &mut stops, report);
        }
        start = stops.first().copied().flatten().unwrap_or(start);
    }
}

struct Bench<'s, P> {
    guest: &'s mut Guest<P>,
    base: &'s Vcpu,
    /// The time base in front of every case.
    timebase: u64,
    course: &'s Course,
    case: &'s Case,
    number: u32,
}

/// How a stretch of a run ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stretch {
    /// At the guest's end.
    Finished,
    /// Where it was to be stopped.
    Stopped,
    /// Where nothing more can come of it.
    Dead,
}

/// Where a guest was stopped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Where it should never be.
    Elsewhere,
    /// At a boundary of its case, by number.
    At(usize),
    /// Behind the last, or it was not stopped at all.
    Behind,
}

/// The search for the stop at which a guest stands at a boundary: in ever longer strides until it is enclosed, then by
/// halves.
///
/// The same stop does not always come to the same boundary. Where halving leaves nothing to try, the search begins
/// again there.
struct Search {
    /// The next stop.
    stop: u64,
    /// The last known to be too early, and the first known to be too late.
    early: Option<u64>,
    late: Option<u64>,
    /// The next stride.
    stride: u64,
    /// How often the search began again.
    doubts: u32,
}

impl Search {
    const fn new(stop: u64) -> Self {
        Self {
            stop,
            early: None,
            late: None,
            stride: 1,
            doubts: 0,
        }
    }

    /// The stop was not right: too late, or too early.
    fn learn(&mut self, too_late: bool) {
        let side = if too_late { &mut self.late } else { &mut self.early };
        *side = Some(self.stop);
        if let (Some(early), Some(late)) = (self.early, self.late) {
            if early + 1 < late {
                self.stop = early.midpoint(late);
                return;
            }
            let doubts = self.doubts + 1;
            *self = Self {
                doubts,
                ..Self::new(self.stop)
            };
        }
        self.stop = if too_late {
            self.stop.saturating_sub(self.stride)
        } else {
            self.stop + self.stride
        };
        self.stride = (2 * self.stride).min(WIDEST);
    }
}

impl<P: Platform> Bench<'_, P> {
    /// The guest stands in front of the case again. Its mappings stay.
    fn restore(&mut self) {
        let Guest { vcpu, machine, .. } = &mut *self.guest;
        vcpu.become_like(self.base, machine);
        for (address, bytes) in self.course.memory.iter().chain(&self.case.memory) {
            put(machine, *address, bytes);
        }
        let page = machine.shared_mut(Shared::Magic);
        page[..usize::from(layout::END)].fill(0);
        for (offset, bytes) in &self.case.page {
            page[usize::from(*offset)..][..4].copy_from_slice(bytes);
        }
        if self.base.page().is_some_and(|page| page.second) {
            machine.shared_mut(Shared::Second)[..usize::from(layout::END)].fill(0);
        }
        vcpu.set_msr(machine, self.case.msr);
        self.case.user.put(&mut vcpu.state, vcpu.supervisor.model);
        machine.set_timebase(self.timebase);
        self.guest.changed();
    }

    /// Runs on, until so many instructions have run if that is given.
    fn stretch(&mut self, stop: Option<u64>) -> Stretch {
        let Guest { vcpu, machine, .. } = &mut *self.guest;
        let limit = machine.instructions() + LIMIT;
        machine.stop_at(Some(stop.unwrap_or(limit)));
        loop {
            let Ready::Enter(entry) = vcpu.prepare(machine) else {
                return Stretch::Dead;
            };
            let exit = machine.enter(&mut vcpu.state, &entry);
            if exit == Exit::SystemCall && vcpu.state.pc == self.course.end {
                return Stretch::Finished;
            }
            if exit == Exit::Host && machine.instructions() >= stop.unwrap_or(limit) {
                return if stop.is_some() {
                    Stretch::Stopped
                } else {
                    Stretch::Dead
                };
            }
            vcpu.handle(machine, exit);
        }
    }

    fn undisturbed(&mut self) -> Undisturbed {
        self.restore();
        let finished = self.stretch(None) == Stretch::Finished;
        Undisturbed {
            case: self.number,
            finished,
            sum: self.sum(),
            msr: self.guest.vcpu.msr(&self.guest.machine),
        }
    }

    /// Raises a kind at every boundary. `stops` are those at which a guest stood at them before, `start` is one that
    /// may be right for the first.
    fn each(&mut self, kind: Kind, start: u64, stops: &mut [Option<u64>], report: &mut impl Report) {
        let mut found: BTreeMap<Found, u32> = BTreeMap::new();
        let mut met = vec![0; stops.len()];
        let mut last = start;
        for wanted in 0..stops.len() {
            let mut search = Search::new(stops[wanted].unwrap_or(last));
            for tries in 0..TRIES * self.course.times {
                if met[wanted] == self.course.times {
                    break;
                }
                if search.doubts > 0 {
                    // What a run leaves in caches makes the next one longer or shorter: now all come after the same one.
                    self.restore();
                    self.raise(kind, 0);
                }
                slide(tries);
                let stop = search.stop;
                let place = self.stop_at(stop);
                let address = self.guest.vcpu.state.pc;
                if let Place::At(number) = place {
                    met[number] = self.course.times.min(met[number] + 1);
                    stops[number] = Some(stop);
                }
                if place != Place::Behind {
                    *found.entry(self.raise(kind, address)).or_default() += 1;
                }
                if place != Place::At(wanted) {
                    search.learn(place > Place::At(wanted));
                }
            }
            last = stops[wanted].map_or(last, |stop| stop + 1);
        }
        for (found, times) in found {
            report.found(found, times);
        }
    }

    /// The guest, from its case on, stopped a little later. Answers where it stands.
    fn stop_at(&mut self, stop: u64) -> Place {
        self.restore();
        let now = self.guest.machine.instructions();
        if self.stretch(Some(now + stop)) != Stretch::Stopped {
            return Place::Behind;
        }
        let boundaries = &self.case.boundaries;
        let pc = self.guest.vcpu.state.pc;
        match boundaries.iter().position(|address| *address == pc) {
            Some(number) => Place::At(number),
            None if (self.course.behind..=self.course.end).contains(&pc) => Place::Behind,
            None => Place::Elsewhere,
        }
    }

    fn raise(&mut self, kind: Kind, address: u64) -> Found {
        let Guest { vcpu, machine, .. } = &mut *self.guest;
        let family = vcpu.supervisor.model.family;
        let msr = vcpu.msr(machine);
        let row = kvm_ppc::interrupt::row(family, kind.interrupt);
        let enabled = row.is_some_and(|row| row.is_enabled(msr));
        let in_section = vcpu.in_section(machine);
        let (held, protections) = (held_exits(vcpu), vcpu.deferral.protections());
        vcpu.taken = None;
        vcpu.interrupt(kind.interrupt);
        let finished = self.stretch(None) == Stretch::Finished;
        let Guest { vcpu, machine, .. } = &*self.guest;
        let mut count = [0; 4];
        let handled = match machine.read(kind.counter, &mut count) {
            Ok(()) => vcpu.supervisor.endian.read_u32(count),
            Err(_) => 0,
        };
        let few = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Found {
            case: self.number,
            interrupt: kind.interrupt,
            address,
            taken: vcpu.taken.map(|taken| taken.address),
            handled,
            waits: vcpu.queue.waits(kind.interrupt),
            enabled,
            in_section,
            finished,
            sum: self.sum(),
            held_exits: few(held_exits(vcpu) - held),
            protections: few(vcpu.deferral.protections() - protections),
        }
    }

    /// A sum over the registers and over what an interrupt or a trampoline may not change of the page (FNV-1a).
    fn sum(&self) -> u64 {
        const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const KEPT: [(u16, u16); 4] = [
            (layout::SPRG0.offset, layout::SRR0.offset),
            (layout::DAR.offset, layout::MSR.offset),
            (layout::DSISR.offset, layout::INT_PENDING.offset),
            (layout::SR.offset, layout::END),
        ];
        let Guest { vcpu, machine, .. } = &*self.guest;
        let (state, free) = (&vcpu.state, self.case.free);
        let add = |sum: u64, value: u64| (sum ^ value).wrapping_mul(0x0000_0100_0000_01b3);
        let gprs = (0..)
            .zip(state.gpr)
            .filter(|(number, _)| free.gprs >> number & 1 == 0);
        let mut sum = gprs.fold(BASIS, |sum, (_, value)| add(sum, value));
        let (lr, ctr) = (u64::from(!free.lr) * state.lr, u64::from(!free.ctr) * state.ctr);
        for value in [
            (state.cr & !free.cr).into(),
            state.xer.into(),
            lr,
            ctr,
            vcpu.msr(machine),
        ] {
            sum = add(sum, value);
        }
        let page = machine.shared(Shared::Magic);
        for (first, behind) in KEPT {
            let bytes = &page[usize::from(first)..usize::from(behind)];
            sum = bytes.iter().fold(sum, |sum, byte| add(sum, (*byte).into()));
        }
        sum
    }
}

/// A few instructions, and at every try some more: a guest that begins elsewhere between two ticks of the time base is
/// stopped elsewhere.
fn slide(instructions: u32) {
    (0..instructions).for_each(|instruction| {
        core::hint::black_box(instruction);
    });
}

/// Writes to memory what is not there already: a processor that is emulated translates code that was written anew.
fn put(machine: &mut impl Platform, address: u64, bytes: &[u8]) {
    let mut there = [0; 64];
    for (address, bytes) in (address..).step_by(there.len()).zip(bytes.chunks(there.len())) {
        let there = &mut there[..bytes.len()];
        // The laboratory's cases lie in the guest's memory.
        let _ = machine.read(address, there);
        if there != bytes {
            let _ = machine.write(address, bytes);
        }
    }
}

fn held_exits(vcpu: &Vcpu) -> u64 {
    vcpu.statistics.of(Reason::PageStore) + vcpu.statistics.of(Reason::Step)
}
