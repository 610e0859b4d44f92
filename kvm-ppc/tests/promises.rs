//! Promises 4 and 5, by property: the host survives any guest, and guest user mode never reaches the page.
//!
//! Whatever the guest's code, registers, tables and pages are, and whatever the hardware says about why it stopped:
//! no panic, a bounded number of hardware calls for an exit and for an entry, no mapping but of guest memory and of the
//! shared pages, and those not for user mode. Memory is reached through the processor of `scene`, which knows no
//! address outside.

mod hostile;
mod scene;
mod support;

use hostile::Random;
use kvm_ppc::Ready;
use kvm_ppc::deferral::POLICIES;
use kvm_ppc::hardware::{Exit, Frame, Hardware};
use kvm_ppc::interrupt::Interrupt::{External, MachineCheck};
use kvm_ppc::page::Mapped;
use magicpage::{Family, msr};
use proptest::prelude::*;
use scene::words::{LOOP, SC, d, store, x31};
use scene::{CODE, MODELS, Scene};

proptest! {
    #[test]
    fn promise_4_the_host_survives_any_guest(
        which in 0_usize..3,
        policy in 0..POLICIES.len(),
        seed in any::<u64>(),
        acts in hostile::acts(),
    ) {
        let mut scene = hostile::guest(which, policy, seed);
        for act in acts {
            hostile::act(&mut scene, act);
        }
    }

    /// A guest that starts in user mode, with the pages full of a secret, runs whatever it likes; the hardware has the
    /// host interpret it, at whatever address it likes. Until it is in supervisor mode no register comes to hold the
    /// secret, and no byte of the pages that is not a register's changes.
    #[test]
    fn promise_5_user_mode_never_reads_or_writes_the_page_by_interpretation(
        which in 0_usize..3,
        policy in 0..POLICIES.len(),
        seed in any::<u64>(),
        effective in prop::sample::select(vec![0xf_ffff_ffff_ffff_u64, 0xf_ffff, 8]),
        real in prop::sample::select(vec![0xffff_ffff_ffff_u64, 0xf_ffff, 8]),
        words in prop::collection::vec(0_u32..SEEKERS, 1..40),
    ) {
        let mut scene = hostile::guest(which, policy, seed);
        scene.processor.fake.pages = [[SECRET[0]; 4096]; 2];
        scene.map_page(Some(Mapped { effective, real, second: true }));
        let random = &mut Random(seed);
        for word in words {
            scene.set_msr(msr::PR | random.next() & (msr::IR | msr::DR | msr::EE | msr::FP));
            scene.vcpu.state.pc = CODE;
            scene.code(CODE, &[seeker(word, random), LOOP]);
            for (register, base) in [(4, 0x8000), (5, 0x7ff0), (6, 0xffff_f000), (7, 0xffff_f0f0)] {
                scene.vcpu.state.gpr[register] = base;
            }
            let pages = scene.processor.fake.pages;
            let exit = random.pick(&[Exit::Interpret, Exit::Fetch, hostile::exit(&mut Random(seed ^ 1))]);
            hostile::checked(&mut scene, |scene| scene.exit(exit));
            if scene.msr() & msr::PR != 0 {
                let seen = scene.vcpu.state.gpr.iter().any(|value| value.to_be_bytes()[4..] == SECRET);
                prop_assert!(!seen, "a register holds the secret");
            }
            for (before, after) in pages.iter().zip(&scene.processor.fake.pages) {
                prop_assert!(before[0xf0..] == after[0xf0..] && before[..0x20] == after[..0x20], "a page has changed");
            }
            // What the host stores there itself is not the secret any more.
            scene.processor.fake.pages = [[SECRET[0]; 4096]; 2];
        }
    }
}

const SECRET: [u8; 4] = [0xc7; 4];

/// Kinds of words that [`seeker`] makes.
const SEEKERS: u32 = 12;

