//! Guests that mean harm: random code, random registers and pages, and hardware that lies about why they stopped.
#![allow(dead_code, reason = "each test file uses a part of it")]

use kvm_ppc::Ready;
use kvm_ppc::deferral::POLICIES;
use kvm_ppc::hardware::{Cause, Exit, Hardware};
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::mmu::{Bat, Mas, Mmu};
use kvm_ppc::page::Mapped;
use magicpage::{WordSize, msr};
use proptest::prelude::*;

use crate::scene::words::{SC, d, x31};
use crate::scene::{CODE, MEMORY, MODELS, Scene};

/// One thing that happens: what kind, and the numbers for it.
pub type Act = (u8, u64, u64);

/// Hardware calls for one exit, mappings left out: an instruction that moves 128 bytes, each of them translated through
/// sixteen entries of a page table, twice.
pub const MOST_PER_EXIT: u32 = 4096;
/// For one entry: the host may carry out 64 instructions, and take a few interrupts.
pub const MOST_PER_ENTRY: u32 = 65 * MOST_PER_EXIT;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.next() % of.len() as u64).expect("an index")]
    }

    fn word(&mut self) -> u32 {
        u32::try_from(self.next() >> 32).expect("32 bits")
    }
}

/// Extended opcodes of what the host carries out, and of what it might have to: moves to and from registers, TLBs,
/// segments, SLB, caches, strings, load and reserve, external control.
const EXTENDED: &[u32] = &[
    83, 146, 178, 131, 163, 339, 467, 371, 210, 242, 595, 659, 306, 566, 274, 978, 946, 914, 786, 402, 851,
    915, 979, 434, 498, 470, 1014, 86, 54, 982, 20, 150, 84, 214, 23, 151, 21, 149, 597, 725, 533, 661, 310,
    438, 334, 462, 4, 598, 854, 87, 215, 534, 662, 279, 407,
];

/// A word that is likely to be trouble.
fn word(random: &mut Random) -> u32 {
    let (rt, ra, rb) = (
        random.pick(&[1, 2, 3, 4, 9, 11, 29, 30, 31]),
        random.pick(&[0, 0, 4, 5, 31]),
        random.word() & 31,
    );
    let near = u16::try_from(random.next() & 0xffc).expect("16 bits");
    match random.next() % 20 {
        0 => match random.next() % 8 {
            0 => random.word(),
            _ => 0x6000_0000,
        },
        1..=4 => x31(random.pick(EXTENDED), rt, ra, rb) | random.word() & 1,
        5 => x31(
            random.pick(&[339, 467]),
            rt,
            random.word() & 31,
            random.pick(&[0, 8, 16, 29, 30, 31, 1, 2, 9, 10, 11, 12]),
        ),
        6 | 7 => d(
            random.pick(&[32, 36, 36, 34, 38, 40, 44, 46, 47, 58, 62, 50, 54]),
            rt,
            0,
            0xf000 | near & 0xff,
        ),
        8 => d(
            36,
            random.pick(&[1, 2]),
            0,
            random.pick(&[0xf01c, 0xf018, 0xe01c, 0xe000]),
        ),
        9 => d(
            random.pick(&[32, 33, 36, 37, 46, 47, 42, 48]),
            rt,
            random.pick(&[4, 5]),
            near,
        ),
        10 => random.pick(&[0x4c00_0064, 0x4c00_0024, 0x4c00_0066, 0x4c00_004c, SC, SC]),
        11 => 0x4800_0000 | random.word() & 0x3c,
        12 => 0x4bff_ffc0 | random.word() & 0x3c,
        13 => d(random.pick(&[14, 15, 24, 21, 11]), rt, ra, near),
        14 => random.pick(&[
            0x7c00_8146,
            0x7c00_0146,
            0x7fe0_0008,
            0x6000_0000,
            0x4e80_0020,
            0x4e80_0420,
        ]),
        _ => d(36, rt, 5, near),
    }
}

/// Addresses that lead somewhere, and some that do not.
fn address(random: &mut Random) -> u64 {
    let near = random.next() & 0xfff;
    let near = random.pick(&[near, near, 0xffd, 0xfff]);
    random.pick(&[
        0,
        0x1000,
        0x3000,
        0x8000,
        0xf000,
        0x1_0000,
        0xc000_0000,
        0xc000_8000,
        0xffff_e000,
        0xffff_f000,
        u64::MAX << 12,
        random.0,
    ]) | near
}

fn page_number(random: &mut Random) -> u64 {
    address(random) >> 12
}

/// A guest with everything random.
pub fn guest(which: usize, policy: usize, seed: u64) -> Scene {
    let random = &mut Random(seed);
    let mut scene = Scene::new(
        MODELS[which % MODELS.len()],
        POLICIES[policy % POLICIES.len()].name(),
    );
    for at in (0..MEMORY as u64).step_by(4) {
        scene.processor.fake.set_u32(at, word(random));
    }
    scene.processor.fake.devices.insert(0x1_0008, 5);
    scene.processor.fake.spaces = 64;
    for bytes in &mut scene.processor.fake.pages {
        bytes.fill_with(|| random.next().to_le_bytes()[0]);
    }
    let mask = match scene.vcpu.supervisor.model.family.word_size() {
        WordSize::Word32 => 0xffff_ffff,
        WordSize::Word64 => u64::MAX,
    };
    for register in 0..32 {
        scene.vcpu.state.gpr[register] = address(random) & mask;
    }
    // Hypercalls and pages that are the guest's own idea.
    scene.vcpu.state.gpr[0] = 0x4b56_4d21;
    scene.vcpu.state.gpr[11] = random.pick(&[0x0001_0010, 0x002a_0003, 0x002a_0004, 0x002a_0004, 7]);
    translation(&mut scene, random);
    let bits = random.next() & (msr::EE | msr::PR | msr::IR | msr::DR | msr::FP | msr::SE | msr::RI);
    scene.set_msr(bits);
    scene.vcpu.state.pc = CODE;
    scene
}

