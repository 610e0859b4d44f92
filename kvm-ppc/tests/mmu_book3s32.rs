//! Translation on 32-bit Book3S: vectors computed by hand from the manuals' figures, and a slow reference.

mod support;

use kvm_ppc::exception::Exception;
use kvm_ppc::hardware::{Access, Frame, Rights};
use kvm_ppc::mmu::Bat;
use magicpage::msr;
use proptest::prelude::*;
use support::guest::{Guest, KINDS, ON};
use support::reference32;

const RW: Rights = Rights::READ.union(Rights::WRITE);
const RX: Rights = Rights::READ.union(Rights::EXECUTE);
const RWX: Rights = Rights::all();
const USER: u64 = msr::PR;

const fn isi(status: u32) -> Exception {
    Exception::InstructionStorage { status }
}

const fn dsi(address: u64, status: u32) -> Exception {
    Exception::DataStorage { address, status }
}

/// VSID 0x123 in segment 3 and a page table of 64 KiB at 1 MiB. Page 0x30045 hashes to 0x123 ^ 0x45 = 0x166, so its
/// group is at 0x100000 + 0x166 * 64, its other group at 0x100000 + 0x299 * 64.
fn with_table(segment: u32) -> Guest {
    let mut guest = Guest::new("750", 4 << 20);
    guest.book3s32().sdr1 = 0x0010_0000;
    guest.set_segment(3, segment | 0x123);
    guest
}

const PRIMARY: u64 = 0x10_5980;
const ALTERNATE: u64 = 0x10_a640;
const EA: u64 = 0x3004_5678;

fn with_entry(segment: u32, second: u32) -> Guest {
    let mut guest = with_table(segment);
    guest.fake.set_u32(PRIMARY + 8 * 5, 0x8000_9180);
    guest.fake.set_u32(PRIMARY + 8 * 5 + 4, second);
    guest
}

#[test]
fn real_mode_is_the_identity() {
    for pr in [0, USER] {
        let mut guest = Guest::new("750", 1 << 20);
        for access in KINDS {
            let to = guest.translate(pr, 0xffff_ffff_0001_2345, access).expect("real");
            assert_eq!(
                (to.physical, to.frame, to.rights),
                (0x1_2345, Frame::Memory(0x12), RWX)
            );
        }
    }
}

#[test]
fn each_kind_of_access_has_its_own_switch() {
    let mut guest = with_table(0);
    assert_eq!(
        guest.reaches(msr::IR, EA, Access::Load).0,
        Frame::Memory(0x3_0045)
    );
    assert_eq!(guest.translate(msr::IR, EA, Access::Fetch), Err(isi(0x4000_0000)));
    assert_eq!(
        guest.reaches(msr::DR, EA, Access::Fetch).0,
        Frame::Memory(0x3_0045)
    );
    assert_eq!(
        guest.translate(msr::DR, EA, Access::Load),
        Err(dsi(EA, 0x4000_0000))
    );
    assert_eq!(
        guest.translate(msr::DR, EA, Access::Store),
        Err(dsi(EA, 0x4200_0000))
    );
}

#[test]
fn entries_are_found_at_either_hash() {
    let rows = [
        (PRIMARY, 0x8000_9180),
        (PRIMARY + 56, 0x8000_9180),
        (ALTERNATE, 0x8000_91c0),
    ];
    for (at, first) in rows {
        let mut guest = with_table(0);
        guest.fake.set_u32(at, first);
        guest.fake.set_u32(at + 4, 0x0020_0182);
        let to = guest.translate(ON, EA, Access::Load).expect("found");
        assert_eq!((to.physical, to.rights), (0x20_0678, RWX), "{at:x}");
    }
}

#[test]
fn entries_that_do_not_match() {
    let rows = [
        (PRIMARY, 0x0000_9180, "not valid"),
        (PRIMARY, 0x8000_91c0, "H set at the primary place"),
        (ALTERNATE, 0x8000_9180, "H clear at the other place"),
        (PRIMARY, 0x8000_9200, "another VSID"),
        (PRIMARY, 0x8000_9181, "another API"),
        (PRIMARY + 64, 0x8000_9180, "another group"),
    ];
    for (at, first, why) in rows {
        let mut guest = with_table(0);
        guest.fake.set_u32(at, first);
        guest.fake.set_u32(at + 4, 0x0020_0182);
        assert_eq!(
            guest.translate(ON, EA, Access::Load),
            Err(dsi(EA, 0x4000_0000)),
            "{why}"
        );
    }
}

