//! From spaces to virtual segments.
//!
//! A 750 has one set of segment registers, for fetches and data, and no right to execute of its own for a page: only a whole
//! segment may be closed to fetches, by the bit N of its register. So each space of each segment has two virtual segments:
//!
//! - the *code* segment, with N = 0. In it are the pages that may be fetched from; the guest runs in it;
//! - the *data* segment, with N = 1, in which are all pages. It serves while the guest runs elsewhere.
//!
//! A space becomes the one when it is fetched from, and the other when data is touched that may not be fetched. What the guest
//! touches in the very segment that it runs in, and what may not be fetched, is the price: the host carries those loads and
//! stores out. With [`Options::lenient_fetch`](crate::arch::Options) there is the code segment only, with all pages in it.
//!
//! A page that may be fetched can always be loaded from: the processor cannot tell.

use alloc::vec;
use alloc::vec::Vec;
use core::arch::asm;

use kvm_ppc::hardware::{Place, Space};

use crate::arch::same;

/// Spaces that are told apart, as in the in-process machine.
const SPACES: usize = 0xfff;
/// Numbers of virtual segments: half of what 24 bits hold.
const NUMBERS: u32 = 1 << 23;

/// Kp: problem state is subject to page protection (Programming Environments Manual 7.6.4).
const PROTECTED: u32 = 0x2000_0000;
/// N: no fetches.
const NO_EXECUTE: u32 = 0x1000_0000;

/// Which virtual segment a space is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Code,
    Data,
}

/// The virtual segments, and the segment registers as they are.
#[derive(Debug)]
pub(super) struct Segments {
    /// By space and segment: the number, and in the least significant bit whether it is in its data segment. Numbers below
    /// `first` are no longer valid.
    numbers: Vec<u32>,
    first: u32,
    next: u32,
    registers: [u32; 16],
    /// The spaces and the segment of the program counter that the registers are for.
    loaded: Option<([Space; 16], [Space; 16], u32)>,
}

impl Segments {
    pub(super) fn new() -> Self {
        let segments = Self {
            numbers: vec![0; SPACES * 16],
            first: 1,
            next: 1,
            registers: [0; 16],
            loaded: None,
        };
        for segment in 0..16 {
            write(segment, 0);
        }
        segments
    }

    /// Gives every space new virtual segments. Answers whether the numbers begin anew, so that the table must be cleared.
    pub(super) fn renew(&mut self) -> bool {
        self.loaded = None;
        let over = self.next > NUMBERS / 2;
        if over {
            self.numbers.fill(0);
            self.next = 1;
        }
        self.first = self.next;
        over
    }

    fn number(&mut self, space: Space, segment: u32) -> &mut u32 {
        let (first, next) = (self.first, &mut self.next);
        let number = &mut self.numbers[space.0 as usize % SPACES * 16 + segment as usize % 16];
        if *number >> 1 < first {
            *number = *next << 1;
            *next += 1;
        }
        number
    }

    /// The number of a view of a place: scrambled, so that neighbours do not meet in the hashed page table.
    pub(super) fn vsid(&mut self, place: Place, view: View) -> u32 {
        vsid(*self.number(place.space, segment(place)), view)
    }

    /// Whether the place has virtual segments, so that the table may have entries of it.
    pub(super) fn is_known(&self, place: Place) -> bool {
        let number = self.numbers[place.space.0 as usize % SPACES * 16 + segment(place) as usize % 16];
        number >> 1 >= self.first
    }

    pub(super) fn view(&mut self, place: Place) -> View {
        view(*self.number(place.space, segment(place)))
    }

    pub(super) fn set_view(&mut self, place: Place, view: View) {
        self.loaded = None;
        let number = self.number(place.space, segment(place));
        *number = *number & !1 | u32::from(view == View::Data);
    }

    /// Loads the segment registers for a guest that runs at `pc`. Answers whether the processor can run it: not where fetches
    /// and data go to different spaces in the segment of the program counter.
    pub(super) fn load(&mut self, fetch: &[Space; 16], data: &[Space; 16], pc: u32) -> bool {
        let here = pc >> 28;
        if let Some((old_fetch, old_data, old_here)) = &self.loaded
            && *old_here == here
            && same(old_fetch, fetch)
            && same(old_data, data)
        {
            return true;
        }
        if fetch[here as usize] != data[here as usize] {
            return false;
        }
        for at in 0..16 {
            let mixed = fetch[at as usize] != data[at as usize];
            let number = self.number(data[at as usize], at);
            if at == here {
                *number &= !1;
            }
            let view = if mixed { View::Data } else { view(*number) };
            let closed = if view == View::Data { NO_EXECUTE } else { 0 };
            let register = PROTECTED | closed | vsid(*number, view);
            if self.registers[at as usize] != register {
                self.registers[at as usize] = register;
                write(at, register);
            }
        }
        self.loaded = Some((*fetch, *data, here));
        true
    }
}

const fn segment(place: Place) -> u32 {
    (place.page >> 16 & 15) as u32
}

const fn view(number: u32) -> View {
    if number & 1 == 0 { View::Code } else { View::Data }
}

const fn vsid(number: u32, view: View) -> u32 {
    let number = number & !1 | matches!(view, View::Data) as u32;
    number.wrapping_mul(897) & 0xff_ffff
}

/// Writes a segment register: none is in use while translation is off (Programming Environments Manual 2.3.18).
fn write(segment: u32, value: u32) {
    // SAFETY: translation is off, so that nothing of the host's is reached through segment registers.
    unsafe { asm!("mtsrin {}, {}", in(reg) value, in(reg) segment << 28, options(nomem, nostack)) };
}