/// Translation that leads to memory for both modes, and a page table of random words.
fn translation(scene: &mut Scene, random: &mut Random) {
    match &mut scene.vcpu.supervisor.mmu {
        Mmu::Book3s32(mmu) => {
            let block = |upper| Bat { upper, lower: 2 };
            mmu.bats.data[0] = block(0x0000_1fff);
            mmu.bats.instruction[0] = block(0x0000_1fff);
            mmu.bats.data[1] = block(0xc000_1ffe);
            mmu.sdr1 = random.pick(&[0, 0x8000, 0xffff_ffff]);
        }
        Mmu::Book3s64(mmu) => {
            mmu.sdr1 = random.pick(&[0, 0x8000, u64::MAX]);
            for entry in 0..4 {
                let _ = mmu
                    .slb
                    .write(entry | 0x0800_0000 | random.next() << 28, random.next() & 0xfff);
            }
        }
        Mmu::E500(mmu) => {
            for entry in 1..4 {
                let mas = Mas {
                    mas0: 0x1000_0000 | entry << 16,
                    mas1: 0x8000_0000 | random.word() & 0x0003_1f00,
                    mas2: random.word(),
                    mas3: random.word() & 0xffff,
                    ..Mas::default()
                };
                let _ = mmu.tlb.write(&mas);
            }
        }
    }
}

/// An exit, true or not.
pub fn exit(random: &mut Random) -> Exit {
    let address = address(random);
    let store = random.next() & 1 != 0;
    match random.next() % 14 {
        0 => Exit::Program(Cause::Privileged),
        1 => Exit::Program(Cause::Illegal),
        2 => Exit::Program(Cause::Trap),
        3 => Exit::Program(Cause::FloatingPoint),
        4 => Exit::SystemCall,
        5 | 6 => Exit::Data { address, store },
        7 => Exit::Fetch,
        8 => Exit::Alignment { address, store },
        9 => Exit::FloatingPoint,
        10 => Exit::Vector,
        11 => Exit::Trace,
        12 => Exit::Host,
        _ => Exit::Interpret,
    }
}

/// What is raised. A machine check often is the end of a guest, so that it comes seldom.
const RAISED: [Interrupt; 8] = [
    Interrupt::External,
    Interrupt::External,
    Interrupt::External,
    Interrupt::Decrementer,
    Interrupt::Decrementer,
    Interrupt::SystemReset,
    Interrupt::Critical,
    Interrupt::MachineCheck,
];

/// Any acts.
pub fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(any::<Act>(), 1..60)
}

/// Does one.
pub fn act(scene: &mut Scene, (kind, first, second): Act) {
    let random = &mut Random(first);
    match kind % 16 {
        0..=5 => {
            for _ in 0..8 {
                enter(scene, u32::from(kind));
            }
        }
        6 | 7 => checked(scene, |scene| scene.exit(exit(random))),
        8 | 9 => {
            scene.vcpu.interrupt(random.pick(&RAISED));
            checked_entry(scene);
        }
        10 => {
            let page = (second & 3 != 0).then(|| Mapped {
                effective: page_number(random),
                real: page_number(random),
                second: second & 4 != 0,
            });
            checked(scene, |scene| scene.map_page(page));
        }
        11 => {
            let at = usize::try_from(second & 0xff8).expect("an offset");
            scene.processor.fake.pages[usize::from(second & 0x1000 != 0)][at..at + 8]
                .copy_from_slice(&first.to_be_bytes());
        }
        12 => {
            let r1 = random.pick(&[scene.vcpu.state.gpr[1], first & 0xffff_ffff]);
            scene.vcpu.state.gpr[1] = r1;
            let field = magicpage::layout::CRITICAL;
            scene.vcpu.supervisor.set_field(&mut scene.processor, field, r1);
        }
        13 => scene.set_msr(second & 0xffff),
        14 => {
            scene.processor.fake.line = first & 1 != 0;
            scene.processor.fake.ticks = scene
                .processor
                .fake
                .ticks
                .wrapping_add(second >> random.pick(&[0, 32, 56]));
        }
        _ => scene.vcpu.state.pc = address(random) & 0xffff_fffc,
    }
}

fn enter(scene: &mut Scene, budget: u32) {
    if let Ready::Enter(entry) = checked_entry(scene) {
        let user = scene.msr() & msr::PR != 0;
        assert!(
            !user || !scene.processor.reaches_a_page(&entry),
            "user mode reaches a page"
        );
        scene.processor.budget = budget;
        let exit = scene.processor.enter(&mut scene.vcpu.state, &entry);
        checked(scene, |scene| scene.exit(exit));
    }
}

/// Does something that may cost so much.
pub fn checked(scene: &mut Scene, does: impl FnOnce(&mut Scene)) {
    bounded(scene, MOST_PER_EXIT, does);
}

fn checked_entry(scene: &mut Scene) -> Ready {
    bounded(scene, MOST_PER_ENTRY, Scene::prepare)
}

fn bounded<T>(scene: &mut Scene, most: u32, does: impl FnOnce(&mut Scene) -> T) -> T {
    let before = u32::try_from(scene.processor.fake.mappings.len()).expect("a few");
    scene.processor.calls = crate::scene::processor::Calls::default();
    let done = does(scene);
    let calls = &scene.processor.calls;
    assert!(
        calls.others.get() <= most,
        "{} hardware calls",
        calls.others.get()
    );
    let mapped = calls.mappings;
    assert!(mapped <= 2 * before + 16, "{mapped} changes of {before} mappings");
    done
}
