//! The host-side weak points of the existing implementation (the contract's section 7), each with a test that this
//! host does not have it. They are run as a guest meets them: by instructions. `mmu_page.rs` asks the translation the
//! same questions.

mod scene;
mod support;

use kvm_ppc::Vcpu;
use kvm_ppc::deferral::POLICIES;
use kvm_ppc::interrupt::Interrupt::{Decrementer, External, MachineCheck, SystemReset};
use magicpage::{Endian, layout, msr};
use scene::words::{LOOP, NOP, SC, d, load, store, x31};
use scene::{CODE, MODELS, Scene};

const MAP_MAGIC_PAGE: u64 = 0x002a_0004;

/// Registers for the mapping hypercall: the page at these real and effective addresses.
fn ask_for_page(scene: &mut Scene, real: u64, effective: u64) {
    let gpr = &mut scene.vcpu.state.gpr;
    (gpr[0], gpr[3], gpr[4], gpr[11]) = (0x4b56_4d21, real, effective, MAP_MAGIC_PAGE);
}

/// `critical == r1` was asked with no page mapped: a guest with r1 = 0 had its interrupts withheld.
#[test]
fn weak_point_r1_zero_with_no_page_mapped() {
    for policy in POLICIES {
        for model in MODELS {
            for kind in [External, Decrementer] {
                let mut scene = Scene::new(model, policy.name());
                scene.set_msr(msr::EE);
                if kind == Decrementer {
                    if model == "e500v2" {
                        scene.set_spr(340, 0x0400_0000);
                    }
                    scene.set_spr(22, 1);
                    scene.processor.fake.ticks = 10;
                } else {
                    scene.raise(kind);
                }
                assert_eq!(scene.vcpu.state.gpr[1], 0);
                scene.prepare();
                let taken = scene.vcpu.taken.map(|taken| (taken.interrupt, taken.address));
                assert_eq!(taken, Some((kind, CODE)), "{} {model}", policy.name());
            }
        }
    }
}

/// Mapping flushed nothing: an address that was touched before kept showing memory.
#[test]
fn weak_point_a_page_touched_before_it_is_mapped() {
    for model in MODELS {
        let mut scene = Scene::new(model, "store-trap");
        // Load, store and fetch at the address; the call; load, store and fetch again.
        scene.code(
            CODE,
            &[
                d(32, 5, 0, 0x3058),
                d(36, 5, 0, 0x3ffc),
                NOP,
                SC,
                d(32, 6, 0, 0x305c),
                d(36, 6, 0, 0x3ff8),
                LOOP,
            ],
        );
        scene.code(0x3058, &[0x1111_1111, 0x2222_2222]);
        ask_for_page(&mut scene, 0x3000, 0x3000);
        scene.run_to(CODE + 0x18);
        let gpr = scene.vcpu.state.gpr;
        assert_eq!(gpr[5], 0x1111_1111, "{model}: memory before");
        assert_eq!(gpr[6], scene.msr() & 0xffff_ffff, "{model}: the page afterwards");
        assert_eq!(
            scene.page_word(0xff8),
            0x1000,
            "{model}: the store went to the page"
        );
        assert_eq!(
            scene.processor.fake.u32(0x3ff8),
            LOOP,
            "{model}: and not to memory"
        );
        assert_eq!(
            scene.processor.fake.u32(0x3ffc),
            0x1111_1111,
            "{model}: the store before, to memory"
        );
    }
}

/// Code runs from the page, and from memory where the page was, at once after the call.
#[test]
fn weak_point_code_at_the_pages_address() {
    let mut scene = Scene::new("750", "store-trap");
    let one = [d(14, 7, 7, 1), 0x4e80_0020];
    scene.code(0x3ff0, &one);
    scene.code(CODE, &[0x4800_0001 | 0x2ff0, SC, 0x4800_0001 | 0x2fe8, LOOP]);
    ask_for_page(&mut scene, 0x3000, 0x3000);
    scene.processor.fake.pages[0][0xff0..0xff8].copy_from_slice(&[0x38, 0xe7, 0, 100, 0x4e, 0x80, 0, 0x20]);
    scene.run_to(CODE + 12);
    assert_eq!(scene.vcpu.state.gpr[7], 101);
}

