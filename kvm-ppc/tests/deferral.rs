//! What each policy does about an interrupt that finds the guest in a critical section, exit by exit.
//!
//! The sections are straight-line code, so that every exit can be told beforehand (ABI: a section lasts while the
//! field `critical` equals r1 in supervisor mode):
//!
//! | offset | |
//! |---|---|
//! | 0x00 | r1 to `critical`: the section begins |
//! | 0x04 | r31 to `scratch1` |
//! | 0x08 | r30 to `msr`, with EE = 1 |
//! | 0x0c | `scratch1` to r31 |
//! | 0x10 | r2 to `critical`: the section ends |
//! | 0x14 | nothing, or the store to the second page |
//! | 0x18 | a loop that makes no exit |

mod scene;
mod support;

use kvm_ppc::interrupt::Interrupt::{Critical, Decrementer, External, MachineCheck, SystemReset};
use magicpage::msr;
use scene::words::{LOOP, MFMSR_R3, NOP, d};
use scene::{CODE, MODELS, Scene, linux};

/// A word of r`register` to or from the page, or the page below, on either width.
fn moved(model: &str, load: bool, register: u32, page: u16, offset: u16) -> u32 {
    match (model, load) {
        ("power8", true) => d(58, register, 0, page | offset),
        ("power8", false) => d(62, register, 0, page | offset),
        (_, true) => d(32, register, 0, page | offset | 4),
        (_, false) => d(36, register, 0, page | offset | 4),
    }
}

/// The section, in the shape that the policy needs of a guest that maps the second page.
fn section(model: &str, policy: &str) -> [u32; 7] {
    let critical = if policy == "split-critical" {
        0xe000
    } else {
        0xf000
    };
    let last = if policy == "notification-page" {
        d(36, 2, 0, 0xe000)
    } else {
        NOP
    };
    [
        moved(model, false, 1, critical, 0x18),
        moved(model, false, 31, 0xf000, 0x00),
        moved(model, false, 30, 0xf000, 0x58),
        moved(model, true, 31, 0xf000, 0x00),
        moved(model, false, 2, critical, 0x18),
        last,
        LOOP,
    ]
}

/// A guest in front of the section, which it has run through once.
fn guest(model: &str, policy: &str, code: &[u32]) -> Scene {
    let mut scene = Scene::with_page(model, policy);
    scene.code(CODE, code);
    scene.set_msr(msr::EE);
    scene.vcpu.state.gpr[30] = scene.msr();
    scene.warm(CODE + 4 * (code.len() as u64 - 1));
    scene
}

/// Policy, offset at which the interrupt is raised, offsets of the exits, offset at which it is taken (none: the guest
/// loops and it still waits), changes of a page's protection.
type Row = (&'static str, u64, &'static [u64], Option<u64>, u64);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // In front of the section and behind it nobody waits.
    ("legacy",              0x00, &[],                       Some(0x00), 0),
    ("store-trap",          0x00, &[],                       Some(0x00), 0),
    ("store-trap",          0x14, &[],                       Some(0x14), 0),
    // Mainline: nothing makes the guest exit. It comes to its loop.
    ("legacy",              0x04, &[0x18],                   None,       0),
    ("legacy",              0x10, &[0x18],                   None,       0),
    // An exit behind each instruction.
    ("single-step",         0x04, &[0x08, 0x0c, 0x10, 0x14], Some(0x14), 0),
    ("single-step",         0x10, &[0x14],                   Some(0x14), 0),
    // One store; what follows is the guest's business, and this guest does not look.
    ("store-trap-hand-off", 0x04, &[0x04, 0x18],             None,       2),
    ("store-trap-hand-off", 0x08, &[0x08, 0x18],             None,       2),
    ("store-trap-hand-off", 0x0c, &[0x10],                   Some(0x14), 2),
    // Every store.
    ("store-trap",          0x04, &[0x04, 0x08, 0x10],       Some(0x14), 2),
    ("store-trap",          0x08, &[0x08, 0x10],             Some(0x14), 2),
    ("store-trap",          0x0c, &[0x10],                   Some(0x14), 2),
    ("store-trap",          0x10, &[0x10],                   Some(0x14), 2),
    // The store that ends the section, and no other.
    ("split-critical",      0x04, &[0x10],                   Some(0x14), 2),
    ("split-critical",      0x10, &[0x10],                   Some(0x14), 2),
    // The store behind the section.
    ("notification-page",   0x04, &[0x14],                   Some(0x18), 2),
    ("notification-page",   0x10, &[0x14],                   Some(0x18), 2),
    // None at all.
    ("emulate-forward",     0x04, &[],                       Some(0x14), 0),
    ("emulate-forward",     0x10, &[],                       Some(0x14), 0),
];

