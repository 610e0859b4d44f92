//! What the hardware has been given never exceeds what the TLBs of an e500 allow, whatever is done to them.

mod support;

use kvm_ppc::hardware::{Access, Frame};
use kvm_ppc::mmu::Mas;
use kvm_ppc::page::Mapped;
use magicpage::msr;
use proptest::prelude::*;
use support::e500::{self, mmu};
use support::guest::{Guest, KINDS};

/// One thing that a guest does.
#[derive(Clone, Debug)]
enum Act {
    Access(u64, u64, Access),
    Write(Mas),
    Invalidate(u32),
    Flash(u32),
    Process(usize, u8),
    Page(Option<Mapped>),
}

/// Pages of three sets of TLB0, two of them alike, and pages beside them that a large entry covers.
fn page() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![0_u32, 0x1000, 0x2000, 0x8_0000, 0x8_1000, 0xffff_f000])
}

fn mas() -> impl Strategy<Value = Mas> {
    let fields = (
        any::<bool>(),
        0_u32..16,
        0_u32..4,
        prop::bool::weighted(0.9),
        0_u32..3,
    );
    let more = (any::<bool>(), 0_u32..12, page(), 0_u32..64, 0_u32..64);
    (fields, more).prop_map(
        |((large, entry, victim, valid, process), (space, size, effective, real, rights))| Mas {
            mas0: u32::from(large) << 28 | entry << 16 | victim,
            mas1: u32::from(valid) << 31 | process << 16 | u32::from(space) << 12 | size << 8,
            mas2: effective,
            mas3: real << 12 | rights,
            ..Mas::default()
        },
    )
}

fn access() -> impl Strategy<Value = (u64, u64, Access)> {
    let kind = prop::sample::select(KINDS.to_vec());
    (any::<[bool; 3]>(), page(), kind).prop_map(|(bits, page, kind)| {
        let [pr, ir, dr] = bits.map(u64::from);
        (
            (pr * msr::PR) | (ir * msr::IR) | (dr * msr::DR),
            page.into(),
            kind,
        )
    })
}

fn acts() -> impl Strategy<Value = Act> {
    let mapped = (0_u64..3, 0_u64..0x40).prop_map(|(effective, real)| Mapped {
        effective,
        real,
        second: true,
    });
    prop_oneof![
        8 => access().prop_map(|(msr, address, access)| Act::Access(msr, address, access)),
        6 => mas().prop_map(Act::Write),
        1 => (page(), 0_u32..16).prop_map(|(page, low)| Act::Invalidate(page | low)),
        1 => (0_u32..8).prop_map(Act::Flash),
        2 => (0_usize..3, 0_u8..3).prop_map(|(which, process)| Act::Process(which, process)),
        1 => prop::option::of(mapped).prop_map(Act::Page),
    ]
}

fn act(guest: &mut Guest, act: Act) {
    match act {
        Act::Access(msr, address, access) => drop(guest.access(msr, address, access)),
        Act::Write(mas) => e500::write(guest, &mas),
        Act::Invalidate(operand) => {
            let stale = mmu(guest).tlb.invalidate(operand);
            guest.shadow.discard(&mut guest.fake, stale);
        }
        Act::Flash(control) => {
            let stale = mmu(guest).tlb.flash(control);
            guest.shadow.discard(&mut guest.fake, stale);
        }
        Act::Process(which, process) => mmu(guest).pids[which] = process,
        Act::Page(page) => guest.map_page(page),
    }
}

proptest! {
    #[test]
    fn a_mapping_never_grants_more_than_the_tlbs(
        spaces in prop_oneof![Just(64_u32), Just(255)],
        acts in prop::collection::vec(acts(), 1..80),
    ) {
        let mut guest = Guest::new("e500v2", 1 << 20);
        guest.fake.spaces = spaces;
        let mut touched = Vec::new();
        for done in acts {
            if let Act::Access(msr, address, _) = done {
                touched.push((msr, address));
            }
            act(&mut guest, done);
            for &(msr, address) in &touched {
                for access in KINDS {
                    let Some(frame) = guest.mapped(msr, address, access) else { continue };
                    let to = guest.translate(msr, address, access);
                    prop_assert!(to.is_ok_and(|to| to.frame == frame), "{:x} {:x} {:?}", msr, address, access);
                    prop_assert!(msr & msr::PR == 0 || matches!(frame, Frame::Memory(_)));
                }
            }
        }
    }
}
