//! The TLBs of the e500v2 and the MAS registers.

mod support;

use kvm_ppc::exception::Exception;
use kvm_ppc::hardware::{Access, Frame, Rights, Shared};
use kvm_ppc::mmu::{Mas, Stale, Tlb};
use magicpage::{layout, msr};
use support::e500::{self, mmu};
use support::guest::{Guest, KINDS, ON};

const TLB1: u32 = 0x1000_0000;
const VALID: u32 = 0x8000_0000;
const IPROT: u32 = 0x4000_0000;
const TS: u32 = 0x1000;
const USER: u64 = msr::PR;

const fn size(exponent: u32) -> u32 {
    exponent << 8
}

/// An entry of TLB1 with all permissions.
fn large(entry: u32, mas1: u32, effective: u32, real: u32) -> Mas {
    Mas {
        mas0: TLB1 | entry << 16,
        mas1: VALID | mas1,
        mas2: effective,
        mas3: real | 0x3f,
        ..Mas::default()
    }
}

/// An entry of TLB0 with all permissions.
fn small(way: u32, mas1: u32, effective: u32, real: u32) -> Mas {
    Mas {
        mas0: way << 16,
        ..large(0, mas1, effective, real)
    }
}

fn guest(entries: &[Mas]) -> Guest {
    let mut guest = Guest::new("e500v2", 4 << 20);
    for mas in entries {
        e500::write(&mut guest, mas);
    }
    guest
}

fn physical(guest: &mut Guest, msr: u64, address: u64) -> Option<u64> {
    guest
        .translate(msr, address, Access::Load)
        .ok()
        .map(|to| to.physical)
}

/// Size, effective page, real page, address: where it leads.
#[test]
fn entries_of_every_size() {
    let rows = [
        (1, 0x1000_0000, 0x0020_0000, 0x1000_0abc, Some(0x0020_0abc)),
        (1, 0x1000_0000, 0x0020_0000, 0x1000_1000, None),
        (2, 0x1000_4000, 0x0020_0000, 0x1000_7fff, Some(0x0020_3fff)),
        (2, 0x1000_4000, 0x0020_0000, 0x1000_8000, None),
        (5, 0xc010_0000, 0x0030_0000, 0xc01f_ffff, Some(0x003f_ffff)),
        (7, 0xc000_0000, 0x0000_0000, 0xc0ff_ffff, Some(0x00ff_ffff)),
        (9, 0xc000_0000, 0x1000_0000, 0xcfff_fff0, Some(0x1fff_fff0)),
        (11, 0x0000_0000, 0x0000_0000, 0xfedc_ba98, Some(0xfedc_ba98)),
        // Page numbers not aligned to the size: the bits within are of no account.
        (5, 0xc012_3000, 0x0034_5000, 0xc010_0010, Some(0x0030_0010)),
    ];
    for (exponent, effective, real, address, expected) in rows {
        let mut guest = guest(&[large(3, size(exponent), effective, real)]);
        assert_eq!(
            physical(&mut guest, 0, address),
            expected,
            "{exponent} {address:x}"
        );
    }
}

#[test]
fn tlb0_has_four_ways_and_pages_of_4_kib_only() {
    // Bits 45 to 51 of these are the same: one set.
    let ways: Vec<Mas> = (0..4)
        .map(|way| small(way, size(7), way << 20, 0x10_0000 + (way << 12)))
        .collect();
    let mut guest = guest(&ways);
    for way in 0..4 {
        assert_eq!(
            physical(&mut guest, 0, (way << 20) + 4),
            Some(0x10_0004 + (way << 12))
        );
        assert_eq!(physical(&mut guest, 0, (way << 20) + 0x1000), None);
    }
    e500::write(&mut guest, &small(2, 0, 0x70_0000, 0x20_0000));
    assert_eq!(physical(&mut guest, 0, 2 << 20), None, "replaced");
    assert_eq!(physical(&mut guest, 0, 0x70_0000), Some(0x20_0000));
}

#[test]
fn physical_addresses_have_36_bits() {
    let mut guest = guest(&[Mas {
        mas7: 0xffff_fffe,
        ..large(0, size(5), 0xe000_0000, 0xfe00_0000)
    }]);
    assert_eq!(physical(&mut guest, 0, 0xe000_1234), Some(0xe_fe00_1234));
}

#[test]
fn processes_and_address_spaces() {
    let entries = [
        large(0, TS | size(1), 0x1000, 0x20_0000),
        large(1, 5 << 16 | size(1), 0x2000, 0x20_1000),
        small(0, 7 << 16, 0x3000, 0x20_2000),
    ];
    // PIDs, MSR, address: whether it is found.
    let rows = [
        ([0, 0, 0], 0, 0x1000, false),
        ([0, 0, 0], msr::DR, 0x1000, true),
        ([9, 9, 9], msr::DR, 0x1000, true),
        ([0, 0, 0], msr::IR, 0x1000, false),
        ([0, 0, 0], 0, 0x2000, false),
        ([5, 0, 0], 0, 0x2000, true),
        ([0, 5, 0], 0, 0x2000, true),
        ([0, 0, 5], 0, 0x2000, true),
        ([5, 0, 0], msr::DR, 0x2000, false),
        ([1, 2, 7], 0, 0x3000, true),
        ([5, 5, 5], 0, 0x3000, false),
    ];
    for (pids, msr, address, found) in rows {
        let mut guest = guest(&entries);
        mmu(&mut guest).pids = pids;
        assert_eq!(
            physical(&mut guest, msr, address).is_some(),
            found,
            "{pids:?} {msr:x} {address:x}"
        );
    }
}

