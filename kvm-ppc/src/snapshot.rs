//! A virtual processor, to be kept.
//!
//! Everything that the guest could tell is in [`Saved`], and nothing else: neither the magic page, which is the
//! hardware's to save, nor the mappings, which come back as the guest asks for them. What is being done for an
//! interrupt that waits for the end of a section is part of it, so that a guest that was saved in a section, with an
//! interrupt deferred, goes on elsewhere as it would have here: the page is read-only there too, or the guest steps,
//! and the bounds on a section count on.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use cpu::State;
use cpu::state::Reservation;
use magicpage::{Endian, WordSize};

use crate::deferral::{self, Deferral, Hold};
use crate::hardware::Hardware;
use crate::interrupt::Queue;
use crate::mmu::{Book3s32, Book3s64, E500, Mmu, Slb, Tlb, slb, tlb};
use crate::model::Model;
use crate::page::Mapped;
use crate::shadow::Shadow;
use crate::spr::{Bank, Registers};
use crate::statistics::Statistics;
use crate::timer::Timer;
use crate::vcpu::{Idle, Interface, Supervisor, Taken, Vcpu};

/// The version of [`Saved`].
pub const VERSION: u32 = 2;

/// A hold that carries the guest forward does so for this many instructions at most, whatever the snapshot says.
const MOST_FORWARD: u32 = 1024;

/// A virtual processor between two instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Saved {
    /// [`VERSION`].
    pub version: u32,
    /// The model's name.
    pub model: String,
    /// The policy's name.
    pub policy: String,
    /// The guest's byte order.
    pub endian: Endian,
    /// The registers that user mode sees.
    pub user: User,
    /// The MSR as the host last made it; the bits of [`magicpage::msr::GUEST_OWNED`] are in the page.
    pub msr: u64,
    /// Where the magic page is mapped, if it is.
    pub page: Option<Mapped>,
    /// The special-purpose registers that have no other home.
    pub registers: Vec<Register>,
    /// Translation.
    pub mmu: Translation,
    /// The decrementer.
    pub timer: Timer,
    /// The interrupts that wait.
    pub queue: Queue,
    /// What is being done for those that wait for the end of a section.
    pub held: Held,
    /// What the guest has of its host.
    pub interface: Interface,
    /// How the guest sleeps, if it does.
    pub idle: Option<Idle>,
    /// Whether a machine check has stopped the processor for good.
    pub stopped: bool,
    /// The interrupt that was taken last.
    pub taken: Option<Taken>,
    /// What the guest exited for.
    pub statistics: Statistics,
}

/// The registers that user mode sees: the fields of [`State`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(missing_docs, reason = "the fields are those of the state")]
pub struct User {
    pub gpr: [u64; 32],
    pub cr: u32,
    pub xer: u32,
    pub lr: u64,
    pub ctr: u64,
    pub pc: u64,
    /// Whether [`State::word`] is [`WordSize::Word64`].
    pub wide: bool,
    /// Effective address, and bytes reserved.
    pub reservation: Option<(u64, u8)>,
    pub fpr: [u64; 32],
    pub fpscr: u32,
    pub fp: bool,
    pub fp_exceptions: bool,
}

/// A special-purpose register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Register {
    /// Where its number belongs.
    pub bank: Bank,
    /// Its number.
    pub number: u16,
    /// Its value.
    pub value: u64,
}

/// What translates.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Translation {
    /// 32-bit Book3S.
    Book3s32(Book3s32),
    /// 64-bit Book3S.
    Book3s64 {
        /// The segment look-aside buffer.
        slb: Vec<slb::Segment>,
        /// SDR1: base and size of the page table.
        sdr1: u64,
    },
    /// e500.
    E500 {
        /// TLB0, then TLB1.
        tlb: Vec<tlb::Entry>,
        /// The way of TLB0 to replace next.
        victim: u8,
        /// PID0, PID1 and PID2.
        pids: [u8; 3],
    },
}

/// What is being done for interrupts that wait for the end of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Held {
    /// The hold on the guest, if one waits.
    pub hold: Option<Hold>,
    /// Exits since it began.
    pub exits: u32,
    /// The time base, in ticks, at which it began.
    pub since: u64,
    /// Changes of the protection of a shared page so far.
    pub protections: u64,
}

/// Why a virtual processor cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// The snapshot is of another version.
    Version(u32),
    /// There is no such model.
    Model(String),
    /// There is no such policy.
    Policy(String),
    /// The model has no such register.
    Register(u16),
    /// What translates is not the model's, or has too few or too many entries.
    Translation,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(
                    f,
                    "the processor's state is of version {version}; this program reads version {VERSION}"
                )
            }
            Self::Model(name) => write!(
                f,
                "the snapshot is of a processor `{name}`, which is not known here"
            ),
            Self::Policy(name) => write!(
                f,
                "the snapshot is of a host with policy `{name}`, which is not known here"
            ),
            Self::Register(number) => {
                write!(
                    f,
                    "the snapshot is damaged: the processor keeps no register {number}"
                )
            }
            Self::Translation => {
                f.write_str("the snapshot is damaged: its TLBs are not those of the processor")
            }
        }
    }
}

impl core::error::Error for RestoreError {}

impl From<&State> for User {
    fn from(state: &State) -> Self {
        Self {
            gpr: state.gpr,
            cr: state.cr,
            xer: state.xer,
            lr: state.lr,
            ctr: state.ctr,
            pc: state.pc,
            wide: state.word == WordSize::Word64,
            reservation: state
                .reservation
                .map(|reservation| (reservation.address, reservation.bytes)),
            fpr: state.fpr,
            fpscr: state.fpscr,
            fp: state.fp,
            fp_exceptions: state.fp_exceptions,
        }
    }
}

