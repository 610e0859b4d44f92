//! Walks code from where control enters it.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use cpu::{Flow, Via, decode};

use super::pointers::{Wanted, built_addresses, pointers};
use super::{CodeMap, Constants, Crossing, Unit};
use crate::image::{Image, SymbolKind};

/// SPR numbers through which code outside functions passes an address that control then goes to.
const LR: u16 = 8;
const CTR: u16 = 9;
const SRR0: u16 = 26;
/// IVPR: the high part of every interrupt vector's address (EREF 2.0 section 2.9.1).
const IVPR: u16 = 63;
/// IVOR0 to IVOR15, IVOR32 to IVOR37, IVOR38 to IVOR42: the low parts (EREF 2.0 section 2.9.2).
const IVORS: [core::ops::RangeInclusive<u16>; 3] = [400..=415, 528..=533, 432..=436];

/// Words in a jump table at most.
const TABLE_LIMIT: u64 = 4096;
/// Words looked at to see whether code outside functions returns to its caller.
const RETURN_LIMIT: u64 = 64;

/// Finds all direct branches from one unit into another, in words that need not be code: who wants to be sure
/// that nobody else enters a unit must count them all.
pub(super) fn crossings(image: &Image, units: &[Unit]) -> Vec<Crossing> {
    let mut found = Vec::new();
    let mut regions = image.regions.iter();
    let mut region = regions.next();
    for unit in units {
        while region.is_some_and(|region| !region.contains(unit.start)) {
            region = regions.next();
        }
        let Some(region) = region else { break };
        let Ok(offset) = usize::try_from(unit.start - region.address) else {
            continue;
        };
        let bytes = &region.bytes[offset..offset + unit.words() * 4];
        let (words, _) = bytes.as_chunks::<4>();
        for (index, bytes) in words.iter().enumerate() {
            let word = image.endian.read_u32(*bytes);
            if !matches!(word >> 26, 16 | 18) {
                continue;
            }
            let source = unit.start + 4 * index as u64;
            if let Some(target) = direct_target(image, source, word).filter(|target| !unit.contains(*target))
            {
                found.push(Crossing {
                    target,
                    source,
                    from_unsized: !unit.sized,
                    link: word & 1 != 0,
                });
            }
        }
    }
    found.sort_unstable();
    found
}

/// Where a direct branch goes, if the image says.
fn direct_target(image: &Image, address: u64, word: u32) -> Option<u64> {
    if let Some(relocation) = image.relocation(address) {
        return relocation.target;
    }
    match decode(word, image.family).flow(address) {
        Flow::Branch { target, .. } => Some(target),
        _ => None,
    }
}

impl CodeMap<'_, '_> {
    /// Walks everything outside sized functions: from roots, from what functions call, from fixups.
    pub(super) fn walk_outside_functions(&mut self) {
        let image = self.image;
        let mut queue: Vec<u64> = image.roots.clone();
        queue.extend(image.edges.iter().map(|edge| edge.to));
        let functions = image
            .symbols
            .iter()
            .filter(|symbol| symbol.kind == SymbolKind::Function);
        queue.extend(functions.map(|symbol| symbol.address));
        self.drain(queue);
        for crossing in core::mem::take(&mut self.calls_out) {
            if !self.is_reached(crossing.target) && self.is_code(crossing.source) {
                self.drain(vec![crossing.target]);
            }
        }
        for patched in image
            .patched
            .iter()
            .filter(|patched| !patched.alternative.is_empty())
        {
            if self.is_code(patched.range.start) {
                self.drain(vec![patched.alternative.start]);
            }
        }
        let pointers = self.pointers_to_code();
        self.computed.extend(&pointers);
        self.drain(pointers);
    }

