//! Decoded instructions.
//!
//! Memory that is executed has a decoded copy, a page for a frame, filled a cache line at a time when control first
//! reaches the line. A line that is not filled holds operations that stop; the run loop fills it and goes on, so that
//! finding a decoded instruction takes an index and no question.
//!
//! The copy doubles as the processor's instruction cache. Where caches are [coherent](Icache::Coherent), lines follow
//! stores. Where they are [stale](Icache::Stale), a line stays as it was fetched until it is invalidated.

use cpu::exec::{Handler, handler};
use cpu::{Ins, Stop, decode};
use magicpage::{Endian, Family, PAGE_SIZE};

use crate::align;
use crate::bus::Bus;
use crate::log::{Log, Position};

/// How the instruction cache follows stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Icache {
    /// At once.
    #[default]
    Coherent,
    /// Not at all: a line of 32 bytes that was fetched once is executed as it was until `icbi` or
    /// [`invalidate_icache`](crate::Machine::invalidate_icache). No line is ever evicted to make room: the worst case
    /// of a processor whose instruction cache does not watch the bus, such as the 750.
    Stale,
}

/// Bytes in a line.
pub(crate) const LINE: usize = 32;
const LINES: usize = PAGE_SIZE / LINE;
const WORDS: usize = PAGE_SIZE / 4;
const WORDS_IN_LINE: usize = LINE / 4;

/// Stores from elsewhere that hit a page before its decoded copy is given up: it may have become a page of data.
const PATIENCE: u32 = 64;

/// Decoded pages that are kept, 16 KiB each.
const LIMIT: usize = 4096;

/// A decoded instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) run: Handler<Bus>,
    pub(crate) ins: Ins,
}

/// The decoded copy of a frame.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) ops: [Op; WORDS],
    /// The lines that are filled, from the least significant bit on.
    filled: u128,
    frame: u32,
    stores: u32,
}

/// All decoded pages.
#[derive(Debug)]
pub(crate) struct Code {
    family: Family,
    pub(crate) icache: Icache,
    endian: Endian,
    pages: Vec<Box<Page>>,
    free: Vec<u32>,
    /// By frame, the index of its page.
    of: Vec<Option<u32>>,
    empty: Op,
    /// Frames whose lines changed, of a stale cache: a copy of the machine has to have the same lines.
    log: Log<u32>,
}

impl Code {
    pub(crate) fn new(family: Family, icache: Icache) -> Self {
        Self {
            family,
            icache,
            endian: Endian::Big,
            pages: Vec::new(),
            free: Vec::new(),
            of: Vec::new(),
            empty: Op {
                run: |_, _, _| Err(Stop::Unimplemented),
                ins: decode(0, family),
            },
            log: Log::new(),
        }
    }

    /// Whether decoded instructions have to follow stores.
    pub(crate) fn is_coherent(&self) -> bool {
        self.icache == Icache::Coherent
    }

    #[inline(always)]
    pub(crate) fn page(&self, index: u32) -> &Page {
        &self.pages[index as usize]
    }

    /// The frame that a page is the copy of.
    pub(crate) fn frame(&self, index: u32) -> u32 {
        self.page(index).frame
    }

    /// The index of a frame's page.
    pub(crate) fn find(&self, frame: u32) -> Option<u32> {
        self.of.get(frame as usize).copied().flatten()
    }

