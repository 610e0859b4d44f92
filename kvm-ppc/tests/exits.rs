//! What each exit comes to in the guest. Expectations are worked out by hand from the manuals:
//! - MPC750 User's Manual (UM) 4.5, for 32-bit Book3S;
//! - Power ISA 2.07 Book III-S (III-S) 6.5, for 64-bit Book3S;
//! - e500 Core Family Reference Manual (E500) 2.7.1.6 and 5.7.

mod scene;
mod support;

use kvm_ppc::Ready;
use kvm_ppc::hardware::{Cause, Exit};
use kvm_ppc::statistics::Reason;
use magicpage::{layout, msr};
use scene::words::{LOOP, MFMSR_R3, NOP, RFI, SC, d, load, store, x31};
use scene::{CODE, Scene};

const ESR: u16 = 62;
const MCSRR0: u16 = 570;

/// A guest in front of a word.
fn guest(model: &str, bits: u64, word: u32) -> Scene {
    let mut scene = Scene::new(model, "store-trap");
    scene.code(CODE, &[word]);
    scene.set_msr(bits);
    scene
}

/// What says why: SRR1 without the MSR's own bits on Book3S, ESR on Book E.
fn why(scene: &Scene) -> u64 {
    if scene.vcpu.supervisor.model.name == "e500v2" {
        scene.spr(ESR)
    } else {
        scene.field(layout::SRR1) & 0x783f_0000
    }
}

/// An instruction the processor stops at: model, MSR bits, word, vector, why.
#[rustfmt::skip]
const STOPS: &[(&str, u64, u32, u64, u64)] = &[
    // UM 4.5.7 and III-S 6.5.9: bits 11 to 14 of SRR1's lower half, from the left.
    ("750",    msr::PR, MFMSR_R3,       0x700, 0x0004_0000),
    ("750",    0,       0,              0x700, 0x0008_0000),
    ("750",    msr::PR, 0,              0x700, 0x0008_0000),
    ("750",    0,       0x7fe0_0008,    0x700, 0x0002_0000),
    ("power8", msr::PR, MFMSR_R3,       0x700, 0x0004_0000),
    ("power8", 0,       0,              0x700, 0x0008_0000),
    ("power8", 0,       0x7fe0_0008,    0x700, 0x0002_0000),
    // E500 2.7.1.6: PPR, PIL, PTR.
    ("e500v2", msr::PR, MFMSR_R3,       0x2060, 0x0400_0000),
    ("e500v2", 0,       0,              0x2060, 0x0800_0000),
    ("e500v2", 0,       0x7fe0_0008,    0x2060, 0x0200_0000),
    // UM 4.5.8: lfs with MSR[FP] = 0. An e500 has no such instruction.
    ("750",    0,       d(48, 1, 0, 0), 0x800, 0),
    ("power8", 0,       d(48, 1, 0, 0), 0x800, 0),
    ("e500v2", 0,       d(48, 1, 0, 0), 0x2060, 0x0800_0000),
    // An instruction of another family: wrteei 1 on Book3S, mtsr on Book E, slbia on a 750.
    ("750",    0,       0x7c00_8146,    0x700, 0x0008_0000),
    ("e500v2", 0,       0x7c60_01a4,    0x2060, 0x0800_0000),
    ("750",    0,       0x7c00_03e4,    0x700, 0x0008_0000),
];

#[test]
fn instructions_that_stop() {
    for &(model, bits, word, vector, expected) in STOPS {
        let name = format!("{model} {bits:x} {word:08x}");
        let mut scene = guest(model, bits, word);
        let old = scene.msr();
        scene.enter(1);
        scene.enter(1);
        assert_eq!(scene.vcpu.state.pc, vector, "{name}: {:x}", scene.vcpu.state.pc);
        assert_eq!(scene.field(layout::SRR0), CODE, "{name}");
        assert_eq!(scene.field(layout::SRR1) & 0xffff, old & 0xffff, "{name}");
        assert_eq!(why(&scene), expected, "{name}: {:x}", why(&scene));
        assert_eq!(
            scene.msr() & msr::PR,
            0,
            "{name}: handlers run in supervisor mode"
        );
    }
}