#[test]
fn each_policy_exits_where_it_should() {
    for model in MODELS {
        for &(policy, raised, exits, taken, protections) in ROWS {
            let name = format!("{model} {policy} {raised:x}");
            let mut scene = guest(model, policy, &section(model, policy));
            scene.run_to(CODE + raised);
            scene.forget();
            scene.raise(External);
            assert_eq!(scene.taken_at(), taken.map(|offset| CODE + offset), "{name}");
            let offsets: Vec<u64> = scene
                .exit_addresses()
                .iter()
                .map(|address| address - CODE)
                .collect();
            assert_eq!(offsets, exits, "{name}");
            assert_eq!(scene.vcpu.deferral.protections(), protections, "{name}");
            assert_eq!(scene.vcpu.deferral.hold().is_some(), taken.is_none(), "{name}");
        }
    }
}

/// What is missed is delivered at the next exit, whatever that is: the guest's tick, in mainline.
#[test]
fn legacy_delivers_at_the_next_exit() {
    let mut scene = guest("750", "legacy", &section("750", "legacy"));
    scene.run_to(CODE + 4);
    scene.raise(External);
    assert_eq!(scene.taken_at(), None);
    scene.prepare();
    assert_eq!(scene.vcpu.taken.map(|taken| taken.address), Some(CODE + 0x18));
}

/// While it waits, the guest can see that something does.
#[test]
fn int_pending_is_true_in_the_section() {
    for policy in kvm_ppc::deferral::POLICIES
        .iter()
        .filter(|policy| policy.name() != "emulate-forward")
    {
        let mut scene = guest("750", policy.name(), &section("750", policy.name()));
        scene.run_to(CODE + 8);
        scene.raise(External);
        scene.prepare();
        assert_eq!(scene.vcpu.taken, None, "{}", policy.name());
        assert_ne!(scene.page_word(0x64), 0, "{}", policy.name());
    }
}

/// A guest that maps one page is held by that page, whatever the policy would rather do.
#[test]
fn a_guest_without_the_second_page_is_held_by_the_first() {
    for policy in ["split-critical", "notification-page"] {
        let mut scene = guest("750", "store-trap", &section("750", "store-trap"));
        scene.vcpu.deferral.policy = scene::policy(policy);
        scene.run_to(CODE + 4);
        scene.forget();
        scene.raise(External);
        assert_eq!(scene.taken_at(), Some(CODE + 0x14), "{policy}");
        assert_eq!(
            scene.exit_addresses(),
            [CODE + 4, CODE + 8, CODE + 0x10],
            "{policy}"
        );
    }
}

/// Where the host meets what it does not carry out, or a section longer than any trampoline's, emulate-forward falls
/// back to trapping the next stores.
#[test]
fn emulate_forward_falls_back() {
    let [begin, save, write, restore, end, nop, end_loop] = section("750", "emulate-forward");
    let mut long = vec![begin, save];
    long.extend([NOP; 100]);
    long.extend([end, nop, end_loop]);
    for code in [
        vec![begin, save, MFMSR_R3, write, restore, end, nop, end_loop],
        long,
    ] {
        let closing = CODE + 4 * (code.len() as u64 - 3);
        let mut scene = guest("750", "emulate-forward", &code);
        scene.run_to(CODE + 4);
        scene.forget();
        scene.raise(External);
        assert_eq!(scene.taken_at(), Some(closing + 4));
        assert_eq!(scene.exit_addresses().last(), Some(&closing));
        assert_eq!(scene.vcpu.deferral.protections(), 2);
    }
}

