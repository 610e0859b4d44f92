//! Stores to a protected page: of every kind, at its edges, at its aliases, and while it moves.

mod scene;
mod support;

use kvm_ppc::hardware::{Frame, Rights, Shared};
use kvm_ppc::interrupt::Interrupt::{External, MachineCheck};
use kvm_ppc::page::Mapped;
use kvm_ppc::statistics::Reason;
use magicpage::msr;
use scene::words::{LOOP, NOP, SC, d, li, store, x31};
use scene::{CODE, Scene};

/// The page in the middle of memory, with a register that points to it: memory on both sides.
const PAGE: u64 = 0x8000;

fn guest(policy: &str, code: &[u32]) -> Scene {
    let mut scene = Scene::with_page("750", policy);
    scene.map_page(Some(Mapped {
        effective: 0xf_ffff,
        real: PAGE >> 12,
        second: false,
    }));
    scene.code(CODE, code);
    scene.set_msr(msr::EE);
    scene.vcpu.state.gpr[4] = PAGE;
    scene.vcpu.state.gpr[5] = 0x1c;
    scene.vcpu.state.gpr[9] = 0x1234_5678;
    scene
}

/// `stw register, offset(r4)`.
const fn stw(register: u32, offset: u16) -> u32 {
    d(36, register, 4, offset)
}

/// Name, the instruction in the section with r4 = the page, r5 = 0x1c, r9 = 0x12345678; whether it ends the section.
#[rustfmt::skip]
const STORES: &[(&str, u32, bool)] = &[
    ("another field",                      stw(9, 0x04), false),
    ("critical, with what it holds",       stw(1, 0x1c), false),
    ("critical's high half",               stw(9, 0x18), false),
    ("critical",                           stw(9, 0x1c), true),
    ("a byte of critical",                 d(38, 9, 4, 0x1d), true),
    ("a halfword of critical",             d(44, 9, 4, 0x1e), true),
    ("indexed",                            x31(151, 9, 4, 5), true),
    ("byte-reversed",                      x31(662, 9, 4, 5), true),
    ("with update",                        d(37, 9, 4, 0x1c), true),
    ("indexed, with update",               x31(183, 9, 4, 5), true),
    ("several words up to critical's high half", d(47, 25, 4, 0), false),
    ("several words over critical",        d(47, 24, 4, 0), true),
    ("a string over critical",             x31(725, 24, 4, 0), true),
    ("dcbz of the line",                   x31(1014, 0, 4, 5), true),
    ("an unaligned word into critical",    stw(9, 0x1a), true),
    ("an unaligned word in front of it",   stw(9, 0x17), false),
];

#[test]
fn stores_of_every_kind_are_carried_out_and_looked_at() {
    for policy in ["store-trap", "emulate-forward", "single-step"] {
        for &(name, word, ends) in STORES {
            let mut scene = guest(policy, &[stw(1, 0x1c), word, NOP, stw(2, 0x1c), LOOP]);
            scene.vcpu.state.gpr[8] = 0x5555;
            // What runs freely is what the host has to come to.
            let mut free = scene.clone();
            free.run_to(CODE + 8);
            scene.run_to(CODE + 4);
            scene.raise(External);
            let expected = CODE + if ends { 8 } else { 16 };
            assert_eq!(scene.taken_at(), Some(expected), "{policy}: {name}");
            if ends {
                assert_eq!(scene.vcpu.state.gpr, free.vcpu.state.gpr, "{policy}: {name}");
                let fields = 0..0x40;
                let (page, other) = (scene.processor.fake.pages[0], free.processor.fake.pages[0]);
                assert_eq!(page[fields.clone()], other[fields], "{policy}: {name}");
            }
        }
    }
}

/// `stwcx.` stores if the reservation that the guest made before the exit still holds, and not if it has none.
#[test]
fn a_conditional_store_ends_the_section_if_it_stores() {
    const LWARX: u32 = x31(20, 10, 4, 5);
    const STWCX: u32 = x31(150, 9, 4, 5) | 1;
    for policy in ["store-trap", "emulate-forward", "single-step"] {
        for reserved in [true, false] {
            let first = if reserved { LWARX } else { NOP };
            let mut scene = guest(policy, &[stw(1, 0x1c), first, STWCX, NOP, stw(2, 0x1c), LOOP]);
            scene.run_to(CODE + 8);
            scene.raise(External);
            let expected = CODE + if reserved { 12 } else { 20 };
            assert_eq!(scene.taken_at(), Some(expected), "{policy} {reserved}");
            assert_eq!(scene.vcpu.state.cr_bit(2), reserved, "{policy}: CR0[EQ]");
        }
    }
}

