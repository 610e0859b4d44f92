//! Processes.

use crate::Failure;
use crate::sys::{Call, call};

/// A child.
pub struct Child(usize);

impl Child {
    /// Starts a process that does something and ends with what that answers, 0 to 255.
    pub fn start(work: impl FnOnce() -> u8) -> Result<Self, Failure> {
        // SAFETY: the child has a copy of all memory.
        match unsafe { call(Call::Fork, [0; 6]) } {
            Ok(0) => exit(work()),
            Ok(number) => Ok(Self(number)),
            Err(error) => Err(Failure::Call("fork", error)),
        }
    }

    /// Waits for its end and answers its status.
    pub fn wait(self) -> Result<u8, Failure> {
        let mut status = 0_u32;
        // SAFETY: the kernel writes the status.
        let done = unsafe { call(Call::Wait4, [self.0, (&raw mut status) as usize, 0, 0, 0, 0]) };
        done.map_err(|error| Failure::Call("wait4", error))?;
        let [_, _, code, signal] = status.to_be_bytes();
        if signal == 0 {
            Ok(code)
        } else {
            Err(Failure::Wrong("the signal that ended a child", signal.into(), 0))
        }
    }
}

fn exit(status: u8) -> ! {
    loop {
        // SAFETY: the process ends here.
        let _ = unsafe { call(Call::Exit, [status.into(), 0, 0, 0, 0, 0]) };
    }
}

/// Lets others run.
pub fn give_way() {
    // SAFETY: the call takes nothing, and cannot fail.
    let _ = unsafe { call(Call::Yield, [0; 6]) };
}