    /// Labels outside functions whose address stands in data or is built by code, and from which only valid
    /// instructions lead on, to explicit ends: pointers to code, as in tables of functions written in assembly.
    fn pointers_to_code(&self) -> Vec<u64> {
        let image = self.image;
        let labels = image
            .symbols
            .iter()
            .filter(|symbol| symbol.kind == SymbolKind::Label);
        let mut open: Vec<u64> = labels
            .map(|symbol| symbol.address)
            .filter(|label| self.may_be_code(*label))
            .collect();
        open.dedup();
        if open.is_empty() {
            return open;
        }
        let is_open = |address: u64| open.binary_search(&address).is_ok();
        let wanted = Wanted::new(open.iter().map(|label| *label..*label + 4));
        let data = image.data.iter().flat_map(|region| pointers(image, region.bytes));
        let named = image
            .referenced
            .iter()
            .copied()
            .chain(data)
            .chain(built_addresses(image, &wanted));
        let mut pointed: Vec<u64> = named.filter(|address| is_open(*address)).collect();
        pointed.retain(|label| self.reads_as_code(*label));
        pointed
    }

    fn may_be_code(&self, label: u64) -> bool {
        label.is_multiple_of(4) && self.is_outside_functions(label) && !self.is_reached(label)
    }

    fn is_outside_functions(&self, address: u64) -> bool {
        self.unit(address).is_some_and(|unit| !unit.sized)
    }

    /// Whether every path from `start` consists of known instructions and comes to an explicit end.
    fn reads_as_code(&self, start: u64) -> bool {
        let mut seen = BTreeSet::new();
        let mut queue = vec![start];
        while let Some(mut address) = queue.pop() {
            while seen.insert(address) && !self.is_reached(address) {
                if !self.is_outside_functions(address) {
                    return false;
                }
                let Some(word) = self.image.word(address) else {
                    return false;
                };
                let flow = decode(word, self.image.family).flow(address);
                if flow == Flow::Unknown {
                    return false;
                }
                if let Some(target) = direct_target(self.image, address, word) {
                    if self.image.word(target).is_none() {
                        return false;
                    }
                    queue.extend(self.is_outside_functions(target).then_some(target));
                }
                if ends_run(flow) {
                    break;
                }
                address += 4;
            }
        }
        true
    }

    /// Walks a sized function, once.
    pub(super) fn walk_unit(&mut self, unit: Unit) {
        if !unit.sized || !self.walked.insert(unit.start) {
            return;
        }
        let image = self.image;
        let mut queue = vec![unit.start];
        let symbols = within(&image.symbols, unit, |symbol| symbol.address);
        let functions = symbols.filter(|symbol| symbol.kind == SymbolKind::Function);
        queue.extend(functions.map(|symbol| symbol.address));
        queue.extend(within(&self.entries, unit, |entry| *entry).copied());
        let mut bases = Vec::new();
        let mut indirect = self.walk_within(unit, queue, &mut bases);
        while indirect {
            let targets = self.jump_targets(unit, &bases);
            let known = self.tables.entry(unit.start).or_default();
            let new: Vec<u64> = targets
                .into_iter()
                .filter(|target| known.insert(*target))
                .collect();
            if new.is_empty() {
                break;
            }
            indirect = self.walk_within(unit, new, &mut bases) || indirect;
        }
    }

