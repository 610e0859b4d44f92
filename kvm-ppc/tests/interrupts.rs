//! What taking an interrupt does, for each family and each interrupt that comes from outside.
//!
//! Expectations are worked out by hand from the manuals' tables, with every MSR bit set that the part has:
//! - MPC750 User's Manual (UM) 4.5, and table 4-9 for the machine check;
//! - Power ISA 2.07 Book III-S (III-S) 6.4.3 and 6.5;
//! - e500 Core Family Reference Manual (E500) 5.7.

mod scene;
mod support;

use kvm_ppc::interrupt::Interrupt::{self, Critical, Decrementer, External, MachineCheck, SystemReset};
use kvm_ppc::{Ready, Vcpu};
use magicpage::{Endian, layout, msr};
use scene::words::INT_PENDING;
use scene::{MODELS, Scene};

/// The numbers of CSRR0, CSRR1, MCSRR0 and MCSRR1, of the timers, and of what says where Book E's vectors are.
const CSRR0: u16 = 58;
const MCSRR0: u16 = 570;
const DEC: u16 = 22;
const TCR: u16 = 340;
const IVPR: u16 = 63;
const IVOR0: u16 = 400;

/// Every MSR bit of the part.
const ALL: [(&str, u64); 3] = [
    ("750", 0x0005_ff77),
    ("power8", 0x8000_0000_0280_ff37),
    ("e500v2", 0x0606_d634),
];

/// Where the old state is found: SRR0 and SRR1 in the page, or a pair of registers from this number on.
#[derive(Clone, Copy, Debug)]
enum Pair {
    Srr,
    From(u16),
}

/// Model, interrupt, vector, where the old state is, what the second of the pair holds, MSR afterwards.
type Row = (&'static str, Interrupt, u64, Pair, u64, u64);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // UM table 4-9: bit 12 is the signal MCP, bits 16 to 31 the MSR's; ILE and IP stay, ME goes, LE is ILE.
    ("750", MachineCheck, 0xfff0_0200, Pair::Srr, 0x0008_ff77, 0x0001_0041),
    // UM 4.5.1, 4.5.5, 4.5.9: nothing of bits 1 to 4 and 10 to 15; ME stays.
    ("750", SystemReset,  0xfff0_0100, Pair::Srr, 0x0000_ff77, 0x0001_1041),
    ("750", External,     0xfff0_0500, Pair::Srr, 0x0000_ff77, 0x0001_1041),
    ("750", Decrementer,  0xfff0_0900, Pair::Srr, 0x0000_ff77, 0x0001_1041),
    // III-S 6.5.1, 6.5.2, 6.5.6, 6.5.11: bits 33 to 36 and 42 to 47 say why and are zero here.
    ("power8", SystemReset,  0x100, Pair::Srr, 0x8000_0000_0280_ff37, 0x8000_0000_0000_1000),
    ("power8", MachineCheck, 0x200, Pair::Srr, 0x8000_0000_0280_ff37, 0x8000_0000_0000_1000),
    ("power8", External,     0x500, Pair::Srr, 0x8000_0000_0280_ff37, 0x8000_0000_0000_1000),
    ("power8", Decrementer,  0x900, Pair::Srr, 0x8000_0000_0280_ff37, 0x8000_0000_0000_1000),
    // E500 5.7.1 to 5.7.3 and 5.7.11: CE, ME and DE stay at a noncritical interrupt, ME at a critical one.
    ("e500v2", MachineCheck, 0xabcd_1010, Pair::From(MCSRR0), 0x0606_d634, 0),
    ("e500v2", Critical,     0xabcd_1000, Pair::From(CSRR0),  0x0606_d634, 0x0000_1000),
    ("e500v2", External,     0xabcd_1040, Pair::Srr,          0x0606_d634, 0x0002_1200),
    ("e500v2", Decrementer,  0xabcd_10a0, Pair::Srr,          0x0606_d634, 0x0002_1200),
];

/// A guest in front of an instruction, its vectors at 0xabcd_1000 + 16 n where they are programmable. What an IVOR holds
/// besides bits 48 to 59, and IVPR besides 32 to 47, does not count (E500 2.7.1.5).
fn guest(model: &str) -> Scene {
    let mut scene = Scene::new(model, "store-trap");
    if model == "e500v2" {
        scene.set_spr(IVPR, 0xabcd_ffff);
        for ivor in 0..16 {
            scene.set_spr(IVOR0 + ivor, 0xffff_100f | u64::from(ivor) << 4);
        }
        // TCR[DIE]: decrementer interrupts.
        scene.set_spr(TCR, 0x0400_0000);
    }
    scene.vcpu.state.pc = 0x1234;
    scene
}

/// Makes the interrupt wait in the way of the family: on Book E and on 64-bit Book3S the decrementer's is a level.
fn wait(scene: &mut Scene, interrupt: Interrupt) {
    if interrupt == Decrementer {
        scene.set_spr(DEC, 1);
        scene.processor.fake.ticks += 5;
    } else {
        scene.raise(interrupt);
    }
}

