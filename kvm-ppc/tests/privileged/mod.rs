//! Words of privileged instructions, and a guest that executes them one at a time.
#![allow(dead_code, reason = "each test file uses a part of it")]

use cpu::decode;
use kvm_ppc::emulate::{self, Done};
use kvm_ppc::exception::{Exception, Program};
use magicpage::msr;

use crate::support::guest::Guest;

/// What an instruction that the processor lacks comes to.
pub const ILLEGAL: Done = Done::Raise(Exception::Program(Program::Illegal));
/// What a privileged instruction comes to in user mode.
pub const PRIVILEGED: Done = Done::Raise(Exception::Program(Program::Privileged));

/// A word with primary opcode 31: the extended opcode, and the fields RT, RA, RB.
pub const fn x31(extended: u32, rt: u32, ra: u32, rb: u32) -> u32 {
    31 << 26 | rt << 21 | ra << 16 | rb << 11 | extended << 1
}

/// A word with primary opcode 19.
pub const fn x19(extended: u32) -> u32 {
    19 << 26 | extended << 1
}

/// `mfspr` or whatever moves a numbered register to or from `register`.
pub const fn numbered(extended: u32, register: u32, number: u16) -> u32 {
    let number = number as u32;
    x31(extended, register, number & 31, number >> 5)
}

/// `mfspr r3, number`.
pub const fn mfspr(number: u16) -> u32 {
    numbered(339, 3, number)
}

/// `mtspr number, r3`.
pub const fn mtspr(number: u16) -> u32 {
    numbered(467, 3, number)
}

impl Guest {
    /// Executes a word in supervisor mode, or in user mode if the MSR says so.
    pub fn execute(&mut self, word: u32) -> Done {
        let ins = decode(word, self.vcpu.supervisor.model.family);
        if self.vcpu.msr(&self.fake) & msr::PR == 0 {
            emulate::privileged(&mut self.vcpu, &mut self.fake, ins)
        } else {
            emulate::user(&mut self.vcpu, &mut self.fake, ins)
        }
    }

    /// Executes a word with `value` in r3, and answers what is then there.
    pub fn with_r3(&mut self, word: u32, value: u64) -> u64 {
        self.vcpu.state.gpr[3] = value;
        assert_eq!(self.execute(word), Done::Next, "{word:08x}");
        self.vcpu.state.gpr[3]
    }

    /// Moves a value to a register.
    pub fn mtspr(&mut self, number: u16, value: u64) {
        self.with_r3(mtspr(number), value);
    }

    /// Moves a register's value to r3.
    pub fn mfspr(&mut self, number: u16) -> u64 {
        self.with_r3(mfspr(number), 0x5a5a_5a5a)
    }

    /// The MSR by `mfmsr`.
    pub fn mfmsr(&mut self) -> u64 {
        self.with_r3(x31(83, 3, 0, 0), 0x5a5a_5a5a)
    }

    /// Sets the MSR with no instruction.
    pub fn set_msr(&mut self, value: u64) {
        self.vcpu.set_msr(&mut self.fake, value);
    }
}
