//! Special-purpose registers, through `mfspr` and `mtspr`.

mod privileged;
mod support;

use kvm_ppc::emulate::Done;
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::mmu::Bat;
use kvm_ppc::model::{MODELS, Model};
use kvm_ppc::spr::{self, Access, Bank, Home, Row};
use magicpage::registers::SHARED_SPRS;
use magicpage::{layout, msr};
use privileged::{ILLEGAL, PRIVILEGED, mfspr, mtspr, numbered};
use support::guest::Guest;

const ONES: u64 = u64::MAX;

fn special(model: &'static Model) -> impl Iterator<Item = Row> {
    spr::rows(Bank::Special, model)
}

fn plain(row: &Row) -> bool {
    matches!(
        row.home,
        Home::Value | Home::UpperBats | Home::Bat(..) | Home::Sdr1 | Home::Process(_)
    )
}

/// What a register holds after ones were moved to it, as the manuals say: model, number, value.
#[rustfmt::skip]
const AFTER_ONES: &[(&str, u16, u64)] = &[
    // MPC750 User's Manual 2.1.2 to 2.1.5, 32-bit Programming Environments Manual 2.3.
    ("750",    282,  0x8000_003f),
    ("750",    528,  0xffff_ffff), ("750", 543, 0xffff_ffff),
    ("750",    25,   0xffff_ffff),
    ("750",    955,  0), ("750", 939, 0),
    ("750",    952,  0xffff_ffff), ("750", 953, 0xffff_ffff), ("750", 958, 0xffff_ffff),
    ("750",    956,  0xffc0_0000),
    ("750",    1008, 0xfbf1_f3ed),
    ("750",    1009, 0x8000_0000),
    ("750",    1010, 0xffff_ffff), ("750", 1013, 0xffff_ffff),
    ("750",    1017, 0xffff_e000),
    ("750",    1019, 0x0000_01ff),
    ("750",    1020, 0x3f80_0007), ("750", 1021, 0x3f80_0007), ("750", 1022, 0x0000_3fff),
    ("750",    18,   0xffff_ffff), ("750", 19, 0xffff_ffff), ("750", 26, 0xffff_ffff), ("750", 27, 0xffff_ffff),
    ("750",    272,  0xffff_ffff), ("750", 275, 0xffff_ffff),
    // 750CL User's Manual 2.1.
    ("750cl",  560,  0xffff_ffff), ("750cl", 575, 0xffff_ffff),
    ("750cl",  912,  0x3f07_3f07), ("750cl", 919, 0x3f07_3f07),
    ("750cl",  920,  0xf00f_0000),
    ("750cl",  921,  0xffff_ffe0),
    ("750cl",  922,  0xffff_ffff), ("750cl", 923, 0xffff_fffc),
    ("750cl",  924,  0), ("750cl", 1012, 0), ("750cl", 1018, 0),
    ("750cl",  1011, 0xfff0_0000),
    // e500 Core Family Reference Manual chapter 2.
    ("e500v2", 48,   0xff), ("e500v2", 633, 0xff), ("e500v2", 634, 0xff),
    ("e500v2", 58,   0xffff_ffff), ("e500v2", 570, 0xffff_ffff),
    ("e500v2", 63,   0xffff_0000),
    ("e500v2", 400,  0xfff0), ("e500v2", 415, 0xfff0), ("e500v2", 528, 0xfff0), ("e500v2", 531, 0xfff0),
    ("e500v2", 276,  0xffff_ffff), ("e500v2", 279, 0xffff_ffff),
    ("e500v2", 286,  0xffff_ffff),
    ("e500v2", 336,  0), ("e500v2", 304, 0), ("e500v2", 572, 0),
    ("e500v2", 340,  0xffdf_e000),
    ("e500v2", 308,  0x4fcf_8001), ("e500v2", 309, 0xffc0_0000), ("e500v2", 310, 0xffc0_0000),
    ("e500v2", 512,  0xff3f_ff7f),
    ("e500v2", 624,  0xffff_ffff), ("e500v2", 627, 0xffff_ffff), ("e500v2", 944, 0xffff_ffff),
    ("e500v2", 1008, 0x80e0_60c1), ("e500v2", 1009, 0x0002_f400),
    ("e500v2", 1010, 0x0001_8001), ("e500v2", 1011, 0x0001_8001),
    ("e500v2", 1012, 0), ("e500v2", 1013, 1),
    // Power ISA 2.07.
    ("power8", 17,   0x01ff_ffff), ("power8", 3, 0x01ff_ffff),
    ("power8", 28,   ONES), ("power8", 29, ONES), ("power8", 26, ONES), ("power8", 19, ONES),
    ("power8", 18,   0xffff_ffff),
    ("power8", 25,   ONES),
    ("power8", 256,  0xffff_ffff),
    ("power8", 787,  0xffff_ffff), ("power8", 795, ONES),
    ("power8", 1008, 0),
];

