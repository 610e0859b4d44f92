//! The guest as a debugger's target.

use std::collections::BTreeSet;

use gdbstub::arch::{Arch, Registers};
use gdbstub::common::Signal;
use gdbstub::stub::SingleThreadStopReason;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{Breakpoints, BreakpointsOps, SwBreakpoint, SwBreakpointOps};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::{Target, TargetError, TargetResult};
use kvm_ppc::hardware::{Access, Frame, Hardware};
use magicpage::PAGE_SIZE;

use super::registers;
use crate::run::peek;
use vm::Outside;

use crate::run::{End, Machine, Runner};

/// Turns within which an instruction completes: its own exits, those for its mappings, and interrupts before it.
const TURNS: usize = 64;
/// Instructions between two looks at the connection while the guest runs towards a breakpoint.
const STRIDE: usize = 10_000;

/// PowerPC, to a debugger. Addresses have 64 bits, on 32-bit processors too.
#[derive(Debug)]
pub enum PowerPc {}

/// All registers as bytes; which bytes are whose, the target knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bytes {
    bytes: Vec<u8>,
    pc: u64,
}

impl Registers for Bytes {
    type ProgramCounter = u64;

    fn pc(&self) -> u64 {
        self.pc
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        self.bytes.iter().for_each(|byte| write_byte(Some(*byte)));
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        self.bytes = bytes.to_vec();
        Ok(())
    }
}

impl Arch for PowerPc {
    type Usize = u64;
    type Registers = Bytes;
    type BreakpointKind = usize;
    type RegId = ();
}

/// How the guest is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resume {
    Continue,
    Step,
}

/// A guest with a debugger.
pub struct Debugger<'r, O: Outside<Machine>> {
    runner: &'r mut Runner,
    outside: &'r mut O,
    description: String,
    breakpoints: BTreeSet<u64>,
    resume: Resume,
    /// Whether the guest has gone on since it was resumed: it does not stop where it stands.
    moved: bool,
    /// How the guest has ended, if it has.
    pub ended: Option<End>,
    /// What the outside failed with.
    pub failed: Option<O::Error>,
}

/// The outside has failed; why is in [`Debugger::failed`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the guest could not go on")]
pub struct Failed;

impl<'r, O: Outside<Machine>> Debugger<'r, O> {
    /// A debugger for this guest.
    pub fn new(runner: &'r mut Runner, outside: &'r mut O) -> Self {
        let description = registers::description(runner.guest.vcpu.supervisor.model.family);
        Self {
            runner,
            outside,
            description,
            breakpoints: BTreeSet::new(),
            resume: Resume::Continue,
            moved: false,
            ended: None,
            failed: None,
        }
    }

    /// Lets the guest go on for a while. Answers why it stopped, if it did.
    pub fn go(&mut self) -> Result<Option<SingleThreadStopReason<u64>>, Failed> {
        match self.resume {
            Resume::Step => self
                .one()
                .map(|stop| Some(stop.unwrap_or(SingleThreadStopReason::DoneStep))),
            Resume::Continue if self.breakpoints.is_empty() => self.turn(u64::MAX),
            Resume::Continue => self.run_to_breakpoint(),
        }
    }

    fn run_to_breakpoint(&mut self) -> Result<Option<SingleThreadStopReason<u64>>, Failed> {
        for _ in 0..STRIDE {
            if let Some(stop) = self.settle()? {
                return Ok(Some(stop));
            }
            if self.moved && self.breakpoints.contains(&self.runner.guest.vcpu.state.pc) {
                return Ok(Some(SingleThreadStopReason::SwBreak(())));
            }
            let before = self.place();
            let stop = self.turn(1)?;
            self.moved |= self.place() != before;
            if stop.is_some() {
                return Ok(stop);
            }
        }
        Ok(None)
    }

    /// One instruction.
    fn one(&mut self) -> Result<Option<SingleThreadStopReason<u64>>, Failed> {
        let before = self.place();
        for _ in 0..TURNS {
            let stop = self.turn(1)?;
            if stop.is_some() {
                return Ok(stop);
            }
            if self.place() != before {
                break;
            }
        }
        self.settle()
    }

    fn place(&self) -> (u64, u64) {
        (self.runner.guest.vcpu.state.pc, self.runner.guest.instructions())
    }

    fn turn(&mut self, most: u64) -> Result<Option<SingleThreadStopReason<u64>>, Failed> {
        let done = self.runner.step(self.outside, most);
        self.note(done)
    }

    /// Interrupts that the guest takes now are taken, so that it stands where it will go on.
    fn settle(&mut self) -> Result<Option<SingleThreadStopReason<u64>>, Failed> {
        let done = self.runner.settle(self.outside);
        self.note(done)
    }

    fn note(
        &mut self,
        done: Result<Option<End>, O::Error>,
    ) -> Result<Option<SingleThreadStopReason<u64>>, Failed> {
        match done {
            Ok(end) => {
                self.ended = self.ended.or(end);
                Ok(end.map(stop_reason))
            }
            Err(error) => {
                self.failed = Some(error);
                Err(Failed)
            }
        }
    }