    /// Walks a function from every address of the queue; collects the constants that it computes, and tells
    /// whether it has an indirect jump.
    fn walk_within(&mut self, unit: Unit, mut queue: Vec<u64>, bases: &mut Vec<u64>) -> bool {
        let mut indirect = false;
        while let Some(start) = queue.pop() {
            let mut constants = Constants::new(self.image.family.word_size());
            if let Some(toc) = self.image.abi.toc {
                constants.set(2, toc);
            }
            let mut address = start;
            while unit.contains(address) && self.reach(address) {
                let Some(word) = self.image.word(address) else {
                    break;
                };
                let ins = decode(word, self.image.family);
                bases.extend(constants.step(ins, self.image.relocation(address).is_some()));
                queue.extend(self.instead_of(address));
                let flow = ins.flow(address);
                indirect |= matches!(
                    flow,
                    Flow::Indirect {
                        via: Via::Ctr,
                        link: false,
                        ..
                    }
                );
                if let Flow::Branch { .. } = flow {
                    queue.extend(
                        direct_target(self.image, address, word).filter(|target| unit.contains(*target)),
                    );
                }
                let called = match flow {
                    Flow::Branch {
                        target, link: true, ..
                    } => Some(target),
                    _ => None,
                };
                let within =
                    called.filter(|to| unit.contains(*to) && ![unit.start, address + 4].contains(to));
                if ends_run(flow) || within.is_some_and(|target| !self.returns(target)) {
                    break;
                }
                address += 4;
            }
        }
        indirect
    }

    /// The entries of every jump table that the function may address.
    fn jump_targets(&self, unit: Unit, bases: &[u64]) -> Vec<u64> {
        let mut targets: Vec<u64> = within(&self.image.referenced, unit, |address| *address)
            .copied()
            .collect();
        for &base in bases {
            let mut entries = (0..TABLE_LIMIT)
                .map_while(|index| self.data_word(base + 4 * index).map(|entry| (entry, index)));
            while let Some(target) = entries
                .next()
                .and_then(|(entry, _)| jump_target(unit, base, entry))
            {
                targets.push(target);
            }
        }
        targets
    }

    /// A word of data, or of a table in text.
    fn data_word(&self, address: u64) -> Option<u32> {
        let data = &self.image.data;
        let index = data.partition_point(|region| region.address <= address);
        let Some(region) = index
            .checked_sub(1)
            .map(|index| data[index])
            .filter(|region| region.contains(address))
        else {
            return self.image.word(address);
        };
        let offset = usize::try_from(address - region.address).ok()?;
        let bytes = region.bytes.get(offset..)?.first_chunk::<4>()?;
        Some(self.image.endian.read_u32(*bytes))
    }

    /// Walks code outside functions; functions that it reaches are left to [`Self::walk_unit`].
    fn drain(&mut self, mut queue: Vec<u64>) {
        let mut vectors = Vectors::default();
        loop {
            while let Some(start) = queue.pop() {
                self.walk_run(start, &mut queue, &mut vectors);
            }
            queue.extend(vectors.take().filter(|target| !self.is_reached(*target)));
            if queue.is_empty() {
                return;
            }
        }
    }

    fn walk_run(&mut self, start: u64, queue: &mut Vec<u64>, vectors: &mut Vectors) {
        let mut constants = Constants::new(self.image.family.word_size());
        let mut built = Vec::new();
        let mut address = start;
        while self.is_outside_functions(address) && self.reach(address) {
            let Some(word) = self.image.word(address) else {
                return;
            };
            let ins = decode(word, self.image.family);
            built.extend(constants.step(ins, self.image.relocation(address).is_some()));
            queue.extend(self.instead_of(address));
            if let Some((spr, value)) = constants.moved_to_spr(word, address) {
                vectors.note(spr, value, address);
                let computed = matches!(spr, LR | CTR | SRR0)
                    .then(|| self.code_address(value))
                    .flatten();
                if let Some(target) = computed {
                    self.computed.insert(target);
                    queue.push(target);
                }
            }
            let flow = ins.flow(address);
            let target = match flow {
                Flow::Branch { .. } => direct_target(self.image, address, word),
                _ => None,
            };
            queue.extend(target);
            // Code that changes its own mapping builds the address behind its `rfi`, adds a distance, and goes there.
            let behind = address + 4;
            queue.extend((flow == Flow::Return && built.contains(&behind)).then_some(behind));
            let elsewhere = target.filter(|target| is_call(flow) && *target != address + 4);
            if ends_run(flow)
                || elsewhere.is_some_and(|target| self.is_outside_functions(target) && !self.returns(target))
            {
                return;
            }
            address += 4;
            if target == Some(address) && is_call(flow) {
                constants.set_link(address);
            } else if is_call(flow) {
                constants.forget();
            }
        }
    }

