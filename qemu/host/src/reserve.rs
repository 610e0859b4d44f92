//! Reservations across exits, of a guest that is stepped: the rules are the in-process machine's.
//!
//! The next entry takes the reservation of the guest's state away if meanwhile
//!
//! - the host has written to the granule, or had the bytes of its page in hand to be changed;
//! - the address has come to reach another page;
//! - it is not known what the address reached when the reservation was made.

use cpu::State;
use cpu::state::Reservation;

/// Bytes reserved together.
const GRANULE: u32 = 32;

/// The reservation that the guest left with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reserved(Option<Known>);

/// A reservation, and where in memory it is.
#[derive(Clone, Copy, Debug)]
struct Known {
    reservation: Reservation,
    real_page: u32,
    lost: bool,
}

impl Reserved {
    /// The host has written to `bytes` bytes at a real address.
    pub fn written(&mut self, real: u32, bytes: usize) {
        let Some(known) = &mut self.0 else { return };
        let granule = (known.real_page << 12 | offset(known.reservation)) / GRANULE;
        let end = real.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        known.lost |= (real / GRANULE..end.div_ceil(GRANULE)).contains(&granule);
    }

    /// Takes the reservation of `state` away unless it still holds. `page` answers for the page of an address.
    pub fn enter(&mut self, state: &mut State, page: impl Fn(u64) -> Option<u32>) {
        let Some(reservation) = state.reservation else {
            self.0 = None;
            return;
        };
        let now = page(reservation.address);
        let holds = match &self.0 {
            Some(known) if known.reservation == reservation => {
                !known.lost && now.is_none_or(|now| now == known.real_page)
            }
            _ => {
                self.remember(reservation, now);
                self.0.is_some()
            }
        };
        if !holds {
            (state.reservation, self.0) = (None, None);
        }
    }

    /// Remembers where the reservation is that the guest leaves with.
    pub fn leave(&mut self, state: &State, page: impl Fn(u64) -> Option<u32>) {
        let Some(reservation) = state.reservation else {
            self.0 = None;
            return;
        };
        if !self.0.is_some_and(|known| known.reservation == reservation) {
            self.remember(reservation, page(reservation.address));
        }
    }

    fn remember(&mut self, reservation: Reservation, page: Option<u32>) {
        self.0 = page.map(|real_page| Known {
            reservation,
            real_page,
            lost: false,
        });
    }
}

const fn offset(reservation: Reservation) -> u32 {
    (reservation.address & 0xfff) as u32
}