/// HTABMASK 7: the hash has 13 bits. 0x101c ^ 0xffa = 0x1fe6: group 0x3e6 of the eighth 64 KiB; inverted, 0x19 of the
/// first.
#[test]
fn a_larger_table_uses_more_of_the_hash() {
    for (at, first) in [(0x1f_f980, 0x8008_0e03), (0x18_0640, 0x8008_0e43)] {
        let mut guest = Guest::new("750", 4 << 20);
        guest.book3s32().sdr1 = 0x0018_0007;
        guest.set_segment(0, 0x101c);
        guest.fake.set_u32(at, first);
        guest.fake.set_u32(at + 4, 0x0012_3102);
        let to = guest.translate(ON, 0x00ff_a01b, Access::Load).expect("found");
        assert_eq!(to.physical, 0x12_301b);
    }
}

/// Key and PP, and what each allows (Programming Environments Manual table 7-9).
#[test]
fn keys_and_protection() {
    let rows = [
        (false, 0, RWX),
        (false, 1, RWX),
        (false, 2, RWX),
        (false, 3, RX),
        (true, 0, Rights::empty()),
        (true, 1, RX),
        (true, 2, RWX),
        (true, 3, RX),
    ];
    for (key, pp, rights) in rows {
        for (msr, bit) in [(ON, 0x4000_0000), (ON | USER, 0x2000_0000)] {
            let segment = if key { bit } else { bit ^ 0x6000_0000 };
            for access in KINDS {
                let mut guest = with_entry(segment, 0x0020_0180 | pp);
                let expected = if rights.contains(access.right()) {
                    Ok(rights)
                } else {
                    Err(match access {
                        Access::Fetch => isi(0x0800_0000),
                        Access::Load => dsi(EA, 0x0800_0000),
                        Access::Store => dsi(EA, 0x0a00_0000),
                    })
                };
                let got = guest.translate(msr, EA, access).map(|to| to.rights);
                assert_eq!(got, expected, "{key} {pp} {msr:x} {access:?}");
            }
        }
    }
}

/// Start, access, PP: marks afterwards, right to store.
#[test]
fn referenced_and_changed() {
    let rows = [
        (0x000, Access::Load, 2, 0x100, false),
        (0x000, Access::Fetch, 2, 0x100, false),
        (0x000, Access::Store, 2, 0x180, true),
        (0x100, Access::Load, 2, 0x100, false),
        (0x100, Access::Store, 2, 0x180, true),
        (0x180, Access::Load, 2, 0x180, true),
        (0x080, Access::Load, 2, 0x180, true),
        // Not permitted: referenced, never changed.
        (0x000, Access::Store, 3, 0x100, false),
    ];
    for (before, access, pp, after, store) in rows {
        let mut guest = with_entry(0, 0x0020_0000 | before | pp);
        let to = guest.translate(ON, EA, access);
        assert_eq!(
            guest.fake.u32(PRIMARY + 44),
            0x0020_0000 | after | pp,
            "{before:x} {access:?}"
        );
        assert_eq!(
            to.is_ok_and(|to| to.rights.contains(Rights::WRITE)),
            store,
            "{before:x} {access:?}"
        );
    }
}

#[test]
fn no_execute_segments_and_guarded_pages_are_not_fetched_from() {
    let mut guest = with_entry(0x1000_0000, 0x0020_0002);
    assert_eq!(guest.translate(ON, EA, Access::Fetch), Err(isi(0x1000_0000)));
    assert_eq!(
        guest.fake.u32(PRIMARY + 44),
        0x0020_0002,
        "the segment decides first"
    );
    assert_eq!(guest.reaches(ON, EA, Access::Store), (Frame::Memory(0x200), RW));
    let mut guest = with_entry(0, 0x0020_018a);
    assert_eq!(guest.translate(ON, EA, Access::Fetch), Err(isi(0x1000_0000)));
    assert_eq!(guest.reaches(ON, EA, Access::Load), (Frame::Memory(0x200), RW));
}

#[test]
fn direct_store_segments() {
    let mut guest = with_entry(0x8000_0000, 0x0020_0182);
    assert_eq!(guest.translate(ON, EA, Access::Fetch), Err(isi(0x1000_0000)));
    assert_eq!(guest.translate(ON, EA, Access::Load), Err(dsi(EA, 0x0400_0000)));
    assert_eq!(guest.translate(ON, EA, Access::Store), Err(dsi(EA, 0x0600_0000)));
}

