//! The decrementer: an edge on 32-bit Book3S, a level on 64-bit Book3S, a status bit on Book E.
//!
//! Sources are abbreviated as in `interrupts.rs`.

mod scene;
mod support;

use kvm_ppc::Ready;
use kvm_ppc::interrupt::Interrupt::{Decrementer, MachineCheck};
use magicpage::msr;
use scene::Scene;
use scene::words::INT_PENDING;

const DEC: u16 = 22;
const DECAR: u16 = 54;
const TSR: u16 = 336;
const TCR: u16 = 340;
const TBL: u16 = 284;
const TBU: u16 = 285;

/// TSR\[DIS\], TCR\[DIE\] and TCR\[ARE\]: bits 36, 37 and 41 of 32 to 63 (E500 2.6.1, 2.6.2).
const DIS: u64 = 0x0800_0000;
const DIE: u64 = 0x0400_0000;
const ARE: u64 = 0x0040_0000;

/// A guest at time 1000 whose decrementer holds a value.
fn guest(model: &str, count: u64) -> Scene {
    let mut scene = Scene::new(model, "store-trap");
    scene.processor.fake.ticks = 1000;
    scene.set_spr(DEC, count);
    scene
}

/// The ticks pass; answers whether the decrementer's interrupt waits then.
fn waits_after(scene: &mut Scene, ticks: u64) -> bool {
    scene.processor.fake.ticks += ticks;
    scene.prepare();
    scene.page_word(INT_PENDING.into()) != 0
}

fn negative(count: i32) -> u64 {
    u64::from(count.cast_unsigned())
}

/// UM 4.5.9: the exception comes when bit 0 changes from 0 to 1, and it stays until it is taken.
#[test]
fn book3s_32_latches_the_passage_to_negative() {
    let mut scene = guest("750", 10);
    assert!(!waits_after(&mut scene, 10));
    assert_eq!(scene.spr(DEC), 0);
    assert!(waits_after(&mut scene, 1));
    assert_eq!(scene.spr(DEC), 0xffff_ffff);
    scene.set_spr(DEC, 0x1000);
    assert!(waits_after(&mut scene, 0), "a new value takes nothing back");
    scene.set_msr(msr::EE);
    assert!(!waits_after(&mut scene, 0), "taken");
    assert_eq!(scene.vcpu.statistics.taken(Decrementer), 1);
    scene.set_msr(msr::EE);
    assert!(!waits_after(&mut scene, 0x1000), "count 0");
    assert!(!waits_after(&mut scene, 1), "taken at once");
    assert_eq!(scene.vcpu.statistics.taken(Decrementer), 2);
}

/// PEM 2.3.13: software that changes bit 0 from 0 to 1 makes the same exception.
#[test]
fn book3s_32_takes_a_move_of_a_negative_value_for_a_passage() {
    let mut scene = guest("750", 10);
    scene.set_spr(DEC, negative(-5));
    assert!(waits_after(&mut scene, 0));
    scene.set_msr(msr::EE);
    assert!(!waits_after(&mut scene, 0));
    scene.set_spr(DEC, negative(-1));
    assert!(!waits_after(&mut scene, 100), "negative before");
    scene.set_spr(DEC, 3);
    assert!(!waits_after(&mut scene, 3));
    assert!(waits_after(&mut scene, 1));
}

/// III-S 6.5.11: the exception exists while bit 32 of the decrementer is 1.
#[test]
fn book3s_64_asks_while_the_count_is_negative() {
    let mut scene = guest("power8", 10);
    assert!(!waits_after(&mut scene, 10));
    assert!(waits_after(&mut scene, 1));
    scene.set_spr(DEC, 100);
    assert!(!waits_after(&mut scene, 0), "a positive value takes it back");
    scene.set_spr(DEC, negative(-1));
    assert!(waits_after(&mut scene, 0));
    scene.set_msr(msr::EE);
    assert!(waits_after(&mut scene, 0), "taken, and asks again");
    assert_eq!(scene.vcpu.statistics.taken(Decrementer), 1);
    scene.set_msr(msr::EE);
    assert!(waits_after(&mut scene, 0));
    assert_eq!(scene.vcpu.statistics.taken(Decrementer), 2);
    assert!(waits_after(&mut scene, 0x7fff_ffff), "negative still");
    assert!(!waits_after(&mut scene, 1), "half a turn later it is positive");
}

