//! What each operation does, by definition: the page, the host behind it, and nothing of the templates.
//!
//! The host of the model is the plainest one there is. It executes a privileged instruction on the page; it delivers
//! an interrupt as soon as the page's MSR allows and no critical section is open, but looks only when an interrupt is
//! raised and when the guest traps. A guest that relies on more, loses interrupts here.

use alloc::boxed::Box;
use cpu::memory::{Access, Fault, Memory, Reason};
use cpu::state::State;
use magicpage::layout::{self, PAGE_SIZE, Part, Place};
use magicpage::msr::{DR, EE, IR, RI};
use magicpage::{Endian, WordSize, critical};

use crate::classify::Operation;

/// A guest's page and the host's view of it.
#[derive(Clone, PartialEq, Eq)]
pub struct World {
    /// The page.
    pub page: Box<[u8; PAGE_SIZE]>,
    /// Byte order of the guest.
    pub endian: Endian,
    /// Word size of the guest.
    pub size: WordSize,
    /// Whether an interrupt waits.
    pub waiting: bool,
    /// Interrupts delivered.
    pub delivered: u32,
    /// MSR writes that reached the host and changed more than EE and RI.
    pub changes_seen: u32,
    /// Segment register writes that reached the host.
    pub segments_seen: u32,
}

impl World {
    /// A page of zeros, and nothing waiting.
    pub fn new(endian: Endian, size: WordSize) -> Self {
        let page = Box::new([0; PAGE_SIZE]);
        Self {
            page,
            endian,
            size,
            waiting: false,
            delivered: 0,
            changes_seen: 0,
            segments_seen: 0,
        }
    }

    /// Reads a place as a number in the guest's byte order.
    pub fn get(&self, place: Place) -> u64 {
        let at = usize::from(place.offset);
        let bytes = &self.page[at..];
        match place.bytes {
            8 => bytes
                .first_chunk()
                .map_or(0, |bytes| self.endian.read_u64(*bytes)),
            _ => bytes
                .first_chunk()
                .map_or(0, |bytes| u64::from(self.endian.read_u32(*bytes))),
        }
    }

    /// Writes a number to a place in the guest's byte order; a 4-byte place takes the low word.
    pub fn set(&mut self, place: Place, value: u64) {
        let at = usize::from(place.offset);
        // A 4-byte place takes the low word by definition.
        #[allow(clippy::cast_possible_truncation)]
        match place.bytes {
            8 => self.page[at..at + 8].copy_from_slice(&self.endian.write_u64(value)),
            _ => self.page[at..at + 4].copy_from_slice(&self.endian.write_u32(value as u32)),
        }
    }

    /// Where the guest's word of a field is: all of the field, or its low word where the guest has 32 bits.
    pub fn word(&self, field: layout::Field) -> Place {
        field.offset_in(self.endian, self.size)
    }

    /// The guest's MSR.
    pub fn msr(&self) -> u64 {
        self.get(self.word(layout::MSR))
    }

    fn set_msr(&mut self, value: u64) {
        self.set(self.word(layout::MSR), value);
    }

    /// Whether the guest is inside a critical section. The model's guest runs in the mode of its word size.
    pub fn is_critical(&self, state: &State) -> bool {
        let section = self.get(critical::FIELD.part(Part::Word, self.endian, self.size));
        let mode = match self.size {
            WordSize::Word32 => self.msr() & !magicpage::msr::SF,
            WordSize::Word64 => self.msr() | magicpage::msr::SF,
        };
        critical::is_critical(section, state.gpr[1], mode)
    }

    /// An interrupt is raised.
    pub fn raise(&mut self, state: &State) {
        self.waiting = true;
        self.deliver(state);
    }

    /// Delivers what waits, if that is allowed; tells the guest otherwise. The handler runs trampolines itself: it
    /// overwrites the scratch space and leaves another mark in `critical`.
    fn deliver(&mut self, state: &State) {
        let allowed = self.msr() & EE != 0 && !self.is_critical(state);
        if self.waiting && allowed {
            self.waiting = false;
            self.delivered += 1;
            for field in [layout::SCRATCH1, layout::SCRATCH2, layout::SCRATCH3] {
                self.set(
                    Place {
                        offset: field.offset,
                        bytes: 8,
                    },
                    0xdead_beef_dead_beef,
                );
            }
            self.set(
                Place {
                    offset: critical::FIELD.offset,
                    bytes: 8,
                },
                !state.gpr[1],
            );
        }
        self.set(
            Place {
                offset: layout::INT_PENDING.offset,
                bytes: 4,
            },
            u64::from(self.waiting),
        );
    }

    /// Executes the operation as the host does when the guest traps, and delivers what waits.
    pub fn trap(&mut self, operation: Operation, state: &mut State) {
        self.execute(operation, state);
        self.deliver(state);
    }

    /// What the operation does to registers and page.
    pub fn execute(&mut self, operation: Operation, state: &mut State) {
        let register = |number: u8| state.gpr[usize::from(number)];
        let old = self.msr();
        match operation {
            Operation::ReadMsr { rt } => state.gpr[usize::from(rt)] = old,
            Operation::WriteMsr { rs } => {
                let new = register(rs);
                self.changes_seen += u32::from((old ^ new) & !(EE | RI) != 0);
                self.set_msr(new);
            }
            Operation::WriteEeRi { rs } => self.set_msr(old & !(EE | RI) | register(rs) & (EE | RI)),
            Operation::WriteEe { rs } => self.set_msr(old & !EE | register(rs) & EE),
            Operation::WriteEeImmediate { ee } => self.set_msr(old & !EE | if ee { EE } else { 0 }),
            Operation::ReadSpr { rt, spr } => {
                state.gpr[usize::from(rt)] = self.get(spr.field.part(spr.part, self.endian, self.size));
            }
            Operation::WriteSpr { rs, spr } => {
                self.set(spr.field.part(spr.part, self.endian, self.size), register(rs));
            }
            Operation::WriteSegment { rs, segment } => self.write_segment(segment, register(rs)),
            // The top four bits of a 32-bit register fit.
            #[allow(clippy::cast_possible_truncation)]
            Operation::WriteSegmentIndirect { rs, rb } => {
                self.write_segment((register(rb) >> 28 & 15) as u8, register(rs));
            }
            Operation::TlbSync => {}
        }
    }

    fn write_segment(&mut self, segment: u8, value: u64) {
        self.segments_seen += u32::from(self.msr() & (IR | DR) != 0);
        self.set(layout::SR.element(segment), value);
    }

    fn place_at(&self, address: u64, bytes: u8, access: Access) -> Result<Place, Fault> {
        let address = match self.size {
            WordSize::Word32 => address | 0xffff_ffff_0000_0000,
            WordSize::Word64 => address,
        };
        let offset = address.wrapping_sub(layout::PAGE_ADDRESS.cast_unsigned());
        let inside = offset + u64::from(bytes) <= u64::from(layout::END) && offset.is_multiple_of(4);
        match u16::try_from(offset) {
            Ok(offset) if inside && matches!(bytes, 4 | 8) => Ok(Place { offset, bytes }),
            _ => Err(Fault {
                address,
                access,
                reason: Reason::Unmapped,
            }),
        }
    }
}

impl Memory for World {
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        Ok(self.get(self.place_at(address, bytes, Access::Load)?))
    }

    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        let place = self.place_at(address, bytes, Access::Store)?;
        self.set(place, value);
        Ok(())
    }
}
