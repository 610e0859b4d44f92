//! Hypercalls, by the numbers of the interface (`epapr_hcalls.h`, `kvm_para.h`): r0 = "KVM!", r11 = the token.

mod scene;
mod support;

use kvm_ppc::interrupt::Interrupt::{Decrementer, External};
use kvm_ppc::page::Mapped;
use kvm_ppc::statistics::Reason;
use kvm_ppc::vcpu::Interface;
use kvm_ppc::{Ready, deferral};
use magicpage::msr;
use scene::words::{NOP, SC};
use scene::{CODE, MODELS, Scene};

const KVM: u64 = 0x4b56_4d21;
const EV_IDLE: u64 = 0x0001_0010;
const FEATURES: u64 = 0x002a_0003;
const MAP_MAGIC_PAGE: u64 = 0x002a_0004;
const SUCCESS: u64 = 0;
const UNIMPLEMENTED: u64 = 12;

/// A guest in front of a system call with this token.
fn guest(model: &str, policy: &str, token: u64) -> Scene {
    let mut scene = Scene::new(model, policy);
    scene.code(CODE, &[SC, NOP]);
    scene.vcpu.state.gpr[0] = KVM;
    scene.vcpu.state.gpr[11] = token;
    scene
}

/// The call; answers r3 and r4.
fn call(scene: &mut Scene, r3: u64, r4: u64) -> (u64, u64) {
    (scene.vcpu.state.gpr[3], scene.vcpu.state.gpr[4]) = (r3, r4);
    scene.run_to(CODE + 4);
    assert_eq!(scene.vcpu.statistics.of(Reason::Hypercall), 1);
    assert_eq!(scene.vcpu.statistics.of(Reason::SystemCall), 0);
    (scene.vcpu.state.gpr[3], scene.vcpu.state.gpr[4])
}

#[test]
fn features_say_magic_page() {
    for model in MODELS {
        // KVM_FEATURE_MAGIC_PAGE is bit number 1.
        assert_eq!(
            call(&mut guest(model, "store-trap", FEATURES), 5, 6),
            (SUCCESS, 2),
            "{model}"
        );
    }
}

/// Neither a token of nobody's nor one of another vendor's is known, and registers but r3 stay.
#[test]
fn an_unknown_call_is_unimplemented() {
    for token in [0, 0x0001_0000, 0x002a_0005, 0x002b_0003, 0xffff_ffff, 0x0002_0010] {
        for model in MODELS {
            let mut scene = guest(model, "store-trap", token);
            let before = scene.vcpu.state.gpr;
            let (status, r4) = call(&mut scene, before[3], before[4]);
            assert_eq!((status, r4), (UNIMPLEMENTED, before[4]), "{token:x}");
            assert_eq!(scene.vcpu.state.gpr[5..], before[5..], "{token:x}");
            assert_eq!(scene.vcpu.page(), None);
        }
    }
}

/// User mode has no hypercalls: what looks like one is a system call of the guest's. So is one without the magic.
#[test]
fn user_mode_makes_system_calls_only() {
    for (bits, r0) in [(msr::PR, KVM), (0, KVM + 1), (msr::PR, 4), (0, 0)] {
        let mut scene = guest("750", "store-trap", MAP_MAGIC_PAGE);
        scene.vcpu.state.gpr[0] = r0;
        scene.set_msr(bits);
        scene.run_to(0xc00);
        assert_eq!(scene.vcpu.page(), None);
        assert_eq!(scene.vcpu.state.gpr[11], MAP_MAGIC_PAGE);
        assert_eq!(scene.vcpu.statistics.of(Reason::Hypercall), 0);
    }
}

/// r3 is the real address and r4 the effective one with flags below, as Linux's host reads them and its document has
/// them the other way round. r4 says what the page keeps: bit 0 the segment registers, bit 1 MAS0 to SPRG7.
#[test]
fn the_page_is_mapped_where_r3_and_r4_say() {
    let rows = [
        ("750", 3, 0x0fff_0000, 0xfff0),
        ("power8", 2, 0x0fff_0000, 0xfff0),
        ("e500v2", 2, 0x0fff_0000, 0xfff0),
    ];
    for (model, features, real, real_page) in rows {
        for flags in [0, 1, 0xfff & !0x800] {
            let mut scene = guest(model, "store-trap", MAP_MAGIC_PAGE);
            let answer = call(&mut scene, real | 0x123, 0xd000_2000 | flags);
            assert_eq!(answer, (SUCCESS, features), "{model}");
            let mapped = Mapped {
                effective: 0xd0002,
                real: real_page,
                second: false,
            };
            assert_eq!(scene.vcpu.page(), Some(mapped), "{model} {flags:x}");
        }
    }
    // Linux: -4096 twice. A 64-bit processor has 60 bits of real address.
    let mut scene = guest("power8", "store-trap", MAP_MAGIC_PAGE);
    call(&mut scene, 0xffff_ffff_ffff_f000, 0xffff_ffff_ffff_f001);
    let mapped = Mapped {
        effective: 0xf_ffff_ffff_ffff,
        real: 0xffff_ffff_ffff,
        second: false,
    };
    assert_eq!(scene.vcpu.page(), Some(mapped));
}

