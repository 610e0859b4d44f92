//! What nothing masks waits for the end of a section, but not for ever: whatever the guest does, a machine check comes
//! after a bounded number of exits and of instructions.

mod scene;
mod support;

use kvm_ppc::deferral::POLICIES;
use kvm_ppc::interrupt::Interrupt::{External, MachineCheck, SystemReset};
use magicpage::{Family, msr};
use scene::words::{LOOP, MFMSR_R3, NOP, d, li, mtspr, store};
use scene::{CODE, Scene};

/// A machine check waits for at most as many ticks, one an instruction here, and a few instructions.
const MOST_INSTRUCTIONS: u64 = (1 << 17) + 10_000;
/// TBL and TBU, to be written.
const TBL: u32 = 284;
const TBU: u32 = 285;

/// `b .-bytes`
const fn back(bytes: u32) -> u32 {
    LOOP | (0u32.wrapping_sub(bytes)) & 0x03ff_fffc
}

/// Code of a guest that opens a section and never ends it. r5 = 0, r6 = all ones, r7 = -100.
fn endless() -> Vec<(&'static str, Vec<u32>)> {
    let open = store(1, 0x1c);
    vec![
        ("loops", vec![open, NOP, LOOP]),
        ("stores to the page", vec![open, store(31, 4), back(4)]),
        ("opens it again and again", vec![open, back(4)]),
        ("traps", vec![open, MFMSR_R3, back(4)]),
        ("traps and stores", vec![open, MFMSR_R3, store(31, 4), back(8)]),
        (
            "sets the time back once",
            vec![open, mtspr(TBU, 5), mtspr(TBL, 5), LOOP],
        ),
        (
            "sets the time back always",
            vec![open, mtspr(TBL, 5), NOP, back(8)],
        ),
        (
            "sets the time to its end",
            vec![open, mtspr(TBU, 6), mtspr(TBL, 7), LOOP],
        ),
        (
            "moves the decrementer",
            vec![open, mtspr(22, 6), mtspr(22, 5), LOOP],
        ),
        ("reads memory", vec![open, d(32, 9, 0, 0x3000), back(4)]),
    ]
}

/// Exits and instructions from the interrupt to its taking.
fn wait(scene: &mut Scene) -> Option<(u64, u64)> {
    let (exits, instructions) = (scene.vcpu.statistics.total(), scene.processor.instructions);
    for _ in 0..2000 {
        scene.prepare();
        if scene.vcpu.taken.is_some() {
            return Some((
                scene.vcpu.statistics.total() - exits,
                scene.processor.instructions - instructions,
            ));
        }
        scene.enter(100_000);
    }
    None
}

#[test]
fn a_section_without_end_does_not_keep_a_machine_check_out() {
    for policy in POLICIES {
        for model in ["750", "e500v2"] {
            for (name, code) in endless() {
                for kind in [MachineCheck, SystemReset] {
                    let mut scene = Scene::with_page(model, policy.name());
                    scene.processor.fake.ticks = 1 << 40;
                    scene.code(CODE, &code);
                    scene.set_msr(0);
                    (scene.vcpu.state.gpr[6], scene.vcpu.state.gpr[7]) = (0xffff_ffff, 0xffff_ff9c);
                    scene.run_to(CODE + 4);
                    if !scene.vcpu.interrupt(kind) {
                        assert_eq!(scene.family(), Family::E500);
                        continue;
                    }
                    let waited = wait(&mut scene);
                    let bounded = waited.is_some_and(|(exits, instructions)| {
                        exits <= 300 && instructions <= MOST_INSTRUCTIONS
                    });
                    assert!(bounded, "{} {model} {kind:?} {name}: {waited:?}", policy.name());
                }
            }
        }
    }
}

/// Nor does a guest that sets the time base have it early: it counts what has passed.
#[test]
fn setting_the_time_base_does_not_end_the_wait() {
    for policy in POLICIES.iter().filter(|policy| policy.defers_all()) {
        if policy.name() == "notification-page" || policy.name() == "split-critical" {
            continue;
        }
        for (upper, lower) in [(5, 5), (6, 5), (5, 7)] {
            let mut scene = Scene::with_page("750", policy.name());
            scene.processor.fake.ticks = 1 << 40;
            scene.code(
                CODE,
                &[
                    store(1, 0x1c),
                    mtspr(TBU, upper),
                    mtspr(TBL, lower),
                    NOP,
                    store(2, 0x1c),
                    LOOP,
                ],
            );
            (scene.vcpu.state.gpr[6], scene.vcpu.state.gpr[7]) = (0x7fff_ffff, 0xffff_ff9c);
            scene.run_to(CODE + 4);
            scene.raise(MachineCheck);
            assert!(wait(&mut scene).is_some());
            let taken = scene.vcpu.taken.map(|taken| taken.address);
            assert_eq!(taken, Some(CODE + 0x14), "{} {upper} {lower}", policy.name());
        }
    }
}

/// The bound counts from the machine check on, and it holds when something else has waited before.
#[test]
fn what_waited_before_makes_no_difference() {
    for policy in POLICIES {
        for (name, code) in endless() {
            let mut scene = Scene::with_page("750", policy.name());
            scene.code(CODE, &code);
            scene.set_msr(msr::EE);
            (scene.vcpu.state.gpr[6], scene.vcpu.state.gpr[7]) = (0xffff_ffff, 0xffff_ff9c);
            scene.run_to(CODE + 4);
            scene.raise(External);
            for _ in 0..20 {
                scene.enter(10);
            }
            scene.raise(MachineCheck);
            let waited = wait(&mut scene);
            let bounded =
                waited.is_some_and(|(exits, instructions)| exits <= 300 && instructions <= MOST_INSTRUCTIONS);
            assert!(bounded, "{} {name}: {waited:?}", policy.name());
            assert_eq!(scene.vcpu.state.pc, 0x200, "{} {name}", policy.name());
        }
    }
}

/// An external interrupt has no such bound: the guest asked for it to wait. It is not lost.
#[test]
fn a_maskable_interrupt_waits_for_the_end_however_long() {
    for policy in ["single-step", "store-trap", "emulate-forward"] {
        let mut scene = Scene::with_page("750", policy);
        scene.code(
            CODE,
            &[
                store(1, 0x1c),
                li(9, 2000),
                d(14, 9, 9, 0xffff),
                d(11, 0, 9, 0),
                0x4082_fff8,
                store(2, 0x1c),
                LOOP,
            ],
        );
        scene.set_msr(msr::EE);
        scene.run_to(CODE + 4);
        scene.raise(External);
        for _ in 0..10_000 {
            scene.prepare();
            if scene.vcpu.taken.is_some() {
                break;
            }
            scene.enter(100_000);
        }
        assert_eq!(
            scene.vcpu.taken.map(|taken| taken.address),
            Some(CODE + 0x18),
            "{policy}"
        );
    }
}
