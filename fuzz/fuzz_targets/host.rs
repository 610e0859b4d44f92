//! Any guest: its model, the policy, registers, pages, translation, code, and what happens to it.
//!
//! The guest runs on the in-process machine, which is watched: the host maps nothing but guest memory and the shared
//! pages, a guest in user mode is not entered with a page in reach, and an exit and an entry cost a bounded number of
//! calls. The hardware may lie about why the guest stopped. Nothing panics.
//!
//! An input is a header, then the code behind its length, then actions, each a byte and its operands. Where it ends
//! everything is zero.
#![no_main]

use std::cell::Cell;
use std::collections::BTreeMap;

use kvm_ppc::deferral::POLICIES;
use kvm_ppc::hardware::{Backing, Cause, Entry, Exit, Frame, Hardware, NothingThere, Place, Rights, Shared, Space};
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::mmu::{Bat, Mas, Mmu};
use kvm_ppc::model::MODELS;
use kvm_ppc::page::Mapped;
use kvm_ppc::{Ready, Vcpu};
use libfuzzer_sys::fuzz_target;
use machine::{Config, Machine};
use magicpage::{Endian, Family, PAGE_SIZE, WordSize, layout, msr};

/// Guest memory, its code, and calls that an exit and an entry may cost: an instruction moves up to 128 bytes, each
/// through up to sixteen entries of a page table, twice, and an entry may carry out 64 of them.
const MEMORY: usize = 0x1_0000;
const CODE: u64 = 0x1000;
const PER_EXIT: u32 = 4096;
const PER_ENTRY: u32 = 65 * PER_EXIT;
const MOST_MAPPINGS: usize = 1 << 16;

/// The machine, watched.
struct Watched {
    machine: Machine,
    shared: BTreeMap<Place, Shared>,
    mapped: usize,
    calls: Cell<u32>,
    changes: u32,
    line: bool,
}

impl Watched {
    fn new(family: Family) -> Self {
        let machine = Machine::new(Config::new(family, MEMORY)).expect("the size is allowed");
        Self { machine, shared: BTreeMap::new(), mapped: 0, calls: Cell::new(0), changes: 0, line: false }
    }

    fn machine(&self) -> &Machine {
        self.calls.set(self.calls.get() + 1);
        &self.machine
    }

    fn machine_mut(&mut self) -> &mut Machine {
        self.calls.set(self.calls.get() + 1);
        &mut self.machine
    }

    fn is_private(&self, entry: &Entry) -> bool {
        let spaces: Vec<Space> = entry.fetch.iter().chain(&entry.data).copied().collect();
        !self.shared.keys().any(|place| spaces.contains(&place.space))
    }
}

impl Hardware for Watched {
    fn enter(&mut self, state: &mut cpu::State, entry: &Entry) -> Exit {
        self.machine.enter(state, entry)
    }

    fn map(&mut self, place: Place, frame: Frame, rights: Rights) {
        self.changes += 1;
        self.mapped += 1;
        match frame {
            Frame::Memory(page) => {
                assert!(page < (MEMORY / PAGE_SIZE) as u64, "{page:x} is no memory");
                self.shared.remove(&place);
            }
            Frame::Shared(page) => {
                self.shared.insert(place, page);
            }
        }
        assert!(place.space.0 < self.machine.spaces(), "an invented space");
        assert!(self.mapped <= MOST_MAPPINGS && self.shared.len() <= 64);
        self.machine.map(place, frame, rights);
    }

    fn protect(&mut self, place: Place, rights: Rights) {
        self.changes += 1;
        self.machine.protect(place, rights);
    }

    fn unmap(&mut self, place: Place) {
        self.changes += 1;
        self.shared.remove(&place);
        self.machine.unmap(place);
    }

    fn flush(&mut self) {
        self.changes += 1;
        self.mapped = 0;
        self.shared.clear();
        self.machine.flush();
    }

    fn spaces(&self) -> u32 {
        self.machine.spaces()
    }

    fn shared(&self, page: Shared) -> &[u8; PAGE_SIZE] {
        self.machine().shared(page)
    }

    fn shared_mut(&mut self, page: Shared) -> &mut [u8; PAGE_SIZE] {
        self.machine_mut().shared_mut(page)
    }

    fn backing(&self, physical: u64) -> Backing {
        self.machine().backing(physical)
    }

    fn read(&self, physical: u64, bytes: &mut [u8]) -> Result<(), NothingThere> {
        self.machine().read(physical, bytes)
    }

    fn write(&mut self, physical: u64, bytes: &[u8]) -> Result<(), NothingThere> {
        self.machine_mut().write(physical, bytes)
    }

    fn device_load(&mut self, physical: u64, bytes: u8) -> Result<u64, NothingThere> {
        self.machine_mut().device_load(physical, bytes)
    }

