//! Taking an interrupt.

use magicpage::layout::{self, Field};
use magicpage::{Endian, Family, msr};

use super::rows::{SAVED_BOOK3S, Saves};
use super::{Interrupt, Row, Vector, row};
use crate::exception::{Exception, Program};
use crate::hardware::Hardware;
use crate::spr::number;
use crate::vcpu::{Taken, Vcpu};

/// An instruction of the guest raised something that its processor has no interrupt for, or a machine check found
/// MSR\[ME\] clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckStop;

/// SRR1 and ESR bits of a program interrupt: MPC750 User's Manual 4.5.7, e500 Core Family Reference Manual 2.7.1.6.
const fn program_status(program: Program, family: Family) -> u32 {
    match (family, program) {
        (Family::E500, Program::FloatingPoint | Program::FloatingPointHeld) => 0x0100_0000,
        (Family::E500, Program::Illegal) => 0x0800_0000,
        (Family::E500, Program::Privileged) => 0x0400_0000,
        (Family::E500, Program::Trap) => 0x0200_0000,
        (_, Program::FloatingPoint) => 0x0010_0000,
        (_, Program::FloatingPointHeld) => 0x0011_0000,
        (_, Program::Illegal) => 0x0008_0000,
        (_, Program::Privileged) => 0x0004_0000,
        (_, Program::Trap) => 0x0002_0000,
    }
}

/// SRR1 of a machine check that an access to nothing raised: the signal TEA (MPC750 User's Manual table 4-9, bit 13).
const TRANSFER_ERROR: u32 = 0x0004_0000;
/// ESR\[SPE\] (e500 Core Family Reference Manual 2.7.1.6).
const SPE: u32 = 0x80;
/// SRR1 of an alignment or storage exception on 64-bit parts says nothing more.
const NOTHING: u32 = 0;

/// What an exception puts where, besides its interrupt's row.
struct Cause {
    interrupt: Interrupt,
    /// For SRR1, or ESR.
    status: u32,
    /// DAR or DEAR, and DSISR or ESR.
    data: Option<(u64, u32)>,
}

impl Cause {
    const fn plain(interrupt: Interrupt) -> Self {
        Self::with(interrupt, NOTHING)
    }

    const fn with(interrupt: Interrupt, status: u32) -> Self {
        Self {
            interrupt,
            status,
            data: None,
        }
    }

    const fn data(interrupt: Interrupt, address: u64, status: u32) -> Self {
        Self {
            interrupt,
            status: NOTHING,
            data: Some((address, status)),
        }
    }

    const fn of(exception: Exception, family: Family) -> Self {
        match exception {
            Exception::DataStorage { address, status } => Self::data(Interrupt::DataStorage, address, status),
            Exception::DataTlbMiss { address, status } => Self::data(Interrupt::DataTlb, address, status),
            Exception::Alignment { address, status } => Self::data(Interrupt::Alignment, address, status),
            Exception::DataSegment { address } => Self::data(Interrupt::DataSegment, address, 0),
            Exception::InstructionStorage { status } => Self::with(Interrupt::InstructionStorage, status),
            Exception::InstructionSegment => Self::plain(Interrupt::InstructionSegment),
            Exception::InstructionTlbMiss => Self::plain(Interrupt::InstructionTlb),
            Exception::Program(program) => Self::with(Interrupt::Program, program_status(program, family)),
            Exception::FloatingPointUnavailable => Self::plain(Interrupt::FloatingPointUnavailable),
            Exception::VectorUnavailable => Self::with(
                Interrupt::VectorUnavailable,
                match family {
                    Family::E500 => SPE,
                    _ => NOTHING,
                },
            ),
            Exception::SystemCall => Self::plain(Interrupt::SystemCall),
            Exception::Trace => Self::plain(Interrupt::Trace),
            Exception::MachineCheck => Self::with(Interrupt::MachineCheck, TRANSFER_ERROR),
        }
    }
}