/// E500 2.6.4 and Book E's timers: the exception is the decrement from 1 to 0, where the count stops.
#[test]
fn book_e_sets_a_status_bit_when_the_count_comes_to_zero() {
    let mut scene = guest("e500v2", 10);
    assert!(!waits_after(&mut scene, 9));
    assert_eq!((scene.spr(DEC), scene.spr(TSR)), (1, 0));
    assert!(!waits_after(&mut scene, 1), "TCR[DIE] is 0");
    assert_eq!((scene.spr(DEC), scene.spr(TSR)), (0, DIS));
    assert!(!waits_after(&mut scene, 1000));
    assert_eq!(scene.spr(DEC), 0, "stopped");
    scene.set_spr(TCR, DIE);
    assert!(waits_after(&mut scene, 0));
    scene.set_msr(msr::EE);
    assert!(
        waits_after(&mut scene, 0),
        "taken; the bit is the handler's to clear"
    );
    scene.set_spr(TSR, DIS);
    assert!(!waits_after(&mut scene, 0));
    assert_eq!(scene.vcpu.statistics.taken(Decrementer), 1);
}

/// E500 2.6.5: a move of zero makes no exception; nor does one of any other value by itself.
#[test]
fn book_e_moves_make_no_exception() {
    for count in [0, negative(-1), negative(i32::MIN)] {
        let mut scene = guest("e500v2", 5);
        scene.set_spr(TCR, DIE);
        scene.set_spr(DEC, count);
        assert!(!waits_after(&mut scene, 0), "{count:x}");
        assert_eq!(scene.spr(DEC), count, "{count:x}");
    }
}

/// E500 2.6.5: with TCR\[ARE\] the count goes on from DECAR.
#[test]
fn book_e_reloads_from_decar() {
    let mut scene = guest("e500v2", 3);
    scene.set_spr(TCR, DIE | ARE);
    scene.set_spr(DECAR, 7);
    assert!(waits_after(&mut scene, 3));
    assert_eq!(scene.spr(DEC), 7);
    scene.set_spr(TSR, DIS);
    assert!(!waits_after(&mut scene, 6));
    assert!(waits_after(&mut scene, 1));
}

/// The time base of 64 bits wraps like any counter; a guest that sets it near its end is not different. A 64-bit guest
/// cannot: there it is the hypervisor's (III-S 7.2).
#[test]
fn a_time_base_about_to_wrap() {
    for model in ["750", "e500v2"] {
        let mut scene = guest(model, 0x1000);
        scene.set_spr(TBU, 0xffff_ffff);
        scene.set_spr(TBL, 0xffff_fff0);
        if model == "e500v2" {
            scene.set_spr(TCR, DIE);
        }
        scene.set_spr(DEC, 0x20);
        assert!(!waits_after(&mut scene, 0), "{model}");
        scene.set_msr(msr::EE);
        for _ in 0..50 {
            scene.enter(1000);
        }
        let taken = scene.vcpu.taken.map(|taken| taken.time);
        assert_eq!(
            taken,
            Some(if model == "e500v2" { 0x10 } else { 0x11 }),
            "{model}"
        );
    }
}

/// The host gets control back when the decrementer expires, and in time.
#[test]
fn the_deadline_is_the_passage() {
    for (model, ticks) in [("750", 11), ("power8", 11), ("e500v2", 10)] {
        let mut scene = guest(model, 10);
        let Ready::Enter(entry) = scene.prepare() else {
            panic!("{model} sleeps")
        };
        assert_eq!(entry.deadline, Some(1000 + ticks), "{model}");
    }
}

/// While a machine check waits for the end of a section the host also looks after some time, whatever the decrementer.
#[test]
fn a_machine_check_in_a_section_has_a_deadline() {
    let mut scene = Scene::with_page("750", "store-trap");
    scene.vcpu.state.gpr[1] = 0;
    scene.raise(MachineCheck);
    let Ready::Enter(entry) = scene.prepare() else {
        panic!("sleeps")
    };
    assert!(scene.vcpu.taken.is_none());
    let deadline = entry.deadline.expect("a deadline");
    assert!(deadline <= 1 << 17, "{deadline}");
}