    /// The index of a frame's page, which is made if there is none.
    ///
    /// `None` says that there are too many; [`clear`](Self::clear) helps.
    pub(crate) fn find_or_add(&mut self, frame: u32) -> Option<u32> {
        if let Some(index) = self.find(frame) {
            return Some(index);
        }
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.pages.len() < LIMIT => self.grow()?,
            None => return None,
        };
        let page = &mut self.pages[index as usize];
        (page.frame, page.stores) = (frame, 0);
        let position = frame as usize;
        if self.of.len() <= position {
            self.of.resize(position + 1, None);
        }
        self.of[position] = Some(index);
        Some(index)
    }

    fn grow(&mut self) -> Option<u32> {
        let index = u32::try_from(self.pages.len()).ok()?;
        self.pages.push(Box::new(Page {
            ops: [self.empty; WORDS],
            filled: 0,
            frame: 0,
            stores: 0,
        }));
        Some(index)
    }

    /// Fills the line of an offset into a page, from the frame's bytes. Returns false if it is filled.
    pub(crate) fn fill(&mut self, index: u32, offset: usize, bytes: &[u8; PAGE_SIZE]) -> bool {
        let line = offset / LINE;
        let page = &mut self.pages[index as usize];
        if page.is_filled(offset) {
            return false;
        }
        page.filled |= 1 << line;
        let words = bytes.as_chunks::<4>().0.iter().zip(&mut page.ops);
        for (bytes, op) in words.skip(line * WORDS_IN_LINE).take(WORDS_IN_LINE) {
            let ins = decode(self.endian.read_u32(*bytes), self.family);
            let run = align::guard(ins, self.icache).unwrap_or_else(|| handler(ins));
            *op = Op { run, ins };
        }
        let frame = page.frame;
        self.changed(frame);
        true
    }

    fn changed(&mut self, frame: u32) {
        if !self.is_coherent() {
            self.log.push(frame);
            self.log.settle();
        }
    }

    /// Drops the lines of some bytes of a frame.
    pub(crate) fn drop_bytes(&mut self, frame: u32, offset: usize, bytes: usize) {
        let Some(index) = self.find(frame) else { return };
        let end = (offset + bytes).div_ceil(LINE).min(LINES);
        for line in offset / LINE..end {
            self.pages[index as usize].drop_line(line, self.empty);
        }
        self.changed(frame);
    }

    /// Counts a store to a page. Returns whether the page should be given up.
    pub(crate) fn count_store(&mut self, frame: u32) -> bool {
        let Some(index) = self.find(frame) else {
            return false;
        };
        let page = &mut self.pages[index as usize];
        page.stores += 1;
        page.stores > PATIENCE
    }

    /// Drops a frame's page.
    pub(crate) fn drop_frame(&mut self, frame: u32) {
        let Some(index) = self.find(frame) else { return };
        let page = &mut self.pages[index as usize];
        for line in 0..LINES {
            page.drop_line(line, self.empty);
        }
        self.of[frame as usize] = None;
        self.free.push(index);
        self.changed(frame);
    }

    /// Drops everything, and calls `dropped` with each frame.
    pub(crate) fn clear(&mut self, mut dropped: impl FnMut(u32)) {
        for frame in 0..u32::try_from(self.of.len()).unwrap_or(u32::MAX) {
            if self.find(frame).is_some() {
                self.drop_frame(frame);
                dropped(frame);
            }
        }
    }

    /// The byte order that lines are read in. Where it differs from `endian`, all lines have to go.
    pub(crate) fn endian(&self) -> Endian {
        self.endian
    }

    /// Sets the byte order, after [`clear`](Self::clear).
    pub(crate) fn set_endian(&mut self, endian: Endian) {
        self.endian = endian;
    }

    /// Where a copy that is made now will have to catch up from.
    pub(crate) fn position(&self) -> Position {
        self.log.position()
    }

    /// Follows the change of a frame from `old` to `new` bytes.
    pub(crate) fn follow(&mut self, frame: u32, old: &[u8; PAGE_SIZE], new: &[u8; PAGE_SIZE]) {
        let lines = old.as_chunks::<LINE>().0.iter().zip(new.as_chunks::<LINE>().0);
        for (line, (old, new)) in lines.enumerate() {
            if old != new {
                self.drop_bytes(frame, line * LINE, LINE);
            }
        }
    }

    /// An empty cache like this one.
    pub(crate) fn empty_like(&self) -> Self {
        let mut code = Self::new(self.family, self.icache);
        code.endian = self.endian;
        code
    }

    /// Empties the cache and makes it one like `base`.
    pub(crate) fn become_empty_like(&mut self, base: &Self) {
        self.clear(|_| {});
        (self.family, self.icache, self.endian) = (base.family, base.icache, base.endian);
        self.empty = base.empty;
        self.log.restart();
    }

    /// Becomes a copy of `base`, a stale cache. `known` as for memory.
    pub(crate) fn copy_from(&mut self, base: &Self, known: Option<(Position, Position)>) {
        let changes = known.and_then(|(own, other)| Some((self.log.since(own)?, base.log.since(other)?)));
        let frames: Option<Vec<u32>> = changes.map(|(own, other)| own.iter().chain(other).copied().collect());
        match frames {
            Some(frames) => frames.into_iter().for_each(|frame| self.copy_frame(base, frame)),
            None => {
                self.pages.clone_from(&base.pages);
                self.free.clone_from(&base.free);
                self.of.clone_from(&base.of);
            }
        }
        self.endian = base.endian;
        self.log.restart();
    }

    fn copy_frame(&mut self, base: &Self, frame: u32) {
        match base.find(frame) {
            None => self.drop_frame(frame),
            Some(from) => {
                if let Some(index) = self.find_or_add(frame) {
                    self.pages[index as usize].clone_from(&base.pages[from as usize]);
                }
            }
        }
    }
}

impl Page {
    /// Whether the line of an offset is filled.
    pub(crate) fn is_filled(&self, offset: usize) -> bool {
        self.filled >> (offset / LINE) & 1 != 0
    }

    fn drop_line(&mut self, line: usize, empty: Op) {
        if self.filled >> line & 1 != 0 {
            self.filled &= !(1 << line);
            self.ops[line * WORDS_IN_LINE..][..WORDS_IN_LINE].fill(empty);
        }
    }
}
