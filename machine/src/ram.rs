//! Guest memory and the shared pages, in one piece.
//!
//! The pages of guest memory come first, the shared pages behind them: an index of a page among all of them is a
//! *frame*. A frame knows whether it was written in the current epoch, so that its first change in an epoch is
//! logged and further ones cost nothing, and whether instructions were decoded from it, so that stores to it are seen.

use kvm_ppc::hardware::{Frame, Shared};
use magicpage::PAGE_SIZE;

use crate::log::{Log, Position};

/// Shared pages behind guest memory.
const SHARED: usize = 2;

/// Memory.
#[derive(Debug)]
pub(crate) struct Ram {
    bytes: Vec<u8>,
    /// By frame: the epoch of the last logged change.
    stamps: Vec<u32>,
    /// By frame: whether instructions decoded from it have to follow stores.
    code: Vec<bool>,
    epoch: u32,
    log: Log<u32>,
}

/// Moves on by `step` epochs, which no stamp has.
fn begin_epoch(epoch: &mut u32, stamps: &mut [u32], step: u32) {
    *epoch = epoch.checked_add(step).unwrap_or_else(|| {
        stamps.fill(0);
        step
    });
}

/// The position of a frame's first byte.
pub(crate) const fn base(frame: u32) -> usize {
    frame as usize * PAGE_SIZE
}

impl Ram {
    /// Zeros. `size` is a multiple of the page size below 4 GiB.
    pub(crate) fn new(size: usize) -> Self {
        let frames = size / PAGE_SIZE + SHARED;
        Self {
            bytes: vec![0; frames * PAGE_SIZE],
            stamps: vec![0; frames],
            code: vec![false; frames],
            epoch: 1,
            log: Log::new(),
        }
    }

    /// Guest memory, without the shared pages.
    pub(crate) fn guest(&self) -> &[u8] {
        &self.bytes[..self.bytes.len() - SHARED * PAGE_SIZE]
    }

    /// The frame that a mapping means, if it exists.
    pub(crate) fn frame(&self, frame: Frame) -> Option<u32> {
        let shared = u32::try_from(self.stamps.len() - SHARED).ok()?;
        match frame {
            Frame::Memory(page) => u32::try_from(page).ok().filter(|frame| *frame < shared),
            Frame::Shared(Shared::Magic) => Some(shared),
            Frame::Shared(Shared::Second) => Some(shared + 1),
        }
    }

    /// How many frames there are.
    pub(crate) fn frames(&self) -> u32 {
        u32::try_from(self.stamps.len()).unwrap_or(u32::MAX)
    }

    /// The bytes of a frame.
    pub(crate) fn page(&self, frame: u32) -> &[u8; PAGE_SIZE] {
        let pages = self.bytes.as_chunks::<PAGE_SIZE>().0;
        &pages[frame as usize]
    }

    /// The bytes of a frame, to be changed by somebody who calls [`touch`](Self::touch) as well.
    pub(crate) fn page_mut(&mut self, frame: u32) -> &mut [u8; PAGE_SIZE] {
        let pages = self.bytes.as_chunks_mut::<PAGE_SIZE>().0;
        &mut pages[frame as usize]
    }

    /// Reads a number.
    #[inline(always)]
    pub(crate) fn load(&self, at: usize, bytes: u8, little: bool) -> Option<u64> {
        let slice = self.bytes.get(at..at + usize::from(bytes))?;
        macro_rules! number {
            ($type:ty) => {{
                let bytes = *slice.first_chunk()?;
                if little {
                    <$type>::from_le_bytes(bytes).into()
                } else {
                    <$type>::from_be_bytes(bytes).into()
                }
            }};
        }
        Some(match bytes {
            1 => number!(u8),
            2 => number!(u16),
            4 => number!(u32),
            _ => number!(u64),
        })
    }

    /// Writes the low bytes of a number.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the low bytes are meant")]
    pub(crate) fn store(&mut self, at: usize, bytes: u8, little: bool, value: u64) -> Option<()> {
        let slice = self.bytes.get_mut(at..at + usize::from(bytes))?;
        macro_rules! number {
            ($type:ty) => {{
                let value = value as $type;
                *slice.first_chunk_mut()? = if little {
                    value.to_le_bytes()
                } else {
                    value.to_be_bytes()
                }
            }};
        }
        match bytes {
            1 => number!(u8),
            2 => number!(u16),
            4 => number!(u32),
            _ => number!(u64),
        }
        Some(())
    }

    /// Records that a frame is about to change. Returns whether an epoch began: what was known to be written in
    /// the current one is not.
    pub(crate) fn touch(&mut self, frame: u32) -> bool {
        if self.stamps[frame as usize] == self.epoch {
            return false;
        }
        let began = self.log.push(frame);
        if began {
            begin_epoch(&mut self.epoch, &mut self.stamps, 1);
        }
        self.stamps[frame as usize] = self.epoch;
        began
    }

    /// Begins an epoch: the next change of every frame will be logged.
    pub(crate) fn seal(&mut self) {
        begin_epoch(&mut self.epoch, &mut self.stamps, 1);
        self.log.settle();
    }

    pub(crate) fn has_code(&self, frame: u32) -> bool {
        self.code[frame as usize]
    }

    pub(crate) fn set_code(&mut self, frame: u32, code: bool) {
        self.code[frame as usize] = code;
    }

    /// Where a copy that is made now will have to catch up from.
    pub(crate) fn position(&self) -> Position {
        self.log.position()
    }

    /// Changes since `position`, in this memory.
    pub(crate) fn since(&self, position: Position) -> Option<&[u32]> {
        self.log.since(position)
    }

    /// Becomes a copy of `base`. `known` are the positions, in both, of the time when the two were equal last.
    /// Returns whether they were of use; else everything was copied, and nothing is known to have decoded code.
    ///
    /// `differs` is called for frames with decoded code, before they change, with the old and the new bytes.
    pub(crate) fn copy_from(
        &mut self,
        base: &Self,
        known: Option<(Position, Position)>,
        mut differs: impl FnMut(u32, &[u8; PAGE_SIZE], &[u8; PAGE_SIZE]),
    ) -> bool {
        let changes = known.and_then(|(own, other)| Some((self.log.since(own)?, base.since(other)?)));
        let Some((own, other)) = changes else {
            self.copy_whole(base);
            return false;
        };
        // One stamp marks what has been copied, the next is the new epoch.
        begin_epoch(&mut self.epoch, &mut self.stamps, 2);
        let copied = self.epoch - 1;
        let pages = self.bytes.as_chunks_mut::<PAGE_SIZE>().0;
        for frame in own.iter().chain(other).copied() {
            let stamp = &mut self.stamps[frame as usize];
            if *stamp == copied {
                continue;
            }
            *stamp = copied;
            let page = &mut pages[frame as usize];
            if self.code[frame as usize] {
                differs(frame, page, base.page(frame));
            }
            *page = *base.page(frame);
        }
        self.log.restart();
        true
    }

    /// Copies everything, and forgets which frames have code.
    fn copy_whole(&mut self, base: &Self) {
        self.bytes.clone_from(&base.bytes);
        self.stamps.clear();
        self.stamps.resize(base.stamps.len(), 0);
        self.code.clear();
        self.code.resize(base.code.len(), false);
        self.epoch = 1;
        self.log.restart();
    }
}

impl Clone for Ram {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            stamps: vec![0; self.stamps.len()],
            code: vec![false; self.code.len()],
            epoch: 1,
            log: Log::new(),
        }
    }
}