    /// What lies at an address, as much as is in its page.
    fn read_piece(&self, address: u64, bytes: &mut [u8]) -> Option<()> {
        let guest = &self.runner.guest;
        let load = peek::read(&guest.vcpu, &guest.machine, address, Access::Load, bytes);
        load.or_else(|| peek::read(&guest.vcpu, &guest.machine, address, Access::Fetch, bytes))
    }

    fn write_piece(&mut self, address: u64, bytes: &[u8]) -> Option<()> {
        let guest = &mut self.runner.guest;
        let translate = |access| peek::translate(&guest.vcpu, &guest.machine, address, access);
        let to = translate(Access::Load).or_else(|| translate(Access::Fetch))?;
        guest.changed();
        match to.frame {
            Frame::Shared(page) => {
                let start = usize::try_from(to.physical).ok()? % PAGE_SIZE;
                let field = guest
                    .machine
                    .shared_mut(page)
                    .get_mut(start..start + bytes.len())?;
                field.copy_from_slice(bytes);
                Some(())
            }
            Frame::Memory(_) => guest.machine.write(to.physical, bytes).ok(),
        }
    }
}

/// What a debugger is told of the end.
fn stop_reason(end: End) -> SingleThreadStopReason<u64> {
    match end {
        End::Exit { code } => SingleThreadStopReason::Exited(u8::try_from(code & 0xff).unwrap_or(0)),
        End::CheckStop | End::Stuck => SingleThreadStopReason::Terminated(Signal::SIGABRT),
        _ => SingleThreadStopReason::Exited(0),
    }
}

/// Bytes from an address to the end of its page.
fn to_page_end(address: u64) -> usize {
    PAGE_SIZE - usize::try_from(address % PAGE_SIZE as u64).unwrap_or(0)
}

impl<O: Outside<Machine>> Target for Debugger<'_, O> {
    type Arch = PowerPc;
    type Error = Failed;

    fn base_ops(&mut self) -> BaseOps<'_, PowerPc, Failed> {
        BaseOps::SingleThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }
}

impl<O: Outside<Machine>> TargetDescriptionXmlOverride for Debugger<'_, O> {
    fn target_description_xml(
        &self,
        annex: &[u8],
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        if annex != b"target.xml" {
            return Err(TargetError::NonFatal);
        }
        let xml = self.description.as_bytes();
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| xml.get(offset..))
            .unwrap_or_default();
        let count = rest.len().min(length).min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

impl<O: Outside<Machine>> SingleThreadBase for Debugger<'_, O> {
    fn read_registers(&mut self, regs: &mut Bytes) -> TargetResult<(), Self> {
        *regs = Bytes {
            bytes: registers::read(&self.runner.guest),
            pc: self.runner.guest.vcpu.state.pc,
        };
        Ok(())
    }

    fn write_registers(&mut self, regs: &Bytes) -> TargetResult<(), Self> {
        let done = registers::write(&mut self.runner.guest, &regs.bytes);
        done.then_some(()).ok_or(TargetError::NonFatal)
    }

    fn read_addrs(&mut self, start_addr: u64, data: &mut [u8]) -> TargetResult<usize, Self> {
        let mut done = 0;
        while done < data.len() {
            let address = start_addr.wrapping_add(done as u64);
            let end = data.len().min(done + to_page_end(address));
            if self.read_piece(address, &mut data[done..end]).is_none() {
                break;
            }
            done = end;
        }
        if done == 0 && !data.is_empty() {
            Err(TargetError::NonFatal)
        } else {
            Ok(done)
        }
    }

    fn write_addrs(&mut self, start_addr: u64, data: &[u8]) -> TargetResult<(), Self> {
        let mut done = 0;
        while done < data.len() {
            let address = start_addr.wrapping_add(done as u64);
            let end = data.len().min(done + to_page_end(address));
            self.write_piece(address, &data[done..end])
                .ok_or(TargetError::NonFatal)?;
            done = end;
        }
        Ok(())
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl<O: Outside<Machine>> SingleThreadResume for Debugger<'_, O> {
    fn resume(&mut self, _signal: Option<Signal>) -> Result<(), Failed> {
        (self.resume, self.moved) = (Resume::Continue, false);
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }
}

impl<O: Outside<Machine>> SingleThreadSingleStep for Debugger<'_, O> {
    fn step(&mut self, _signal: Option<Signal>) -> Result<(), Failed> {
        (self.resume, self.moved) = (Resume::Step, false);
        Ok(())
    }
}

impl<O: Outside<Machine>> Breakpoints for Debugger<'_, O> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }
}

impl<O: Outside<Machine>> SwBreakpoint for Debugger<'_, O> {
    fn add_sw_breakpoint(&mut self, addr: u64, _kind: usize) -> TargetResult<bool, Self> {
        self.breakpoints.insert(addr);
        Ok(true)
    }

    fn remove_sw_breakpoint(&mut self, addr: u64, _kind: usize) -> TargetResult<bool, Self> {
        Ok(self.breakpoints.remove(&addr))
    }
}
