//! What the hardware has been given never exceeds what the guest's own translation allows.

mod support;

use kvm_ppc::hardware::{Access, Frame, Rights, Shared, Space};
use kvm_ppc::mmu::Bat;
use kvm_ppc::page::Mapped;
use magicpage::msr;
use proptest::prelude::*;
use support::guest::{Guest, KINDS, LINUX32, ON};
use support::reference32;

const MAGIC: Frame = Frame::Shared(Shared::Magic);
const PAGE: u64 = 0xffff_f000;

/// A 750 with all of 256 MiB at 0xc0000000 by one pair of BATs, and a table with page 0x30000 at frame 0x200, of
/// VSID 7 in segment 3.
fn guest() -> Guest {
    let mut guest = Guest::new("750", 4 << 20);
    let block = Bat {
        upper: 0xc000_1ffe,
        lower: 2,
    };
    guest.bats().data[0] = block;
    guest.bats().instruction[0] = block;
    guest.book3s32().sdr1 = 0x0010_0000;
    guest.set_segment(3, 7);
    entry(&mut guest, 7, 0x20_0182);
    guest
}

/// Page 0 of a virtual segment: the hash is the VSID.
fn entry(guest: &mut Guest, vsid: u32, second: u32) {
    let at = 0x10_0000 + u64::from(vsid) * 64;
    guest.fake.set_u32(at, 0x8000_0000 | vsid << 7);
    guest.fake.set_u32(at + 4, second);
}

fn spaces(guest: &mut Guest, msr: u64) -> kvm_ppc::shadow::Spaces {
    guest.shadow.spaces(&guest.vcpu.supervisor, &mut guest.fake, msr)
}

#[test]
fn user_and_supervisor_share_no_space() {
    for model in ["750", "e500v2", "power8"] {
        let mut guest = Guest::new(model, 1 << 20);
        let mut seen = [const { Vec::new() }; 2];
        for (seen, pr) in seen.iter_mut().zip([0, msr::PR]) {
            for msr in [0, msr::IR, msr::DR, ON, msr::SF, msr::SF | ON] {
                let spaces = spaces(&mut guest, msr | pr);
                seen.extend(spaces.fetch.into_iter().chain(spaces.data));
            }
        }
        assert!(seen[0].iter().all(|space| !seen[1].contains(space)), "{model}");
    }
}

/// A virtual segment identifier of the hardware is one segment's: the same number in two would make one page of two.
#[test]
fn segments_of_32_bit_book3s_share_no_space() {
    let mut guest = guest();
    for msr in [0, ON] {
        let mut data: Vec<Space> = spaces(&mut guest, msr).data.to_vec();
        data.sort();
        data.dedup();
        assert_eq!(data.len(), 16);
    }
}

#[test]
fn mixed_modes_differ_in_one_array() {
    let mut guest = guest();
    let (real, on) = (spaces(&mut guest, 0), spaces(&mut guest, ON));
    let mixed = spaces(&mut guest, msr::DR);
    assert_eq!((mixed.fetch, mixed.data), (real.fetch, on.data));
    let mixed = spaces(&mut guest, msr::IR);
    assert_eq!((mixed.fetch, mixed.data), (on.fetch, real.data));
    assert_eq!((real.fetch, on.fetch), (real.data, on.data), "one array suffices");
}

#[test]
fn a_segment_register_that_returns_finds_its_mappings() {
    let mut guest = guest();
    entry(&mut guest, 8, 0x30_0182);
    for _ in 0..3 {
        for (segment, frame) in [(7, 0x200), (8, 0x300)] {
            guest.set_segment(3, segment);
            assert_eq!(
                guest.access(ON, 0x3000_0000, Access::Store),
                Ok(Frame::Memory(frame))
            );
        }
    }
    assert_eq!(guest.fake.changes, 2, "one mapping each");
}

/// Keys are part of what a segment register means.
#[test]
fn a_key_that_appears_is_obeyed() {
    let mut guest = guest();
    entry(&mut guest, 7, 0x20_0180);
    assert!(guest.access(ON, 0x3000_0000, Access::Store).is_ok());
    guest.set_segment(3, 0x4000_0007);
    assert!(guest.access(ON, 0x3000_0000, Access::Store).is_err());
}