    fn device_store(&mut self, physical: u64, bytes: u8, value: u64) -> Result<(), NothingThere> {
        self.machine_mut().device_store(physical, bytes, value)
    }

    fn external_line(&self) -> bool {
        self.line
    }

    fn timebase(&self) -> u64 {
        self.machine.timebase()
    }

    fn set_timebase(&mut self, ticks: u64) {
        self.machine.set_timebase(ticks);
    }
}

/// The input, from its beginning.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn number<const N: usize>(&mut self) -> u64 {
        (0..N).fold(0, |value, _| value << 8 | u64::from(self.byte()))
    }

    fn word(&mut self) -> u32 {
        self.number::<4>() as u32
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    /// An address: a byte for one that leads somewhere, and its offset.
    fn address(&mut self) -> u64 {
        const PLACES: &[u64] =
            &[0, 0x1000, 0x3000, 0x8000, 0xf000, 0x1_0000, 0xc000_0000, 0xffff_e000, 0xffff_f000, u64::MAX << 12];
        let base = match self.byte() {
            255 => self.number::<8>(),
            byte => PLACES[usize::from(byte) % PLACES.len()],
        };
        base | self.number::<2>() & 0xfff
    }

    fn page(&mut self) -> Option<Mapped> {
        let flags = self.byte();
        let (effective, real) = (self.address() >> 12, self.address() >> 12);
        (flags & 1 != 0).then_some(Mapped { effective, real, second: flags & 2 != 0 })
    }

    fn exit(&mut self) -> Exit {
        let kind = self.byte();
        let (address, store) = (self.address(), kind & 0x80 != 0);
        match kind & 15 {
            0 => Exit::Program(Cause::Privileged),
            1 => Exit::Program(Cause::Illegal),
            2 => Exit::Program(Cause::Trap),
            3 => Exit::Program(Cause::FloatingPoint),
            4 => Exit::SystemCall,
            5..=7 => Exit::Data { address, store },
            8 => Exit::Fetch,
            9 => Exit::Alignment { address, store },
            10 => Exit::FloatingPoint,
            11 => Exit::Vector,
            12 => Exit::Trace,
            13 => Exit::Host,
            _ => Exit::Interpret,
        }
    }

    /// A word: one that stores to the page or loads from it in three bytes, or any.
    fn instruction(&mut self) -> u32 {
        match self.byte() {
            kind @ 0..=63 => {
                let (register, low) = (self.byte(), self.byte());
                u32::from(kind) << 26 | u32::from(register & 31) << 21 | 0xf000 | u32::from(low)
            }
            kind @ 64..=127 => {
                let fields = self.number::<3>() as u32;
                31 << 26 | fields << 1 | u32::from(kind & 1) << 25
            }
            128..=143 => self.pick(&[0x4400_0002, 0x4c00_0064, 0x4c00_0024, 0x4c00_0066, 0x4800_0000, 0x7c00_8146]),
            144..=159 => 0x4800_0000 | u32::from(self.byte() & 0x3c),
            160..=175 => 0x4bff_ff80 | u32::from(self.byte() & 0x7c),
            _ => self.word(),
        }
    }
}

/// A guest and what it runs on.
struct World {
    vcpu: Vcpu,
    hardware: Watched,
}

impl World {
    fn new(input: &mut Input) -> Self {
        let model = &MODELS[usize::from(input.byte()) % MODELS.len()];
        let policy = input.pick(POLICIES);
        let little = model.family == Family::Book3s64 && input.byte() & 1 != 0;
        let endian = if little { Endian::Little } else { Endian::Big };
        let mut hardware = Watched::new(model.family);
        let vcpu = Vcpu::new(model, endian, policy, &mut hardware);
        let mut world = Self { vcpu, hardware };
        world.registers(input);
        world.translation(input);
        let page = input.page();
        world.vcpu.set_page(&mut world.hardware, page);
        let words = u64::from(input.byte());
        for at in 0..words {
            let bytes = endian.write_u32(input.instruction());
            world.hardware.write(CODE + 4 * at, &bytes).expect("memory");
        }
        let bits = input.number::<4>();
        let wide = if model.family == Family::Book3s64 { msr::SF } else { 0 };
        world.vcpu.set_msr(&mut world.hardware, bits ^ msr::ME ^ wide);
        world.vcpu.state.pc = CODE;
        world
    }

    fn registers(&mut self, input: &mut Input) {
        let mask = match self.vcpu.supervisor.model.family.word_size() {
            WordSize::Word32 => 0xffff_ffff,
            WordSize::Word64 => u64::MAX,
        };
        let gpr = &mut self.vcpu.state.gpr;
        (gpr[0], gpr[1], gpr[2]) = (0x4b56_4d21, 0xc000_8000, 0xc000_0000);
        gpr[11] = input.pick(&[0x002a_0004, 0x0001_0010, 0x002a_0003, 0]);
        for register in [1, 3, 4, 5, 9, 30, 31] {
            let value = input.address() & mask;
            self.vcpu.state.gpr[register] = value;
        }
        self.vcpu.state.xer = input.byte().into();
    }

