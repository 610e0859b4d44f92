//! A guest under a host, at one moment.

use std::num::NonZeroU32;

use kvm_ppc::deferral::Policy;
use kvm_ppc::hardware::{Exit, Hardware, Shared};
use kvm_ppc::interrupt::{Interrupt, row};
use kvm_ppc::mmu::Mmu;
use kvm_ppc::model::Model;
use kvm_ppc::page::Mapped;
use kvm_ppc::{Ready, Vcpu};
use machine::{Config, Machine};
use magicpage::hypercall::PageFeatures;
use magicpage::{Family, PAGE_ADDRESS, WordSize, layout, msr};

use super::case::{Origin, Target};
use super::guest::{self, LOOP, MEMORY, Piece};
use super::variant::Variant;

/// A guest and its host. A copy goes its own way.
#[derive(Debug)]
pub struct World {
    /// The host's view.
    pub vcpu: Vcpu,
    /// The processor and the memory.
    pub machine: Machine,
}

/// Instructions after which a guest that has not come to its loop never will.
const LIMIT: u64 = 4000;

/// What the trampolines of a guest look like for a policy.
pub fn variant(policy: &dyn Policy) -> Variant {
    if policy.features().contains(PageFeatures::SPLIT_CRITICAL) {
        Variant::Split
    } else if policy.features().contains(PageFeatures::NOTIFICATION) {
        Variant::Notify
    } else {
        Variant::Plain
    }
}

impl World {
    /// A guest of the target, with everything in place but the site, in front of it.
    pub fn new(target: Target, origin: Origin, policy: &'static dyn Policy) -> Self {
        let model = Model::of_family(target.family);
        let config = Config {
            ratio: NonZeroU32::MIN,
            ..Config::new(target.family, usize::try_from(MEMORY).expect("a few pages"))
        };
        let mut machine = Machine::new(config).expect("the size is allowed");
        let mut vcpu = Vcpu::new(model, target.endian, policy, &mut machine);
        identity(&mut vcpu, target);
        let variant = variant(policy);
        let real = if target.family == Family::Book3s64 {
            0x0fff_ffff_ffff_f000
        } else {
            0xffff_f000
        };
        let effective = match target.family.word_size() {
            WordSize::Word32 => 0xffff_f000,
            WordSize::Word64 => PAGE_ADDRESS.cast_unsigned(),
        };
        let second = variant != Variant::Plain;
        vcpu.set_page(
            &mut machine,
            Some(Mapped {
                effective: effective >> 12,
                real: real >> 12,
                second,
            }),
        );
        let mut world = Self { vcpu, machine };
        world.write(target, &guest::surroundings(target, origin, variant));
        world.vcpu.state.pc = guest::SITE;
        world.vcpu.set_msr(&mut world.machine, guest::mode(target));
        world
    }

    /// Makes this a copy of another world.
    pub fn copy(&mut self, other: &Self) {
        self.vcpu.clone_from(&other.vcpu);
        self.machine.fork_from(&other.machine);
    }

    /// Writes code to guest memory.
    pub fn write(&mut self, target: Target, pieces: &[Piece]) {
        for (address, words) in pieces {
            let bytes: Vec<u8> = words
                .iter()
                .flat_map(|word| target.endian.write_u32(*word))
                .collect();
            self.machine
                .write(*address, &bytes)
                .expect("the guest's pieces lie in its memory");
        }
    }

    /// The guest goes on until it is in front of its loop. Answers whether it came there.
    ///
    /// What says so is an exit that the host never sees: nothing that waits is taken because of it.
    pub fn finish(&mut self) -> bool {
        !self.go_on(LIMIT) && self.vcpu.state.pc == LOOP
    }