#[test]
fn blocks_and_tables_that_change_start_a_generation() {
    let changes: [fn(&mut Guest); 4] = [
        |guest| guest.bats().data[1].upper = 2,
        |guest| guest.bats().upper_four = true,
        |guest| guest.book3s32().sdr1 = 0x0011_0000,
        |guest| guest.map_page(LINUX32),
    ];
    for change in changes {
        let mut guest = guest();
        assert!(guest.access(ON, 0xc000_0000, Access::Load).is_ok());
        let before = guest.shadow.generation();
        change(&mut guest);
        assert_eq!(guest.mapped(ON, 0xc000_0000, Access::Load), None);
        assert_eq!(guest.shadow.generation(), before + 1);
        assert!(guest.access(ON, 0xc000_0000, Access::Load).is_ok());
        assert_eq!(guest.shadow.generation(), before + 1, "once");
    }
}

#[test]
fn a_block_that_comes_covers_pages_seen_before() {
    let mut guest = guest();
    assert_eq!(
        guest.access(ON, 0x3000_0000, Access::Load),
        Ok(Frame::Memory(0x200))
    );
    guest.bats().data[3] = Bat {
        upper: 0x3000_0002,
        lower: 2,
    };
    assert_eq!(guest.access(ON, 0x3000_0000, Access::Load), Ok(Frame::Memory(0)));
}

#[test]
fn numbers_that_run_out_start_a_generation() {
    let mut guest = guest();
    guest.fake.spaces = 64;
    for vsid in 0..200 {
        guest.set_segment(3, vsid);
        entry(&mut guest, vsid, 0x20_0182 + (vsid << 12));
        let frame = Frame::Memory(0x200 + u64::from(vsid));
        assert_eq!(guest.access(ON, 0x3000_0000, Access::Store), Ok(frame));
        assert_eq!(guest.access(ON | msr::PR, 0x3000_0000, Access::Store), Ok(frame));
    }
    let mut guest = Guest::new("e500v2", 1 << 20);
    guest.fake.spaces = 64;
    for pid in 0..=255 {
        support::e500::mmu(&mut guest).pids[0] = pid;
        assert!(spaces(&mut guest, ON).data[0].0 < 64);
    }
}

#[test]
fn tlbie_takes_the_page_of_every_segment_and_space() {
    let mut guest = guest();
    for vsid in [7, 8] {
        entry(&mut guest, vsid, 0x20_0182);
        guest.set_segment(3, vsid);
        assert!(guest.access(ON, 0x3000_0000, Access::Load).is_ok());
    }
    assert!(guest.access(ON, 0xc000_0000, Access::Load).is_ok());
    assert!(guest.access(ON, 0xc000_1000, Access::Load).is_ok());
    assert!(guest.access(0, 0x1000, Access::Load).is_ok());
    guest.shadow.invalidate(&mut guest.fake, 0x7000_0fff);
    let left: Vec<u64> = guest.fake.mappings.keys().map(|place| place.page).collect();
    assert_eq!(left, [0x1, 0xc_0001]);
}

/// A page not marked as changed is mapped read-only; the store that faults marks it and widens the mapping.
#[test]
fn the_first_store_marks_the_page() {
    let mut guest = guest();
    entry(&mut guest, 7, 0x20_0002);
    assert!(guest.access(ON, 0x3000_0000, Access::Load).is_ok());
    assert_eq!(guest.fake.u32(0x10_01c4), 0x20_0102);
    assert_eq!(guest.mapped(ON, 0x3000_0000, Access::Store), None);
    assert!(guest.access(ON, 0x3000_0000, Access::Store).is_ok());
    assert_eq!(guest.fake.u32(0x10_01c4), 0x20_0182);
    assert!(guest.mapped(ON, 0x3000_0000, Access::Load).is_some());
    assert!(guest.mapped(ON, 0x3000_0000, Access::Fetch).is_some());
}