/// What hardware reports without an instruction to execute: model, MSR bits, exit, vector, why.
#[rustfmt::skip]
const REPORTED: &[(&str, u64, Exit, u64, u64)] = &[
    ("750",    0,        Exit::Program(Cause::FloatingPoint), 0x700, 0x0010_0000),
    ("power8", 0,        Exit::Program(Cause::FloatingPoint), 0x700, 0x0010_0000),
    ("750",    0,        Exit::Vector, 0x700, 0x0008_0000),
    ("power8", 0,        Exit::Vector, 0xf20, 0),
    ("power8", msr::VEC, Exit::Vector, 0x700, 0x0008_0000),
    // E500 2.7.1.6: SPE unavailable sets ESR[SPE].
    ("e500v2", 0,        Exit::Vector, 0x2200, 0x80),
    ("e500v2", msr::VEC, Exit::Vector, 0x2060, 0x0800_0000),
    ("750",    0,        Exit::Alignment { address: 3, store: false }, 0x600, 0),
    ("e500v2", 0,        Exit::Alignment { address: 3, store: false }, 0x2050, 0),
    ("e500v2", 0,        Exit::Alignment { address: 3, store: true },  0x2050, 0x0080_0000),
];

#[test]
fn exits_that_name_their_exception() {
    for &(model, bits, exit, vector, expected) in REPORTED {
        let mut scene = guest(model, bits, NOP);
        scene.exit(exit);
        assert_eq!(
            scene.vcpu.state.pc, vector,
            "{model} {exit:?}: {:x}",
            scene.vcpu.state.pc
        );
        assert_eq!(why(&scene), expected, "{model} {exit:?}: {:x}", why(&scene));
        assert_eq!(scene.field(layout::SRR0), CODE, "{model} {exit:?}");
    }
}

/// DSISR describes the instruction (UM table 4-11, III-S 6.5.8): bits 15 and 16 are the instruction's 29 and 30, 17 its
/// 25 and 18 to 21 its 21 to 24 with primary opcode 31, otherwise 17 is its 5 and 18 to 21 its 1 to 4; 12 and 13 are
/// bits 30 and 31 where the displacement has 14 bits; 22 to 31 are the fields RT and RA.
#[test]
fn an_alignment_interrupt_describes_the_instruction() {
    let rows = [
        ("750", "lwarx r3,0,r4", x31(20, 3, 0, 4), 0x0000_0060),
        ("750", "stwcx. r3,0,r4", x31(150, 3, 0, 4) | 1, 0x0001_0860),
        ("750", "dcbz r4,r5", x31(1014, 0, 4, 5), 0x0001_7c04),
        ("750", "lmw r3,2(r4)", d(46, 3, 4, 2), 0x0000_1c64),
        ("750", "stfd f7,2(r9)", d(54, 7, 9, 2), 0x0000_2ce9),
        ("750", "lwzu r31,2(r31)", d(33, 31, 31, 2), 0x0000_43ff),
        ("power8", "ldu r3,0(r4)", d(58, 3, 4, 1), 0x0004_3464),
        ("power8", "lwa r3,0(r4)", d(58, 3, 4, 2), 0x0008_3464),
        ("power8", "std r3,0(r4)", d(62, 3, 4, 0), 0x0000_3c64),
    ];
    for (model, text, word, dsisr) in rows {
        let mut scene = guest(model, 0, word);
        let exit = Exit::Alignment {
            address: 0x8002,
            store: false,
        };
        scene.exit(exit);
        assert_eq!(scene.vcpu.state.pc, 0x600, "{text}");
        assert_eq!(scene.field(layout::DAR), 0x8002, "{text}");
        assert_eq!(
            scene.field(layout::DSISR),
            dsisr,
            "{text}: {:x}",
            scene.field(layout::DSISR)
        );
    }
}

/// UM 4.5.11: with MSR\[SE\] the trace interrupt follows each instruction but `rfi`, whoever carries it out.
#[test]
fn single_step_trace_follows_instructions() {
    for model in ["750", "power8"] {
        for word in [NOP, MFMSR_R3, d(36, 3, 0, 0x3000), x31(566, 0, 0, 0)] {
            let mut scene = guest(model, msr::SE, word);
            scene.run_to(0xd00);
            assert_eq!(scene.field(layout::SRR0), CODE + 4, "{model} {word:08x}");
            assert_eq!(scene.field(layout::SRR1) & 0xffff, 0x1400, "{model} {word:08x}");
            assert_eq!(scene.msr() & msr::SE, 0);
        }
    }
    // dcbz_l r0,r4, with HID2[LCE]: one that the host carries out on another way.
    let mut scene = guest("750cl", msr::SE, 0x1000_27ec);
    scene.set_spr(920, 0x1000_0000);
    scene.vcpu.state.gpr[4] = 0x3000;
    scene.run_to(0xd00);
    assert_eq!(scene.field(layout::SRR0), CODE + 4, "dcbz_l");
    let mut scene = guest("750", msr::SE, RFI);
    scene
        .vcpu
        .supervisor
        .set_field(&mut scene.processor, layout::SRR0, 0x3000);
    scene.run_to(0x3000);
    assert_eq!(scene.vcpu.statistics.of(Reason::Trace), 0);
    assert_eq!(scene.msr(), 0x0000, "rfi has taken what SRR1 says");
}

