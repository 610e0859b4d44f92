//! The machine, to be kept.

use cpu::state::Reservation;
use kvm_ppc::hardware::{Hardware, Shared};
use magicpage::PAGE_SIZE;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::devices::Devices;
use crate::machine::Machine;
use crate::reserve::Reserved;

/// The version of [`Saved`].
pub const VERSION: u32 = 1;

/// What a machine holds that the host cannot make anew.
///
/// Mappings, devices and the state of the processor are their owners' to save. The instruction cache is empty after
/// [`restore`](Machine::restore), as on a processor that the guest has moved to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// [`VERSION`].
    pub version: u32,
    /// Bytes of guest memory.
    pub ram_bytes: u64,
    /// The pages of guest memory that are not all zeros: number (physical address divided by 4096) and bytes.
    pub pages: Vec<(u64, Vec<u8>)>,
    /// The bytes of the magic page.
    pub magic: Vec<u8>,
    /// The bytes of the second page.
    pub second: Vec<u8>,
    /// Instructions that have completed.
    pub instructions: u64,
    /// The time base when `since` instructions had completed.
    pub ticks: u64,
    /// See `ticks`.
    pub since: u64,
    /// Where the reservation is, if there is one.
    pub reserved: Option<SavedReservation>,
}

/// A reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedReservation {
    /// Effective address.
    pub address: u64,
    /// Bytes reserved.
    pub bytes: u8,
    /// The page of memory: guest memory first, then the magic page, then the second page.
    pub frame: u32,
    /// Whether the host has written there since.
    pub lost: bool,
}

/// Why a machine cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RestoreError {
    /// The snapshot is of another version.
    #[error("the snapshot is of version {0}; this program reads version {VERSION}")]
    Version(u32),
    /// Guest memory is of another size.
    #[error("the snapshot has {saved} bytes of memory; restore it to a machine that has as much, not {here}")]
    Size {
        /// Bytes that the snapshot has.
        saved: u64,
        /// Bytes that the machine has.
        here: u64,
    },
    /// A page, by number, lies outside guest memory or is not 4096 bytes long. A shared page has number [`u64::MAX`].
    #[error(
        "the snapshot's page {0:#x} is damaged: it is outside guest memory or not {PAGE_SIZE} bytes long"
    )]
    Page(u64),
}

impl<D: Devices> Machine<D> {
    /// Saves what the machine holds.
    pub fn save(&self) -> Saved {
        let pages = self.memory().chunks(PAGE_SIZE).zip(0..);
        Saved {
            version: VERSION,
            ram_bytes: self.memory().len() as u64,
            pages: pages
                .filter(|(bytes, _)| bytes.iter().any(|byte| *byte != 0))
                .map(|(bytes, number)| (number, bytes.to_vec()))
                .collect(),
            magic: self.shared(Shared::Magic).to_vec(),
            second: self.shared(Shared::Second).to_vec(),
            instructions: self.clock.instructions,
            ticks: self.clock.ticks,
            since: self.clock.since,
            reserved: self.reserved.map(|reserved| SavedReservation {
                address: reserved.reservation.address,
                bytes: reserved.reservation.bytes,
                frame: reserved.frame,
                lost: reserved.lost,
            }),
        }
    }

    /// Takes the place of a machine that was saved. All mappings are taken away; devices stay as they are.
    ///
    /// # Errors
    ///
    /// A [`RestoreError`], with nothing changed.
    pub fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        let pages = check(saved, self.memory().len() as u64)?;
        let (magic, second) = (page(&saved.magic, u64::MAX)?, page(&saved.second, u64::MAX)?);
        self.flush();
        self.drop_code();
        for frame in 0..self.bus.ram.frames() {
            self.bus.touch(frame);
            self.bus.ram.page_mut(frame).fill(0);
        }
        for (number, bytes) in pages {
            *self.bus.ram.page_mut(number) = *bytes;
        }
        *self.shared_mut(Shared::Magic) = *magic;
        *self.shared_mut(Shared::Second) = *second;
        self.clock.instructions = saved.instructions;
        (self.clock.ticks, self.clock.since) = (saved.ticks, saved.since);
        self.reserved = saved.reserved.map(|reserved| Reserved {
            reservation: Reservation {
                address: reserved.address,
                bytes: reserved.bytes,
            },
            frame: reserved.frame,
            lost: reserved.lost,
        });
        Ok(())
    }
}

type Pages<'a> = Vec<(u32, &'a [u8; PAGE_SIZE])>;

fn check(saved: &Saved, here: u64) -> Result<Pages<'_>, RestoreError> {
    if saved.version != VERSION {
        return Err(RestoreError::Version(saved.version));
    }
    if saved.ram_bytes != here {
        return Err(RestoreError::Size {
            saved: saved.ram_bytes,
            here,
        });
    }
    let frames = here / PAGE_SIZE as u64;
    let pages = saved.pages.iter().map(|(number, bytes)| {
        let frame = u32::try_from(*number).ok().filter(|_| *number < frames);
        Ok((frame.ok_or(RestoreError::Page(*number))?, page(bytes, *number)?))
    });
    pages.collect()
}

fn page(bytes: &[u8], number: u64) -> Result<&[u8; PAGE_SIZE], RestoreError> {
    bytes.try_into().map_err(|_| RestoreError::Page(number))
}