#[test]
fn blocks_win_over_segments() {
    let mut guest = with_entry(0, 0x0020_0182);
    guest.bats().data[0] = Bat {
        upper: 0x3000_0002,
        lower: 0x0004_0001,
    };
    let at = 0x3000_5678;
    assert_eq!(
        guest.reaches(ON, at, Access::Load),
        (Frame::Memory(0x45), Rights::READ)
    );
    assert_eq!(
        guest.translate(ON, at, Access::Store),
        Err(dsi(at, 0x0a00_0000)),
        "also to forbid"
    );
    assert_eq!(
        guest.translate(ON, at, Access::Fetch),
        Err(isi(0x4000_0000)),
        "fetches go to the table"
    );
    guest.bats().instruction[1] = Bat {
        upper: 0x3000_0003,
        lower: 0x0004_0000,
    };
    assert_eq!(guest.translate(ON, at, Access::Fetch), Err(isi(0x0800_0000)));
    guest.bats().instruction[1].lower |= 2;
    assert_eq!(
        guest.reaches(ON, at, Access::Fetch),
        (Frame::Memory(0x45), RX),
        "one mapping for both"
    );
    guest.bats().instruction[1].lower = 0x0008_0002;
    assert_eq!(
        guest.reaches(ON, at, Access::Fetch),
        (Frame::Memory(0x85), Rights::EXECUTE),
        "not for both"
    );
}

#[test]
fn a_page_beside_a_block_is_not_for_both() {
    let mut guest = with_entry(0, 0x0020_0182);
    guest.bats().instruction[0] = Bat {
        upper: 0x3004_0002,
        lower: 0x0004_0002,
    };
    assert_eq!(guest.reaches(ON, EA, Access::Load), (Frame::Memory(0x200), RW));
}

#[test]
fn only_a_750cl_has_upper_blocks() {
    let mut guest = Guest::new("750cl", 1 << 20);
    guest.bats().data[7] = Bat {
        upper: 0x1ffe,
        lower: 2,
    };
    assert!(guest.translate(ON, 0x1000, Access::Load).is_err());
    guest.bats().upper_four = true;
    assert_eq!(guest.reaches(ON, 0x1000, Access::Load), (Frame::Memory(1), RW));
}

#[test]
fn a_table_outside_memory_is_a_machine_check() {
    let mut guest = Guest::new("750", 1 << 20);
    guest.book3s32().sdr1 = 0x0100_0000;
    assert_eq!(
        guest.translate(ON, EA, Access::Load),
        Err(Exception::MachineCheck)
    );
}

proptest! {
    /// The answer and every byte of memory afterwards are those of the reference.
    #[test]
    fn translate_agrees_with_a_slow_reference(
        (setup, accesses) in (reference32::setups(), prop::collection::vec(reference32::accesses(), 1..40)),
    ) {
        let mut guest = setup.guest();
        let mut reference = reference32::Reference::new(&setup, &guest);
        for (msr, address, access) in accesses {
            let got = guest.translate(msr, address, access).map(|to| {
                assert_eq!(to.frame, Frame::Memory(to.physical >> 12));
                to.physical
            });
            prop_assert_eq!(got, reference.translate(msr, address, access), "{:x} {:x} {:?}", msr, address, access);
            prop_assert!(guest.fake.memory == reference.memory, "marks after {:x} {:x} {:?}", msr, address, access);
        }
    }

    /// A right that came with an answer is one that the reference grants, with nothing left to mark.
    #[test]
    fn rights_given_beforehand_are_true(
        (setup, accesses) in (reference32::setups(), prop::collection::vec(reference32::accesses(), 1..20)),
    ) {
        let mut guest = setup.guest();
        for (msr, address, access) in accesses {
            // A mapping is for one mode of each kind: translated, or not.
            let msr = if msr & ON == 0 { msr } else { msr | ON };
            let Ok(to) = guest.translate(msr, address, access) else { continue };
            for other in KINDS.into_iter().filter(|other| to.rights.contains(other.right())) {
                let mut reference = reference32::Reference::new(&setup, &guest);
                prop_assert_eq!(reference.translate(msr, address, other), Ok(to.physical));
                prop_assert!(guest.fake.memory == reference.memory);
            }
        }
    }
}
