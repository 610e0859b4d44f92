//! Numbers for spaces.
//!
//! A space stands for everything that a translation depends on and that a guest changes often:
//!
//! | family | a space stands for |
//! |---|---|
//! | all | user or supervisor mode; a mapping made for one is never the other's |
//! | 32-bit Book3S, not translated | the segment's number: the hardware sees one space a segment |
//! | 32-bit Book3S, translated | that, and the segment register's value: VSID, Ks, Kp, N, T |
//! | 64-bit Book3S | MSR\[SF\], and whether translated; the SLB's changes discard what they concern |
//! | e500 | the address space and PID0 to PID2 |
//!
//! Numbers that are always needed are fixed, so that an interrupt, which turns translation off, asks no map.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use magicpage::{layout, msr};

use super::{Regime, Shadow};
use crate::hardware::{Access, Hardware, Place, Shared, Space};
use crate::mmu::{Mmu, is_user, relocated};
use crate::vcpu::Supervisor;

/// The spaces of the sixteen segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spaces {
    /// For fetches.
    pub fetch: [Space; 16],
    /// For loads and stores.
    pub data: [Space; 16],
}

impl Spaces {
    /// The place of an effective address.
    pub const fn place(&self, address: u64, access: Access) -> Place {
        let spaces = match access {
            Access::Fetch => &self.fetch,
            Access::Load | Access::Store => &self.data,
        };
        Place {
            page: address >> 12,
            space: spaces[(address >> 28 & 15) as usize],
        }
    }
}

/// Numbers below are fixed: on 32-bit Book3S sixteen segments of real mode for supervisor, then for user; on 64-bit
/// Book3S the eight modes.
const FIXED: u32 = 32;

/// The numbers given out.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    by_key: BTreeMap<Key, Space>,
    /// 32-bit Book3S: segments where IBATs and DBATs lead to different places, by bit, so that a fetch and a load at
    /// the same address need different mappings at the same time.
    split: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// The segment register, or PID0 to PID2.
    value: u32,
    /// The segment, or the address space.
    at: u8,
    user: bool,
    side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Both,
    Fetch,
    Data,
}

impl Numbers {
    fn next(&self) -> u32 {
        FIXED + u32::try_from(self.by_key.len()).unwrap_or(u32::MAX - FIXED)
    }

    /// Whether the number has been given out since the last flush.
    pub(super) fn knows(&self, space: Space) -> bool {
        space.0 < self.next()
    }

    fn of(&self, key: Key) -> Space {
        self.by_key[&key]
    }

    fn give(&mut self, key: Key) {
        let next = Space(self.next());
        self.by_key.entry(key).or_insert(next);
    }

    /// Tells fetches and data of a place's segment apart from now on. Answers whether that is new.
    pub(super) const fn split(&mut self, place: Place) -> bool {
        let bit = 1 << (place.page >> 16 & 15);
        let new = self.split & bit == 0;
        self.split |= bit;
        new
    }

    const fn side(&self, segment: u8, access: Access) -> Side {
        match access {
            _ if self.split >> segment & 1 == 0 => Side::Both,
            Access::Fetch => Side::Fetch,
            Access::Load | Access::Store => Side::Data,
        }
    }
}

/// The last answer for translated segments, in supervisor and in user mode.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent([Option<Segments>; 2]);

#[derive(Clone, Debug)]
struct Segments {
    /// The segment registers as the page had them.
    bytes: [u8; SEGMENTS],
    spaces: Spaces,
}

/// Bytes of the segment registers.
const SEGMENTS: usize = layout::SR.size as usize;

