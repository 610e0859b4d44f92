//! Promise 5: guest user mode never reaches the page, in any mode, at any alias.

mod support;

use kvm_ppc::hardware::{Access, Frame, Shared};
use kvm_ppc::mmu::{Bat, Mas};
use kvm_ppc::page::Mapped;
use magicpage::msr;
use proptest::prelude::*;
use support::guest::{Guest, KINDS, ON};
use support::{e500, reference32};

const MAGIC: Frame = Frame::Shared(Shared::Magic);
const SECOND: Frame = Frame::Shared(Shared::Second);
const TOP: u64 = 0xffff_f000;
const MIXED: [u64; 4] = [0, msr::IR, msr::DR, ON];

/// A translation in user mode never ends at a shared page, whatever the tables say: nothing but the guest's own
/// memory at the page's address, or an exception.
fn never(guest: &mut Guest, msr: u64, address: u64) {
    for access in KINDS {
        if let Ok(to) = guest.translate(msr | msr::PR, address, access) {
            assert_eq!(
                to.frame,
                Frame::Memory(to.physical >> 12),
                "{msr:x} {address:x} {access:?}"
            );
        }
        if let Ok(frame) = guest.access(msr | msr::PR, address, access) {
            assert!(
                matches!(frame, Frame::Memory(_)),
                "mapped: {msr:x} {address:x} {access:?}"
            );
        }
    }
}

/// The address of the page, and of aliases by BAT and by page table, in all modes, after supervisor mode has been
/// there.
#[test]
fn promise_5_user_mode_never_reaches_the_page_on_book3s_32() {
    let mut guest = Guest::new("750", 1 << 20);
    guest.map_page(Mapped {
        effective: 0xf_ffff,
        real: 0x20,
        second: true,
    });
    guest.book3s32().sdr1 = 0x0001_0000;
    guest.bats().data[0] = Bat {
        upper: 0xc000_0007,
        lower: 2,
    };
    guest.bats().instruction[0] = guest.bats().data[0];
    // The page of segment 3 that is 0 leads to the page's real address: VSID 0, hash 0, group 0.
    guest.fake.set_u32(0x1_0000, 0x8000_0000);
    guest.fake.set_u32(0x1_0004, 0x0002_0182);
    for address in [
        TOP,
        0xffff_e000,
        0x2_0000,
        0x1_f000,
        0xc002_0000,
        0xc001_f000,
        0x3000_0000,
    ] {
        for msr in MIXED {
            for access in KINDS {
                let _ = guest.access(msr, address, access);
            }
        }
    }
    assert!(
        guest
            .fake
            .mappings
            .values()
            .filter(|(frame, _)| *frame == MAGIC)
            .count()
            >= 4
    );
    for address in [
        TOP,
        0xffff_e000,
        0x2_0000,
        0x1_f000,
        0xc002_0000,
        0xc001_f000,
        0x3000_0000,
    ] {
        for msr in MIXED {
            never(&mut guest, msr, address);
        }
    }
    assert_eq!(
        guest.access(ON | msr::PR, 0xc002_0000, Access::Store),
        Ok(Frame::Memory(0x20)),
        "its own memory"
    );
    assert_eq!(
        guest.access(ON | msr::PR, 0x3000_0000, Access::Fetch),
        Ok(Frame::Memory(0x20)),
        "its own memory"
    );
}

#[test]
fn promise_5_user_mode_never_reaches_the_page_on_e500() {
    let mut guest = Guest::new("e500v2", 1 << 20);
    guest.map_page(Mapped {
        effective: 0xf_ffff,
        real: 0x20,
        second: true,
    });
    for (entry, space) in [(0, 0), (1, 0x1000)] {
        let mas0 = 0x1000_0000 | entry << 16;
        e500::write(
            &mut guest,
            &Mas {
                mas0,
                mas1: 0x8000_0500 | space,
                mas3: 0x3f,
                ..Mas::default()
            },
        );
    }
    for address in [TOP, 0xffff_e000, 0x2_0000, 0x1_f000] {
        for msr in MIXED {
            for access in KINDS {
                assert!(
                    guest
                        .access(msr, address, access)
                        .is_ok_and(|frame| frame == MAGIC || frame == SECOND)
                );
            }
            never(&mut guest, msr, address);
        }
    }
    assert_eq!(
        guest.access(msr::PR, 0x2_0000, Access::Store),
        Ok(Frame::Memory(0x20)),
        "its own memory"
    );
}

#[test]
fn promise_5_user_mode_never_reaches_the_page_on_book3s_64() {
    let mut guest = Guest::new("power8", 1 << 20);
    guest.map_page(Mapped {
        effective: 0xf_ffff_ffff_ffff,
        real: 0x20,
        second: true,
    });
    for address in [
        u64::MAX << 12,
        0xffff_ffff_ffff_e000,
        TOP,
        0x2_0000,
        0xc000_0000_0002_0000,
    ] {
        for msr in MIXED {
            for sf in [0, msr::SF] {
                for access in KINDS {
                    let _ = guest.access(msr | sf, address, access);
                }
                never(&mut guest, msr | sf, address);
            }
        }
    }
}

proptest! {
    #[test]
    fn promise_5_user_mode_never_reaches_the_page_whatever_the_tables_say(
        setup in reference32::setups(),
        (effective, real) in (0_u64..0x10_0000, 0_u64..0x400),
        accesses in prop::collection::vec((reference32::accesses(), any::<u8>()), 1..60),
    ) {
        let mut guest = setup.guest();
        let page = Mapped { effective, real, second: true };
        guest.map_page(page);
        for ((msr, address, access), choice) in accesses {
            let offset = address & 0xfff;
            let address = match choice % 4 {
                0 => effective << 12 | offset,
                1 => real << 12 | offset,
                _ => address,
            };
            let reached = guest.access(msr, address, access);
            let shared = matches!(reached, Ok(Frame::Shared(_)));
            prop_assert!(!(shared && msr & msr::PR != 0), "{:x} {:x} {:?}", msr, address, access);
        }
    }
}