/// Stores to the page are forbidden at every alias, also at those mapped while they are.
#[test]
fn protection_reaches_every_alias() {
    let mut guest = guest();
    guest.map_page(Mapped {
        effective: 0xf_ffff,
        real: 0x20,
        second: true,
    });
    let aliases = [(ON, PAGE), (0, 0x2_0000), (ON, 0xc002_0000), (msr::IR, 0x2_0000)];
    let late = [(msr::DR, PAGE), (msr::IR, 0x2_0000)];
    for (msr, address) in aliases {
        assert_eq!(guest.access(msr, address, Access::Store), Ok(MAGIC));
    }
    let second = Ok(Frame::Shared(Shared::Second));
    assert_eq!(guest.access(ON, PAGE - 0x1000, Access::Store), second);
    guest.shadow.protect(&mut guest.fake, Shared::Magic, false);
    for (msr, address) in aliases {
        assert_eq!(guest.mapped(msr, address, Access::Store), None, "{address:x}");
        assert_eq!(
            guest.mapped(msr, address, Access::Load),
            Some(MAGIC),
            "{address:x}"
        );
    }
    assert_eq!(
        guest.mapped(ON, PAGE - 0x1000, Access::Store),
        second.ok(),
        "the other page"
    );
    guest.shadow.invalidate(&mut guest.fake, PAGE);
    for (msr, address) in aliases.into_iter().chain(late) {
        assert_eq!(guest.access(msr, address, Access::Load), Ok(MAGIC));
        assert_eq!(
            guest.mapped(msr, address, Access::Store),
            None,
            "{address:x}, mapped since"
        );
    }
    guest.shadow.protect(&mut guest.fake, Shared::Magic, true);
    for (msr, address) in aliases {
        assert_eq!(
            guest.mapped(msr, address, Access::Store),
            Some(MAGIC),
            "{address:x}"
        );
    }
}

#[test]
fn protection_outlives_a_generation() {
    let mut guest = guest();
    guest.map_page(LINUX32);
    guest.shadow.protect(&mut guest.fake, Shared::Magic, false);
    guest.bats().data[2].upper = 2;
    assert_eq!(guest.access(ON, PAGE, Access::Load), Ok(MAGIC));
    assert_eq!(guest.mapped(ON, PAGE, Access::Store), None);
}

/// Linux's blocks: fetches and data of a page that both arrays map alike share a mapping.
#[test]
fn equal_blocks_share_a_mapping() {
    let mut guest = guest();
    assert!(guest.access(ON, 0xc000_0000, Access::Load).is_ok());
    assert_eq!(
        guest.mapped(ON, 0xc000_0000, Access::Fetch),
        Some(Frame::Memory(0))
    );
    assert_eq!(guest.fake.changes, 1);
}

/// An instruction at a page that loads from the same page, where the arrays lead to different places.
#[test]
fn blocks_that_disagree_get_a_space_each() {
    let mut guest = guest();
    guest.bats().instruction[0].lower = 0x0010_0002;
    for _ in 0..2 {
        assert_eq!(
            guest.access(ON, 0xc000_0000, Access::Fetch),
            Ok(Frame::Memory(0x100))
        );
        assert_eq!(guest.access(ON, 0xc000_0000, Access::Load), Ok(Frame::Memory(0)));
    }
    assert!(
        guest.mapped(ON, 0xc000_0000, Access::Fetch).is_some(),
        "both at once"
    );
    let spaces = spaces(&mut guest, ON);
    let differ: Vec<usize> = (0..16)
        .filter(|at| spaces.fetch[*at] != spaces.data[*at])
        .collect();
    assert_eq!(differ, [12]);
}

/// Data through a block, fetches through the table, the same frame: an instruction that loads from its own page.
#[test]
fn a_block_and_an_entry_that_agree_share_a_mapping() {
    let mut guest = guest();
    guest.bats().data[1] = Bat {
        upper: 0x3000_0002,
        lower: 0x0020_0002,
    };
    for access in KINDS {
        assert_eq!(guest.access(ON, 0x3000_0000, access), Ok(Frame::Memory(0x200)));
    }
    for access in KINDS {
        assert!(guest.mapped(ON, 0x3000_0000, access).is_some(), "{access:?}");
    }
}

/// A page that the guest moves with no `tlbie`, found out by a store, is replaced: that is no reason for a space more.
#[test]
fn a_moved_page_is_replaced() {
    let mut guest = guest();
    entry(&mut guest, 7, 0x20_0002);
    assert!(guest.access(ON, 0x3000_0000, Access::Load).is_ok());
    entry(&mut guest, 7, 0x30_0002);
    assert_eq!(
        guest.access(ON, 0x3000_0000, Access::Store),
        Ok(Frame::Memory(0x300))
    );
    assert_eq!(
        guest.mapped(ON, 0x3000_0000, Access::Load),
        Some(Frame::Memory(0x300))
    );
    let spaces = spaces(&mut guest, ON);
    assert_eq!(spaces.fetch, spaces.data);
}

