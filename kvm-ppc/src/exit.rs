//! From an exit to what the guest sees of it.
//!
//! The hardware says why the guest stopped; here it is found out what that means to the guest: nothing, because the
//! host lacked a mapping or carries an instruction out; or an exception, as its own processor would raise it.

use cpu::Stop;
use magicpage::hypercall::SC_MAGIC;
use magicpage::{Family, msr};

use crate::deferral::Hold;
use crate::emulate::{self, Done};
use crate::exception::{Exception, Program, described};
use crate::hardware::{Access, Backing, Cause, Exit, Frame, Hardware, Place};
use crate::interpret::Interpreted;
use crate::mmu::Translation;
use crate::page::{self, low32};
use crate::statistics::Reason;
use crate::vcpu::{Interface, Vcpu};

/// What an exit comes to.
enum Outcome {
    /// The guest goes on, at the program counter as it is.
    Continue,
    /// An instruction was carried out and completed.
    Completed,
    /// The guest takes an exception.
    Raise(Exception),
}

/// An exit's outcome, why it is counted, and the instruction that it is counted with.
struct Answer {
    outcome: Outcome,
    reason: Reason,
    word: u32,
}

const fn answer(outcome: Outcome, reason: Reason) -> Answer {
    Answer {
        outcome,
        reason,
        word: 0,
    }
}

impl Vcpu {
    /// Deals with an exit.
    pub fn handle(&mut self, hardware: &mut dyn Hardware, exit: Exit) {
        let address = self.state.pc;
        let msr = self.msr(hardware);
        self.deferral.exits = self.deferral.exits.saturating_add(1);
        let Answer {
            outcome,
            reason,
            word,
        } = self.answer(hardware, exit, msr);
        self.statistics.count(reason, address, word);
        if !matches!(
            reason,
            Reason::Shadow | Reason::Host | Reason::Step | Reason::Trace
        ) && !matches!(exit, Exit::SystemCall)
        {
            hardware.carried_out();
        }
        let raised = match outcome {
            Outcome::Raise(exception) => self.raise(hardware, exception),
            Outcome::Completed
                if msr & msr::SE != 0 && self.steps_itself(msr) && !self.in_section(hardware) =>
            {
                self.raise(hardware, Exception::Trace)
            }
            Outcome::Completed | Outcome::Continue => Ok(()),
        };
        self.stopped |= raised.is_err();
    }

    fn answer(&mut self, hardware: &mut dyn Hardware, exit: Exit, msr: u64) -> Answer {
        match exit {
            Exit::Program(cause) => self.program(hardware, cause, msr),
            Exit::SystemCall => self.system_call(hardware, msr),
            Exit::Data { address, store } => {
                let access = if store { Access::Store } else { Access::Load };
                self.data(hardware, msr, address, access)
            }
            Exit::Fetch => self.no_fetch(hardware, msr),
            Exit::Alignment { address, store } => self.alignment(hardware, address, store),
            Exit::FloatingPoint => self.no_floating_point(),
            Exit::Vector => self.no_vector(msr),
            Exit::Trace => self.stepped(hardware, msr),
            Exit::Host => answer(Outcome::Continue, Reason::Host),
            Exit::Interpret => self.interpreted(hardware, Reason::Interpreted),
        }
    }