fn all_bits(model: &str) -> u64 {
    ALL.iter().find(|(name, _)| *name == model).expect("a row").1
}

#[test]
fn every_interrupt_saves_and_goes_where_the_manual_says() {
    for &(model, interrupt, vector, pair, saved, after) in ROWS {
        let name = format!("{model} {interrupt:?}");
        let mut scene = guest(model);
        let old = all_bits(model);
        scene.vcpu.set_msr(&mut scene.processor, old);
        assert_eq!(scene.msr(), old, "{name}: the part's bits");
        wait(&mut scene, interrupt);
        assert!(matches!(scene.prepare(), Ready::Enter(_)), "{name}");
        let found = match pair {
            Pair::Srr => (scene.field(layout::SRR0), scene.field(layout::SRR1)),
            Pair::From(number) => (scene.spr(number), scene.spr(number + 1)),
        };
        assert_eq!(found, (0x1234, saved), "{name}: {found:x?}");
        assert_eq!(scene.vcpu.state.pc, vector, "{name}: {:x}", scene.vcpu.state.pc);
        assert_eq!(scene.msr(), after, "{name}: {:x}", scene.msr());
        assert_eq!(scene.field(layout::MSR), after, "{name}: in the page");
        let taken = scene.vcpu.taken.map(|taken| (taken.interrupt, taken.address));
        assert_eq!(taken, Some((interrupt, 0x1234)), "{name}");
        assert_eq!(scene.vcpu.statistics.taken(interrupt), 1, "{name}");
    }
}

#[test]
fn without_ip_and_ile_vectors_are_low_and_handlers_big_endian() {
    let mut scene = guest("750");
    scene.set_msr(msr::EE | msr::LE);
    scene.raise(External);
    scene.prepare();
    assert_eq!(scene.vcpu.state.pc, 0x500);
    assert_eq!(scene.msr(), msr::ME);
    assert_eq!(scene.field(layout::SRR1), 0x9001);
}

/// III-S 6.5: handlers run in the byte order of LPCR\[ILE\], which is the guest kernel's. The page is in it, too.
#[test]
fn a_little_endian_kernel_has_little_endian_handlers() {
    let mut scene = guest("power8");
    let policy = scene.vcpu.deferral.policy;
    let model = scene.vcpu.supervisor.model;
    scene.vcpu = Vcpu::new(model, Endian::Little, policy, &mut scene.processor);
    scene.vcpu.state.pc = 0x1234;
    scene.set_msr(msr::EE | msr::LE);
    scene.raise(External);
    scene.prepare();
    assert_eq!(scene.msr(), msr::SF | msr::ME | msr::LE);
    assert_eq!(scene.processor.fake.pages[0][0x40..0x44], [0x34, 0x12, 0, 0]);
    assert_eq!(scene.processor.fake.pages[0][0x48..0x4a], [0x01, 0x90]);
}

/// What lets an interrupt in: nothing, or a bit. ME is different.
#[test]
fn interrupts_wait_for_their_enable_bit() {
    let rows = [
        ("750", External, msr::EE),
        ("750", Decrementer, msr::EE),
        ("power8", External, msr::EE),
        ("power8", Decrementer, msr::EE),
        ("e500v2", External, msr::EE),
        ("e500v2", Decrementer, msr::EE),
        ("e500v2", Critical, msr::CE),
    ];
    for (model, interrupt, enable) in rows {
        let mut scene = guest(model);
        let all = all_bits(model) & !msr::PR;
        scene.vcpu.set_msr(&mut scene.processor, all & !enable);
        wait(&mut scene, interrupt);
        scene.prepare();
        assert_eq!(scene.vcpu.taken, None, "{model} {interrupt:?}");
        assert_eq!(scene.page_word(INT_PENDING.into()), 1, "{model} {interrupt:?}");
        scene.vcpu.set_msr(&mut scene.processor, all);
        scene.prepare();
        assert!(scene.vcpu.taken.is_some(), "{model} {interrupt:?}");
    }
}

/// UM 4.5.2.2, III-S 6.5.2, E500 5.7.2: a machine check that finds ME clear stops the processor, for good.
#[test]
fn a_machine_check_with_me_clear_is_a_check_stop() {
    for model in MODELS {
        let mut scene = guest(model);
        let bits = all_bits(model) & !msr::ME;
        scene.vcpu.set_msr(&mut scene.processor, bits);
        scene.raise(MachineCheck);
        assert_eq!(scene.prepare(), Ready::CheckStop, "{model}");
        assert_eq!(scene.vcpu.state.pc, 0x1234, "{model}");
        scene.set_msr(msr::EE);
        assert_eq!(scene.prepare(), Ready::CheckStop, "{model}: for good");
    }
}

/// A family takes no interrupt that its processor lacks.
#[test]
fn unknown_interrupts_are_refused() {
    for (model, interrupt) in [
        ("750", Critical),
        ("power8", Critical),
        ("e500v2", SystemReset),
        ("750", Interrupt::Program),
    ] {
        let mut scene = guest(model);
        assert!(!scene.vcpu.interrupt(interrupt), "{model} {interrupt:?}");
        scene.prepare();
        assert_eq!(scene.page_word(INT_PENDING.into()), 0);
    }
}