/// The spaces of a guest with this MSR.
pub(super) fn of(
    shadow: &mut Shadow,
    supervisor: &Supervisor,
    hardware: &mut dyn Hardware,
    msr: u64,
) -> Spaces {
    let user = is_user(msr);
    match &supervisor.mmu {
        Mmu::Book3s32(_) => {
            let mut spaces = by_access(|_| each_segment(|at| Space(u32::from(user) << 4 | u32::from(at))));
            let (fetch, data) = (relocated(msr, Access::Fetch), relocated(msr, Access::Load));
            if fetch || data {
                let translated = translated(shadow, supervisor, hardware, user);
                spaces.fetch = if fetch { translated.fetch } else { spaces.fetch };
                spaces.data = if data { translated.data } else { spaces.data };
            }
            spaces
        }
        Mmu::Book3s64(_) => {
            let mode = u32::from(user) | u32::from(msr & msr::SF != 0) << 1;
            by_access(|access| [Space(mode | u32::from(relocated(msr, access)) << 2); 16])
        }
        Mmu::E500(mmu) => {
            let [pid0, pid1, pid2] = mmu.pids;
            let value = u32::from_be_bytes([0, pid0, pid1, pid2]);
            let key = |access| Key {
                value,
                at: relocated(msr, access).into(),
                user,
                side: Side::Both,
            };
            ensure(
                shadow,
                supervisor,
                hardware,
                &[key(Access::Fetch), key(Access::Load)],
            );
            by_access(|access| [shadow.table.numbers.of(key(access)); 16])
        }
    }
}

fn by_access(mut spaces: impl FnMut(Access) -> [Space; 16]) -> Spaces {
    Spaces {
        fetch: spaces(Access::Fetch),
        data: spaces(Access::Load),
    }
}

fn each_segment<T>(mut of: impl FnMut(u8) -> T) -> [T; 16] {
    let mut next = 0..;
    [(); 16].map(|()| of(next.next().unwrap_or(0)))
}

fn translated(
    shadow: &mut Shadow,
    supervisor: &Supervisor,
    hardware: &mut dyn Hardware,
    user: bool,
) -> Spaces {
    let bytes = segment_bytes(hardware);
    if let Some(recent) = &shadow.recent.0[usize::from(user)]
        && recent.bytes == bytes
    {
        return recent.spaces.clone();
    }
    let page = hardware.shared(Shared::Magic);
    let values = each_segment(|at| supervisor.layout().segment(page, at));
    let numbers = &shadow.table.numbers;
    let keys = [Access::Fetch, Access::Load].map(|access| {
        each_segment(|at| Key {
            value: values[usize::from(at)],
            at,
            user,
            side: numbers.side(at, access),
        })
    });
    ensure(shadow, supervisor, hardware, keys.as_flattened());
    let [fetch, data] = keys.map(|keys| keys.map(|key| shadow.table.numbers.of(key)));
    let spaces = Spaces { fetch, data };
    shadow.recent.0[usize::from(user)] = Some(Segments {
        bytes,
        spaces: spaces.clone(),
    });
    spaces
}

fn segment_bytes(hardware: &dyn Hardware) -> [u8; SEGMENTS] {
    let first = usize::from(layout::SR.offset);
    let mut bytes = [0; SEGMENTS];
    bytes.copy_from_slice(&hardware.shared(Shared::Magic)[first..first + SEGMENTS]);
    bytes
}

/// Gives every key a number; starts over where there are not enough left, since all of these are needed at once.
fn ensure(shadow: &mut Shadow, supervisor: &Supervisor, hardware: &mut dyn Hardware, keys: &[Key]) {
    let numbers = &shadow.table.numbers;
    if keys.iter().all(|key| numbers.by_key.contains_key(key)) {
        return;
    }
    let needed = u32::try_from(keys.len()).unwrap_or(u32::MAX);
    if !numbers.by_key.is_empty() && numbers.next().saturating_add(needed) > hardware.spaces() {
        shadow.flush(hardware);
        Arc::make_mut(&mut shadow.table).regime = Some(Regime::new(supervisor));
    }
    let numbers = &mut Arc::make_mut(&mut shadow.table).numbers;
    for key in keys {
        numbers.give(*key);
    }
}
