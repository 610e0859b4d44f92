//! Instructions that the host carries out on the guest's mappings, as the processor would: those that it cannot, and those that
//! stepping must not leave to it.
//!
//! The guest's kernel does not hear of it. What an instruction does is the `cpu` crate's to say; what an exit is called is the
//! same as in the in-process machine.

use cpu::memory::{Access, Fault, Memory, Reason};
use cpu::operand::Operand;
use cpu::{Ins, Privilege, Regs, State, Stop, decode};
use kvm_ppc::hardware::{Cause, Exit, Place, Rights, Space};
use magicpage::Family;

use crate::mappings::Mappings;
use crate::real;

/// The time base, lower and upper half, as user mode reads it.
const TIME_BASE: u16 = 268;
const TIME_BASE_UPPER: u16 = 269;

/// What a guest's instruction is carried out on.
pub struct Software<'a> {
    /// The processor family.
    pub family: Family,
    /// What is mapped.
    pub mappings: &'a Mappings,
    /// The space of each segment for fetches.
    pub fetch: &'a [Space; 16],
    /// And for loads and stores.
    pub data: &'a [Space; 16],
    /// The time base.
    pub timebase: u64,
}

impl Software<'_> {
    /// Carries out the instruction at the program counter.
    ///
    /// # Errors
    ///
    /// The exit that it makes.
    pub fn execute(&mut self, state: &mut State) -> Result<(), Exit> {
        let ins = self.instruction(state.pc).ok_or(Exit::Fetch)?;
        let done = match self.misaligned(ins, state) {
            Some(fault) => Err(Stop::Fault(fault)),
            None => cpu::execute(ins, state, self),
        };
        done.or_else(|stop| self.stopped(stop, ins, state))
    }

    /// The instruction at an address, if it may be fetched.
    pub fn instruction(&self, pc: u64) -> Option<Ins> {
        let real = self.real(self.fetch, pc, Rights::EXECUTE).ok()?;
        // SAFETY: mappings reach guest memory and shared pages only.
        let word = unsafe { real::load(real & !3, 4) };
        Some(decode((word & 0xffff_ffff) as u32, self.family))
    }

    fn real(&self, spaces: &[Space; 16], address: u64, right: Rights) -> Result<u32, Reason> {
        let place = Place {
            page: address >> 12,
            space: spaces[(address >> 28 & 15) as usize],
        };
        let mapping = self.mappings.get(place).ok_or(Reason::Unmapped)?;
        if mapping.rights.contains(right) {
            Ok(mapping.real_page << 12 | (address & 0xfff) as u32)
        } else {
            Err(Reason::Protected)
        }
    }

    /// Where the bytes of an access begin, and where those that lie in the next page do.
    fn parts(&self, address: u64, bytes: u8, access: Access) -> Result<[(u32, u8); 2], Fault> {
        let right = match access {
            Access::Load => Rights::READ,
            Access::Store => Rights::WRITE,
        };
        let real = |address| {
            self.real(self.data, address, right).map_err(|reason| Fault {
                address,
                access,
                reason,
            })
        };
        let room = 0x1000 - (address & 0xfff);
        let first = real(address)?;
        if u64::from(bytes) <= room {
            return Ok([(first, bytes), (0, 0)]);
        }
        let head = (room & 7) as u8;
        Ok([
            (first, head),
            (real(address.wrapping_add(room) & 0xffff_ffff)?, bytes - head),
        ])
    }

    /// The fault of an access at an address that the processor wants aligned, where emulators make it (MPC750 User's Manual
    /// 4.5.6; e500 Core Family Reference Manual, alignment interrupt).
    fn misaligned(&self, ins: Ins, state: &State) -> Option<Fault> {
        let name = ins.mnemonic();
        let several = matches!(name, "lmw" | "stmw");
        let floating = self.family == Family::Book3s32
            && state.fp
            && (name.starts_with("lf") || name.starts_with("stf"));
        if !several && !floating {
            return None;
        }
        let address = effective(ins, state);
        let access = if name.starts_with("st") {
            Access::Store
        } else {
            Access::Load
        };
        (!address.is_multiple_of(4)).then_some(Fault {
            address,
            access,
            reason: Reason::Unaligned,
        })
    }

    fn stopped(&self, stop: Stop, ins: Ins, state: &mut State) -> Result<(), Exit> {
        Err(match stop {
            Stop::Privileged => Exit::Program(Cause::Privileged),
            Stop::SystemCall => {
                advance(state);
                Exit::SystemCall
            }
            Stop::Trap => Exit::Program(Cause::Trap),
            Stop::Illegal => Exit::Program(Cause::Illegal),
            Stop::FloatingPointUnavailable => Exit::FloatingPoint,
            Stop::FloatingPointException => Exit::Program(Cause::FloatingPoint),
            Stop::Unimplemented => {
                let Some(value) = self.time(ins) else {
                    return Err(missing(ins, state));
                };
                state.gpr[usize::from(ins.rt())] = value & 0xffff_ffff;
                advance(state);
                return Ok(());
            }
            Stop::Fault(fault) => {
                let (address, store) = (fault.address, fault.access == Access::Store);
                match fault.reason {
                    Reason::Unaligned => Exit::Alignment { address, store },
                    Reason::Unmapped | Reason::Protected => Exit::Data { address, store },
                }
            }
        })
    }

    /// The half of the time base that an instruction reads.
    fn time(&self, ins: Ins) -> Option<u64> {
        let number = match ins.mnemonic() {
            "mfspr" => ins.spr()?,
            "mftb" => u16::from(ins.rb()) << 5 | u16::from(ins.ra()),
            _ => return None,
        };
        match number {
            TIME_BASE => Some(self.timebase),
            TIME_BASE_UPPER => Some(self.timebase >> 32),
            _ => None,
        }
    }
}

