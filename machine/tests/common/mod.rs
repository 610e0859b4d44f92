//! What several tests share: a machine with a program in it, and a processor that is slow and simple.
#![allow(dead_code, reason = "each test uses its part")]

use cpu::memory::{Access, Fault, Memory, Reason};
use cpu::{State, Stop, decode};
use kvm_ppc::hardware::{Entry, Frame, Hardware, Place, Rights, Space};
use machine::{Config, Devices, Icache, Machine};
use magicpage::{Endian, Family};

pub const FAMILY: Family = Family::Book3s32;
pub const SPACE: Space = Space(1);
pub const RAM: usize = 64 << 10;

pub fn words(source: &str) -> Vec<u32> {
    rewriter::asm::assemble(source).expect("a program")
}

pub fn place(page: u64) -> Place {
    Place { page, space: SPACE }
}

pub fn entry() -> Entry {
    Entry {
        fetch: [SPACE; 16],
        data: [SPACE; 16],
        endian: Endian::Big,
        step: false,
        deadline: None,
    }
}

pub fn step() -> Entry {
    Entry {
        step: true,
        ..entry()
    }
}

/// Writes words as the host does.
pub fn put<D: Devices>(machine: &mut Machine<D>, address: u64, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    machine.write(address, &bytes).expect("memory");
}

pub fn get<D: Devices>(machine: &Machine<D>, address: u64) -> u32 {
    let mut bytes = [0; 4];
    machine.read(address, &mut bytes).expect("memory");
    u32::from_be_bytes(bytes)
}

/// A machine whose effective addresses are the physical ones, all allowed.
pub fn bare(icache: Icache) -> Machine {
    let mut config = Config::new(FAMILY, RAM);
    config.icache = icache;
    let mut machine = Machine::new(config).expect("a size that is possible");
    for page in 0..RAM as u64 >> 12 {
        machine.map(place(page), Frame::Memory(page), Rights::all());
    }
    machine
}

/// The same with a program at 0.
pub fn with_program(source: &str) -> (Machine, State) {
    let mut machine = bare(Icache::Coherent);
    put(&mut machine, 0, &words(source));
    (machine, State::new(FAMILY))
}

/// A processor without caches, over memory at its physical addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct Naive {
    pub bytes: Vec<u8>,
    pub family: Family,
    pub endian: Endian,
}

impl Naive {
    pub fn of(machine: &Machine) -> Self {
        Self {
            bytes: machine.memory().to_vec(),
            family: machine.config().family,
            endian: Endian::Big,
        }
    }

    fn at(&self, address: u64, bytes: u8) -> Option<std::ops::Range<usize>> {
        let start = usize::try_from(address).ok()?;
        let end = start.checked_add(usize::from(bytes))?;
        (end <= self.bytes.len()).then_some(start..end)
    }

    /// Executes the instruction at the program counter; `None` if there is no memory.
    pub fn step(&mut self, state: &mut State) -> Option<Result<(), Stop>> {
        let range = self.at(state.pc, 4)?;
        let bytes = self.bytes[range].try_into().ok()?;
        let ins = decode(self.endian.read_u32(bytes), self.family);
        Some(cpu::execute(ins, state, self))
    }
}

impl Memory for Naive {
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        let range = self.at(address, bytes).ok_or(fault(address, Access::Load))?;
        let fold = |value, byte: &u8| value << 8 | u64::from(*byte);
        let slice = &self.bytes[range];
        Ok(match self.endian {
            Endian::Big => slice.iter().fold(0, fold),
            Endian::Little => slice.iter().rev().fold(0, fold),
        })
    }

    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        let range = self.at(address, bytes).ok_or(fault(address, Access::Store))?;
        let slice = &mut self.bytes[range];
        let all = value.to_le_bytes();
        slice.copy_from_slice(&all[..usize::from(bytes)]);
        if self.endian == Endian::Big {
            slice.reverse();
        }
        Ok(())
    }
}

fn fault(address: u64, access: Access) -> Fault {
    Fault {
        address,
        access,
        reason: Reason::Unmapped,
    }
}