impl Vcpu {
    /// Takes an exception at the program counter.
    pub(crate) fn raise(
        &mut self,
        hardware: &mut dyn Hardware,
        exception: Exception,
    ) -> Result<(), CheckStop> {
        let family = self.supervisor.model.family;
        let cause = Cause::of(exception, family);
        let Some(row) = row(family, cause.interrupt) else {
            return Err(CheckStop);
        };
        if let Some((address, status)) = cause.data {
            self.supervisor.set_field(hardware, layout::DAR, address);
            let field = self.status_field();
            if cause.interrupt != Interrupt::DataSegment {
                self.supervisor.set_field(hardware, field, status.into());
            }
        } else if family == Family::E500
            && matches!(
                cause.interrupt,
                Interrupt::Program | Interrupt::InstructionStorage | Interrupt::VectorUnavailable
            )
        {
            self.supervisor
                .set_field(hardware, layout::ESR, cause.status.into());
        }
        let status = if family == Family::E500 {
            NOTHING
        } else {
            cause.status
        };
        self.take(hardware, row, status)
    }

    /// Takes an interrupt that waited.
    pub(crate) fn deliver(&mut self, hardware: &mut dyn Hardware, row: &Row) -> Result<(), CheckStop> {
        self.queue.clear(row.interrupt);
        let taken = Taken {
            interrupt: row.interrupt,
            address: self.state.pc,
            time: hardware.timebase(),
        };
        self.take(hardware, row, row.status)?;
        self.taken = Some(taken);
        self.statistics.took(row.interrupt);
        Ok(())
    }

    const fn status_field(&self) -> Field {
        match self.supervisor.model.family {
            Family::E500 => layout::ESR,
            _ => layout::DSISR,
        }
    }

    fn take(&mut self, hardware: &mut dyn Hardware, row: &Row, status: u32) -> Result<(), CheckStop> {
        let old = self.msr(hardware);
        if row.enable == msr::ME && old & msr::ME == 0 {
            return Err(CheckStop);
        }
        let family = self.supervisor.model.family;
        let saved = match family {
            Family::E500 => old,
            _ => old & SAVED_BOOK3S | u64::from(status),
        };
        let pc = self.state.pc;
        self.remember(hardware, row.saves, pc, saved);
        let new = old & row.keeps | self.interrupt_mode(old);
        self.set_msr(hardware, new);
        self.state.pc = self.handler(row.vector, new);
        self.idle = None;
        Ok(())
    }

    fn remember(&mut self, hardware: &mut dyn Hardware, saves: Saves, address: u64, msr: u64) {
        let (first, second) = match saves {
            Saves::Standard => {
                self.supervisor.set_field(hardware, layout::SRR0, address);
                self.supervisor.set_field(hardware, layout::SRR1, msr);
                return;
            }
            Saves::Critical => (number::CSRR0, number::CSRR1),
            Saves::MachineCheck => (number::MCSRR0, number::MCSRR1),
        };
        self.supervisor.registers.set(first, address);
        self.supervisor.registers.set(second, msr);
    }

    /// The MSR bits that an interrupt sets: the byte order and the width of handlers.
    const fn interrupt_mode(&self, old: u64) -> u64 {
        match self.supervisor.model.family {
            Family::Book3s32 if old & msr::ILE != 0 => msr::LE,
            Family::Book3s64 => match self.supervisor.endian {
                Endian::Big => msr::SF,
                Endian::Little => msr::SF | msr::LE,
            },
            _ => 0,
        }
    }

    fn handler(&self, vector: Vector, new: u64) -> u64 {
        let registers = &self.supervisor.registers;
        match vector {
            Vector::Offset(offset)
                if new & msr::IP != 0 && self.supervisor.model.family == Family::Book3s32 =>
            {
                0xfff0_0000 | u64::from(offset)
            }
            Vector::Offset(offset) => u64::from(offset),
            Vector::Register(ivor) => {
                registers.get(number::IVPR) & 0xffff_0000 | registers.get(number::ivor(ivor)) & 0xfff0
            }
        }
    }
}