/// A store that begins in memory and ends in the page, and one the other way round: both halves arrive, once.
#[test]
fn stores_across_the_edges_of_the_page() {
    for policy in ["store-trap", "emulate-forward", "single-step"] {
        for (offset, page_at, in_page, memory_at, in_memory) in [
            (0xfffe_u16, 0, [0x56_u8, 0x78], 0x7ffe, [0x12_u8, 0x34]),
            (0x0ffe, 0xffe, [0x12, 0x34], 0x9000, [0x56, 0x78]),
        ] {
            let mut scene = guest(policy, &[stw(1, 0x1c), stw(9, offset), NOP, stw(2, 0x1c), LOOP]);
            scene.run_to(CODE + 4);
            scene.raise(External);
            assert_eq!(scene.taken_at(), Some(CODE + 16), "{policy} {offset:x}");
            assert_eq!(
                scene.processor.fake.pages[0][page_at..page_at + 2],
                in_page,
                "{policy} {offset:x}"
            );
            assert_eq!(
                scene.processor.fake.memory[memory_at..memory_at + 2],
                in_memory,
                "{policy} {offset:x}"
            );
        }
    }
}

/// Loads from a protected page make no exit.
#[test]
fn loads_are_free() {
    let mut scene = guest(
        "store-trap",
        &[
            stw(1, 0x1c),
            d(32, 9, 4, 0x1c),
            d(46, 24, 4, 0),
            stw(2, 0x1c),
            LOOP,
        ],
    );
    scene.run_to(CODE + 4);
    scene.raise(External);
    assert_eq!(scene.taken_at(), Some(CODE + 16));
    assert_eq!(scene.vcpu.statistics.of(Reason::PageStore), 1);
    assert_eq!(scene.vcpu.state.gpr[9], 0xc000_8000);
}

/// Every alias is read-only while the page is held, those that come to be mapped meanwhile included, and all are
/// writable afterwards.
#[test]
fn every_alias_is_protected() {
    let mut scene = guest("store-trap", &[stw(1, 0x1c), NOP, stw(2, 0x1c), LOOP]);
    scene.map_page(Some(Mapped {
        effective: 0xf_ffff,
        real: PAGE >> 12,
        second: true,
    }));
    scene.run_to(CODE + 4);
    scene.raise(External);
    scene.enter(1);
    let store = true;
    for address in [PAGE, PAGE + 8, PAGE - 0x1000] {
        scene.exit(kvm_ppc::hardware::Exit::Data {
            address,
            store: !store,
        });
    }
    let writable = |scene: &Scene| {
        let pages = scene.processor.fake.mappings.values();
        pages
            .filter(|(frame, rights)| {
                *frame == Frame::Shared(Shared::Magic) && rights.contains(Rights::WRITE)
            })
            .count()
    };
    assert_eq!(writable(&scene), 0);
    assert_eq!(scene.taken_at(), Some(CODE + 12));
    assert_ne!(writable(&scene), 0);
}

/// The guest moves the page in the middle of its section, with an interrupt waiting: the section goes on, at the new
/// address, and so does the wait.
#[test]
fn a_page_that_moves_in_the_middle_of_a_section() {
    for policy in [
        "store-trap",
        "store-trap-hand-off",
        "single-step",
        "emulate-forward",
    ] {
        let code = [stw(1, 0x1c), SC, NOP, d(36, 2, 6, 0x1c), LOOP];
        let mut scene = guest(policy, &code);
        scene.vcpu.state.gpr[0] = 0x4b56_4d21;
        scene.vcpu.state.gpr[11] = 0x002a_0004;
        scene.vcpu.state.gpr[3] = 0xa000;
        scene.run_to(CODE + 4);
        scene.vcpu.state.gpr[4] = 0xffff_f000;
        scene.vcpu.state.gpr[6] = 0xa000;
        scene.raise(External);
        assert_eq!(scene.taken_at(), Some(CODE + 16), "{policy}");
        assert_eq!(scene.vcpu.page().map(|page| page.real), Some(0xa), "{policy}");
        assert_eq!(
            scene.processor.fake.memory[0xa01c..0xa020],
            LOOP.to_be_bytes(),
            "{policy}: memory is not stored to"
        );
    }
}

/// `critical` equals r1 by accident, with no section open: the interrupt waits as in one. A store to the page shows
/// that it has ended, and what nothing masks waits only so long.
#[test]
fn critical_equals_r1_by_accident() {
    for (kind, limit) in [(External, None), (MachineCheck, Some((1 << 17) + 100))] {
        let mut scene = guest("store-trap", &[NOP, LOOP]);
        scene.vcpu.state.gpr[1] = 0;
        scene.run_to(CODE + 4);
        let before = scene.processor.instructions;
        scene.raise(kind);
        for _ in 0..20 {
            scene.enter(20_000);
        }
        let ran = scene.processor.instructions - before;
        assert_eq!(scene.vcpu.taken.is_some(), limit.is_some(), "{kind:?}");
        assert!(
            limit.is_none_or(|limit| scene.vcpu.taken.is_some_and(|taken| taken.time <= limit)),
            "{kind:?} {ran}"
        );
    }
    let mut scene = guest(
        "store-trap",
        &[NOP, li(1, 4), NOP, store(9, 0), d(36, 9, 4, 0), LOOP],
    );
    scene.vcpu.state.gpr[1] = 0;
    scene.run_to(CODE + 4);
    scene.raise(External);
    // The store at -4096 goes nowhere: translation is off there and the page's real address is another.
    scene.code(CODE + 12, &[NOP]);
    assert_eq!(scene.taken_at(), Some(CODE + 20));
}
