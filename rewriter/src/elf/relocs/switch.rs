//! Jump tables of relocatable objects.
//!
//! Compilers fill a jump table with the distances from the table's start to the places that it leads to. In an
//! object such an entry is a relocation (`REL32`) whose value is the place plus the entry's own distance from the
//! start, and nothing in it tells where the start is. The code does: it loads the address of the table's start,
//! which is another relocation. So an entry belongs to the last such address at or before it within the run of
//! entries that it stands in. Where there is none, every entry before it may be the start. Outside `.rodata` an
//! entry may also count from itself.

use alloc::vec::Vec;

use super::super::error::ElfError;

/// Addresses that are tried at most; no module comes near.
const MOST: usize = 1 << 22;

/// The relative entries of an object's data, and the addresses of data that its code loads.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// Address of an entry, and symbol plus addend of its relocation.
    pub entries: Vec<(u64, u64)>,
    /// Addresses of data that code loads.
    pub bases: Vec<u64>,
}

impl Entries {
    /// Every address that an entry may lead to.
    pub fn targets(mut self) -> Result<Vec<u64>, ElfError> {
        self.entries.sort_unstable();
        self.entries.dedup_by_key(|(place, _)| *place);
        self.bases.sort_unstable();
        let mut targets = Vec::new();
        for run in self.entries.chunk_by(|one, next| next.0 - one.0 == 4) {
            let known = self.bases.binary_search(&run[0].0).is_ok();
            if targets.len() + run.len() * if known { 2 } else { run.len() } > MOST {
                let why = "it is too long to be searched, and no code loads the address of its start";
                return Err(ElfError::Table {
                    table: "jump table",
                    address: run[0].0,
                    why,
                });
            }
            add_targets(&mut targets, run, &self.bases);
        }
        Ok(targets)
    }
}

fn add_targets(targets: &mut Vec<u64>, run: &[(u64, u64)], bases: &[u64]) {
    for (number, (place, value)) in run.iter().enumerate() {
        let before = bases.partition_point(|base| base <= place);
        let base = bases[..before].last().filter(|base| **base >= run[0].0);
        match base {
            Some(base) => targets.push(value.wrapping_sub(place - base)),
            None => targets.extend(
                run[..=number]
                    .iter()
                    .map(|(start, _)| value.wrapping_sub(place - start)),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Entries;
    use alloc::vec;

    #[test]
    fn entries_count_from_the_start_that_code_loads() {
        let entries = vec![(0x100, 0x1000), (0x104, 0x1014), (0x108, 0x2000), (0x10c, 0x2024)];
        let targets = Entries {
            entries,
            bases: vec![0x100, 0x108],
        }
        .targets()
        .unwrap();
        assert_eq!(targets, [0x1000, 0x1010, 0x2000, 0x2020]);
    }

    #[test]
    fn every_start_is_tried_where_code_loads_none() {
        let entries = vec![(0x100, 0x1000), (0x104, 0x1014), (0x200, 0x3000)];
        let targets = Entries {
            entries,
            bases: vec![0x80],
        }
        .targets()
        .unwrap();
        assert_eq!(targets, [0x1000, 0x1010, 0x1014, 0x3000]);
    }
}