/// Machine checks and resets wait for the end, too; on Book E the critical interrupt as well. Mainline does not wait.
#[test]
fn what_nothing_masks_waits_for_the_end() {
    let kinds = [
        ("750", MachineCheck),
        ("750", SystemReset),
        ("power8", MachineCheck),
        ("power8", SystemReset),
        ("e500v2", MachineCheck),
        ("e500v2", Critical),
    ];
    for policy in kvm_ppc::deferral::POLICIES {
        for (model, kind) in kinds {
            let name = policy.name();
            let mut scene = guest(model, name, &section(model, name));
            let ce = if model == "e500v2" { msr::CE } else { 0 };
            scene.set_msr(msr::EE | ce);
            scene.vcpu.state.gpr[30] = scene.msr();
            scene.run_to(CODE + 4);
            scene.raise(kind);
            let expected = match name {
                "legacy" => 0x04,
                "notification-page" => 0x18,
                _ => 0x14,
            };
            assert_eq!(scene.taken_at(), Some(CODE + expected), "{name} {model} {kind:?}");
        }
    }
}

/// Two in one section: the more urgent one first, the other when the handler lets it in. One kind raised twice is one.
#[test]
fn a_second_interrupt_in_the_section() {
    for policy in ["single-step", "store-trap", "split-critical", "emulate-forward"] {
        let mut scene = guest("750", policy, &section("750", policy));
        scene.run_to(CODE + 4);
        scene.raise(External);
        if policy != "emulate-forward" {
            scene.enter(1);
        }
        scene.raise(Decrementer);
        scene.raise(External);
        assert_eq!(scene.taken_at(), Some(CODE + 0x14), "{policy}");
        assert_eq!(scene.vcpu.state.pc, 0x500, "{policy}");
        scene.set_msr(msr::EE);
        scene.prepare();
        assert_eq!(scene.vcpu.state.pc, 0x900, "{policy}");
        assert_eq!(scene.page_word(0x64), 0, "{policy}: nothing waits any more");
        scene.set_msr(msr::EE);
        scene.prepare();
        assert_eq!(scene.vcpu.statistics.taken(External), 1, "{policy}");
    }
}

/// A machine check behind an external interrupt in the same section, the guest having been trusted to look for the
/// latter: it does not look for machine checks.
#[test]
fn a_machine_check_behind_an_interrupt_that_was_handed_off() {
    for policy in ["store-trap-hand-off", "store-trap", "single-step"] {
        let mut scene = guest("750", policy, &section("750", policy));
        scene.run_to(CODE + 4);
        scene.raise(External);
        scene.run_to(CODE + 0x0c);
        scene.raise(MachineCheck);
        assert_eq!(scene.taken_at(), Some(CODE + 0x14), "{policy}");
        assert_eq!(scene.vcpu.state.pc, 0x200, "{policy}");
    }
}

/// User mode is never in a section, whatever its r1.
#[test]
fn user_mode_is_never_critical() {
    for policy in kvm_ppc::deferral::POLICIES {
        for model in MODELS {
            let mut scene = guest(model, policy.name(), &[NOP, LOOP]);
            scene
                .vcpu
                .supervisor
                .set_field(&mut scene.processor, magicpage::layout::CRITICAL, 0xc000_8000);
            scene.set_msr(msr::EE | msr::PR);
            scene.raise(External);
            scene.prepare();
            assert_eq!(
                scene.vcpu.taken.map(|taken| taken.address),
                Some(CODE),
                "{} {model}",
                policy.name()
            );
        }
    }
}

/// In 32-bit mode the low halves are compared, in 64-bit mode all.
#[test]
fn the_comparison_is_as_wide_as_the_mode() {
    for (sf, critical) in [(0, true), (msr::SF, false)] {
        let mut scene = guest("power8", "store-trap", &[NOP, LOOP]);
        scene.vcpu.set_msr(&mut scene.processor, sf | msr::ME | msr::EE);
        let field = magicpage::layout::CRITICAL;
        scene
            .vcpu
            .supervisor
            .set_field(&mut scene.processor, field, 0x1_c000_8000);
        scene.raise(External);
        scene.prepare();
        assert_eq!(scene.vcpu.taken.is_none(), critical, "{sf:x}");
    }
}

/// The section ends with the page: once it is unmapped, no field holds anything back.
#[test]
fn unmapping_the_page_ends_the_section() {
    let mut scene = guest("750", "store-trap", &section("750", "store-trap"));
    scene.run_to(CODE + 8);
    scene.raise(External);
    scene.prepare();
    assert_eq!(scene.vcpu.taken, None);
    scene.map_page(None);
    scene.prepare();
    assert_eq!(scene.vcpu.taken.map(|taken| taken.address), Some(CODE + 8));
    scene.map_page(Some(linux(magicpage::Family::Book3s32)));
    assert_eq!(scene.vcpu.deferral.hold(), None);
}
