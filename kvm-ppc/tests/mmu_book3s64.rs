//! Translation on 64-bit Book3S: vectors computed by hand from Power ISA 2.07 Book III-S 5.7.

mod support;

use kvm_ppc::exception::Exception;
use kvm_ppc::hardware::{Access, Frame, Hardware, Rights};
use magicpage::msr;
use support::guest::{Guest, KINDS, ON};

const SF: u64 = msr::SF;
const EA: u64 = 0xc000_0000_0004_5678;
const VSID: u64 = 0x12_3456;
/// 0x123456 ^ 0x45 = 0x123413; eleven bits of that, times 128, from a table of 256 KiB at 1 MiB.
const PRIMARY: u64 = 0x10_0000 + 0x413 * 128;
const ALTERNATE: u64 = 0x10_0000 + 0x3ec * 128;
/// AVPN: the VSID and five bits of the address, here 0, above seven bits; valid.
const FIRST: u64 = VSID << 12 | 1;

/// The segment at 0xc, with these bits besides its VSID, and an entry for its page 0x45.
fn with_entry(segment: u64, at: u64, first: u64, second: u64) -> Guest {
    let mut guest = Guest::new("power8", 8 << 20);
    let mmu = guest
        .vcpu
        .supervisor
        .mmu
        .book3s64_mut()
        .expect("a 64-bit Book3S processor");
    mmu.sdr1 = 0x10_0000;
    let _ = mmu.slb.write(0xc000_0000_0800_0003, VSID << 12 | segment);
    guest.fake.write(at, &first.to_be_bytes()).expect("memory");
    guest.fake.write(at + 8, &second.to_be_bytes()).expect("memory");
    guest
}

fn second_half(guest: &Guest, at: u64) -> u64 {
    u64::from(guest.fake.u32(at + 8)) << 32 | u64::from(guest.fake.u32(at + 12))
}

#[test]
fn real_mode_ignores_the_top_four_bits() {
    let mut guest = Guest::new("power8", 1 << 20);
    for access in KINDS {
        let to = guest.translate(SF, EA, access).expect("real");
        assert_eq!((to.physical, to.rights), (0x4_5678, Rights::all()));
        let to = guest.translate(0, EA, access).expect("real");
        assert_eq!(to.physical, 0x4_5678, "32-bit mode");
    }
}

#[test]
fn entries_are_found_at_either_hash() {
    for (at, first) in [
        (PRIMARY, FIRST),
        (PRIMARY + 112, FIRST | 0x78),
        (ALTERNATE, FIRST | 2),
    ] {
        let mut guest = with_entry(0, at, first, 0x20_0182);
        let to = guest.translate(SF | ON, EA, Access::Load).expect("found");
        assert_eq!((to.physical, to.rights), (0x20_0678, Rights::all()), "{at:x}");
    }
    for (at, first) in [
        (PRIMARY, FIRST - 1),
        (PRIMARY, FIRST | 2),
        (PRIMARY, FIRST | 4),
        (PRIMARY, FIRST | 1 << 62),
    ] {
        let mut guest = with_entry(0, at, first, 0x20_0182);
        let error = Exception::DataStorage {
            address: EA,
            status: 0x4000_0000,
        };
        assert_eq!(
            guest.translate(SF | ON, EA, Access::Load),
            Err(error),
            "{first:x}"
        );
    }
}

#[test]
fn no_segment() {
    let mut guest = with_entry(0, PRIMARY, FIRST, 0x20_0182);
    let address = 0xd000_0000_0000_0000;
    assert_eq!(
        guest.translate(SF | ON, address, Access::Store),
        Err(Exception::DataSegment { address })
    );
    assert_eq!(
        guest.translate(SF | ON, address, Access::Fetch),
        Err(Exception::InstructionSegment)
    );
    // 32-bit mode leaves the segment's number out of the address.
    assert_eq!(
        guest.translate(ON, EA, Access::Load),
        Err(Exception::DataSegment { address: 0x4_5678 })
    );
}

/// PP with its upper bit first, key: rights to data.
#[test]
fn keys_and_protection() {
    let rw = Rights::READ | Rights::WRITE;
    let rows = [
        (0, 0, rw, Rights::empty()),
        (0, 1, rw, Rights::READ),
        (0, 2, rw, rw),
        (0, 3, Rights::READ, Rights::READ),
        (1, 2, Rights::READ, Rights::empty()),
        (1, 0, Rights::empty(), Rights::empty()),
    ];
    for (high, low, without, with) in rows {
        for (key, data) in [(0, without), (1, with)] {
            for (mode, bit) in [(0, 11), (msr::PR, 10)] {
                let mut guest = with_entry(key << bit, PRIMARY, FIRST, high << 63 | 0x20_0180 | low);
                for access in [Access::Load, Access::Store] {
                    let store = if access == Access::Store { 0x0200_0000 } else { 0 };
                    let status = 0x0800_0000 | store;
                    let got = guest
                        .translate(SF | ON | mode, EA, access)
                        .map(|to| to.rights - Rights::EXECUTE);
                    let expected = if data.contains(access.right()) {
                        Ok(data)
                    } else {
                        Err(Exception::DataStorage { address: EA, status })
                    };
                    assert_eq!(got, expected, "{high}{low} {key} {mode:x} {access:?}");
                }
            }
        }
    }
}