#[test]
fn ones_leave_what_the_manuals_say() {
    for &(name, number, value) in AFTER_ONES {
        let mut guest = Guest::new(name, 0x1000);
        let row = spr::find(Bank::Special, guest.vcpu.supervisor.model, number).expect("a register");
        if row.access.writes() {
            guest.mtspr(number, ONES & guest.vcpu.supervisor.model.word_mask());
        } else {
            assert_ne!(guest.execute(mtspr(number)), Done::Next, "{name} {}", row.name);
        }
        assert_eq!(guest.mfspr(number), value, "{name} {}", row.name);
    }
}

#[test]
fn every_register_keeps_its_mask_and_nothing_else() {
    for model in MODELS {
        for row in special(model).filter(|row| plain(row) && row.access.reads() && row.access.writes()) {
            let mut guest = Guest::new(model.name, 0x1000);
            let others: Vec<_> = guest.vcpu.supervisor.registers.all().collect();
            let all = row.mask & model.word_mask();
            guest.mtspr(row.number, ONES & model.word_mask());
            let expected = match row.access {
                Access::Clear => 0,
                Access::Fixed => row.reset,
                _ => all | row.reset & !all,
            };
            assert_eq!(guest.mfspr(row.number), expected, "{} {}", model.name, row.name);
            if !matches!(row.access, Access::Once(_)) {
                guest.mtspr(row.number, 0);
                assert_eq!(
                    guest.mfspr(row.number),
                    expected & row.reset & !all,
                    "{} {}",
                    model.name,
                    row.name
                );
            }
            for (bank, other, before) in others
                .into_iter()
                .filter(|(_, other, _)| other.number != row.number)
            {
                let after = guest
                    .vcpu
                    .supervisor
                    .registers
                    .all()
                    .find(|(b, r, _)| *b == bank && *r == other);
                assert_eq!(
                    after.map(|(_, _, value)| value),
                    Some(before),
                    "{} beside {}",
                    other.name,
                    row.name
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_moved_is_illegal() {
    for model in MODELS.iter().filter(|model| model.name != "power8") {
        let mut guest = Guest::new(model.name, 0x1000);
        let before = guest.vcpu.clone();
        for number in 0..1024 {
            let row = spr::find(Bank::Special, model, number);
            if !row.is_some_and(|row| row.access.reads()) {
                assert_eq!(
                    guest.execute(mfspr(number)),
                    ILLEGAL,
                    "{} mfspr {number}",
                    model.name
                );
            }
            if !row.is_some_and(|row| row.access.writes()) {
                assert_eq!(
                    guest.execute(mtspr(number)),
                    ILLEGAL,
                    "{} mtspr {number}",
                    model.name
                );
            }
        }
        assert_eq!(guest.vcpu.supervisor, before.supervisor);
        assert_eq!(guest.vcpu.state, before.state);
    }
}

/// Power ISA 2.07 III-S 4.4.4: no operation, but for a few numbers.
#[test]
fn a_server_ignores_what_it_lacks() {
    let mut guest = Guest::new("power8", 0x1000);
    for number in [318, 1, 736, 276, 1013] {
        assert_eq!(guest.with_r3(mfspr(number), 0x1234), 0x1234, "{number}");
        assert_eq!(guest.with_r3(mtspr(number), 0x1234), 0x1234, "{number}");
    }
    for number in [0, 4, 5, 6] {
        assert_eq!(guest.execute(mfspr(number)), ILLEGAL, "{number}");
    }
    assert_eq!(guest.execute(mtspr(0)), ILLEGAL);
    assert_eq!(guest.execute(mtspr(4)), Done::Next);
    guest.set_msr(msr::SF | msr::PR);
    assert_eq!(guest.execute(mfspr(318)), PRIVILEGED);
    assert_eq!(guest.execute(mfspr(736)), ILLEGAL);
}

/// SPR bit 0, which the number has as 0x10, tells privileged from user registers whether they exist or not.
#[test]
fn user_mode_moves_user_registers_only() {
    for model in MODELS {
        let mut guest = Guest::new(model.name, 0x1000);
        guest.set_msr(msr::SF | msr::PR);
        for number in 0..1024 {
            let row = spr::find(Bank::Special, model, number);
            let expected = |moves: bool| match (number & 0x10 != 0, moves) {
                (true, _) => PRIVILEGED,
                (false, true) => Done::Next,
                (false, false) => ILLEGAL,
            };
            let reads = row.is_some_and(|row| row.access.reads());
            let writes = row.is_some_and(|row| row.access.writes());
            assert_eq!(
                guest.execute(mfspr(number)),
                expected(reads),
                "{} mfspr {number}",
                model.name
            );
            assert_eq!(
                guest.execute(mtspr(number)),
                expected(writes),
                "{} mtspr {number}",
                model.name
            );
        }
    }
}

#[test]
fn user_mode_reads_what_the_supervisor_wrote() {
    // Model, privileged number, user's number.
    for (name, number, alias) in [
        ("750", 952, 936),
        ("750", 953, 937),
        ("750", 954, 938),
        ("750", 957, 941),
        ("750", 958, 942),
        ("750", 956, 940),
        ("e500v2", 275, 259),
        ("e500v2", 276, 260),
        ("e500v2", 279, 263),
        ("power8", 275, 259),
        ("power8", 795, 779),
        ("power8", 152, 136),
    ] {
        let mut guest = Guest::new(name, 0x1000);
        guest.mtspr(number, 0x1234_5679);
        let value = guest.mfspr(number);
        assert_ne!(value, 0);
        guest.set_msr(msr::SF | msr::PR);
        assert_eq!(guest.mfspr(alias), value, "{name} {alias}");
    }
}

/// The page is the one home: an instruction and a load of the guest's reach the same register.
#[test]
fn registers_of_the_page_are_in_the_page() {
    for model in MODELS {
        let shared = SHARED_SPRS.iter().filter(|row| row.families.has(model.family));
        for row in shared.filter(|row| row.access == magicpage::registers::Access::ReadWrite) {
            let mut guest = Guest::new(model.name, 0x1000);
            let Some(found) = spr::find(Bank::Special, model, row.number) else {
                continue;
            };
            assert_eq!(found.home, Home::Page(row.field, row.part), "{}", row.name);
            let value = 0x1234_5678_9abc_def0 & model.word_mask();
            guest.mtspr(row.number, value);
            let layout = guest.vcpu.supervisor.layout();
            let stored = layout.read_part(&guest.fake.pages[0], row.field, row.part);
            assert_eq!(guest.mfspr(row.number), stored, "{}", row.name);
            assert!(
                stored == value || stored == value & 0xffff_ffff,
                "{}: {stored:x}",
                row.name
            );
            layout.write_part(&mut guest.fake.pages[0], row.field, row.part, 0x42);
            assert_eq!(guest.mfspr(row.number), 0x42, "{}", row.name);
        }
    }
}

#[test]
fn mas7_and_mas3_are_halves_of_a_field() {
    let mut guest = Guest::new("e500v2", 0x1000);
    guest.mtspr(944, 0xb);
    guest.mtspr(627, 0x0eff_f03f);
    let layout = guest.vcpu.supervisor.layout();
    assert_eq!(layout.read(&guest.fake.pages[0], layout::MAS7_3), 0xb_0eff_f03f);
    assert_eq!((guest.mfspr(944), guest.mfspr(627)), (0xb, 0x0eff_f03f));
}

#[test]
fn the_version_is_the_model() {
    for model in MODELS {
        let mut guest = Guest::new(model.name, 0x1000);
        assert_eq!(guest.mfspr(287), u64::from(model.version));
    }
    let version = |name| Model::from_name(name).map(|model| model.version);
    assert_eq!(version("750"), Some(0x0008_0301));
    assert_eq!(version("750cl"), Some(0x0008_7200));
}

#[test]
fn constants_of_the_e500() {
    let mut guest = Guest::new("e500v2", 0x1000);
    assert_eq!(guest.mfspr(688), 0x0411_0200, "TLB0: 512 entries in 4 ways");
    assert_eq!(guest.mfspr(689), 0x101b_c010, "TLB1: 16 entries");
    assert_eq!(guest.mfspr(1015), 0x19c4);
    assert_eq!(guest.mfspr(515), 0x0038_3820);
}

#[test]
fn bats_and_sdr1_are_the_mmus() {
    let mut guest = Guest::new("750cl", 0x1000);
    guest.mtspr(528 + 2 * 2, 0xc000_1ffe);
    guest.mtspr(528 + 2 * 2 + 1, 0x12);
    guest.mtspr(568 + 2 * 3, 0xd000_0003);
    guest.mtspr(568 + 2 * 3 + 1, 0x2a);
    guest.mtspr(25, 0x00ff_0001);
    let mmu = guest.vcpu.supervisor.mmu.book3s32().expect("one");
    assert_eq!(
        mmu.bats.instruction[2],
        Bat {
            upper: 0xc000_1ffe,
            lower: 0x12
        }
    );
    assert_eq!(
        mmu.bats.data[7],
        Bat {
            upper: 0xd000_0003,
            lower: 0x2a
        }
    );
    assert_eq!(mmu.sdr1, 0x00ff_0001);
}

#[test]
fn hid4_switches_the_upper_bats() {
    let mut guest = Guest::new("750cl", 0x1000);
    let upper = |guest: &Guest| guest.vcpu.supervisor.mmu.book3s32().expect("one").bats.upper_four;
    assert!(!upper(&guest));
    guest.mtspr(1011, 0x8200_0000);
    assert!(upper(&guest));
    guest.mtspr(1011, 0x8000_0000);
    assert!(!upper(&guest));
}

#[test]
fn processes_are_the_mmus() {
    let mut guest = Guest::new("e500v2", 0x1000);
    for (number, value) in [(48, 0x101), (633, 2), (634, 3)] {
        guest.mtspr(number, value);
    }
    assert_eq!(guest.vcpu.supervisor.mmu.e500().expect("one").pids, [1, 2, 3]);
}

#[test]
fn status_bits_are_cleared_by_ones() {
    let mut guest = Guest::new("e500v2", 0x1000);
    guest.vcpu.supervisor.registers.set(336, 0xcc00_0000);
    guest.mtspr(336, 0x0800_0001);
    assert_eq!(guest.mfspr(336), 0xc400_0000);
    guest.mtspr(340, 0x1000_0000);
    guest.mtspr(340, 0x2400_0000);
    assert_eq!(guest.mfspr(340), 0x1400_0000, "WRC stays, DIE does not");
}

#[test]
fn the_time_base_reads_by_halves_and_is_written_by_halves() {
    for (name, wide) in [
        ("750", false),
        ("750cl", false),
        ("e500v2", false),
        ("power8", true),
    ] {
        let mut guest = Guest::new(name, 0x1000);
        guest.fake.ticks = 0x1_2345_6789_abcd;
        let low = if wide { 0x1_2345_6789_abcd } else { 0x6789_abcd };
        assert_eq!(guest.mfspr(268), low, "{name}");
        assert_eq!(guest.mfspr(269), 0x1_2345, "{name}");
        if wide {
            // A hypervisor's.
            guest.mtspr(284, 7);
            assert_eq!(guest.fake.ticks, 0x1_2345_6789_abcd);
            continue;
        }
        guest.mtspr(22, 1000);
        guest.mtspr(284, 7);
        assert_eq!(guest.fake.ticks, 0x1_2345_0000_0007, "{name}");
        guest.mtspr(285, 3);
        assert_eq!(guest.fake.ticks, 0x3_0000_0007, "{name}");
        assert_eq!(guest.mfspr(22), 1000, "{name}: the decrementer counts on");
    }
}

#[test]
fn mftb_reads_the_time_base() {
    for (name, expected) in [
        ("750", Some(0x6789)),
        ("power8", Some(0x5_0000_6789)),
        ("e500v2", None),
    ] {
        let mut guest = Guest::new(name, 0x1000);
        guest.fake.ticks = 0x5_0000_6789;
        let word = numbered(371, 3, 268);
        for msr in [msr::SF, msr::SF | msr::PR] {
            guest.set_msr(msr);
            match expected {
                Some(value) => assert_eq!(guest.with_r3(word, 0), value, "{name}"),
                None => assert_eq!(guest.execute(word), ILLEGAL, "{name}"),
            }
        }
    }
}

#[test]
fn the_decrementer_counts_and_a_negative_one_interrupts() {
    let mut guest = Guest::new("750", 0x1000);
    guest.fake.ticks = 500;
    guest.mtspr(22, 10);
    guest.fake.ticks = 504;
    assert_eq!(guest.mfspr(22), 6);
    assert!(!guest.vcpu.queue.waits(Interrupt::Decrementer));
    guest.mtspr(22, 0x8000_0000);
    assert!(guest.vcpu.queue.waits(Interrupt::Decrementer));
    guest.vcpu.queue.clear(Interrupt::Decrementer);
    guest.mtspr(22, 0xffff_ffff);
    assert!(!guest.vcpu.queue.waits(Interrupt::Decrementer), "it was negative");
}

/// The passage happened before the instruction; that nobody had looked yet must not lose it.
#[test]
fn setting_the_decrementer_or_the_time_loses_no_passage() {
    for number in [22, 284, 285] {
        let mut guest = Guest::new("750", 0x1000);
        guest.fake.ticks = 1_000_000;
        guest.mtspr(22, 10);
        guest.fake.ticks += 11;
        guest.mtspr(number, 5);
        assert!(guest.vcpu.queue.waits(Interrupt::Decrementer), "{number}");
    }
    let mut guest = Guest::new("e500v2", 0x1000);
    guest.mtspr(22, 10);
    guest.fake.ticks = 11;
    guest.mtspr(22, 100);
    assert_eq!(guest.mfspr(336), 0x0800_0000, "TSR[DIS]");
    assert!(!guest.vcpu.queue.waits(Interrupt::Decrementer), "TCR decides");
}

#[test]
fn performance_registers_are_a_bank_of_their_own() {
    let (mfpmr, mtpmr) = (334, 462);
    let mut guest = Guest::new("e500v2", 0x1000);
    for number in 0..1024 {
        let row = spr::find(Bank::Performance, guest.vcpu.supervisor.model, number);
        let Some(row) = row else {
            assert_eq!(guest.execute(numbered(mfpmr, 3, number)), ILLEGAL, "{number}");
            assert_eq!(guest.execute(numbered(mtpmr, 3, number)), ILLEGAL, "{number}");
            continue;
        };
        if row.access.writes() {
            guest.with_r3(numbered(mtpmr, 3, number), 0xffff_ffff);
        } else {
            assert_eq!(guest.execute(numbered(mtpmr, 3, number)), ILLEGAL, "{number}");
        }
    }
    for (number, value) in [
        (16, 0xffff_ffff),
        (147, 0xfc7f_0000),
        (272, 0x73f),
        (400, 0xe000_0000),
    ] {
        assert_eq!(guest.with_r3(numbered(mfpmr, 3, number), 0), value, "{number}");
        guest.set_msr(msr::PR);
        assert_eq!(guest.execute(numbered(mfpmr, 3, number)), PRIVILEGED, "{number}");
        assert_eq!(
            guest.with_r3(numbered(mfpmr, 3, number - 16), 0),
            value,
            "{number}"
        );
        guest.set_msr(0);
    }
}

#[test]
fn values_are_taken_out_and_put_back() {
    for model in MODELS {
        let mut guest = Guest::new(model.name, 0x1000);
        for row in special(model).filter(|row| plain(row) && row.access.writes()) {
            guest.mtspr(row.number, 0x5555_5555);
        }
        let before = guest.vcpu.supervisor.registers.clone();
        let mut copy = spr::Registers::new(model);
        for (bank, row, value) in before.all() {
            assert!(copy.set_in(bank, row.number, value), "{}", row.name);
        }
        assert_eq!(copy, before, "{}", model.name);
    }
}