/// Moving the page left the old alias.
#[test]
fn weak_point_a_moved_page() {
    for model in MODELS {
        let mut scene = Scene::new(model, "store-trap");
        scene.code(
            CODE,
            &[
                SC,
                d(36, 9, 0, 0x3f00),
                NOP,
                SC,
                d(32, 5, 0, 0x3f00),
                d(32, 6, 0, 0x4f00),
                d(36, 9, 0, 0x3f04),
                LOOP,
            ],
        );
        scene.vcpu.state.gpr[9] = 0x1234_5678;
        ask_for_page(&mut scene, 0x3000, 0x3000);
        scene.run_to(CODE + 12);
        assert_eq!(scene.page_word(0xf00), 0x1234_5678, "{model}");
        ask_for_page(&mut scene, 0x4000, 0x4000);
        scene.run_to(CODE + 0x1c);
        let gpr = scene.vcpu.state.gpr;
        assert_eq!((gpr[5], gpr[6]), (u64::from(LOOP), 0x1234_5678), "{model}");
        assert_eq!(
            scene.processor.fake.u32(0x3f04),
            0x1234_5678,
            "{model}: memory again"
        );
        assert_eq!(scene.page_word(0xf04), 0, "{model}");
    }
}

/// PIR was advertised and never filled: a load from the page and `mfspr` must agree.
#[test]
fn weak_point_pir_through_the_page_and_through_mfspr() {
    for (model, number) in [("e500v2", 286), ("power8", 1023)] {
        let mut scene = Scene::with_page(model, "store-trap");
        scene
            .vcpu
            .supervisor
            .set_field(&mut scene.processor, layout::PIR, 5);
        let mfspr = x31(339, 5, number & 31, number >> 5);
        scene.code(CODE, &[mfspr, load(6, 0xcc), LOOP]);
        scene.run_to(CODE + 8);
        assert_eq!(
            (scene.vcpu.state.gpr[5], scene.vcpu.state.gpr[6]),
            (5, 5),
            "{model}"
        );
    }
}

/// Book E let address 0 alias the page before it was mapped.
#[test]
fn weak_point_address_zero_on_book_e() {
    for model in MODELS {
        let mut scene = Scene::new(model, "store-trap");
        let page = scene.processor.fake.pages;
        scene.code(
            CODE,
            &[d(36, 9, 0, 0x18), d(36, 9, 0, 0x5c), d(32, 5, 0, 0x18), LOOP],
        );
        scene.vcpu.state.gpr[9] = 0x1234_5678;
        scene.run_to(CODE + 12);
        assert_eq!(scene.processor.fake.u32(0x18), 0x1234_5678, "{model}");
        assert_eq!(scene.vcpu.state.gpr[5], 0x1234_5678, "{model}");
        assert_eq!(scene.processor.fake.pages, page, "{model}");
    }
}

