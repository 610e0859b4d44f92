//! The machine of this process as the platform.

use alloc::vec::Vec;

use board::Board;
use kvm_ppc::hardware::NothingThere;
use machine::Machine;

use crate::guest::Guest;
use crate::handover::{HandoverError, How, Job};
use crate::platform::Platform;
use crate::start::Start;

/// A board, and whether the guest has touched it.
#[derive(Clone, Debug)]
pub struct Devices {
    /// The board.
    pub board: Board,
    /// Whether a device was read or written since somebody last cleared this.
    pub touched: bool,
}

impl Devices {
    /// An untouched board.
    pub const fn new(board: Board) -> Self {
        Self {
            board,
            touched: false,
        }
    }
}

impl machine::Devices for Devices {
    fn is_device(&self, physical: u64) -> bool {
        self.board.is_device(physical)
    }

    fn load(&mut self, physical: u64, bytes: u8) -> Result<u64, NothingThere> {
        self.touched = true;
        self.board.load(physical, bytes).map_err(|_| NothingThere)
    }

    fn store(&mut self, physical: u64, bytes: u8, value: u64) -> Result<(), NothingThere> {
        self.touched = true;
        self.board.store(physical, bytes, value).map_err(|_| NothingThere)
    }

    fn line(&self) -> bool {
        self.board.line()
    }
}

impl Platform for Machine<Devices> {
    fn instructions(&self) -> u64 {
        self.instructions()
    }

    fn stop_at(&mut self, instructions: Option<u64>) {
        self.stop_at(instructions);
    }

    fn skip_to(&mut self, ticks: u64) {
        self.skip_to(ticks);
    }

    fn begin(&mut self) {
        self.restart_clock();
    }

    fn board(&self) -> &Board {
        &self.devices().board
    }

    fn board_mut(&mut self) -> &mut Board {
        &mut self.devices_mut().board
    }

    fn take_touched(&mut self) -> bool {
        core::mem::take(&mut self.devices_mut().touched)
    }
}

/// The handover of a guest to a host elsewhere.
///
/// # Errors
///
/// See [`Job::write`].
pub fn handover(guest: &Guest<Machine<Devices>>, how: How) -> Result<Vec<u8>, HandoverError> {
    let (pages, _) = guest.machine.memory().as_chunks();
    let used = || {
        (0..)
            .zip(pages)
            .filter(|(_, page)| page.iter().any(|byte| *byte != 0))
    };
    let job = Job {
        start: Start::of(guest, guest.machine.config().ratio),
        pages: used().map(|(number, _)| number).collect(),
        how,
        course: None,
    };
    job.write(used().map(|(_, page)| page))
}
