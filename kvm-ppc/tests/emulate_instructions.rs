//! Privileged instructions besides moves of the MSR and of special-purpose registers.

mod privileged;
mod support;

use kvm_ppc::emulate::Done;
use kvm_ppc::exception::Exception;
use kvm_ppc::hardware::{Access, Exit};
use kvm_ppc::mmu::Bat;
use magicpage::{layout, msr};
use privileged::{ILLEGAL, PRIVILEGED, x31};
use support::guest::Guest;

const MFSRIN: u32 = x31(659, 3, 0, 4);
const MTSRIN: u32 = x31(242, 3, 0, 4);
const TLBIE: u32 = x31(306, 0, 0, 4);
const TLBWE: u32 = x31(978, 0, 0, 0);
const TLBRE: u32 = x31(946, 0, 0, 0);
const TLBSX: u32 = x31(914, 0, 0, 4);
const TLBIVAX: u32 = x31(786, 0, 0, 4);
const DCBI: u32 = x31(470, 0, 0, 4);
const DCBZ: u32 = x31(1014, 0, 5, 4);
const DCBZ_L: u32 = 4 << 26 | 5 << 16 | 4 << 11 | 1014 << 1;
const ECIWX: u32 = x31(310, 3, 0, 4);
const ECOWX: u32 = x31(438, 3, 0, 4);

fn segment(guest: &Guest, index: u8) -> u32 {
    guest
        .vcpu
        .supervisor
        .layout()
        .segment(&guest.fake.pages[0], index)
}

#[test]
fn segment_registers_are_in_the_page() {
    for name in ["750", "750cl"] {
        let mut guest = Guest::new(name, 0x1000);
        let value = |index: u8| 0x6000_0000 + u32::from(index) * 0x0012_3456;
        for index in 0..16 {
            guest.with_r3(x31(210, 3, index.into(), 0), value(index).into());
            assert_eq!(segment(&guest, index), value(index));
        }
        for index in 0..16 {
            let expected = u64::from(value(index));
            assert_eq!(
                guest.with_r3(x31(595, 3, index.into(), 0), 0),
                expected,
                "mfsr {index}"
            );
            guest.vcpu.state.gpr[4] = u64::from(index) << 28 | 0x0fff_ffff;
            assert_eq!(guest.with_r3(MFSRIN, 0), expected, "mfsrin {index}");
            guest.with_r3(MTSRIN, 0xffff_ffff);
            assert_eq!(segment(&guest, index), 0xffff_ffff);
        }
    }
}

/// A guest with a block of memory mapped at 0xc000_0000.
fn translated(model: &str) -> Guest {
    let mut guest = Guest::new(model, 0x1_0000);
    guest.set_msr(msr::DR);
    guest.bats().data[0] = Bat {
        upper: 0xc000_1ffe,
        lower: 2,
    };
    guest
}

#[test]
fn tlbie_takes_the_page_back() {
    let mut guest = translated("750");
    guest.vcpu.prepare(&mut guest.fake);
    for address in [0xc000_1000, 0xc000_2000] {
        guest.vcpu.handle(
            &mut guest.fake,
            Exit::Data {
                address,
                store: false,
            },
        );
    }
    assert_eq!(guest.fake.mappings.len(), 2);
    guest.vcpu.state.gpr[4] = 0xc000_1abc;
    assert_eq!(guest.execute(TLBIE), Done::Next);
    let left: Vec<_> = guest.fake.mappings.keys().map(|place| place.page).collect();
    assert_eq!(left, [0xc_0002]);
}

#[test]
fn registers_of_the_mmu_take_effect() {
    let mut guest = translated("750");
    guest.vcpu.prepare(&mut guest.fake);
    guest.vcpu.handle(
        &mut guest.fake,
        Exit::Data {
            address: 0xc000_1000,
            store: false,
        },
    );
    assert_eq!(guest.fake.mappings.len(), 1);
    guest.mtspr(536, 0);
    guest.vcpu.prepare(&mut guest.fake);
    assert!(guest.fake.mappings.is_empty());
}