    /// The guest goes on for so many instructions, and stops with no exit that the host sees. Answers whether it is not
    /// at its end before.
    pub fn go_on(&mut self, instructions: u64) -> bool {
        self.machine
            .stop_at(Some(self.machine.instructions() + instructions));
        loop {
            let Ready::Enter(entry) = self.vcpu.prepare(&mut self.machine) else {
                return false;
            };
            let exit = self.machine.enter(&mut self.vcpu.state, &entry);
            if exit == Exit::SystemCall && self.vcpu.state.pc == LOOP {
                return false;
            }
            if exit == Exit::Host {
                return true;
            }
            self.vcpu.handle(&mut self.machine, exit);
        }
    }

    /// One instruction, whoever carries it out. The exits that it takes to get there do not count.
    pub fn step(&mut self) {
        let (pc, instructions) = (self.vcpu.state.pc, self.machine.instructions());
        self.machine.stop_at(Some(instructions + 1));
        // Each instruction makes a few exits at most: its page, what it touches, the page again after a change.
        for _ in 0..16 {
            let Ready::Enter(entry) = self.vcpu.prepare(&mut self.machine) else {
                return;
            };
            if self.vcpu.state.pc != pc {
                return;
            }
            let exit = self.machine.enter(&mut self.vcpu.state, &entry);
            self.vcpu.handle(&mut self.machine, exit);
            let moved = self.vcpu.state.pc != pc || self.machine.instructions() != instructions;
            if moved || matches!(exit, Exit::Host) {
                return;
            }
        }
    }

    /// Gives the page's SPRGs values, and `critical` what the last section would have left.
    pub fn fill_page(&mut self, seed: u64) {
        let Self { vcpu, machine } = self;
        let marker = vcpu.state.gpr[2];
        vcpu.supervisor.set_field(machine, layout::CRITICAL, marker);
        for (field, value) in [layout::SPRG0, layout::SPRG1, layout::SPRG2, layout::SPRG3]
            .into_iter()
            .zip(1..)
        {
            vcpu.supervisor
                .set_field(machine, field, seed.wrapping_add(value).wrapping_mul(0x9e37_79b9));
        }
    }

    /// How often the handler of an interrupt has run.
    pub fn handled(&self, target: Target, kind: Interrupt) -> u32 {
        let at = usize::try_from(guest::counter(kind)).expect("a few pages");
        let bytes = &self.machine.memory()[at..at + 4];
        target.endian.read_u32([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// Whether the guest could go on after `kind` on any processor, when `first` was raised before.
    ///
    /// Machine checks and resets save to registers that may still hold what an earlier interrupt saved: then nobody can.
    /// And a handler of this guest saves to one place, so that it cannot be interrupted by its own kind.
    pub fn is_recoverable(&self, target: Target, first: Interrupt, kind: Interrupt) -> bool {
        let enabled_by_msr = |kind| row(target.family, kind).is_some_and(|row| row.enable & !msr::ME != 0);
        if enabled_by_msr(kind) {
            return true;
        }
        if !enabled_by_msr(first) && self.vcpu.queue.waits(first) {
            return false;
        }
        let pc = self.vcpu.state.pc;
        if (guest::SITE..guest::HANDLER_TRAMPOLINES).contains(&pc) {
            return true;
        }
        first != kind && (target.family == Family::E500 || self.vcpu.msr(&self.machine) & msr::RI != 0)
    }

    /// The bytes of the magic page.
    pub fn page(&self) -> &[u8] {
        self.machine.shared(Shared::Magic)
    }
}

/// On Book E every address is translated: one entry maps all of memory to itself. The handlers' addresses are set.
fn identity(vcpu: &mut Vcpu, target: Target) {
    if let Mmu::E500(mmu) = &mut vcpu.supervisor.mmu {
        // Nothing has been mapped yet that this could make stale.
        let _ = mmu.tlb.write(&kvm_ppc::mmu::Mas {
            mas0: 0x1000_0000,
            mas1: 0xc000_0000 | 3 << 8,
            mas2: 0,
            mas3: 0x15,
            ..Default::default()
        });
    }
    if target.family == Family::E500 {
        for (ivor, address) in guest::ivors(target) {
            vcpu.supervisor
                .registers
                .set(kvm_ppc::spr::number::ivor(ivor), address);
        }
    }
}
