//! Counts what a guest executes at changed words and in trampolines.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use machine::Observe;
use magicpage::Family;
use serde::Serialize;

use super::change::Change;
use crate::run::image::Image;

/// Executions, counted by what stood there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Of changed words: each is a privileged instruction that the kernel wanted to execute.
    pub replaced: u64,
    /// Of those, of words that write the MSR.
    pub msr_writes_replaced: u64,
    /// Of instructions in trampolines.
    pub trampoline_instructions: u64,
    /// Of those, in trampolines of words that write the MSR.
    pub msr_trampoline_instructions: u64,
}

/// What stands at a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Other,
    /// A changed word, where it has been changed by now.
    Site {
        msr: bool,
    },
    Trampoline {
        msr: bool,
    },
}

/// The counts, one cell each: the observer runs with the guest.
#[derive(Default)]
struct Cells([AtomicU64; 4]);

/// Counts a guest's executions.
pub struct Counter {
    cells: Arc<Cells>,
    roles: Arc<[Role]>,
    new: Arc<HashMap<usize, u32>>,
    /// Linked addresses, and how far above the physical ones they are.
    linked: Vec<(std::ops::Range<u64>, u64)>,
}

impl Counter {
    /// Will count executions at these changes of an image.
    pub fn new(image: &Image, family: Family, changes: &[Change]) -> Self {
        let end = usize::try_from(image.end()).unwrap_or(usize::MAX);
        let mut roles = vec![Role::Other; end / 4 + 1];
        let mut new = HashMap::new();
        let index = |address: u64| Some(usize::try_from(image.physical(address)?).ok()? / 4);
        for change in changes {
            let msr = change.writes_msr(family);
            for address in change
                .trampoline
                .iter()
                .flat_map(|range| range.clone().step_by(4))
            {
                if let Some(role) = index(address).and_then(|at| roles.get_mut(at)) {
                    *role = Role::Trampoline { msr };
                }
            }
        }
        for change in changes {
            let msr = change.writes_msr(family);
            if let Some(at) = index(change.address).filter(|at| *at < roles.len()) {
                roles[at] = Role::Site { msr };
                new.insert(at, change.new);
            }
        }
        let segments = image.segments.iter();
        let linked = segments.map(|segment| {
            let range = segment.linked..segment.linked + segment.size;
            (range, segment.linked.wrapping_sub(segment.physical))
        });
        Self {
            cells: Arc::default(),
            roles: roles.into(),
            new: Arc::new(new),
            linked: linked.collect(),
        }
    }

    /// What the machine shows every instruction to.
    ///
    /// An instruction that is tried again, because a mapping was missing, is counted once. Physical addresses are the
    /// kernel's with translation off; no user process is linked so low.
    pub fn observer(&self) -> Box<Observe> {
        let (cells, roles, new) = (self.cells.clone(), self.roles.clone(), self.new.clone());
        let linked = self.linked.clone();
        let mut last = u64::MAX;
        Box::new(move |address, word, _| {
            let distance = linked
                .iter()
                .find(|(range, _)| range.contains(&address))
                .map_or(0, |(_, distance)| *distance);
            let at = usize::try_from(address.wrapping_sub(distance) / 4).unwrap_or(usize::MAX);
            let role = roles.get(at).copied().unwrap_or(Role::Other);
            let again = std::mem::replace(&mut last, address) == address;
            if role == Role::Other || again {
                return;
            }
            let Cells([replaced, msr_writes, inside, msr_inside]) = &*cells;
            let (all, of_msr, msr) = match role {
                Role::Site { msr } if new.get(&at) == Some(&word) => (replaced, msr_writes, msr),
                Role::Trampoline { msr } => (inside, msr_inside, msr),
                Role::Site { .. } | Role::Other => return,
            };
            all.fetch_add(1, Ordering::Relaxed);
            if msr {
                of_msr.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let [replaced, msr_writes, inside, msr_inside] =
            self.cells.0.each_ref().map(|cell| cell.load(Ordering::Relaxed));
        Counts {
            replaced,
            msr_writes_replaced: msr_writes,
            trampoline_instructions: inside,
            msr_trampoline_instructions: msr_inside,
        }
    }
}

impl Counts {
    /// Instructions executed for a write of the MSR, on average: the changed word, and what it leads to.
    #[expect(clippy::cast_precision_loss, reason = "an average need not be exact")]
    pub fn instructions_per_msr_write(&self) -> Option<f64> {
        let all = (self.msr_writes_replaced + self.msr_trampoline_instructions) as f64;
        (self.msr_writes_replaced > 0).then(|| all / self.msr_writes_replaced as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpu::State;

    #[test]
    fn changed_words_count_once_they_are_changed_and_once_for_each_time() {
        let mut image = Image::flat(vec![0; 0x100], 0x2000);
        image.segments[0].linked = 0xc000_2000;
        let mtmsr = 0x7c60_0124;
        let change = Change {
            address: 0xc000_2010,
            old: mtmsr,
            new: 0x4800_0010,
            trampoline: Some(0xc000_2020..0xc000_2028),
        };
        let counter = Counter::new(&image, Family::Book3s32, &[change]);
        let mut see = counter.observer();
        let state = State::new(Family::Book3s32);
        for (address, word) in [
            (0xc000_2010, mtmsr),
            (0xc000_2014, 0),
            (0xc000_2010, 0x4800_0010),
            (0xc000_2010, 0x4800_0010),
            (0xc000_2020, 0),
            (0x2024, 0),
            (0xc000_2028, 0),
            (0x1000_2020, 0),
        ] {
            see(address, word, &state);
        }
        let counts = counter.counts();
        assert_eq!((counts.replaced, counts.msr_writes_replaced), (1, 1));
        assert_eq!(
            (counts.trampoline_instructions, counts.msr_trampoline_instructions),
            (2, 2)
        );
        assert_eq!(counts.instructions_per_msr_write(), Some(3.0));
    }
}
