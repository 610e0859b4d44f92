//! Where the magic page shows and where it does not.

mod support;

use kvm_ppc::hardware::{Access, Frame, Rights, Shared};
use kvm_ppc::mmu::{Bat, Mas};
use kvm_ppc::page::Mapped;
use magicpage::msr;
use support::e500;
use support::guest::{Guest, KINDS, LINUX32, ON};

const MAGIC: Frame = Frame::Shared(Shared::Magic);
const SECOND: Frame = Frame::Shared(Shared::Second);
const TOP: u64 = 0xffff_f000;
const MIXED: [u64; 4] = [0, msr::IR, msr::DR, ON];

/// Linux's page on each family, with the registers as Linux passes them, and the addresses that reach it.
#[test]
fn linux_reaches_the_page_at_minus_4096_on_every_family() {
    let rows = [
        ("750", 0xffff_f000, 0, TOP),
        ("750cl", 0xffff_f000, 0, TOP),
        ("e500v2", 0xffff_f000, 0, TOP),
        ("power8", 0xffff_ffff_ffff_f000, msr::SF, 0xffff_ffff_ffff_f000),
        // 32-bit mode: the address is made of 32 bits.
        ("power8", 0xffff_ffff_ffff_f000, 0, TOP),
        ("power8", 0xffff_ffff_ffff_f000, 0, 0xffff_ffff_ffff_f000),
    ];
    for (model, minus_4096, mode, address) in rows {
        let mut guest = Guest::new(model, 1 << 20);
        guest.vcpu.state.gpr[11] = 42 << 16 | 4;
        guest.vcpu.state.gpr[0] = 0x4b56_4d21;
        guest.vcpu.state.gpr[3] = minus_4096;
        guest.vcpu.state.gpr[4] = minus_4096;
        guest
            .vcpu
            .handle(&mut guest.fake, kvm_ppc::hardware::Exit::SystemCall);
        assert_eq!(guest.vcpu.state.gpr[3], 0, "{model}: mapped");
        for msr in MIXED {
            for access in KINDS {
                let (frame, rights) = guest.reaches(msr | mode, address + 0x58, access);
                assert_eq!(
                    (frame, rights),
                    (MAGIC, Rights::all()),
                    "{model} {msr:x} {access:?}"
                );
            }
        }
    }
}

#[test]
fn the_page_shows_nowhere_before_it_is_mapped() {
    for model in ["750", "e500v2", "power8"] {
        for address in [0, TOP, 0xffff_ffff_ffff_f000] {
            for msr in MIXED {
                for access in KINDS {
                    let mut guest = Guest::new(model, 1 << 20);
                    let to = guest.translate(msr, address, access);
                    assert!(to.is_err() || matches!(to, Ok(to) if matches!(to.frame, Frame::Memory(_))));
                }
            }
        }
    }
}

/// Effective and real address may differ: each counts in its own mode.
#[test]
fn each_address_counts_in_its_own_mode() {
    let mut guest = Guest::new("750", 1 << 20);
    guest.map_page(Mapped {
        effective: 0xd_0000,
        real: 0x20,
        second: false,
    });
    let (effective, real) = (0xd000_0000, 0x2_0000);
    let rows = [
        (0, Access::Load, real, true),
        (0, Access::Load, effective, false),
        (msr::DR, Access::Load, effective, true),
        (msr::DR, Access::Fetch, effective, false),
        (msr::DR, Access::Fetch, real, true),
        (msr::IR, Access::Load, real, true),
        (msr::IR, Access::Fetch, effective, true),
        (msr::IR, Access::Load, effective, false),
        (ON, Access::Load, real, false),
    ];
    for (msr, access, address, shows) in rows {
        let frame = guest.translate(msr, address, access).map(|to| to.frame);
        assert_eq!(frame == Ok(MAGIC), shows, "{msr:x} {access:?} {address:x}");
    }
    assert_eq!(
        guest
            .translate(ON, effective + 4, Access::Load)
            .expect("shows")
            .physical,
        real + 4
    );
}

#[test]
fn the_page_comes_before_blocks_and_tables() {
    let mut guest = Guest::new("750", 1 << 20);
    guest.bats().data[0] = Bat {
        upper: 0xf000_1ffe,
        lower: 0,
    };
    guest.set_segment(15, 0x8000_0000);
    guest.map_page(LINUX32);
    for access in KINDS {
        assert_eq!(guest.reaches(ON, TOP, access), (MAGIC, Rights::all()));
    }
}

