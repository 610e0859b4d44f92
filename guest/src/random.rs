//! Numbers that look random and are the same every time.

/// A generator (xorshift, period 2^32 - 1).
#[derive(Clone, Copy, Debug)]
pub struct Random(u32);

impl Random {
    /// The numbers of a seed.
    pub const fn new(seed: u32) -> Self {
        Self((seed ^ 0x9e37_79b9) | 1)
    }

    /// The next number, which is not 0.
    pub const fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number below `end`, which is not 0.
    pub const fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }
}
