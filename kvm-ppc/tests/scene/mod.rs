//! A guest that runs: the smallest processor over the mappings of a [`Fake`], one instruction after the other.
//!
//! It knows nothing of the host but its interface, so that what it finds out about the host does not depend on the
//! in-process machine. One instruction takes one tick.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod processor;
pub mod words;

use kvm_ppc::deferral::{self, Policy};
use kvm_ppc::hardware::{Exit, Hardware, Shared};
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::mmu::{Mas, Mmu};
use kvm_ppc::model::Model;
use kvm_ppc::page::Mapped;
use kvm_ppc::{Ready, Vcpu};
use magicpage::{Endian, Family, layout, msr};

use processor::Processor;

/// Bytes of guest memory.
pub const MEMORY: usize = 0x1_0000;
/// Where code stands that is given no address.
pub const CODE: u64 = 0x1000;
/// Book E's vectors: interrupt n has the IVOR of this and 16 n.
pub const IVOR_BASE: u64 = 0x2000;
/// The model of each family that tests run on.
pub const MODELS: [&str; 3] = ["750", "power8", "e500v2"];

/// A guest, its host and its processor.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The host.
    pub vcpu: Vcpu,
    /// The processor.
    pub processor: Processor,
    /// The exits since [`Scene::forget`], and where the guest was.
    pub exits: Vec<(Exit, u64)>,
}

/// The policy of this name.
pub fn policy(name: &str) -> &'static dyn Policy {
    deferral::from_name(name).expect("a policy")
}

impl Scene {
    /// A model under a policy, in supervisor mode with MSR\[ME\] set and nothing else but the family's width. Its memory
    /// is full of branches to themselves; on Book E all addresses are mapped to themselves.
    pub fn new(model: &str, policy_name: &str) -> Self {
        let model = Model::from_name(model).expect("a model");
        let mut processor = Processor::new(MEMORY, model.family);
        for word in processor.fake.memory.chunks_exact_mut(4) {
            word.copy_from_slice(&words::LOOP.to_be_bytes());
        }
        let mut vcpu = Vcpu::new(model, Endian::Big, policy(policy_name), &mut processor);
        if let Mmu::E500(mmu) = &mut vcpu.supervisor.mmu {
            // 16 MiB at 0 for the supervisor and for user mode: nothing has been mapped that this could make stale.
            let _ = mmu.tlb.write(&Mas {
                mas0: 0x1000_0000,
                mas1: 0xc000_0700,
                mas3: 0x3f,
                ..Mas::default()
            });
        }
        let mut scene = Self {
            vcpu,
            processor,
            exits: Vec::new(),
        };
        if scene.family() == Family::E500 {
            for (number, ivor) in (400..416).chain(528..532).zip((0..16).chain(32..36)) {
                scene.set_spr(number, IVOR_BASE + 0x10 * ivor);
            }
        }
        scene.set_msr(0);
        scene.vcpu.state.pc = CODE;
        scene
    }

    /// The same, with the page mapped where Linux has it, r1 and r2 as a kernel has them.
    pub fn with_page(model: &str, policy: &str) -> Self {
        let mut scene = Self::new(model, policy);
        let second = scene.vcpu.deferral.policy.features() != magicpage::hypercall::PageFeatures::empty();
        scene.map_page(Some(Mapped {
            second,
            ..linux(scene.family())
        }));
        (scene.vcpu.state.gpr[1], scene.vcpu.state.gpr[2]) = (0xc000_8000, 0xc000_0000);
        scene
    }

    /// The family.
    pub fn family(&self) -> Family {
        self.vcpu.supervisor.model.family
    }

    /// Maps the page, or unmaps it.
    pub fn map_page(&mut self, page: Option<Mapped>) {
        self.vcpu.set_page(&mut self.processor, page);
    }

    /// Sets the MSR: MSR\[ME\], the family's width, and these bits.
    pub fn set_msr(&mut self, bits: u64) {
        let wide = if self.family() == Family::Book3s64 {
            msr::SF
        } else {
            0
        };
        self.vcpu.set_msr(&mut self.processor, bits | msr::ME | wide);
    }

