//! What a guest runs on.

use board::Board;
use kvm_ppc::hardware::Hardware;

/// Hardware with a board, whose time can be stopped and skipped.
///
/// Where instructions are counted, time passes with them and a run is the same every time. Where they are not, a tick
/// of the time base stands for an instruction.
pub trait Platform: Hardware {
    /// Instructions that have completed.
    fn instructions(&self) -> u64;

    /// Makes the guest stop, with [`Exit::Host`](kvm_ppc::hardware::Exit::Host), where so many have completed. Where
    /// more have, it does not run at all. `None` takes the stop away.
    fn stop_at(&mut self, instructions: Option<u64>);

    /// Lets time pass, with no instruction executed, until the time base is `ticks`. It never goes back.
    fn skip_to(&mut self, ticks: u64);

    /// Instructions and the time base begin at 0 again, and are counted from here on if they are to be.
    fn begin(&mut self);

    /// The board.
    fn board(&self) -> &Board;

    /// The board, to be changed.
    fn board_mut(&mut self) -> &mut Board;

    /// Whether a device was read or written since the last question.
    fn take_touched(&mut self) -> bool;
}