#[test]
fn aliases_reach_the_page_with_the_rights_of_the_alias() {
    let mut guest = Guest::new("750", 1 << 20);
    guest.map_page(Mapped {
        effective: 0xf_ffff,
        real: 0x20,
        second: false,
    });
    guest.bats().data[0] = Bat {
        upper: 0xc000_0002,
        lower: 2,
    };
    guest.bats().data[1] = Bat {
        upper: 0xd000_0002,
        lower: 1,
    };
    assert_eq!(
        guest
            .reaches(ON, 0xc002_0000 - 0x2_0000 + 0x1_f000, Access::Load)
            .0,
        Frame::Memory(0x1f)
    );
    guest.bats().data[0] = Bat {
        upper: 0xc000_0006,
        lower: 2,
    };
    guest.bats().data[1] = Bat {
        upper: 0xd000_0006,
        lower: 1,
    };
    let rw = Rights::READ | Rights::WRITE;
    assert_eq!(guest.reaches(ON, 0xc002_0000, Access::Store), (MAGIC, rw));
    assert_eq!(
        guest.reaches(ON, 0xd002_0000, Access::Load),
        (MAGIC, Rights::READ)
    );
    assert!(guest.translate(ON, 0xd002_0000, Access::Store).is_err());
}

#[test]
fn the_second_page_is_one_below() {
    let mut guest = Guest::new("750", 1 << 20);
    guest.map_page(Mapped {
        effective: 0xf_ffff,
        real: 0x20,
        second: true,
    });
    assert_eq!(guest.reaches(ON, 0xffff_e018, Access::Store).0, SECOND);
    assert_eq!(
        guest
            .translate(ON, 0xffff_e018, Access::Store)
            .expect("shows")
            .physical,
        0x1_f018
    );
    assert_eq!(guest.reaches(0, 0x1_f018, Access::Store).0, SECOND);
    assert_eq!(guest.reaches(0, 0x1_e018, Access::Store).0, Frame::Memory(0x1e));
    guest.map_page(Mapped {
        effective: 0,
        real: 0,
        second: true,
    });
    assert_eq!(
        guest.reaches(ON, 0xffff_f000, Access::Store).0,
        SECOND,
        "below zero"
    );
    assert_eq!(guest.reaches(0, 0xffff_f000, Access::Store).0, SECOND);
    guest.map_page(LINUX32);
    assert!(
        guest.translate(ON, 0xffff_e018, Access::Store).is_err(),
        "not asked for"
    );
}

/// ABI section 7: Book E let address 0 alias the page before it was mapped.
#[test]
fn weak_point_book_e_address_0_is_not_the_page() {
    let mut guest = Guest::new("e500v2", 1 << 20);
    e500::write(
        &mut guest,
        &Mas {
            mas0: 0x1000_0000,
            mas1: 0x8000_0500,
            mas2: 0,
            mas3: 0x3f,
            ..Mas::default()
        },
    );
    for access in KINDS {
        assert_eq!(guest.reaches(0, 0, access).0, Frame::Memory(0));
    }
    guest.map_page(Mapped {
        effective: 0xf_ffff,
        real: 0,
        second: false,
    });
    assert_eq!(
        guest.reaches(0, 0, Access::Load).0,
        MAGIC,
        "where it asked for it"
    );
}

/// ABI section 7: mapping or moving the page flushed nothing, so a page touched earlier kept showing memory, and the
/// old alias stayed.
#[test]
fn weak_point_mapping_and_moving_the_page_drop_what_was_there() {
    let mut guest = Guest::new("750", 1 << 20);
    let at = |page: u64| Mapped {
        effective: page,
        real: page,
        second: false,
    };
    let see = |guest: &mut Guest, page: u64| guest.access(0, page << 12, Access::Store);
    assert_eq!(see(&mut guest, 0x20), Ok(Frame::Memory(0x20)));
    guest.map_page(at(0x20));
    assert_eq!(
        guest.mapped(0, 0x2_0000, Access::Store),
        None,
        "memory no longer shows"
    );
    assert_eq!(see(&mut guest, 0x20), Ok(MAGIC));
    assert_eq!(see(&mut guest, 0x30), Ok(Frame::Memory(0x30)));
    guest.map_page(at(0x30));
    assert_eq!(
        see(&mut guest, 0x20),
        Ok(Frame::Memory(0x20)),
        "the old alias is gone"
    );
    assert_eq!(see(&mut guest, 0x30), Ok(MAGIC));
    guest.map_page(None);
    assert_eq!(see(&mut guest, 0x30), Ok(Frame::Memory(0x30)));
}