#[test]
fn marks() {
    let rows = [
        (Access::Load, 0x002, 0x102, false),
        (Access::Fetch, 0x002, 0x102, false),
        (Access::Store, 0x002, 0x182, true),
        (Access::Store, 0x003, 0x103, false),
    ];
    for (access, before, after, store) in rows {
        let mut guest = with_entry(0, PRIMARY, FIRST, 0x20_0000 | before);
        let to = guest.translate(SF | ON, EA, access);
        assert_eq!(second_half(&guest, PRIMARY), 0x20_0000 | after, "{access:?}");
        assert_eq!(to.is_ok_and(|to| to.rights.contains(Rights::WRITE)), store);
    }
}

#[test]
fn no_execute() {
    let error = Err(Exception::InstructionStorage { status: 0x1000_0000 });
    // N of the segment, N of the page, G of the page.
    for (segment, second) in [(0x200, 0x182), (0, 0x186), (0, 0x18a)] {
        let mut guest = with_entry(segment, PRIMARY, FIRST, 0x20_0000 | second);
        assert_eq!(guest.translate(SF | ON, EA, Access::Fetch), error);
        let (frame, rights) = guest.reaches(SF | ON, EA, Access::Load);
        assert_eq!(
            (frame, rights),
            (Frame::Memory(0x200), Rights::READ | Rights::WRITE)
        );
    }
}

/// A page of 16 MiB: the hash leaves 24 bits out. 0x123456 ^ 1 for the second page of the segment.
#[test]
fn large_pages() {
    let at = 0x10_0000 + 0x457 * 128;
    let mut guest = with_entry(0x100, at, FIRST | 2 << 7 | 4, 0x0300_0182);
    let to = guest
        .translate(SF | ON, 0xc000_0000_0104_5678, Access::Load)
        .expect("found");
    assert_eq!(to.physical, 0x0304_5678);
}

/// A segment of 1 TiB: VSID 0x56, 28 bits of page number. 0x56 ^ 0x56 << 25 ^ 0x0_1000_0045, eleven bits.
#[test]
fn segments_of_a_tebibyte() {
    let mut guest = Guest::new("power8", 8 << 20);
    let mmu = guest
        .vcpu
        .supervisor
        .mmu
        .book3s64_mut()
        .expect("a 64-bit Book3S processor");
    mmu.sdr1 = 0x10_0000;
    let _ = mmu.slb.write(0x0000_0100_0800_0000, 1 << 62 | 0x56 << 24);
    // AVPN: the VSID, then the address from bit 39 down to bit 23.
    let first = 1 << 62 | (0x56 << 17 | 0x2000) << 7 | 1;
    let at = 0x10_0000 + 0x13 * 128;
    guest.fake.write(at, &u64::to_be_bytes(first)).expect("memory");
    guest
        .fake
        .write(at + 8, &u64::to_be_bytes(0x20_0182))
        .expect("memory");
    let to = guest
        .translate(SF | ON, 0x0000_0110_0004_5678, Access::Load)
        .expect("found");
    assert_eq!(to.physical, 0x20_0678);
}

#[test]
fn a_changed_segment_takes_its_mappings_away() {
    let mut guest = with_entry(0, PRIMARY, FIRST, 0x20_0182);
    assert_eq!(guest.access(SF | ON, EA, Access::Store), Ok(Frame::Memory(0x200)));
    let mmu = guest
        .vcpu
        .supervisor
        .mmu
        .book3s64_mut()
        .expect("a 64-bit Book3S processor");
    let stale = mmu.slb.invalidate(EA);
    guest.shadow.discard(&mut guest.fake, stale);
    assert_eq!(
        guest.access(SF | ON, EA, Access::Store),
        Err(Exception::DataSegment { address: EA })
    );
}

#[test]
fn a_replaced_segment_takes_its_mappings_away() {
    let mut guest = with_entry(0, PRIMARY, FIRST, 0x20_0182);
    assert_eq!(guest.access(SF | ON, EA, Access::Store), Ok(Frame::Memory(0x200)));
    let mmu = guest
        .vcpu
        .supervisor
        .mmu
        .book3s64_mut()
        .expect("a 64-bit Book3S processor");
    let stale = mmu.slb.write(0xd000_0000_0800_0003, VSID << 12);
    guest.shadow.discard(&mut guest.fake, stale);
    assert_eq!(guest.mapped(SF | ON, EA, Access::Store), None);
    assert_eq!(
        guest.access(SF | ON, EA | 1 << 60, Access::Store),
        Ok(Frame::Memory(0x200))
    );
}

/// The operand of `tlbie` is a virtual address: sixteen bits of page number name the page in every segment.
#[test]
fn tlbie_takes_a_page_of_every_segment() {
    let mut guest = with_entry(0, PRIMARY, FIRST, 0x20_0182);
    assert!(guest.access(SF | ON, EA, Access::Store).is_ok());
    guest.shadow.invalidate(&mut guest.fake, VSID << 28 | 0x4_6000);
    assert!(guest.mapped(SF | ON, EA, Access::Store).is_some());
    guest.shadow.invalidate(&mut guest.fake, VSID << 28 | 0x4_5000);
    assert!(guest.mapped(SF | ON, EA, Access::Store).is_none());
}