    fn translation(&mut self, input: &mut Input) {
        match &mut self.vcpu.supervisor.mmu {
            Mmu::Book3s32(mmu) => {
                mmu.sdr1 = input.address() as u32;
                let block = Bat { upper: 0x1ffe | u32::from(input.byte() & 1), lower: 2 };
                (mmu.bats.data[0], mmu.bats.instruction[0]) = (block, block);
                mmu.bats.data[1] = Bat { upper: input.word(), lower: input.word() };
            }
            Mmu::Book3s64(mmu) => {
                mmu.sdr1 = input.address();
                for entry in 0..2 {
                    let _ = mmu.slb.write(0x0800_0000 | entry | input.address() & !0xfff_ffff, input.number::<2>());
                }
            }
            Mmu::E500(mmu) => {
                let identity = Mas { mas0: 0x1000_0000, mas1: 0xc000_0700, mas3: 0x3f, ..Mas::default() };
                let _ = mmu.tlb.write(&identity);
                let mas = Mas {
                    mas0: 0x1001_0000,
                    mas1: 0x8000_0000 | input.word(),
                    mas2: input.word(),
                    mas3: input.word(),
                    ..Mas::default()
                };
                let _ = mmu.tlb.write(&mas);
            }
        }
    }

    /// Does something that may cost so many calls.
    fn bounded<T>(&mut self, most: u32, does: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.hardware.mapped;
        (self.hardware.changes, _) = (0, self.hardware.calls.take());
        let done = does(self);
        assert!(self.hardware.calls.get() <= most, "{} calls", self.hardware.calls.get());
        assert!(self.hardware.changes as usize <= 2 * before + 64, "{} changes", self.hardware.changes);
        done
    }

    fn handle(&mut self, exit: Exit) {
        self.bounded(PER_EXIT, |world| world.vcpu.handle(&mut world.hardware, exit));
    }

    /// Runs so many instructions, and answers whether the guest can go on.
    fn run(&mut self, instructions: u64) -> bool {
        let until = self.hardware.machine.instructions() + instructions;
        self.hardware.machine.stop_at(Some(until));
        for _ in 0..2 * instructions + 8 {
            let Ready::Enter(entry) = self.bounded(PER_ENTRY, |world| world.vcpu.prepare(&mut world.hardware)) else {
                return false;
            };
            let user = self.vcpu.msr(&self.hardware) & msr::PR != 0;
            assert!(!user || self.hardware.is_private(&entry), "user mode reaches a page");
            let exit = self.hardware.enter(&mut self.vcpu.state, &entry);
            self.handle(exit);
            if exit == Exit::Host {
                break;
            }
        }
        true
    }

    fn act(&mut self, input: &mut Input) {
        match input.byte() {
            0..=95 => {
                let instructions = u64::from(input.byte() & 63);
                self.run(instructions);
            }
            96..=143 => {
                self.vcpu.interrupt(input.pick(&Interrupt::WAITING));
            }
            144..=159 => {
                let exit = input.exit();
                self.handle(exit);
            }
            160..=175 => {
                let page = input.page();
                self.bounded(PER_EXIT, |world| world.vcpu.set_page(&mut world.hardware, page));
            }
            176..=191 => {
                let (at, bytes) = (input.address(), input.number::<8>().to_be_bytes());
                let _ = self.hardware.write(at, &bytes);
            }
            192..=207 => {
                let (at, value) = (usize::from(input.byte()) * 8, input.number::<8>());
                let page = input.pick(&[Shared::Magic, Shared::Second]);
                self.hardware.shared_mut(page)[at..at + 8].copy_from_slice(&value.to_be_bytes());
            }
            208..=223 => {
                let r1 = self.vcpu.state.gpr[1];
                self.vcpu.supervisor.set_field(&mut self.hardware, layout::CRITICAL, r1);
            }
            224..=231 => {
                let bits = input.number::<4>();
                self.vcpu.set_msr(&mut self.hardware, bits);
            }
            232..=239 => self.vcpu.state.pc = input.address() & 0xffff_fffc,
            240..=247 => self.hardware.line ^= true,
            _ => {
                let ticks = input.number::<8>();
                let now = self.hardware.timebase();
                self.hardware.machine.skip_to(now.saturating_add(ticks >> (8 * (ticks & 7))));
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let mut world = World::new(&mut input);
    while !input.0.is_empty() {
        world.act(&mut input);
    }
    world.run(64);
});
