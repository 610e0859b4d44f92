//! A virtual processor.
//!
//! Three parts, each the home of what it holds: the user's registers ([`State`]), which the hardware runs on; the
//! magic page, whose registers are nowhere else; and the [`Supervisor`], everything privileged that is not in the page.

use cpu::State;
use magicpage::layout::{self, Part};
use magicpage::{Endian, WordSize, msr};

use crate::deferral::{Deferral, Policy};
use crate::hardware::{Hardware, Shared};
use crate::interrupt::{Interrupt, Queue};
use crate::mmu::Mmu;
use crate::model::Model;
use crate::page::{Layout, Mapped};
use crate::shadow::Shadow;
use crate::spr::Registers;
use crate::statistics::Statistics;
use crate::timer::Timer;

/// The privileged state that is not in the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervisor {
    /// The processor.
    pub model: &'static Model,
    /// The guest's byte order, which is the page's.
    pub endian: Endian,
    /// The MSR as the host last made it; of [`msr::GUEST_OWNED`] the page knows better.
    pub(crate) msr: u64,
    /// Where the page is mapped, if it is.
    pub(crate) page: Option<Mapped>,
    /// The special-purpose registers that are neither in the page nor below.
    pub registers: Registers,
    /// Translation: BATs and SDR1, the TLBs, or the SLB.
    pub mmu: Mmu,
    /// The decrementer and its relatives.
    pub timer: Timer,
}

/// What a guest has of its host besides a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Interface {
    /// Nothing: the virtual processor stands for a real one, and a system call is never a hypercall.
    Absent,
    /// Hypercalls are answered.
    Calls,
    /// Hypercalls are answered, and the guest was told of the one that sleeps (`has-idle`): instructions that guests use
    /// with it are carried out where their processor lacks them.
    Idle,
}

/// A virtual processor.
#[derive(Clone, Debug)]
pub struct Vcpu {
    /// The registers that user mode sees.
    pub state: State,
    /// The privileged registers.
    pub supervisor: Supervisor,
    /// The interrupts that wait.
    pub queue: Queue,
    /// What is done about those that find the guest in a critical section.
    pub deferral: Deferral,
    /// The mappings the hardware has been given.
    pub(crate) shadow: Shadow,
    /// What the guest exited for.
    pub statistics: Statistics,
    /// The interrupt that was taken last, of those that wait.
    pub taken: Option<Taken>,
    /// What the guest has of its host.
    pub interface: Interface,
    /// Whether the guest sleeps until an interrupt.
    pub(crate) idle: Option<Idle>,
    /// Whether a machine check has stopped the processor for good.
    pub(crate) stopped: bool,
}

/// An interrupt that the guest has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Taken {
    /// Which.
    pub interrupt: Interrupt,
    /// The effective address of the instruction that it would have executed next.
    pub address: u64,
    /// The time base then, in ticks.
    pub time: u64,
}

/// How a guest went to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Idle {
    /// By hypercall: any interrupt that waits wakes it.
    Hypercall,
    /// By MSR\[POW\]: an interrupt that can be taken wakes it (MPC750 User's Manual 10.2).
    Power,
}

impl Supervisor {
    /// The layout of the page.
    pub const fn layout(&self) -> Layout {
        Layout {
            endian: self.endian,
            word: self.model.family.word_size(),
        }
    }

    /// The guest's MSR: the bits that the guest owns as the page has them, all others as the host made them.
    ///
    /// A store to the page changes no other bit: what must reach the host is ignored until it does.
    pub fn msr(&self, hardware: &dyn Hardware) -> u64 {
        let page = self.layout().read(hardware.shared(Shared::Magic), layout::MSR);
        self.msr & !msr::GUEST_OWNED | page & msr::GUEST_OWNED
    }

    /// Reads the guest's word of a field of the page.
    pub fn field(&self, hardware: &dyn Hardware, field: layout::Field) -> u64 {
        self.layout()
            .read_part(hardware.shared(Shared::Magic), field, Part::Word)
    }

    /// Writes the guest's word of a field of the page.
    pub fn set_field(&self, hardware: &mut dyn Hardware, field: layout::Field, value: u64) {
        self.layout()
            .write_part(hardware.shared_mut(Shared::Magic), field, Part::Word, value);
    }
}

impl Vcpu {
    /// A processor after its reset, whose hypercalls are answered ([`Interface::Calls`]).
    ///
    /// Both shared pages are cleared but for what the architecture sets, and `hardware` loses every mapping.
    pub fn new(
        model: &'static Model,
        endian: Endian,
        policy: &'static dyn Policy,
        hardware: &mut dyn Hardware,
    ) -> Self {
        let mut vcpu = Self {
            state: State::new(model.family),
            supervisor: Supervisor {
                model,
                endian,
                msr: 0,
                page: None,
                registers: Registers::new(model),
                mmu: Mmu::new(model.family),
                timer: Timer::new(model.family),
            },
            queue: Queue::default(),
            deferral: Deferral::new(policy),
            shadow: Shadow::default(),
            statistics: Statistics::default(),
            taken: None,
            interface: Interface::Calls,
            idle: None,
            stopped: false,
        };
        hardware.flush();
        hardware.shared_mut(Shared::Magic).fill(0);
        hardware.shared_mut(Shared::Second).fill(0);
        vcpu.supervisor.set_field(hardware, layout::PIR, 0);
        vcpu.set_msr(hardware, model.reset_msr);
        vcpu
    }

    /// The guest's MSR.
    pub fn msr(&self, hardware: &dyn Hardware) -> u64 {
        self.supervisor.msr(hardware)
    }

    /// Changes the guest's MSR, with all that follows from it. Bits that the processor does not have are dropped.
    pub fn set_msr(&mut self, hardware: &mut dyn Hardware, value: u64) {
        let value = value & self.supervisor.model.msr;
        self.supervisor.msr = value;
        let layout = self.supervisor.layout();
        layout.write(hardware.shared_mut(Shared::Magic), layout::MSR, value);
        self.state.word = match self.supervisor.model.family.word_size() {
            WordSize::Word64 if value & msr::SF != 0 => WordSize::Word64,
            _ => WordSize::Word32,
        };
        self.state.fp = value & msr::FP != 0;
        self.state.fp_exceptions = value & (msr::FE0 | msr::FE1) != 0;
    }

    /// Takes the place of another processor of the same hardware, and keeps the mappings where they are right for it too.
    /// The shared pages are not the processor's.
    pub fn become_like(&mut self, other: &Self, hardware: &mut dyn Hardware) {
        self.release(hardware);
        let same =
            self.supervisor.mmu == other.supervisor.mmu && self.supervisor.page == other.supervisor.page;
        if !same {
            self.shadow.flush(hardware);
        }
        let Self {
            state,
            supervisor,
            queue,
            deferral,
            shadow: _,
            statistics,
            taken,
            interface,
            idle,
            stopped,
        } = other;
        self.state.clone_from(state);
        self.supervisor.clone_from(supervisor);
        self.queue.clone_from(queue);
        self.deferral.clone_from(deferral);
        self.statistics.clone_from(statistics);
        (self.taken, self.idle, self.stopped) = (*taken, *idle, *stopped);
        self.interface = *interface;
    }

    /// Takes back every mapping, as when guest memory has moved; the guest asks for each again.
    pub fn flush(&mut self, hardware: &mut dyn Hardware) {
        self.shadow.flush(hardware);
    }

    /// Where the page is mapped, if it is.
    pub const fn page(&self) -> Option<Mapped> {
        self.supervisor.page
    }
}