#[test]
fn dcbi_counts_as_a_store() {
    let mut guest = translated("750");
    guest.fake.set_u32(0x100, 0x1234_5678);
    guest.vcpu.state.gpr[4] = 0xc000_0100;
    assert_eq!(guest.execute(DCBI), Done::Next);
    assert_eq!(guest.fake.u32(0x100), 0x1234_5678);
    guest.bats().data[0].lower = 1;
    let refused = Exception::DataStorage {
        address: 0xc000_0100,
        status: 0x0a00_0000,
    };
    assert_eq!(guest.execute(DCBI), Done::Raise(refused));
    guest.set_msr(msr::PR);
    assert_eq!(guest.execute(DCBI), PRIVILEGED);
}

#[test]
fn dcbz_clears_a_line_of_32_bytes() {
    let mut guest = translated("750cl");
    guest.fake.memory.fill(0xee);
    (guest.vcpu.state.gpr[4], guest.vcpu.state.gpr[5]) = (0x105, 0xc000_0012);
    guest.vcpu.state.pc = 0x40;
    let cleared = |guest: &Guest| guest.fake.memory.iter().filter(|byte| **byte == 0).count();
    assert_eq!(guest.execute(DCBZ_L), ILLEGAL, "HID2[LCE]");
    assert_eq!(guest.execute(DCBZ), Done::Next);
    assert_eq!((guest.vcpu.state.pc, cleared(&guest)), (0x40, 32));
    assert!(guest.fake.memory[0x100..0x120].iter().all(|byte| *byte == 0));
    guest.mtspr(920, 0x1000_0000);
    guest.vcpu.state.gpr[4] = 0x200;
    assert_eq!(guest.execute(DCBZ_L), Done::Next);
    assert_eq!((guest.vcpu.state.pc, cleared(&guest)), (0x40, 64));
    guest.vcpu.state.gpr[4] = 0xe000_0000;
    assert!(matches!(
        guest.execute(DCBZ),
        Done::Raise(Exception::DataStorage { .. })
    ));
}

#[test]
fn external_control_needs_ear() {
    for mode in [0, msr::PR] {
        let mut guest = translated("750");
        guest.bats().data[0].upper |= 1;
        guest.set_msr(msr::DR | mode);
        guest.vcpu.state.gpr[4] = 0xc000_0104;
        let off = |status| {
            Done::Raise(Exception::DataStorage {
                address: 0xc000_0104,
                status,
            })
        };
        assert_eq!(guest.execute(ECIWX), off(0x0010_0000));
        assert_eq!(guest.execute(ECOWX), off(0x0210_0000));
        assert!(guest.vcpu.set_spr(&mut guest.fake, 282, 0x8000_0001));
        assert_eq!(guest.execute(ECIWX), Done::Raise(Exception::MachineCheck));
        guest.vcpu.state.gpr[4] = 0xc000_0106;
        assert!(matches!(
            guest.execute(ECOWX),
            Done::Raise(Exception::Alignment { .. })
        ));
    }
}

/// MAS0 to MAS3 and MAS7 to the page, as the guest stores them.
fn set_mas(guest: &mut Guest, values: [u32; 5]) {
    for (number, value) in [624, 625, 626, 627, 944].into_iter().zip(values) {
        guest.mtspr(number, value.into());
    }
}

fn mas(guest: &mut Guest) -> [u64; 5] {
    [624, 625, 626, 627, 944].map(|number| guest.mfspr(number))
}

#[test]
fn tlbs_are_written_searched_and_read() {
    let mut guest = Guest::new("e500v2", 0x1000);
    // TLB1, entry 3: process 5, 16 MiB at 0xc000_0000 to 0x4_0100_0000, all rights to the supervisor.
    set_mas(
        &mut guest,
        [0x1003_0000, 0x8005_0700, 0xc000_0000, 0x0100_0015, 4],
    );
    assert_eq!(guest.execute(TLBWE), Done::Next);
    guest.mtspr(48, 5);
    let to = guest
        .translate(0, 0xc012_3456, Access::Store)
        .expect("a translation");
    assert_eq!(to.physical, 0x4_0112_3456);

    for (update, mas7) in [(0, 0), (0x80, 4)] {
        guest.mtspr(1008, update);
        set_mas(&mut guest, [0; 5]);
        guest.mtspr(630, 0x0005_0000);
        guest.vcpu.state.gpr[4] = 0xc012_3456;
        assert_eq!(guest.execute(TLBSX), Done::Next);
        assert_eq!(
            mas(&mut guest),
            [0x1003_0000, 0x8005_0700, 0xc000_0000, 0x0100_0015, mas7]
        );
        set_mas(&mut guest, [0x1003_0000, 0, 0, 0, 0]);
        assert_eq!(guest.execute(TLBRE), Done::Next);
        assert_eq!(
            mas(&mut guest),
            [0x1003_0000, 0x8005_0700, 0xc000_0000, 0x0100_0015, mas7]
        );
    }

    guest.vcpu.state.gpr[4] = 0xc000_0008;
    assert_eq!(guest.execute(TLBIVAX), Done::Next);
    assert!(guest.translate(0, 0xc012_3456, Access::Store).is_err());
}

