//! The board as the machine's devices.

use board::Board;
use kvm_ppc::hardware::NothingThere;

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