/// An instruction that does not complete is not followed by a trace interrupt, and a system call is not either.
#[test]
fn single_step_trace_does_not_follow_exceptions() {
    for (word, vector) in [(SC, 0xc00), (0, 0x700), (0x7fe0_0008, 0x700)] {
        let mut scene = guest("750", msr::SE, word);
        scene.run_to(vector);
        assert_eq!(scene.msr() & msr::SE, 0);
        assert_eq!(scene.field(layout::SRR1) & msr::SE, msr::SE, "{word:x}");
    }
}

/// The trace interrupt of an instruction inside a critical section waits for its end: a handler would find the scratch
/// fields in use.
#[test]
fn single_step_trace_waits_for_the_end_of_a_section() {
    for policy in ["legacy", "store-trap", "single-step", "emulate-forward"] {
        let mut scene = Scene::with_page("750", policy);
        scene.code(
            CODE,
            &[
                store(1, 0x1c),
                store(3, 0x04),
                MFMSR_R3,
                NOP,
                store(2, 0x1c),
                NOP,
                LOOP,
            ],
        );
        scene.set_msr(msr::SE);
        scene.run_to(0xd00);
        assert_eq!(scene.field(layout::SRR0), CODE + 0x14, "{policy}");
    }
}

#[test]
fn a_system_call_is_the_guests() {
    for (model, vector) in [("750", 0xc00), ("power8", 0xc00), ("e500v2", 0x2080)] {
        for bits in [0, msr::PR] {
            let mut scene = guest(model, bits, SC);
            scene.run_to(vector);
            assert_eq!(scene.field(layout::SRR0), CODE + 4, "{model}");
            assert_eq!(scene.field(layout::SRR1) & msr::PR, bits, "{model}");
            assert_eq!(scene.vcpu.statistics.of(Reason::SystemCall), 1);
        }
    }
}

/// No memory and no device: a machine check, as the bus error is (UM 4.5.2: SRR1 bit 13, TEA). A load, a store and a
/// fetch.
#[test]
fn an_access_to_nothing_is_a_machine_check() {
    for model in scene::MODELS {
        for word in [d(32, 3, 4, 0), d(36, 3, 4, 0), x31(1014, 0, 4, 0)] {
            let mut scene = guest(model, 0, word);
            scene.vcpu.state.gpr[4] = 0x5_0000;
            check_machine_check(&mut scene, CODE);
        }
        let mut scene = guest(model, 0, NOP);
        scene.vcpu.state.pc = 0x5_0000;
        check_machine_check(&mut scene, 0x5_0000);
    }
}

fn check_machine_check(scene: &mut Scene, at: u64) {
    let model = scene.vcpu.supervisor.model.name;
    scene.run_to(if model == "e500v2" { 0x2010 } else { 0x200 });
    let saved = if model == "e500v2" {
        scene.spr(MCSRR0)
    } else {
        scene.field(layout::SRR0)
    };
    assert_eq!(saved, at, "{model}");
    if model == "750" {
        assert_eq!(scene.field(layout::SRR1), 0x0004_1000);
    }
}

/// With ME = 0 that stops the processor.
#[test]
fn an_access_to_nothing_with_me_clear_is_a_check_stop() {
    let mut scene = guest("750", 0, d(32, 3, 0, 0));
    scene.code(CODE, &[d(32, 3, 4, 0)]);
    scene.vcpu.state.gpr[4] = 0x5_0000;
    scene.vcpu.set_msr(&mut scene.processor, 0);
    scene.enter(1);
    scene.enter(1);
    assert_eq!(scene.prepare(), Ready::CheckStop);
}

/// What hardware cannot run as asked, the host does; the outcome is what the instruction's would have been.
#[test]
fn the_host_interprets() {
    let rows: [(u32, u64, u64, u64); 5] = [
        (d(14, 3, 0, 7), 0, 0x1004, 0x1000),
        (MFMSR_R3, 0, 0x1004, 0x1000),
        (MFMSR_R3, msr::PR, 0x700, 0x1000),
        (SC, 0, 0xc00, 0x1004),
        (0, 0, 0x700, 0x1000),
    ];
    for (word, bits, after, saved) in rows {
        let mut scene = guest("750", bits, word);
        scene.exit(Exit::Interpret);
        assert_eq!(scene.vcpu.state.pc, after, "{word:08x}");
        if after < 0x1000 {
            assert_eq!(scene.field(layout::SRR0), saved, "{word:08x}");
        }
    }
    let mut scene = guest("750", 0, load(3, 0x5c));
    scene.map_page(Some(scene::linux(magicpage::Family::Book3s32)));
    scene.exit(Exit::Interpret);
    assert_eq!(scene.vcpu.state.gpr[3], 0x1000, "the page's MSR");
}