#[test]
fn a_tlb_is_invalidated_by_flash() {
    let mut guest = Guest::new("e500v2", 0x1000);
    for control in [6, 4, 2] {
        set_mas(&mut guest, [0, 0x8000_0100, 0x1000, 0x3f, 0]);
        assert_eq!(guest.execute(TLBWE), Done::Next);
        assert!(guest.translate(0, 0x1000, Access::Load).is_ok());
        guest.mtspr(1012, control);
        assert_eq!(
            guest.translate(0, 0x1000, Access::Load).is_ok(),
            control == 2,
            "{control}"
        );
    }
}

/// e500 Core Family Reference Manual 3.8.5: user mode locks lines only where MSR[UCLE] lets it.
#[test]
fn cache_locking_in_user_mode() {
    const UCLE: u64 = 0x0400_0000;
    let mut guest = Guest::new("e500v2", 0x1000);
    set_mas(&mut guest, [0, 0x8000_0100, 0, 0x3f, 0]);
    assert_eq!(guest.execute(TLBWE), Done::Next);
    for (word, status) in [(x31(166, 0, 0, 4), 0x0020_0000), (x31(486, 0, 0, 4), 0x0010_0000)] {
        guest.set_msr(0);
        assert_eq!(guest.execute(word), Done::Next);
        guest.set_msr(msr::PR);
        assert_eq!(
            guest.execute(word),
            Done::Raise(Exception::DataStorage { address: 0, status })
        );
        guest.set_msr(msr::PR | UCLE);
        assert_eq!(guest.execute(word), Done::Next);
    }
}

#[test]
fn the_slb_is_written_and_read() {
    const SLBMTE: u32 = x31(402, 3, 0, 4);
    const SLBMFEE: u32 = x31(915, 3, 0, 4);
    const SLBMFEV: u32 = x31(851, 3, 0, 4);
    const SLBFEE: u32 = x31(979, 3, 0, 4) | 1;
    const SLBIE: u32 = x31(434, 0, 0, 4);
    const SLBIA: u32 = x31(498, 0, 0, 0);
    let mut guest = Guest::new("power8", 0x1000);
    guest.vcpu.state.gpr[4] = 0xc000_0000_0800_0003;
    guest.with_r3(SLBMTE, 0x0000_0123_4567_8c80);
    guest.vcpu.state.gpr[4] = 3;
    assert_eq!(guest.with_r3(SLBMFEE, 0), 0xc000_0000_0800_0000);
    assert_eq!(guest.with_r3(SLBMFEV, 0), 0x0000_0123_4567_8c80);
    guest.vcpu.state.gpr[4] = 0xc000_0000_0000_0000;
    assert_eq!(guest.with_r3(SLBFEE, 0), 0x0000_0123_4567_8c80);
    assert_eq!(guest.vcpu.state.cr_field(0), 2);
    guest.vcpu.state.xer = cpu::state::SO;
    assert_eq!(guest.execute(SLBIE), Done::Next);
    assert_eq!(guest.with_r3(SLBFEE, 1), 0);
    assert_eq!(guest.vcpu.state.cr_field(0), 1);
    guest.vcpu.state.gpr[4] = 0x1000_0000_0800_0004;
    guest.with_r3(SLBMTE, 0x1000);
    assert_eq!(guest.execute(SLBIA), Done::Next);
    guest.vcpu.state.gpr[4] = 4;
    assert_eq!(
        guest.with_r3(SLBMFEE, 1),
        0x1000_0000_0000_0000,
        "no longer valid"
    );
}

#[test]
fn pir_reads_as_the_page_has_it() {
    for (name, number) in [("e500v2", 286), ("power8", 1023)] {
        let mut guest = Guest::new(name, 0x1000);
        guest.vcpu.supervisor.set_field(&mut guest.fake, layout::PIR, 7);
        assert_eq!(guest.mfspr(number), 7);
    }
}
