//! Process identifiers for spaces.
//!
//! PID0 tells 255 processes apart, and the host of the guest more spaces than that: a space is given a number when it
//! is used first, and when none is left all start over. Process 0 is none, since an entry of it would be everybody's.

use alloc::vec::Vec;

/// Which process each space is.
#[derive(Clone, Debug, Default)]
pub(super) struct Processes {
    /// By space: the process, or 0.
    of: Vec<u8>,
    /// The one given out last.
    last: u8,
}

impl Processes {
    /// The process of a space, and whether all others have lost theirs.
    pub(super) fn of(&mut self, space: u32) -> (u8, bool) {
        let index = space as usize;
        if let Some(&pid @ 1..) = self.of.get(index) {
            return (pid, false);
        }
        let over = self.last == u8::MAX;
        if over {
            self.clear();
        }
        if self.of.len() <= index {
            self.of.resize(index + 1, 0);
        }
        self.last += 1;
        self.of[index] = self.last;
        (self.last, over)
    }

    /// Takes all numbers back.
    pub(super) fn clear(&mut self) {
        self.of.fill(0);
        self.last = 0;
    }
}