/// Policies that need the guest's help say so in bits of their own, and map the second page for a guest that asks.
#[test]
fn a_policy_says_what_it_needs() {
    const SECOND_PAGE: u64 = 0x800;
    for policy in deferral::POLICIES {
        let extra = match policy.name() {
            "split-critical" => 1 << 30,
            "notification-page" => 1 << 31,
            _ => 0,
        };
        for (model, features) in [("750", 3), ("power8", 2), ("e500v2", 2)] {
            for flags in [0, SECOND_PAGE] {
                let mut scene = guest(model, policy.name(), MAP_MAGIC_PAGE);
                let answer = call(&mut scene, 0xffff_f000, 0xffff_f000 | flags);
                assert_eq!(answer, (SUCCESS, features | extra), "{} {model}", policy.name());
                let second = scene.vcpu.page().map(|page| page.second);
                assert_eq!(
                    second,
                    Some(extra != 0 && flags != 0),
                    "{} {model}",
                    policy.name()
                );
            }
        }
    }
}

/// The page shows the guest's own registers from the moment it is mapped, at both its addresses.
#[test]
fn a_mapped_page_shows_the_registers() {
    use scene::words::{d, load};
    let mut scene = guest("750", "store-trap", MAP_MAGIC_PAGE);
    scene.set_spr(272, 0x1234_5678);
    call(&mut scene, 0x3000, 0xffff_f000);
    // Translation is off: the real address shows it; the effective one is memory that is not there.
    scene.code(0x4000, &[d(32, 5, 0, 0x3024)]);
    scene.vcpu.state.pc = 0x4000;
    scene.run_to(0x4004);
    assert_eq!(scene.vcpu.state.gpr[5], 0x1234_5678);
    scene.code(0x4004, &[load(6, 0x24)]);
    scene.run_to(0x200);
}

/// EV_IDLE sleeps until an interrupt waits, whether the guest lets it in or not.
#[test]
fn idle_ends_when_an_interrupt_waits() {
    for model in MODELS {
        for enabled in [0, msr::EE] {
            let mut scene = guest(model, "store-trap", EV_IDLE);
            scene.set_msr(enabled);
            assert_eq!(call(&mut scene, 1, 2), (SUCCESS, 2), "{model}");
            assert!(matches!(scene.prepare(), Ready::Idle(_)), "{model}");
            assert!(matches!(scene.prepare(), Ready::Idle(_)), "{model}: still");
            scene.raise(External);
            assert!(matches!(scene.prepare(), Ready::Enter(_)), "{model}");
            assert_eq!(
                scene.vcpu.statistics.taken(External),
                u64::from(enabled != 0),
                "{model}"
            );
            assert!(matches!(scene.prepare(), Ready::Enter(_)), "{model}: awake");
        }
    }
}

/// With something pending already it does not sleep at all.
#[test]
fn idle_with_something_pending_does_not_sleep() {
    for model in MODELS {
        let mut scene = guest(model, "store-trap", EV_IDLE);
        scene.raise(External);
        assert_eq!(call(&mut scene, 1, 2).0, SUCCESS);
        assert!(matches!(scene.prepare(), Ready::Enter(_)), "{model}");
        assert_eq!(scene.vcpu.state.pc, CODE + 4);
    }
}

/// A level that is high keeps the guest awake, and the decrementer wakes it in time.
#[test]
fn idle_looks_at_lines_and_timers() {
    let mut scene = guest("750", "store-trap", EV_IDLE);
    scene.processor.fake.line = true;
    call(&mut scene, 0, 0);
    assert!(matches!(scene.prepare(), Ready::Enter(_)));

    let mut scene = guest("750", "store-trap", EV_IDLE);
    scene.set_spr(22, 100);
    call(&mut scene, 0, 0);
    let Ready::Idle(until) = scene.prepare() else {
        panic!("awake")
    };
    assert_eq!(until, 101);
    scene.processor.fake.ticks = until;
    scene.set_msr(msr::EE);
    assert!(matches!(scene.prepare(), Ready::Enter(_)));
    assert_eq!(scene.vcpu.statistics.taken(Decrementer), 1);
}

/// With no host a hypercall is a system call like any other.
#[test]
fn without_a_host_there_are_system_calls_only() {
    for model in MODELS {
        let mut scene = guest(model, "store-trap", MAP_MAGIC_PAGE);
        scene.vcpu.interface = Interface::Absent;
        scene.enter(1);
        scene.enter(1);
        assert_eq!(scene.vcpu.statistics.of(Reason::Hypercall), 0, "{model}");
        assert_eq!(scene.vcpu.statistics.of(Reason::SystemCall), 1, "{model}");
        assert_eq!(scene.vcpu.page(), None);
    }
}

/// Linux's way to sleep by hypercall on every 32-bit processor lets interrupts in with `wrteei 1`, which Book3S lacks: it
/// is carried out where the guest was told of that hypercall, in supervisor mode, and nowhere else.
#[test]
fn sleeping_by_hypercall_takes_an_instruction_of_book_e() {
    const WRTEEI_1: u32 = 0x7c00_8146;
    let after = |interface, bits| {
        let mut scene = Scene::new("750", "store-trap");
        scene.code(CODE, &[WRTEEI_1, NOP]);
        scene.set_msr(bits);
        scene.vcpu.interface = interface;
        scene.enter(1);
        scene.enter(1);
        (scene.vcpu.state.pc, scene.msr() & msr::EE)
    };
    const ILLEGAL: u64 = 0x700;
    assert_eq!(after(Interface::Idle, 0), (CODE + 4, msr::EE));
    assert_eq!(after(Interface::Idle, msr::PR).0, ILLEGAL);
    assert_eq!(after(Interface::Calls, 0), (ILLEGAL, 0));
    assert_eq!(after(Interface::Absent, 0), (ILLEGAL, 0));
}
