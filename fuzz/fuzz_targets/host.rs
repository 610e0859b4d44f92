//! Any guest: its model, the policy, registers, pages, translation, code, and what happens to it.
//!
//! The guest runs on the in-process machine, which is watched: the host maps nothing but guest memory and the shared
//! pages, a guest in user mode is not entered with a page in reach, and an exit and an entry cost a bounded number of
//! calls. The hardware may lie about why the guest stopped. Nothing panics.
//!
//! An input is a header, then the code behind its length, then actions, each a byte and its operands. Where it ends
//! everything is zero.
#![no_main]

#[path = "host/input.rs"]
mod input;
#[path = "host/watched.rs"]
mod watched;

use kvm_ppc::deferral::POLICIES;
use kvm_ppc::hardware::{Exit, Hardware, Shared};
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::mmu::{Bat, Mas, Mmu};
use kvm_ppc::model::MODELS;
use kvm_ppc::{Ready, Vcpu};
use libfuzzer_sys::fuzz_target;
use magicpage::{Endian, Family, WordSize, layout, msr};

use input::Input;
use watched::Watched;

/// The guest's code.
const CODE: u64 = 0x1000;
/// Calls that an exit and an entry may cost: an instruction moves up to 128 bytes, each through up to sixteen entries of
/// a page table, twice, and an entry may carry out 64 of them.
const PER_EXIT: u32 = 4096;
const PER_ENTRY: u32 = 65 * PER_EXIT;

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
        let wide = if model.family == Family::Book3s64 {
            msr::SF
        } else {
            0
        };
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
                let block = Bat {
                    upper: 0x1ffe | u32::from(input.byte() & 1),
                    lower: 2,
                };
                (mmu.bats.data[0], mmu.bats.instruction[0]) = (block, block);
                mmu.bats.data[1] = Bat {
                    upper: input.word(),
                    lower: input.word(),
                };
            }
            Mmu::Book3s64(mmu) => {
                mmu.sdr1 = input.address();
                for entry in 0..2 {
                    let _ = mmu.slb.write(
                        0x0800_0000 | entry | input.address() & !0xfff_ffff,
                        input.number::<2>(),
                    );
                }
            }
            Mmu::E500(mmu) => {
                let identity = Mas {
                    mas0: 0x1000_0000,
                    mas1: 0xc000_0700,
                    mas3: 0x3f,
                    ..Mas::default()
                };
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
        assert!(
            self.hardware.calls.get() <= most,
            "{} calls",
            self.hardware.calls.get()
        );
        assert!(
            self.hardware.changes as usize <= 2 * before + 64,
            "{} changes",
            self.hardware.changes
        );
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
            let Ready::Enter(entry) =
                self.bounded(PER_ENTRY, |world| world.vcpu.prepare(&mut world.hardware))
            else {
                return false;
            };
            let user = self.vcpu.msr(&self.hardware) & msr::PR != 0;
            assert!(
                !user || self.hardware.is_private(&entry),
                "user mode reaches a page"
            );
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
                self.vcpu
                    .supervisor
                    .set_field(&mut self.hardware, layout::CRITICAL, r1);
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
                self.hardware
                    .machine
                    .skip_to(now.saturating_add(ticks >> (8 * (ticks & 7))));
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
