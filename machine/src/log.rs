//! What changed since somebody made a copy.
//!
//! A copy that remembers its [`Position`] in the log of the original needs only what was logged behind it. The log is
//! short: where it overflows, or its owner is overwritten, it starts a new generation, and positions in the old one
//! are void.

use std::sync::atomic::{AtomicU64, Ordering};

/// Entries before a log starts anew: a copy with more to catch up on than that might as well be made whole.
const LIMIT: usize = 1024;

/// A place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    id: u64,
    generation: u64,
    at: usize,
}

/// A log of keys.
#[derive(Debug)]
pub(crate) struct Log<K> {
    id: u64,
    generation: u64,
    entries: Vec<K>,
    /// Entries in front of this one will be logged again if they change again.
    settled: usize,
}

impl<K: Copy> Log<K> {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            generation: 0,
            entries: Vec::new(),
            settled: 0,
        }
    }

    /// Logs a change. Returns whether all positions became void by it.
    pub(crate) fn push(&mut self, key: K) -> bool {
        let full = self.entries.len() >= LIMIT;
        if full {
            self.restart();
        }
        self.entries.push(key);
        full
    }

    /// Voids all positions.
    pub(crate) fn restart(&mut self) {
        self.generation += 1;
        self.entries.clear();
        self.settled = 0;
    }

    /// Says that whatever was logged so far will be logged again if it changes again.
    pub(crate) fn settle(&mut self) {
        self.settled = self.entries.len();
    }

    /// The position in front of everything that may change without being logged again.
    pub(crate) fn position(&self) -> Position {
        Position {
            id: self.id,
            generation: self.generation,
            at: self.settled,
        }
    }

    /// What changed since `position`, if that is known.
    pub(crate) fn since(&self, position: Position) -> Option<&[K]> {
        let known = position.id == self.id && position.generation == self.generation;
        known.then(|| self.entries.get(position.at..)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_good_until_the_log_restarts() {
        let mut log = Log::new();
        log.push(1);
        let start = log.position();
        assert_eq!(log.since(start), Some(&[1][..]));
        log.settle();
        let position = log.position();
        log.push(2);
        assert_eq!(log.since(position), Some(&[2][..]));
        assert_eq!(log.since(start), Some(&[1, 2][..]));
        assert_eq!(Log::<i32>::new().since(position), None);
        for _ in 0..LIMIT {
            log.push(3);
        }
        assert_eq!(log.since(position), None);
    }
}