    /// The MSR.
    pub fn msr(&self) -> u64 {
        self.vcpu.msr(&self.processor)
    }

    /// Writes words to memory.
    pub fn code(&mut self, address: u64, words: &[u32]) {
        for (at, word) in (address..).step_by(4).zip(words) {
            self.processor.fake.set_u32(at, *word);
        }
    }

    /// The guest's word of a field of the page.
    pub fn field(&self, field: layout::Field) -> u64 {
        self.vcpu.supervisor.field(&self.processor, field)
    }

    /// A word of the magic page.
    pub fn page_word(&self, offset: usize) -> u32 {
        let bytes = &self.processor.shared(Shared::Magic)[offset..offset + 4];
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// A special-purpose register.
    pub fn spr(&self, number: u16) -> u64 {
        self.vcpu.spr(&self.processor, number).expect("a register")
    }

    /// Moves a value to a special-purpose register, as the guest would.
    pub fn set_spr(&mut self, number: u16, value: u64) {
        assert!(self.vcpu.set_spr(&mut self.processor, number, value), "{number}");
    }

    /// Makes an interrupt wait.
    pub fn raise(&mut self, interrupt: Interrupt) {
        assert!(self.vcpu.interrupt(interrupt), "{interrupt:?}");
    }

    /// What the host does with the guest now.
    pub fn prepare(&mut self) -> Ready {
        self.vcpu.prepare(&mut self.processor)
    }

    /// The host is told of an exit.
    pub fn exit(&mut self, exit: Exit) {
        self.vcpu.handle(&mut self.processor, exit);
    }

    /// Enters the guest once, for at most so many instructions. Answers whether it ran at all.
    pub fn enter(&mut self, instructions: u32) -> bool {
        let Ready::Enter(entry) = self.prepare() else {
            return false;
        };
        let user = self.msr() & msr::PR != 0;
        assert!(
            !user || !self.processor.reaches_a_page(&entry),
            "user mode reaches a page"
        );
        self.processor.budget = instructions;
        let exit = self.processor.enter(&mut self.vcpu.state, &entry);
        self.exits.push((exit, self.vcpu.state.pc));
        self.exit(exit);
        true
    }

    /// Runs until the instruction at `address` is the next one, with no more exits than the guest needs.
    pub fn run_to(&mut self, address: u64) {
        for _ in 0..1000 {
            self.prepare();
            if self.vcpu.state.pc == address {
                return;
            }
            self.enter(1);
        }
        panic!("never came to {address:x}, is at {:x}", self.vcpu.state.pc);
    }

    /// Runs with no exit but those that the host asks for, until an interrupt is taken or for a thousand exits.
    /// Answers where the guest was when it was taken. A guest that loops, with nobody asking for an exit, ends it.
    pub fn taken_at(&mut self) -> Option<u64> {
        let before = self.vcpu.taken;
        for _ in 0..1000 {
            self.prepare();
            if self.vcpu.taken != before {
                return self.vcpu.taken.map(|taken| taken.address);
            }
            self.enter(10_000);
            if matches!(self.exits.last(), Some((Exit::Host, _))) {
                return None;
            }
        }
        None
    }

    /// Runs once with all code mapped, so that what exits afterwards is not the first touch of anything.
    pub fn warm(&mut self, to: u64) {
        let state = self.vcpu.state.clone();
        self.run_to(to);
        self.vcpu.state = state;
        self.forget();
    }

    /// Forgets the exits so far.
    pub fn forget(&mut self) {
        self.exits.clear();
    }

    /// Where the guest was at each exit, without those that only lacked a mapping.
    pub fn exit_addresses(&self) -> Vec<u64> {
        self.exits.iter().map(|(_, address)| *address).collect()
    }
}

/// Linux's page: the last one of the address space.
pub const fn linux(family: Family) -> Mapped {
    let (effective, real) = match family {
        Family::Book3s32 | Family::E500 => (0xf_ffff, 0xf_ffff),
        Family::Book3s64 => (0xf_ffff_ffff_ffff, 0xffff_ffff_ffff),
    };
    Mapped {
        effective,
        real,
        second: false,
    }
}
