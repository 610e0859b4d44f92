//! A slow translation for 32-bit Book3S, the other way round: instead of hashing an address to find entries, it reads
//! each entry of the table back into the virtual page that it maps (Programming Environments Manual 7.6.1.4), and
//! takes BATs by listing the addresses they cover.

use kvm_ppc::exception::Exception;
use kvm_ppc::hardware::Access;
use kvm_ppc::mmu::{Bat, Bats};
use magicpage::msr;
use proptest::prelude::*;

use super::guest::Guest;

/// 64 KiB of page table at 64 KiB, in 4 MiB of memory.
const TABLE: u32 = 0x1_0000;
const MEMORY: usize = 4 << 20;

/// A page table entry to write.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which of the segments it belongs to.
    pub segment: u8,
    /// Page number within the segment.
    pub page: u32,
    /// Whether it stands at the secondary hash.
    pub secondary: bool,
    /// Which of the eight places of the group.
    pub slot: u8,
    /// The second half.
    pub second: u32,
}

/// A guest's registers and table.
#[derive(Clone, Debug)]
pub struct Setup {
    /// BATs.
    pub bats: Bats,
    /// Segment registers.
    pub segments: [u32; 16],
    /// Entries.
    pub entries: Vec<Entry>,
}

/// Pages that entries, BATs and accesses meet at.
fn page() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..4, 0x20_u32..0x22, Just(0xfffe_u32), Just(0xffff_u32)]
}

fn segment_index() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0_u8), Just(1), Just(12), Just(15)]
}