/// UM table 4-3: machine check, reset, external, decrementer. III-S 6.8: reset first. E500 5.10: machine check,
/// critical, external, decrementer. What is not taken at once is taken when its bit is set again.
#[test]
fn several_are_taken_in_the_order_of_the_manual() {
    let rows: [(&str, &[Interrupt], &[Interrupt]); 3] = [
        (
            "750",
            &[Decrementer, External, SystemReset, MachineCheck],
            &[MachineCheck, SystemReset, External, Decrementer],
        ),
        (
            "power8",
            &[Decrementer, External, MachineCheck, SystemReset],
            &[SystemReset, MachineCheck, External, Decrementer],
        ),
        (
            "e500v2",
            &[Decrementer, External, Critical, MachineCheck],
            &[MachineCheck, Critical, External, Decrementer],
        ),
    ];
    for (model, raised, expected) in rows {
        let mut scene = guest(model);
        for interrupt in raised {
            wait(&mut scene, *interrupt);
        }
        let mut taken = Vec::new();
        for _ in expected {
            scene.set_msr(msr::EE | if model == "e500v2" { msr::CE } else { 0 });
            let before: Vec<u64> = expected
                .iter()
                .map(|kind| scene.vcpu.statistics.taken(*kind))
                .collect();
            scene.prepare();
            let new = expected.iter().zip(before);
            taken.extend(
                new.filter(|(kind, before)| scene.vcpu.statistics.taken(**kind) > *before)
                    .map(|(kind, _)| *kind),
            );
        }
        taken.dedup();
        assert_eq!(taken, expected, "{model}");
    }
}

/// Two that nothing holds back come one after the other: the second finds the guest in front of the first's handler.
#[test]
fn a_reset_and_a_machine_check_at_once() {
    for (model, first, second) in [("750", 0x200, 0x100), ("power8", 0x100, 0x200)] {
        let mut scene = guest(model);
        scene.raise(SystemReset);
        scene.raise(MachineCheck);
        scene.prepare();
        assert_eq!(
            (scene.field(layout::SRR0), scene.vcpu.state.pc),
            (first, second),
            "{model}"
        );
    }
}

/// `int_pending`: offset 0x064, zero while nothing waits, something else while anything does.
#[test]
fn int_pending_says_whether_an_interrupt_waits() {
    for model in MODELS {
        let mut scene = guest(model);
        let pending = |scene: &mut Scene| {
            scene.prepare();
            scene.page_word(INT_PENDING.into())
        };
        assert_eq!(pending(&mut scene), 0, "{model}");
        scene.raise(External);
        assert_ne!(pending(&mut scene), 0, "{model}: raised");
        scene.set_msr(msr::EE);
        assert_eq!(pending(&mut scene), 0, "{model}: delivered");
        assert_eq!(scene.vcpu.statistics.taken(External), 1, "{model}");
        // Once raised, once taken.
        scene.set_msr(msr::EE);
        assert_eq!(pending(&mut scene), 0, "{model}");
        assert_eq!(scene.vcpu.statistics.taken(External), 1, "{model}");
        scene.processor.fake.line = true;
        assert_ne!(
            pending(&mut scene),
            0,
            "{model}: the line asks although its handler has begun"
        );
        assert_eq!(scene.vcpu.statistics.taken(External), 2, "{model}");
        scene.set_msr(msr::EE);
        assert_ne!(pending(&mut scene), 0, "{model}: it asks again");
        assert_eq!(scene.vcpu.statistics.taken(External), 3, "{model}");
        scene.processor.fake.line = false;
        assert_eq!(pending(&mut scene), 0, "{model}: lowered");
        scene.set_msr(msr::EE);
        scene.prepare();
        assert_eq!(
            scene.vcpu.statistics.taken(External),
            3,
            "{model}: nothing asks any more"
        );
        assert_eq!(scene.vcpu.state.pc, vector(model), "{model}");
    }
}

/// The external vector of [`guest`].
const fn vector(model: &str) -> u64 {
    match model.as_bytes()[0] {
        b'e' => 0xabcd_1040,
        _ => 0x500,
    }
}

/// What the guest writes to the field does not raise or take back an interrupt.
#[test]
fn int_pending_is_not_the_guests_to_change() {
    for (waits, lie) in [(true, 0), (false, 0xffff_ffff)] {
        let mut scene = guest("750");
        if waits {
            scene.raise(External);
        }
        scene.prepare();
        scene
            .vcpu
            .supervisor
            .set_field(&mut scene.processor, layout::INT_PENDING, lie);
        scene.prepare();
        assert_eq!(scene.page_word(0x64) != 0, waits);
        scene.set_msr(msr::EE);
        scene.prepare();
        assert_eq!(scene.vcpu.state.pc == 0x500, waits);
    }
}
