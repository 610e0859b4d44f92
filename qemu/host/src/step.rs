//! What stepping must know of an instruction before the processor gets it.

/// A page that may be fetched from, in the layout that assembly reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Known {
    /// Effective address of the page, plus 1; 0 if the slot is empty.
    tag: u32,
    /// Real address of the page.
    real: u32,
}

/// The pages that may be fetched from: at most one for each value of effective address bits 12 to 19, counted from the least
/// significant.
#[derive(Clone, Debug)]
#[repr(C, align(32))]
pub struct Pages([Known; Self::SLOTS]);

impl Pages {
    const SLOTS: usize = 256;

    /// None.
    pub const fn new() -> Self {
        Self([Known { tag: 0, real: 0 }; Self::SLOTS])
    }

    const fn slot(address: u32) -> usize {
        (address >> 12) as usize % Self::SLOTS
    }

    /// The real address of an effective one, if its page is known.
    pub fn real(&self, address: u32) -> Option<u32> {
        let known = self.0[Self::slot(address)];
        (known.tag == address & !0xfff | 1).then_some(known.real | address & 0xfff)
    }

    /// Adds the page of an effective address.
    pub fn insert(&mut self, address: u32, real_page: u32) {
        self.0[Self::slot(address)] = Known {
            tag: address & !0xfff | 1,
            real: real_page << 12,
        };
    }

    /// Forgets the page of an effective address.
    pub fn remove(&mut self, address: u32) {
        let known = &mut self.0[Self::slot(address)];
        if known.tag == address & !0xfff | 1 {
            *known = Known::default();
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0 = [Known::default(); Self::SLOTS];
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether whoever steps the guest is to look at an instruction instead of giving it to the processor.
pub const fn looks(word: u32) -> bool {
    let extended = word >> 1 & 0x3ff;
    match word >> 26 {
        // isync: it has nothing to synchronise, and emulators forget to trace it.
        19 => extended == 150,
        31 => match extended {
            // mftb; mfspr of half of the time base.
            371 => true,
            339 => reads_time(word),
            // lwarx and stwcx.: no reservation survives a step.
            20 | 150 => true,
            // Loads and stores of floating point, which some processors want aligned.
            983 => true,
            _ => extended & 0x31f == 0x217,
        },
        // lmw and stmw, which some want aligned too; loads and stores of floating point.
        46..=55 => true,
        _ => false,
    }
}

/// Whether `mfspr` reads half of the time base: registers 268 and 269, whose halves stand swapped in the word.
const fn reads_time(word: u32) -> bool {
    word >> 11 & 0x3df == 12 << 5 | 8
}