/// Any segment register of a few virtual segments.
pub fn segment() -> impl Strategy<Value = u32> {
    (0_u32..4, any::<[bool; 3]>(), prop::bool::weighted(0.1)).prop_map(|(vsid, [ks, kp, n], t)| {
        u32::from(t) << 31 | u32::from(ks) << 30 | u32::from(kp) << 29 | u32::from(n) << 28 | vsid
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    (
        segment_index(),
        page(),
        any::<bool>(),
        0_u8..8,
        0_u32..1024,
        0_u32..0x200,
    )
        .prop_map(|(segment, page, secondary, slot, frame, low)| Entry {
            segment,
            page,
            secondary,
            slot,
            second: frame << 12 | low & 0x1fb,
        })
}

/// Any BAT.
pub fn bat() -> impl Strategy<Value = Bat> {
    let length = prop::sample::select(vec![0_u32, 1, 3, 7, 0x7ff]);
    (segment_index(), length, 0_u32..4, 0_u32..32, 0_u32..4).prop_map(
        |(segment, length, valid, frame, low)| Bat {
            upper: u32::from(segment) << 28 | length << 2 | valid,
            lower: frame << 17 & !(length << 17) | low,
        },
    )
}

fn bats() -> impl Strategy<Value = [Bat; 8]> {
    let none = Just(Bat::default());
    prop::array::uniform8(prop_oneof![5 => none, 1 => bat()])
}

/// Any setup.
pub fn setups() -> impl Strategy<Value = Setup> {
    let entries = prop::collection::vec(entry(), 0..24);
    (
        bats(),
        bats(),
        any::<bool>(),
        prop::array::uniform16(segment()),
        entries,
    )
        .prop_map(|(instruction, data, upper_four, segments, entries)| Setup {
            bats: Bats {
                instruction,
                data,
                upper_four,
            },
            segments,
            entries,
        })
}

/// MSR, address and kind of an access.
pub fn accesses() -> impl Strategy<Value = (u64, u64, Access)> {
    let kind = prop::sample::select(super::guest::KINDS.to_vec());
    (any::<[bool; 3]>(), segment_index(), page(), 0_u64..0x1000, kind).prop_map(
        |(bits, segment, page, offset, kind)| {
            let [pr, ir, dr] = bits.map(u64::from);
            let address = u64::from(segment) << 28 | u64::from(page) << 12 | offset;
            ((pr * msr::PR) | (ir * msr::IR) | (dr * msr::DR), address, kind)
        },
    )
}

impl Setup {
    /// A 750CL set up so.
    pub fn guest(&self) -> Guest {
        let mut guest = Guest::new("750cl", MEMORY);
        *guest.bats() = self.bats;
        guest.book3s32().sdr1 = TABLE;
        for (index, value) in (0..).zip(self.segments) {
            guest.set_segment(index, value);
        }
        for entry in &self.entries {
            let vsid = self.vsid(entry);
            let at = self.place(entry);
            let first = 1 << 31 | vsid << 7 | u32::from(entry.secondary) << 6 | entry.page >> 10;
            guest.fake.set_u32(at, first);
            guest.fake.set_u32(at + 4, entry.second);
        }
        guest
    }

    /// The physical address of an entry.
    pub fn place(&self, entry: &Entry) -> u64 {
        let hash = self.vsid(entry) ^ entry.page;
        let group = if entry.secondary { !hash } else { hash } & 0x3ff;
        (TABLE + group * 64 + u32::from(entry.slot) * 8).into()
    }

    fn vsid(&self, entry: &Entry) -> u32 {
        self.segments[usize::from(entry.segment)] & 0x00ff_ffff
    }
}

/// The reference, with memory of its own to mark.
#[derive(Clone, Debug)]
pub struct Reference {
    setup: Setup,
    /// Guest memory.
    pub memory: Vec<u8>,
}

/// Why a translation failed, by the manuals' names.
enum Why {
    PageFault,
    Protection,
    NoExecute,
    DirectStore,
}

impl Reference {
    /// A reference for a guest as it stands.
    pub fn new(setup: &Setup, guest: &Guest) -> Self {
        Self {
            setup: setup.clone(),
            memory: guest.fake.memory.clone(),
        }
    }

    /// The guest physical address of an access.
    pub fn translate(&mut self, msr: u64, address: u64, access: Access) -> Result<u64, Exception> {
        self.outcome(msr, address, access).map_err(|why| {
            let status = match why {
                Why::PageFault => 1 << 30,
                Why::NoExecute => 1 << 28,
                Why::Protection => 1 << 27,
                Why::DirectStore => 1 << 26,
            };
            match access {
                Access::Fetch => Exception::InstructionStorage { status },
                Access::Load => Exception::DataStorage { address, status },
                Access::Store => Exception::DataStorage {
                    address,
                    status: status | 1 << 25,
                },
            }
        })
    }

    fn outcome(&mut self, msr: u64, address: u64, access: Access) -> Result<u64, Why> {
        let fetch = access == Access::Fetch;
        if msr & if fetch { 0x20 } else { 0x10 } == 0 {
            return Ok(address);
        }
        let user = msr & 0x4000 != 0;
        if let Some((physical, pp)) = self.block(fetch, address, user) {
            let allowed = if access == Access::Store { pp == 2 } else { pp != 0 };
            return if allowed {
                Ok(physical)
            } else {
                Err(Why::Protection)
            };
        }
        let segment = self.setup.segments[(address >> 28) as usize];
        match (segment >> 31 != 0, fetch) {
            (true, true) => return Err(Why::NoExecute),
            (true, false) => return Err(Why::DirectStore),
            _ if fetch && segment >> 28 & 1 != 0 => return Err(Why::NoExecute),
            _ => {}
        }
        let page = u32::try_from(address >> 12 & 0xffff).expect("sixteen bits");
        let at = self.entry(segment & 0x00ff_ffff, page).ok_or(Why::PageFault)?;
        self.memory[at + 6] |= 1;
        let [high, _, middle, low] = [4, 5, 6, 7].map(|byte| self.memory[at + byte]);
        let key = segment >> if user { 29 } else { 30 } & 1 != 0;
        let (load, store) = match (low & 3, key) {
            (2, _) | (0 | 1, false) => (true, true),
            (1, true) | (3, _) => (true, false),
            _ => (false, false),
        };
        if !(if access == Access::Store { store } else { load }) {
            return Err(Why::Protection);
        }
        if fetch && low & 8 != 0 {
            return Err(Why::NoExecute);
        }
        if access == Access::Store {
            self.memory[at + 7] |= 0x80;
        }
        let frame = [high, self.memory[at + 5], middle & 0xf0, 0];
        Ok(u64::from(u32::from_be_bytes(frame)) | address & 0xfff)
    }

    /// Physical address and PP of the first BAT whose block holds the address.
    fn block(&self, fetch: bool, address: u64, user: bool) -> Option<(u64, u32)> {
        let bats = if fetch {
            &self.setup.bats.instruction
        } else {
            &self.setup.bats.data
        };
        let count = if self.setup.bats.upper_four { 8 } else { 4 };
        bats.iter().take(count).find_map(|bat| {
            let valid = bat.upper >> u32::from(!user) & 1 != 0;
            let blocks = u64::from(bat.upper >> 2 & 0x7ff) + 1;
            let start = u64::from(bat.upper >> 17) << 17;
            let offset = address
                .checked_sub(start)
                .filter(|offset| *offset < blocks << 17)?;
            valid.then(|| ((u64::from(bat.lower >> 17) << 17) + offset, bat.lower & 3))
        })
    }

    /// Where the first entry for a virtual page is: primary ones come before secondary ones.
    fn entry(&self, vsid: u32, page: u32) -> Option<usize> {
        let mut found = [None; 2];
        for slot in (0..0x2000).rev() {
            let at = (TABLE + slot * 8) as usize;
            let first = u32::from_be_bytes(self.memory[at..at + 4].try_into().expect("four bytes"));
            if first >> 31 == 0 {
                continue;
            }
            let secondary = first >> 6 & 1;
            let group = (slot / 8) ^ if secondary != 0 { 0x3ff } else { 0 };
            let its_vsid = first >> 7 & 0x00ff_ffff;
            let its_page = (first & 0x3f) << 10 | (group ^ its_vsid) & 0x3ff;
            if (its_vsid, its_page) == (vsid, page) {
                found[secondary as usize] = Some(at);
            }
        }
        found[0].or(found[1])
    }
}