    /// The address of code that a constant means: itself, or the real-mode address of code in the image's segment of
    /// 256 MiB.
    fn code_address(&self, value: u64) -> Option<u64> {
        let segment = self.image.regions.first()?.address & !0x0fff_ffff;
        [value, value & 0x0fff_ffff | segment]
            .into_iter()
            .find(|address| self.image.word(*address).is_some())
    }

    /// Whether a call of anything but a function's start comes back to the word behind it. Assembly may use LR as a
    /// pointer to data that follows the call: what is called then begins by taking LR and does not put it back.
    fn returns(&self, target: u64) -> bool {
        let mut taken = None;
        for address in (target..)
            .step_by(4)
            .take(usize::try_from(RETURN_LIMIT).unwrap_or(64))
        {
            let Some(word) = self.image.word(address) else {
                return false;
            };
            match word & 0xfc1f_ffff {
                MFLR if address == target => taken = Some(word & 0x03e0_0000),
                MTLR if taken == Some(word & 0x03e0_0000) => return true,
                _ if word == BLR => return taken.is_none(),
                _ if taken.is_none() && matches!(word >> 26, 18) => return true,
                _ => {}
            }
        }
        taken.is_none()
    }
}

const MFLR: u32 = 0x7c08_02a6;
const MTLR: u32 = 0x7c08_03a6;
const BLR: u32 = 0x4e80_0020;

/// Vectors that Book E code sets up: low parts moved to IVORs, the high part moved to IVPR.
#[derive(Default)]
struct Vectors {
    base: Option<u64>,
    /// Low part, and where the code that sets it stands.
    offsets: Vec<(u64, u64)>,
}

impl Vectors {
    fn note(&mut self, spr: u16, value: u64, address: u64) {
        if spr == IVPR {
            self.base = Some(value & 0xffff_0000);
        } else if IVORS.iter().any(|range| range.contains(&spr)) {
            self.offsets.push((value & 0xfff0, address));
        }
    }

    /// The vectors noted since the last time.
    fn take(&mut self) -> impl Iterator<Item = u64> + use<> {
        let base = self.base;
        let offsets = core::mem::take(&mut self.offsets).into_iter();
        offsets.map(move |(offset, setter)| base.unwrap_or(setter & 0xffff_0000) | offset)
    }
}

/// The items of a sorted list whose address lies within a unit.
pub(super) fn within<T>(sorted: &[T], unit: Unit, address: impl Fn(&T) -> u64) -> impl Iterator<Item = &T> {
    let first = sorted.partition_point(|item| address(item) < unit.start);
    sorted[first..]
        .iter()
        .take_while(move |item| address(item) < unit.end)
}

/// Where an entry of a jump table goes: its value is relative to the table, or an address.
fn jump_target(unit: Unit, base: u64, entry: u32) -> Option<u64> {
    let relative = base.wrapping_add(i64::from(entry.cast_signed()).cast_unsigned());
    let candidates = [relative, relative & 0xffff_ffff, u64::from(entry)];
    candidates
        .into_iter()
        .find(|target| unit.contains(*target) && target.is_multiple_of(4))
}

fn is_call(flow: Flow) -> bool {
    matches!(
        flow,
        Flow::Branch { link: true, .. } | Flow::Indirect { link: true, .. }
    )
}

/// Whether control never goes on to the next word.
fn ends_run(flow: Flow) -> bool {
    match flow {
        Flow::Branch {
            conditional, link, ..
        }
        | Flow::Indirect {
            conditional, link, ..
        } => !conditional && !link,
        Flow::Return | Flow::Unknown => true,
        Flow::Next | Flow::SystemCall | Flow::Trap { .. } => false,
    }
}
