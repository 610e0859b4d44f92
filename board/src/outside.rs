//! What waits at the board's edge: bytes, the guest's end, injected interrupts, counters.

use crate::flipper::Line;
use alloc::{collections::VecDeque, vec::Vec};
use core::mem;

/// Bytes that may wait in [`Board::take_output`](crate::Board::take_output)'s queue: 1 MiB. Behind a full queue a USB
/// Gecko says that it is not ready; the plain console loses bytes and counts them.
pub const OUTPUT_LIMIT: usize = 1 << 20;

/// Something that ends the guest's run, or starts it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    /// The guest asks for a reset of the whole board.
    Reset,
    /// The guest asks for the power to be switched off.
    PowerOff,
    /// The guest ends with this status; 0 is success.
    Exit(u32),
}

/// An interrupt source that the outside can drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The processor's external interrupt input itself. No controller knows a reason: to the guest the interrupt is
    /// spurious.
    Pin,
    /// A line of the GameCube's processor interface, held until it is lowered. Raising
    /// [`Line::ResetSwitch`] presses the reset switch.
    Flipper(Line),
    /// A line (0 to 31) of the plain interrupt controller, pending until the guest acknowledges it or it is lowered.
    Plain(u8),
}

/// What a guest did that the board does not implement, and what was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Diagnostics {
    /// Loads, in words, of a register that is not implemented or cannot be read: they gave 0.
    pub loads: u64,
    /// Stores, in words, to a register that is not implemented or cannot be written: they did nothing.
    pub stores: u64,
    /// Physical address of the word that was counted last.
    pub last: Option<u64>,
    /// Transfers of the external interface to or from memory: they end at once and move nothing.
    pub memory_transfers: u64,
    /// Printed bytes that the full output queue had no room for.
    pub output_lost: u64,
}

/// The queues and counters at the edge.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Outside {
    output: Vec<u8>,
    pub(crate) input: VecDeque<u8>,
    event: Option<Event>,
    begun: bool,
    ended: bool,
    pub(crate) diagnostics: Diagnostics,
}

impl Outside {
    /// Whether a byte can be printed.
    pub(crate) fn has_room(&self) -> bool {
        self.output.len() < OUTPUT_LIMIT
    }

    /// Prints a byte, or counts it as lost.
    pub(crate) fn print(&mut self, byte: u8) {
        if self.has_room() {
            self.output.push(byte);
        } else {
            self.diagnostics.output_lost = self.diagnostics.output_lost.saturating_add(1);
        }
    }

    /// Takes what was printed.
    pub(crate) fn take_output(&mut self) -> Vec<u8> {
        mem::take(&mut self.output)
    }

    /// Reports an event; one that waits already stays.
    pub(crate) fn report(&mut self, event: Event) {
        self.event.get_or_insert(event);
    }

    /// The guest says that what is to be measured begins.
    pub(crate) fn begin(&mut self) {
        self.begun = true;
    }

    /// Whether it has said so since the last question.
    pub(crate) fn take_begun(&mut self) -> bool {
        mem::take(&mut self.begun)
    }

    /// The guest says that what is to be measured has ended.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether it has said so since the last question.
    pub(crate) fn take_ended(&mut self) -> bool {
        mem::take(&mut self.ended)
    }

    /// Takes the event that waits.
    pub(crate) fn take_event(&mut self) -> Option<Event> {
        self.event.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_bounded() {
        let mut outside = Outside::default();
        (0..=OUTPUT_LIMIT).for_each(|_| outside.print(b'x'));
        assert!(!outside.has_room());
        assert_eq!(outside.diagnostics.output_lost, 1);
        assert_eq!(outside.take_output().len(), OUTPUT_LIMIT);
        assert!(outside.has_room());
    }

    #[test]
    fn the_first_event_stays() {
        let mut outside = Outside::default();
        outside.report(Event::Exit(1));
        outside.report(Event::Reset);
        assert_eq!(outside.take_event(), Some(Event::Exit(1)));
        assert_eq!(outside.take_event(), None);
    }
}