    fn program(&mut self, hardware: &mut dyn Hardware, cause: Cause, msr: u64) -> Answer {
        let raise = |program| answer(Outcome::Raise(Exception::Program(program)), Reason::Program);
        match cause {
            Cause::Trap => return raise(Program::Trap),
            Cause::FloatingPoint => return raise(Program::FloatingPoint),
            Cause::Privileged | Cause::Illegal => {}
        }
        let ins = match self.fetch(hardware) {
            Ok(ins) => ins,
            Err(exception) => return answer(Outcome::Raise(exception), Reason::Storage),
        };
        let done = if msr & msr::PR == 0 {
            emulate::privileged(self, hardware, ins)
        } else {
            emulate::user(self, hardware, ins)
        };
        if done == Done::Next {
            self.step_over();
        }
        let mut answer = match done {
            Done::Next | Done::Jumped if self.holds_floating_point_exception(hardware, msr) => {
                let exception = Exception::Program(Program::FloatingPointHeld);
                answer(Outcome::Raise(exception), Reason::Privileged)
            }
            Done::Next => answer(Outcome::Completed, Reason::Privileged),
            Done::Jumped => answer(Outcome::Continue, Reason::Privileged),
            Done::Raise(exception @ Exception::Program(_)) => {
                answer(Outcome::Raise(exception), Reason::Program)
            }
            Done::Raise(exception) => answer(Outcome::Raise(exception), Reason::Privileged),
        };
        answer.word = ins.word;
        answer
    }

    /// Whether the instruction that ran with `before` enabled an exception that FPSCR held (PEM 3.3.6.1.1).
    fn holds_floating_point_exception(&self, hardware: &dyn Hardware, before: u64) -> bool {
        const ENABLE: u64 = msr::FE0 | msr::FE1;
        self.state.fpscr & cpu::fpscr::FEX != 0 && before & ENABLE == 0 && self.msr(hardware) & ENABLE != 0
    }

    fn system_call(&mut self, hardware: &mut dyn Hardware, msr: u64) -> Answer {
        let answers = self.interface != Interface::Absent;
        if answers && msr & msr::PR == 0 && low32(self.state.gpr[0]) == SC_MAGIC {
            self.hypercall(hardware);
            return Answer {
                word: low32(self.state.gpr[11]),
                ..answer(Outcome::Completed, Reason::Hypercall)
            };
        }
        answer(Outcome::Raise(Exception::SystemCall), Reason::SystemCall)
    }

    fn data(&mut self, hardware: &mut dyn Hardware, msr: u64, address: u64, access: Access) -> Answer {
        let to = match self.supervisor.translate(hardware, msr, address, access) {
            Ok(to) => to,
            Err(exception) => return answer(Outcome::Raise(exception), Reason::Storage),
        };
        match to.frame {
            Frame::Shared(page)
                if access == Access::Store && self.deferral.hold == Some(Hold::Protect(page)) =>
            {
                self.interpreted(hardware, Reason::PageStore)
            }
            Frame::Memory(_) => match hardware.backing(to.physical) {
                Backing::Memory => self.fill(hardware, msr, address, access, to),
                Backing::Device => self.interpreted(hardware, Reason::Device),
                Backing::Nothing => answer(Outcome::Raise(Exception::MachineCheck), Reason::Storage),
            },
            Frame::Shared(_) => self.fill(hardware, msr, address, access, to),
        }
    }

    fn no_fetch(&mut self, hardware: &mut dyn Hardware, msr: u64) -> Answer {
        let address = self.state.pc;
        match self.supervisor.translate(hardware, msr, address, Access::Fetch) {
            Err(exception) => answer(Outcome::Raise(exception), Reason::Storage),
            Ok(to) if self.executable(hardware, to) => self.fill(hardware, msr, address, Access::Fetch, to),
            Ok(_) => answer(Outcome::Raise(Exception::MachineCheck), Reason::Storage),
        }
    }

    fn executable(&self, hardware: &dyn Hardware, to: Translation) -> bool {
        matches!(to.frame, Frame::Shared(_)) || hardware.backing(to.physical) == Backing::Memory
    }

    fn fill(
        &mut self,
        hardware: &mut dyn Hardware,
        msr: u64,
        address: u64,
        access: Access,
        to: Translation,
    ) -> Answer {
        if !to.rights.contains(access.right()) {
            return self.interpreted(hardware, Reason::Interpreted);
        }
        let spaces = self.shadow.spaces(&self.supervisor, hardware, msr);
        let segment = page::segment(address);
        let space = if access == Access::Fetch {
            spaces.fetch[segment]
        } else {
            spaces.data[segment]
        };
        let place = Place {
            page: address >> 12,
            space,
        };
        self.shadow.insert(hardware, place, to.frame, to.rights);
        answer(Outcome::Continue, Reason::Shadow)
    }