#[test]
fn permissions() {
    let (r, w, x) = (Rights::READ, Rights::WRITE, Rights::EXECUTE);
    let rows = [
        (0x01, r, 0),
        (0x02, r, USER),
        (0x04, w, 0),
        (0x08, w, USER),
        (0x10, x, 0),
        (0x20, x, USER),
    ];
    for (bit, right, mode) in rows {
        let entry = Mas {
            mas3: 0x20_0000 | bit,
            ..large(0, size(1), 0x1000, 0)
        };
        for msr in [0, USER] {
            for access in KINDS {
                let mut guest = guest(&[entry]);
                let expected = if mode == msr && right == access.right() {
                    Ok(right)
                } else {
                    Err(match access {
                        Access::Fetch => Exception::InstructionStorage { status: 0 },
                        Access::Load => Exception::DataStorage {
                            address: 0x1008,
                            status: 0,
                        },
                        Access::Store => Exception::DataStorage {
                            address: 0x1008,
                            status: 0x0080_0000,
                        },
                    })
                };
                let got = guest.translate(msr, 0x1008, access).map(|to| to.rights);
                assert_eq!(got, expected, "{bit:x} {msr:x} {access:?}");
            }
        }
    }
}

#[test]
fn a_miss_sets_up_the_mas_registers() {
    let mut guest = guest(&[Mas {
        mas0: 2,
        ..small(0, 0, 0x1000, 0)
    }]);
    mmu(&mut guest).pids = [0x11, 0x22, 0x33];
    let set = |guest: &mut Guest, mas4| {
        let mas = Mas {
            mas0: 9,
            mas1: 9,
            mas2: 9,
            mas3: 9,
            mas4,
            mas6: 9,
            mas7: 9,
        };
        guest.vcpu.supervisor.set_mas(&mut guest.fake, &mas);
    };
    // TLBSELD 0, TIDSELD 1, TSIZED 1, WIMGED = M.
    set(&mut guest, 0x0001_0104);
    let error = guest.translate(ON, 0xdead_beef, Access::Store);
    assert_eq!(
        error,
        Err(Exception::DataTlbMiss {
            address: 0xdead_beef,
            status: 0x0080_0000
        })
    );
    let expected = Mas {
        mas0: 2 << 16 | 3,
        mas1: VALID | 0x22 << 16 | TS | size(1),
        mas2: 0xdead_b004,
        mas3: 0,
        mas4: 0x0001_0104,
        mas6: 0x11 << 16 | 1,
        mas7: 0,
    };
    assert_eq!(guest.vcpu.supervisor.mas(&guest.fake), expected);
    // TLBSELD 1, TIDSELD 3: no process.
    set(&mut guest, TLB1 | 0x0003_0700);
    assert_eq!(
        guest.translate(msr::DR, 0x5555_5000, Access::Fetch),
        Err(Exception::InstructionTlbMiss)
    );
    let mas = guest.vcpu.supervisor.mas(&guest.fake);
    assert_eq!(
        (mas.mas0, mas.mas1, mas.mas2),
        (TLB1, VALID | size(7), 0x5555_5000)
    );
    assert_eq!(mas.mas6, 0x11 << 16, "instruction space 0");
}

/// A handler that writes what the miss has set up, and nothing else, fills the four ways in turn.
#[test]
fn victims_go_round() {
    let mut guest = guest(&[]);
    for round in 0..9 {
        let address = 0x1000_0000 * (round % 5);
        let error = guest.translate(0, address, Access::Load);
        assert_eq!(
            error,
            Err(Exception::DataTlbMiss { address, status: 0 }),
            "{round}"
        );
        let mut mas = guest.vcpu.supervisor.mas(&guest.fake);
        assert_eq!(u64::from(mas.mas0 >> 16), round % 4);
        mas.mas3 = 0x3f;
        e500::write(&mut guest, &mas);
        assert!(guest.translate(0, address, Access::Load).is_ok());
    }
}

#[test]
fn the_registers_are_in_the_page() {
    let mut guest = guest(&[]);
    let mas = Mas {
        mas0: 1,
        mas1: 2,
        mas2: 3,
        mas3: 4,
        mas4: 5,
        mas6: 6,
        mas7: 7,
    };
    guest.vcpu.supervisor.set_mas(&mut guest.fake, &mas);
    assert_eq!(guest.vcpu.supervisor.mas(&guest.fake), mas);
    let page = &guest.fake.pages[Shared::Magic as usize];
    assert_eq!(
        guest.vcpu.supervisor.layout().read(page, layout::MAS7_3),
        7 << 32 | 4
    );
}