/// A load or a store at a page's addresses: r4 to r7 point to them.
fn seeker(kind: u32, random: &mut Random) -> u32 {
    let base = random.pick(&[4, 5, 6, 7]);
    let offset = random.pick(&[0, 0x18, 0x58, 0xf0, 0x800]);
    match kind {
        0 => d(32, 9, base, offset),
        1 => d(36, 9, base, offset),
        2 => d(46, 24, base, offset),
        3 => d(47, 24, base, offset),
        4 => x31(23, 9, base, 0) | random.pick(&[0, 1 << 11]),
        5 => x31(151, 9, 0, base),
        6 => x31(1014, 0, 0, base),
        7 => x31(20, 9, 0, base),
        8 => x31(150, 9, 0, base) | 1,
        9 => x31(597, 9, base, 4),
        10 => x31(725, 9, base, 4),
        _ => d(
            random.pick(&[32, 36, 34, 40, 58, 62]),
            9,
            0,
            random.pick(&[0xf000, 0xe000, 0xf018, 0xf800]),
        ),
    }
}

/// The number of mappings is bounded, and with it the host's memory: a guest that touches ever new addresses has its
/// oldest mappings taken back.
#[test]
fn promise_4_mappings_are_bounded() {
    let mut scene = Scene::new("e500v2", "store-trap");
    scene.processor.fake.memory.resize(4 << 20, 0);
    let mut most = 0;
    for process in 0..100 {
        scene.set_spr(48, process);
        for page in 0..1024 {
            scene.prepare();
            scene.exit(Exit::Data {
                address: page << 12,
                store: false,
            });
        }
        most = most.max(scene.processor.fake.mappings.len());
    }
    assert!(most > 10_000 && most <= 1 << 16, "{most}");
    scene.set_msr(0);
    scene.code(CODE, &[d(32, 3, 0, 0x3000), LOOP]);
    scene.run_to(CODE + 4);
}

/// So is what it costs to protect a page, however many addresses lead to it.
#[test]
fn promise_4_protecting_a_page_is_bounded() {
    let mut scene = Scene::with_page("e500v2", "store-trap");
    for process in 0..250 {
        scene.set_spr(48, process);
        scene.prepare();
        scene.exit(Exit::Data {
            address: 0xffff_f000,
            store: true,
        });
    }
    scene.code(CODE, &[store(1, 0x1c), LOOP]);
    scene.set_msr(msr::EE);
    scene.run_to(CODE + 4);
    scene.raise(External);
    scene.processor.calls.mappings = 0;
    scene.prepare();
    assert!(scene.vcpu.deferral.hold().is_some());
    assert!(
        (1..=64).contains(&scene.processor.calls.mappings),
        "{}",
        scene.processor.calls.mappings
    );
}

/// A guest that does nothing but what costs the host most: each exit is bounded.
#[test]
fn promise_4_the_dearest_instructions_are_bounded() {
    for model in MODELS {
        for policy in POLICIES {
            for word in [
                d(47, 0, 4, 0),
                d(46, 0, 4, 0),
                x31(661, 0, 4, 5),
                x31(533, 0, 4, 5),
                x31(1014, 0, 4, 5),
                x31(306, 0, 0, 4),
            ] {
                let mut scene = Scene::with_page(model, policy.name());
                let mut code = vec![store(1, 0x1c)];
                code.extend([word; 100]);
                scene.code(CODE, &code);
                scene.set_msr(msr::EE);
                scene.vcpu.state.gpr[4] = 0x8ffe;
                scene.vcpu.state.xer = 0x7f;
                scene.run_to(CODE + 4);
                scene.vcpu.state.gpr[4] = 0x8ffe;
                scene.raise(External);
                scene.raise(MachineCheck);
                hostile::checked(&mut scene, |scene| scene.exit(Exit::Interpret));
                scene.vcpu.state.pc = CODE + 4;
                scene.processor.calls = Default::default();
                scene.prepare();
                let calls = scene.processor.calls.others.get();
                assert!(
                    calls <= hostile::MOST_PER_ENTRY,
                    "{model} {}: {calls}",
                    policy.name()
                );
            }
        }
    }
}