    /// Carries out the instruction at the program counter, in the host.
    fn interpreted(&mut self, hardware: &mut dyn Hardware, reason: Reason) -> Answer {
        let ins = match self.fetch(hardware) {
            Ok(ins) => ins,
            Err(exception) => return answer(Outcome::Raise(exception), Reason::Storage),
        };
        let outcome = match self.interpret(hardware, ins, true) {
            Interpreted::Done => Outcome::Completed,
            Interpreted::Raise(exception) => Outcome::Raise(exception),
            Interpreted::Device => Outcome::Raise(Exception::MachineCheck),
            Interpreted::Stop(stop) => return self.stopped_at(hardware, stop),
        };
        if reason == Reason::PageStore {
            self.stored(hardware);
        }
        Answer {
            outcome,
            reason,
            word: ins.word,
        }
    }

    /// What the hardware would have said of an instruction that does not execute.
    fn stopped_at(&mut self, hardware: &mut dyn Hardware, stop: Stop) -> Answer {
        let msr = self.msr(hardware);
        match stop {
            Stop::Privileged => self.program(hardware, Cause::Privileged, msr),
            Stop::Illegal | Stop::Unimplemented | Stop::Fault(_) => {
                self.program(hardware, Cause::Illegal, msr)
            }
            Stop::Trap => self.program(hardware, Cause::Trap, msr),
            Stop::FloatingPointException => self.program(hardware, Cause::FloatingPoint, msr),
            Stop::FloatingPointUnavailable => self.no_floating_point(),
            Stop::SystemCall => {
                self.step_over();
                self.system_call(hardware, msr)
            }
        }
    }

    /// DSISR describes the instruction, so that a handler can carry it out (MPC750 User's Manual 4.5.6).
    fn alignment(&mut self, hardware: &mut dyn Hardware, address: u64, store: bool) -> Answer {
        const ESR_STORE: u32 = 0x0080_0000;
        let word = self.fetch(hardware).map_or(0, |ins| ins.word);
        let status = match self.supervisor.model.family {
            Family::E500 if store => ESR_STORE,
            Family::E500 => 0,
            _ => described(word),
        };
        let outcome = Outcome::Raise(Exception::Alignment { address, status });
        Answer {
            outcome,
            reason: Reason::Alignment,
            word,
        }
    }

    fn no_floating_point(&self) -> Answer {
        let exception = match self.supervisor.model.family {
            Family::E500 => Exception::Program(Program::Illegal),
            _ => Exception::FloatingPointUnavailable,
        };
        answer(Outcome::Raise(exception), Reason::FloatingPoint)
    }

    fn no_vector(&self, msr: u64) -> Answer {
        let exception = match self.supervisor.model.family {
            Family::Book3s64 | Family::E500 if msr & msr::VEC == 0 => Exception::VectorUnavailable,
            _ => Exception::Program(Program::Illegal),
        };
        answer(Outcome::Raise(exception), Reason::Vector)
    }

    /// One instruction has run: for a hold, or because the guest traces itself. A trace interrupt waits for the end
    /// of a section.
    fn stepped(&mut self, hardware: &mut dyn Hardware, msr: u64) -> Answer {
        if msr & msr::SE != 0 && self.steps_itself(msr) && !self.in_section(hardware) {
            return answer(Outcome::Raise(Exception::Trace), Reason::Trace);
        }
        let reason = if self.deferral.hold == Some(Hold::Step) {
            Reason::Step
        } else {
            Reason::Trace
        };
        answer(Outcome::Continue, reason)
    }

    const fn step_over(&mut self) {
        let next = self.state.pc.wrapping_add(4);
        self.state.pc = match self.state.word {
            magicpage::WordSize::Word32 => next & 0xffff_ffff,
            magicpage::WordSize::Word64 => next,
        };
    }
}