impl User {
    /// Puts the registers into a processor of this model.
    pub fn put(&self, state: &mut State, model: &Model) {
        *state = self.state(model);
    }

    fn state(&self, model: &Model) -> State {
        let wide = self.wide && model.family.word_size() == WordSize::Word64;
        let mask = model.word_mask();
        State {
            gpr: self.gpr.map(|value| value & mask),
            cr: self.cr,
            xer: self.xer,
            lr: self.lr & mask,
            ctr: self.ctr & mask,
            pc: self.pc & mask,
            word: if wide { WordSize::Word64 } else { WordSize::Word32 },
            reservation: self
                .reservation
                .map(|(address, bytes)| Reservation { address, bytes }),
            fpr: self.fpr,
            fpscr: self.fpscr,
            fp: self.fp,
            fp_exceptions: self.fp_exceptions,
        }
    }
}

impl From<&Mmu> for Translation {
    fn from(mmu: &Mmu) -> Self {
        match mmu {
            Mmu::Book3s32(mmu) => Self::Book3s32(**mmu),
            Mmu::Book3s64(mmu) => Self::Book3s64 {
                slb: mmu.slb.entries().to_vec(),
                sdr1: mmu.sdr1,
            },
            Mmu::E500(mmu) => {
                let (entries, victim) = mmu.tlb.entries();
                Self::E500 {
                    tlb: entries.collect(),
                    victim,
                    pids: mmu.pids,
                }
            }
        }
    }
}

impl Translation {
    /// The same as the model's, if it can be.
    fn mmu(&self, model: &Model) -> Option<Mmu> {
        Some(match (self, Mmu::new(model.family)) {
            (Self::Book3s32(saved), Mmu::Book3s32(mut mmu)) => {
                *mmu = *saved;
                Mmu::Book3s32(mmu)
            }
            (Self::Book3s64 { slb, sdr1 }, Mmu::Book3s64(_)) => {
                let entries = slb.as_slice().try_into().ok()?;
                Mmu::Book3s64(Book3s64 {
                    slb: Slb::with_entries(entries),
                    sdr1: *sdr1,
                })
            }
            (Self::E500 { tlb, victim, pids }, Mmu::E500(_)) => Mmu::E500(E500 {
                tlb: Tlb::with_entries(tlb, *victim)?,
                pids: *pids,
            }),
            _ => return None,
        })
    }
}

fn registers(saved: &[Register], model: &'static Model) -> Result<Registers, RestoreError> {
    let mut registers = Registers::new(model);
    for register in saved {
        if !registers.set_in(register.bank, register.number, register.value) {
            return Err(RestoreError::Register(register.number));
        }
    }
    Ok(registers)
}

impl Vcpu {
    /// Saves the processor.
    pub fn save(&self) -> Saved {
        let registers = self.supervisor.registers.all();
        Saved {
            version: VERSION,
            model: self.supervisor.model.name.into(),
            policy: self.deferral.policy.name().into(),
            endian: self.supervisor.endian,
            user: User::from(&self.state),
            msr: self.supervisor.msr,
            page: self.supervisor.page,
            registers: registers
                .map(|(bank, row, value)| Register {
                    bank,
                    number: row.number,
                    value,
                })
                .collect(),
            mmu: Translation::from(&self.supervisor.mmu),
            timer: self.supervisor.timer,
            queue: self.queue,
            held: Held {
                hold: self.deferral.hold,
                exits: self.deferral.exits,
                since: self.deferral.since,
                protections: self.deferral.protections,
            },
            interface: self.interface,
            idle: self.idle,
            stopped: self.stopped,
            taken: self.taken,
            statistics: self.statistics.clone(),
        }
    }

    /// The processor that was saved, on hardware whose shared pages hold what they held then. Its mappings go.
    ///
    /// # Errors
    ///
    /// A [`RestoreError`], with the hardware as it was.
    pub fn restore(saved: &Saved, hardware: &mut dyn Hardware) -> Result<Self, RestoreError> {
        if saved.version != VERSION {
            return Err(RestoreError::Version(saved.version));
        }
        let model = Model::from_name(&saved.model).ok_or_else(|| RestoreError::Model(saved.model.clone()))?;
        let policy =
            deferral::from_name(&saved.policy).ok_or_else(|| RestoreError::Policy(saved.policy.clone()))?;
        let supervisor = Supervisor {
            model,
            endian: saved.endian,
            msr: saved.msr & model.msr,
            page: saved.page,
            registers: registers(&saved.registers, model)?,
            mmu: saved.mmu.mmu(model).ok_or(RestoreError::Translation)?,
            timer: saved.timer,
        };
        let mut vcpu = Self {
            state: saved.user.state(model),
            supervisor,
            queue: saved.queue,
            deferral: Deferral::new(policy),
            shadow: Shadow::default(),
            statistics: saved.statistics.clone(),
            taken: saved.taken,
            interface: saved.interface,
            idle: saved.idle,
            stopped: saved.stopped,
        };
        hardware.flush();
        vcpu.hold_again(hardware, saved.held);
        Ok(vcpu)
    }

    /// Takes up a hold where it was. It counts as no change of protection.
    fn hold_again(&mut self, hardware: &mut dyn Hardware, held: Held) {
        let hold = held.hold.map(|hold| match hold {
            Hold::Forward(limit) => Hold::Forward(limit.min(MOST_FORWARD)),
            other => other,
        });
        if let Some(Hold::Protect(page)) = hold {
            self.shadow.protect(hardware, page, false);
        }
        self.deferral.hold = hold;
        self.deferral.exits = held.exits;
        self.deferral.since = held.since;
        self.deferral.protections = held.protections;
    }
}
