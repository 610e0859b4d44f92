//! Places trampolines: in the image's own gaps, in space that was asked for, or in new space; always so that the
//! branch there and the branch back are within reach.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::asm::{branch, call};
use crate::image::Area;
use crate::plan::{Arena, Trampoline};
use crate::template::BACK;

/// The areas of an image and how full they are.
pub struct Arenas {
    areas: Vec<Filling>,
    /// Addresses of trampolines that may be shared, by their words.
    shared: BTreeMap<Vec<u32>, Vec<u64>>,
}

struct Filling {
    area: Area,
    /// First free address.
    next: u64,
}

impl Arenas {
    /// Empty areas, to be filled in this order.
    pub fn new(areas: &[Area]) -> Self {
        let filling = |area: &Area| Filling {
            area: area.clone(),
            next: area.range.start,
        };
        Self {
            areas: areas.iter().map(filling).collect(),
            shared: BTreeMap::new(),
        }
    }

    /// Places a trampoline that the site at `site` calls, or shares one that is there already.
    ///
    /// Answers the site's new word, a `bl`, and the trampoline; nothing where no area has room within reach.
    pub fn place_shared(&mut self, site: u64, words: &[u32]) -> Option<(u32, Trampoline)> {
        let known = self.shared.get(words).into_iter().flatten();
        let mut reachable = known.filter_map(|address| Some((call(site, *address)?, *address)));
        if let Some((there, address)) = reachable.next() {
            return Some((
                there,
                Trampoline {
                    address,
                    words: words.to_vec(),
                },
            ));
        }
        let (_, trampoline) = self.place(site, words)?;
        self.shared
            .entry(words.to_vec())
            .or_default()
            .push(trampoline.address);
        Some((call(site, trampoline.address)?, trampoline))
    }

    /// Places a trampoline for the site at `site`: the first area with room from which both branches reach. The
    /// words' [`BACK`]s become branches to the word behind the site.
    ///
    /// Answers the site's new word, a `b`, and the trampoline; nothing where there is no such area.
    pub fn place(&mut self, site: u64, words: &[u32]) -> Option<(u32, Trampoline)> {
        for filling in &mut self.areas {
            if filling
                .area
                .serves
                .as_ref()
                .is_some_and(|range| !range.contains(&site))
            {
                continue;
            }
            let end = filling.next.checked_add(4 * words.len() as u64)?;
            if end > filling.area.range.end {
                continue;
            }
            let there = branch(site, filling.next);
            let back = link(words, filling.next, site + 4);
            if let (Some(there), Some(words)) = (there, back) {
                let address = core::mem::replace(&mut filling.next, end);
                return Some((there, Trampoline { address, words }));
            }
        }
        None
    }

    /// The space that is used.
    pub fn used(&self) -> Vec<Arena> {
        let used = self
            .areas
            .iter()
            .filter(|filling| filling.next > filling.area.range.start);
        used.map(|filling| Arena {
            kind: filling.area.kind,
            address: filling.area.range.start,
            size: filling.next - filling.area.range.start,
        })
        .collect()
    }
}

/// The words with every [`BACK`] replaced by a branch to `target`.
fn link(words: &[u32], address: u64, target: u64) -> Option<Vec<u32>> {
    let linked = words.iter().enumerate().map(|(index, word)| match *word {
        BACK => branch(address + 4 * index as u64, target),
        word => Some(word),
    });
    linked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::{NOP, REACH};
    use crate::image::AreaKind;

    fn area(kind: AreaKind, start: u64, end: u64) -> Area {
        Area {
            kind,
            range: start..end,
            serves: None,
        }
    }

    #[test]
    fn fills_in_order_and_accounts_for_each_word() {
        let mut arenas = Arenas::new(&[
            area(AreaKind::Gap, 0x1000, 0x100c),
            area(AreaKind::New, 0x2000, 0x9000),
        ]);
        let (there, first) = arenas.place(0x800, &[NOP, BACK]).unwrap();
        assert_eq!(
            (there, first.address, first.words),
            (0x4800_0800, 0x1000, [NOP, 0x4bff_f800].to_vec())
        );
        let (_, second) = arenas.place(0x804, &[NOP, BACK]).unwrap();
        assert_eq!(second.address, 0x2000, "four bytes of the gap are too few");
        let (_, third) = arenas.place(0x808, &[BACK]).unwrap();
        assert_eq!(third.address, 0x1008);
        assert_eq!(
            arenas.used().iter().map(|arena| arena.size).collect::<Vec<_>>(),
            [12, 8]
        );
    }

    #[test]
    fn both_ways_must_reach() {
        let site = 0x1000_0000;
        let last = site + REACH - 4;
        let mut there_only = Arenas::new(&[area(AreaKind::New, last, last + 0x100)]);
        assert!(
            there_only.place(site, &[NOP, NOP, NOP, BACK]).is_none(),
            "the way back is 32 MiB + 4"
        );
        let mut both = Arenas::new(&[area(AreaKind::New, last, last + 0x100)]);
        assert!(both.place(site, &[BACK]).is_some());
        let mut far = Arenas::new(&[area(AreaKind::New, site + REACH, site + REACH + 0x100)]);
        assert!(far.place(site, &[BACK]).is_none());
    }

    #[test]
    fn an_area_serves_only_its_range() {
        let only = Area {
            serves: Some(0x100..0x200),
            ..area(AreaKind::New, 0x1000, 0x2000)
        };
        let mut arenas = Arenas::new(&[only]);
        assert!(arenas.place(0x200, &[BACK]).is_none());
        assert!(arenas.place(0x1fc, &[BACK]).is_some());
    }
    #[test]
    fn a_large_image_uses_the_area_within_reach() {
        let far = 0x1_0000_0000;
        let areas = [
            area(AreaKind::New, 0x100_0000, 0x100_1000),
            area(AreaKind::New, far, far + 0x1000),
        ];
        let mut arenas = Arenas::new(&areas);
        let (_, near) = arenas.place(0x1000, &[BACK]).unwrap();
        let (_, other) = arenas.place(far - 0x1000, &[BACK]).unwrap();
        assert_eq!((near.address, other.address), (0x100_0000, far));
        let (_, shared) = arenas.place_shared(0x2000, &[NOP]).unwrap();
        let (_, same) = arenas.place_shared(0x3000, &[NOP]).unwrap();
        let (_, own) = arenas.place_shared(far - 0x2000, &[NOP]).unwrap();
        assert_eq!(shared.address, same.address);
        assert_eq!(own.address, far + 4, "shared code must be within reach, too");
    }
}