impl Memory for Software<'_> {
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        let [(first, head), (second, tail)] = self.parts(address, bytes, Access::Load)?;
        // SAFETY: mappings reach guest memory and shared pages only; neither part crosses a page.
        unsafe {
            Ok(match tail {
                0 => real::load(first, head),
                _ => real::load(first, head) << (8 * u32::from(tail)) | real::load(second, tail),
            })
        }
    }

    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        let [(first, head), (second, tail)] = self.parts(address, bytes, Access::Store)?;
        for (real, count, value) in [
            (first, head, value >> (8 * u32::from(tail))),
            (second, tail, value),
        ] {
            if count == 0 {
                continue;
            }
            // SAFETY: as above; whoever lends out a shared page has no instruction carried out meanwhile.
            unsafe { real::store(real, count, value) };
        }
        Ok(())
    }
}

/// What an exit of the processor's is called, of an instruction that it found illegal or privileged.
pub fn missing(ins: Ins, state: &State) -> Exit {
    let effects = ins.effects();
    let touches = |what: Regs| effects.reads.union(effects.writes).intersects(what);
    if ins.privilege() == Privilege::Supervisor {
        // Some emulators find those illegal that they do not have.
        Exit::Program(Cause::Privileged)
    } else if touches(Regs::VECTOR) {
        Exit::Vector
    } else if touches(Regs::FPU) && !state.fp {
        Exit::FloatingPoint
    } else {
        Exit::Program(Cause::Illegal)
    }
}

/// The effective address of an instruction with a base and a displacement or an index.
fn effective(ins: Ins, state: &State) -> u64 {
    let register = |number: u8| state.gpr[usize::from(number & 31)];
    let base = if ins.ra() == 0 { 0 } else { register(ins.ra()) };
    let displaced = ins
        .operands()
        .iter()
        .any(|operand| matches!(operand, Operand::Mem(..)));
    let offset = if displaced {
        i64::from(ins.si()).cast_unsigned()
    } else {
        register(ins.rb())
    };
    base.wrapping_add(offset) & 0xffff_ffff
}

/// Steps over an instruction.
pub fn advance(state: &mut State) {
    state.pc = state.pc.wrapping_add(4) & 0xffff_ffff;
}
