//! Reservations across exits.
//!
//! The guest's [`State`] holds the effective address of a reservation. The machine remembers which granule of memory
//! that is, and the next entry takes the reservation away if meanwhile
//!
//! - the host has written to the granule, or had the bytes of its page in hand to be changed;
//! - the address has come to reach another frame;
//! - it is not known what the address reached when the reservation was made.
//!
//! Whoever is in doubt may take a reservation away: the architecture lets it be lost at any time.

use cpu::State;
use cpu::state::Reservation;

use crate::bus::Bus;
use crate::tlb::offset;

/// Bytes reserved together.
const GRANULE: usize = 32;

/// A reservation, and where in memory it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reserved {
    pub(crate) reservation: Reservation,
    pub(crate) frame: u32,
    pub(crate) lost: bool,
}

impl Reserved {
    /// The host has written to `bytes` bytes of a frame.
    pub(crate) fn written(&mut self, frame: u32, start: usize, bytes: usize) {
        let granule = offset(self.reservation.address) / GRANULE;
        let hit = (start / GRANULE..(start + bytes).div_ceil(GRANULE)).contains(&granule);
        self.lost |= self.frame == frame && hit;
    }
}

/// Takes the reservation of `state` away unless it still holds.
pub(crate) fn enter(known: &mut Option<Reserved>, state: &mut State, bus: &Bus) {
    let Some(reservation) = state.reservation else {
        *known = None;
        return;
    };
    let frame = bus.frame(reservation.address);
    let holds = match known {
        Some(known) if known.reservation == reservation => {
            !known.lost && frame.is_none_or(|frame| frame == known.frame)
        }
        _ => {
            *known = frame.map(|frame| Reserved {
                reservation,
                frame,
                lost: false,
            });
            known.is_some()
        }
    };
    if !holds {
        (state.reservation, *known) = (None, None);
    }
}

/// Remembers where the reservation is that the guest leaves with.
pub(crate) fn leave(known: &mut Option<Reserved>, state: &State, bus: &Bus) {
    let Some(reservation) = state.reservation else {
        *known = None;
        return;
    };
    if known.is_some_and(|known| known.reservation == reservation) {
        return;
    }
    *known = bus.frame(reservation.address).map(|frame| Reserved {
        reservation,
        frame,
        lost: false,
    });
}