#[test]
fn nothing_but_memory_is_mapped() {
    let mut guest = guest();
    guest.fake.devices.insert(0x8000_0000, 0);
    let spaces = spaces(&mut guest, 0);
    let place = spaces.place(0x8000_0000, Access::Load);
    guest
        .shadow
        .insert(&mut guest.fake, place, Frame::Memory(0x8_0000), Rights::all());
    assert!(guest.fake.mappings.is_empty());
}

/// One thing that a guest does.
#[derive(Clone, Debug)]
enum Act {
    Access(u64, u64, Access),
    Segment(u8, u32),
    Bat(bool, u8, Bat),
    Page(Option<Mapped>),
    Protect(bool),
    /// Changes the marks and the protection of an entry, and invalidates.
    Entry(usize, u32),
}

fn acts() -> impl Strategy<Value = Act> {
    let page = (0_u64..0x10_0000, 0_u64..0x30, any::<bool>()).prop_map(|(effective, real, second)| Mapped {
        effective,
        real,
        second,
    });
    prop_oneof![
        12 => reference32::accesses().prop_map(|(msr, address, access)| Act::Access(msr, address, access)),
        2 => (0_u8..16, reference32::segment()).prop_map(|(index, value)| Act::Segment(index, value)),
        1 => (any::<bool>(), 0_u8..8, reference32::bat()).prop_map(|(data, index, bat)| Act::Bat(data, index, bat)),
        1 => prop::option::of(page).prop_map(Act::Page),
        1 => any::<bool>().prop_map(Act::Protect),
        3 => (any::<usize>(), 0_u32..0x400).prop_map(|(which, low)| Act::Entry(which, low << 12 | low & 0x183)),
    ]
}

fn act(guest: &mut Guest, setup: &reference32::Setup, act: Act) {
    match act {
        Act::Access(msr, address, access) => drop(guest.access(msr, address, access)),
        Act::Segment(index, value) => guest.set_segment(index, value),
        Act::Bat(true, index, bat) => guest.bats().data[usize::from(index)] = bat,
        Act::Bat(false, index, bat) => guest.bats().instruction[usize::from(index)] = bat,
        Act::Page(page) => guest.map_page(page),
        Act::Protect(writable) => guest.shadow.protect(&mut guest.fake, Shared::Magic, writable),
        Act::Entry(which, second) if !setup.entries.is_empty() => {
            let at = setup.place(&setup.entries[which % setup.entries.len()]);
            guest.fake.set_u32(at + 4, second);
            // Of entries set up at the same place the last is there.
            for entry in setup.entries.iter().filter(|entry| setup.place(entry) == at) {
                guest
                    .shadow
                    .invalidate(&mut guest.fake, u64::from(entry.page) << 12);
            }
        }
        Act::Entry(..) => {}
    }
}

proptest! {
    /// After anything that a guest may do: what the hardware lets it reach, its own translation lets it reach, at the
    /// same frame, with nothing left to mark.
    #[test]
    fn a_mapping_never_grants_more_than_translation(
        setup in reference32::setups(),
        spaces in prop_oneof![Just(96_u32), Just(100_000)],
        acts in prop::collection::vec(acts(), 1..50),
        probes in prop::collection::vec(reference32::accesses(), 20),
    ) {
        let mut guest = setup.guest();
        guest.fake.spaces = spaces;
        let mut touched = probes;
        for done in acts {
            if let Act::Access(msr, address, access) = done {
                touched.push((msr, address, access));
            }
            act(&mut guest, &setup, done);
            for &(msr, address, _) in &touched {
                for access in KINDS {
                    let Some(frame) = guest.mapped(msr, address, access) else { continue };
                    let before = guest.fake.memory.clone();
                    let to = guest.translate(msr, address, access);
                    prop_assert!(to.is_ok_and(|to| to.frame == frame), "{:x} {:x} {:?}: {:?}", msr, address, access, to);
                    prop_assert!(guest.fake.memory == before, "unmarked: {:x} {:x} {:?}", msr, address, access);
                }
            }
        }
    }
}