/// Book3S deferred external and decrementer interrupts only: machine check and reset destroyed the scratch fields. The
/// handler here stores to them, as one that runs trampolines does.
#[test]
fn weak_point_book3s_defers_machine_check_and_reset() {
    for policy in POLICIES.iter().filter(|policy| policy.defers_all()) {
        for (kind, vector) in [(MachineCheck, 0x200), (SystemReset, 0x100)] {
            let name = policy.name();
            let mut scene = Scene::with_page("750", name);
            let critical = if name == "split-critical" { 0xe01c } else { 0xf01c };
            let close = d(36, 2, 0, critical);
            scene.code(
                CODE,
                &[
                    d(36, 1, 0, critical),
                    store(31, 4),
                    d(14, 31, 0, 7),
                    load(31, 4),
                    close,
                    d(36, 2, 0, 0xe000),
                    LOOP,
                ],
            );
            if name != "notification-page" {
                scene.code(CODE + 0x14, &[NOP]);
            }
            scene.code(vector, &[store(9, 4), 0x4c00_0064]);
            (scene.vcpu.state.gpr[31], scene.vcpu.state.gpr[9]) = (0xabcd, 0xdead);
            scene.run_to(CODE + 0x0c);
            scene.raise(kind);
            scene.run_to(CODE + 0x18);
            assert_eq!(scene.vcpu.statistics.taken(kind), 1, "{name} {kind:?}");
            assert_eq!(scene.vcpu.state.gpr[31], 0xabcd, "{name} {kind:?}: clobbered");
        }
    }
}

/// The host patched `dcbz` words of guests with lines of 32 bytes, in guest memory.
#[test]
fn weak_point_dcbz_words_are_not_patched() {
    for (model, line) in [("750", 32), ("750cl", 32), ("e500v2", 32), ("power8", 128)] {
        let mut scene = Scene::with_page(model, "store-trap");
        scene.code(CODE, &[x31(1014, 0, 0, 4), LOOP]);
        scene.vcpu.state.gpr[4] = 0x4010;
        scene.processor.fake.memory[0x3000..0x5000].fill(0xee);
        let before = scene.processor.fake.memory.clone();
        scene.run_to(CODE + 4);
        scene.exit(kvm_ppc::hardware::Exit::Interpret);
        let after = &scene.processor.fake.memory;
        let changed: Vec<usize> = (0..after.len()).filter(|at| after[*at] != before[*at]).collect();
        assert_eq!(changed, (0x4000..0x4000 + line).collect::<Vec<_>>(), "{model}");
    }
}

/// The byte-order switch skipped fields. Here every register of the page is in the guest's order, `critical` included.
#[test]
fn weak_point_every_field_has_the_guests_byte_order() {
    let mut scene = Scene::new("power8", "store-trap");
    let (model, policy) = (scene.vcpu.supervisor.model, scene.vcpu.deferral.policy);
    scene.vcpu = Vcpu::new(model, Endian::Little, policy, &mut scene.processor);
    scene.map_page(Some(scene::linux(magicpage::Family::Book3s64)));
    scene.set_msr(msr::LE | msr::EE);
    // Number, offset in the page, bytes.
    let rows = [
        (272, 0x20, 8),
        (273, 0x28, 8),
        (274, 0x30, 8),
        (275, 0x38, 8),
        (26, 0x40, 8),
        (27, 0x48, 8),
        (19, 0x50, 8),
        (18, 0x60, 4),
    ];
    for (number, offset, bytes) in rows {
        let value: u64 = if bytes == 8 {
            0x1122_3344_5566_7788
        } else {
            0x5566_7788
        };
        scene.set_spr(number, value);
        let found = &scene.processor.fake.pages[0][offset..offset + bytes];
        assert_eq!(found, &value.to_le_bytes()[..bytes], "{number}");
    }
    assert_eq!(scene.processor.fake.pages[0][0x58..0x5a], [0x01, 0x90], "msr");
    scene.vcpu.state.gpr[1] = 0x1122_3344_5566_7788;
    scene.processor.fake.pages[0][0x18..0x20].copy_from_slice(&0x1122_3344_5566_7788_u64.to_le_bytes());
    assert!(scene.vcpu.in_section(&scene.processor), "critical");
    scene
        .vcpu
        .supervisor
        .set_field(&mut scene.processor, layout::PIR, 5);
    assert_eq!(scene.processor.fake.pages[0][0xcc..0xd0], [5, 0, 0, 0], "pir");
    scene.raise(External);
    scene.prepare();
    assert_eq!(
        scene.processor.fake.pages[0][0x64..0x68],
        [1, 0, 0, 0],
        "int_pending"
    );
}