/// The host never asks itself to go on for ever: interrupts that are raised faster than they are taken, hypercalls in a
/// circle, an interrupt handler that faults at once.
#[test]
fn promise_4_storms_are_the_guests_own() {
    for model in MODELS {
        for policy in POLICIES {
            let mut scene = Scene::with_page(model, policy.name());
            scene.code(CODE, &[SC, LOOP]);
            scene.processor.fake.memory.fill(0);
            scene.processor.fake.line = true;
            for _ in 0..100 {
                scene.set_msr(msr::EE);
                scene.raise(MachineCheck);
                if !matches!(scene.prepare(), Ready::Enter(_)) {
                    break;
                }
                hostile::checked(&mut scene, |scene| scene.exit(Exit::Interpret));
            }
        }
    }
}

/// User mode at the page's addresses sees what the guest's own tables have there, in every mode, at every alias; a
/// supervisor that was there before makes no difference.
#[test]
fn promise_5_user_mode_sees_memory_at_the_pages_addresses() {
    for policy in POLICIES {
        for model in ["e500v2", "750", "power8"] {
            let mut scene = Scene::with_page(model, policy.name());
            scene.map_page(Some(Mapped {
                effective: 0xf_ffff,
                real: 8,
                second: true,
            }));
            scene.code(
                CODE,
                &[d(32, 3, 0, 0x7ffc), x31(23, 5, 0, 4), x31(151, 9, 0, 4), LOOP],
            );
            scene.vcpu.state.gpr[4] = 0x801c;
            scene.vcpu.state.gpr[9] = 0x1234;
            scene.processor.fake.pages[0][0x1c..0x20].copy_from_slice(&[1, 2, 3, 4]);
            let start = scene.vcpu.state.clone();
            scene.run_to(CODE + 8);
            assert_eq!(
                scene.vcpu.state.gpr[5], 0x0102_0304,
                "{model}: the supervisor sees the page"
            );
            scene.vcpu.state = start;
            scene.set_msr(msr::PR);
            scene.vcpu.state.gpr[4] = 0x801c;
            scene.run_to(CODE + 12);
            assert_eq!(
                scene.vcpu.state.gpr[5],
                u64::from(LOOP),
                "{model}: user mode sees memory"
            );
            assert_eq!(scene.processor.fake.u32(0x801c), 0x1234, "{model}");
            assert_eq!(scene.processor.fake.pages[0][0x1c..0x20], [1, 2, 3, 4], "{model}");
        }
    }
}

/// A hold does not make the page user mode's either: a section that ends by `rfi` to user mode, with an interrupt
/// waiting, and a store there.
#[test]
fn promise_5_not_while_the_page_is_held() {
    for policy in POLICIES {
        let mut scene = Scene::with_page("750", policy.name());
        scene.map_page(Some(Mapped {
            effective: 0xf_ffff,
            real: 8,
            second: true,
        }));
        scene.code(CODE, &[x31(151, 1, 0, 4), LOOP]);
        scene.vcpu.state.gpr[4] = 0x801c;
        scene.set_msr(msr::EE);
        scene.run_to(CODE + 4);
        scene.raise(External);
        scene.prepare();
        // EE stays off, so that the interrupt waits in user mode too.
        scene.set_msr(msr::PR);
        scene.vcpu.state.pc = CODE;
        scene.run_to(CODE + 4);
        assert_eq!(scene.processor.fake.u32(0x801c), 0xc000_8000, "{}", policy.name());
        let frames: Vec<Frame> = scene
            .processor
            .fake
            .mappings
            .values()
            .map(|(frame, _)| *frame)
            .collect();
        assert!(frames.contains(&Frame::Memory(8)), "{}", policy.name());
        assert_eq!(scene.family(), Family::Book3s32);
        assert_eq!(scene.processor.spaces(), 1000);
    }
}