#[test]
fn read_gives_back_what_was_written() {
    let mut tlb = Tlb::default();
    let written = Mas {
        mas7: 0xa,
        ..large(5, IPROT | 3 << 16 | TS | size(6), 0x4040_0014, 0x0050_0000)
    };
    let _ = tlb.write(&written);
    let mut mas = Mas {
        mas0: written.mas0,
        ..Mas::default()
    };
    tlb.read(&mut mas);
    assert_eq!(mas, written);
    let _ = tlb.write(&small(3, IPROT | size(4), 0x0001_2000, 0x1000));
    let mut mas = Mas {
        mas0: 3 << 16,
        mas2: 0x8001_2000,
        ..Mas::default()
    };
    tlb.read(&mut mas);
    assert_eq!(
        (mas.mas1, mas.mas2),
        (VALID | size(1), 0x0001_2000),
        "in the set that MAS2 chooses"
    );
}

#[test]
fn search_finds_by_mas6() {
    let mut tlb = Tlb::default();
    let _ = tlb.write(&small(1, 4 << 16, 0x0001_2000, 0x9000));
    let _ = tlb.write(&large(7, TS | size(7), 0x0000_0000, 0));
    let search = |mas6, address| {
        let mut mas = Mas {
            mas4: 0x0000_0207,
            mas6,
            ..Mas::default()
        };
        tlb.search(&mut mas, address);
        mas
    };
    let hit = search(4 << 16, 0x0001_2345);
    assert_eq!(
        (hit.mas0, hit.mas1, hit.mas3),
        (1 << 16, VALID | 4 << 16 | size(1), 0x903f)
    );
    let hit = search(4 << 16 | 1, 0x0001_2345);
    assert_eq!((hit.mas0, hit.mas1), (TLB1 | 7 << 16, VALID | TS | size(7)));
    let miss = search(5 << 16, 0x0001_2345);
    assert_eq!((miss.mas0, miss.mas1, miss.mas2), (1, 5 << 16 | size(2), 7));
}

fn ranges(stale: Stale) -> Vec<(u64, u64)> {
    stale.ranges().collect()
}

#[test]
fn invalidation_spares_protected_entries() {
    let mut tlb = Tlb::default();
    let _ = tlb.write(&small(0, 1 << 16, 0x0001_2000, 0));
    let _ = tlb.write(&small(1, 2 << 16, 0x0001_2000, 0));
    let _ = tlb.write(&small(2, 0, 0x0009_2000, 0));
    let _ = tlb.write(&large(0, IPROT | size(7), 0, 0));
    let _ = tlb.write(&large(1, size(7), 0x0100_0000, 0));
    let there = |tlb: &Tlb, address, process| tlb.find(address, false, &[process]).is_some();
    assert_eq!(
        ranges(tlb.invalidate(0x0001_2000)),
        [(0x12, 0x12)],
        "both processes"
    );
    assert_eq!(ranges(tlb.invalidate(0x0001_2000)), []);
    assert!(there(&tlb, 0x0009_2000, 0));
    assert_eq!(ranges(tlb.invalidate(0x0000_0008)), [], "protected");
    assert_eq!(ranges(tlb.invalidate(0x0100_5008)), [(0x1000, 0x1fff)]);
    assert_eq!(ranges(tlb.flash(6)), [(0x92, 0x92)]);
    assert!(there(&tlb, 0, 0) && !there(&tlb, 0x0100_0000, 0));
    assert_eq!(
        ranges(tlb.invalidate(0xc)),
        [],
        "all of TLB1, and the one left is protected"
    );
}

/// A handler that replaces an entry takes the old entry's mappings away, and those that the new one covers.
#[test]
fn a_written_entry_replaces_its_mappings() {
    let mut guest = guest(&[large(0, size(5), 0x1000_0000, 0x10_0000)]);
    assert_eq!(
        guest.access(0, 0x1000_3000, Access::Store),
        Ok(Frame::Memory(0x103))
    );
    e500::write(&mut guest, &large(0, size(5), 0x2000_0000, 0x20_0000));
    assert_eq!(guest.mapped(0, 0x1000_3000, Access::Store), None);
    assert!(guest.access(0, 0x1000_3000, Access::Store).is_err());
    assert_eq!(
        guest.access(0, 0x2000_3000, Access::Store),
        Ok(Frame::Memory(0x203))
    );
}

#[test]
fn processes_keep_their_mappings() {
    let entries = [
        small(0, 1 << 16, 0x1000, 0x10_0000),
        small(1, 2 << 16, 0x1000, 0x20_0000),
    ];
    let mut guest = guest(&entries);
    for _ in 0..2 {
        for (pid, frame) in [(1, 0x100), (2, 0x200)] {
            mmu(&mut guest).pids[0] = pid;
            assert_eq!(guest.access(0, 0x1000, Access::Load), Ok(Frame::Memory(frame)));
        }
    }
    assert_eq!(guest.fake.changes, 2, "one mapping each");
}
