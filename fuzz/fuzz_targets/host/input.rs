//! The input.

use kvm_ppc::hardware::{Cause, Exit};
use kvm_ppc::page::Mapped;

/// What is left of it.
pub struct Input<'a>(pub &'a [u8]);

impl Input<'_> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// The next bytes as a number.
    pub fn number<const N: usize>(&mut self) -> u64 {
        (0..N).fold(0, |value, _| value << 8 | u64::from(self.byte()))
    }

    /// Four bytes.
    pub fn word(&mut self) -> u32 {
        self.number::<4>() as u32
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    /// An address: a byte for one that leads somewhere, and its offset.
    pub fn address(&mut self) -> u64 {
        const PLACES: &[u64] = &[
            0,
            0x1000,
            0x3000,
            0x8000,
            0xf000,
            0x1_0000,
            0xc000_0000,
            0xffff_e000,
            0xffff_f000,
            u64::MAX << 12,
        ];
        let base = match self.byte() {
            255 => self.number::<8>(),
            byte => PLACES[usize::from(byte) % PLACES.len()],
        };
        base | self.number::<2>() & 0xfff
    }

    /// Where a page is mapped, if it is.
    pub fn page(&mut self) -> Option<Mapped> {
        let flags = self.byte();
        let (effective, real) = (self.address() >> 12, self.address() >> 12);
        (flags & 1 != 0).then_some(Mapped {
            effective,
            real,
            second: flags & 2 != 0,
        })
    }

    /// An exit, true or not.
    pub fn exit(&mut self) -> Exit {
        let kind = self.byte();
        let (address, store) = (self.address(), kind & 0x80 != 0);
        match kind & 15 {
            0 => Exit::Program(Cause::Privileged),
            1 => Exit::Program(Cause::Illegal),
            2 => Exit::Program(Cause::Trap),
            3 => Exit::Program(Cause::FloatingPoint),
            4 => Exit::SystemCall,
            5..=7 => Exit::Data { address, store },
            8 => Exit::Fetch,
            9 => Exit::Alignment { address, store },
            10 => Exit::FloatingPoint,
            11 => Exit::Vector,
            12 => Exit::Trace,
            13 => Exit::Host,
            _ => Exit::Interpret,
        }
    }

    /// A word: one that stores to the page or loads from it in three bytes, or any.
    pub fn instruction(&mut self) -> u32 {
        match self.byte() {
            kind @ 0..=63 => {
                let (register, low) = (self.byte(), self.byte());
                u32::from(kind) << 26 | u32::from(register & 31) << 21 | 0xf000 | u32::from(low)
            }
            kind @ 64..=127 => {
                let fields = self.number::<3>() as u32;
                31 << 26 | fields << 1 | u32::from(kind & 1) << 25
            }
            128..=143 => self.pick(&[
                0x4400_0002,
                0x4c00_0064,
                0x4c00_0024,
                0x4c00_0066,
                0x4800_0000,
                0x7c00_8146,
            ]),
            144..=159 => 0x4800_0000 | u32::from(self.byte() & 0x3c),
            160..=175 => 0x4bff_ff80 | u32::from(self.byte() & 0x7c),
            _ => self.word(),
        }
    }
}
