//! The board's control device, which is told when what is measured has ended.

use crate::Failure;
use crate::file::{File, Mode};
use crate::sys::{Call, call};

/// Offsets of the registers, in words: the board crate's `plain::control`.
const IDENTITY: usize = 0x00 / 4;
const END: usize = 0x1c / 4;
/// What the identity reads: "PPCV".
const PPCV: u32 = 0x5050_4356;

/// The device, if there is one.
pub struct Control(Option<*mut u32>);

impl Control {
    /// Opens the device at a physical address.
    pub fn open(physical: Option<u32>) -> Result<Self, Failure> {
        const READ_WRITE: usize = 3;
        const SHARED: usize = 1;
        let Some(physical) = physical else {
            return Ok(Self(None));
        };
        let memory = File::open(c"/dev/mem", Mode::ReadWrite)?;
        // SAFETY: a new mapping overlaps no other.
        let mapped = unsafe {
            call(
                Call::Mmap,
                [0, 0x1000, READ_WRITE, SHARED, memory.number(), physical as usize],
            )
        };
        let registers = mapped.map_err(|error| Failure::Call("mmap", error))? as *mut u32;
        let control = Self(Some(registers));
        // SAFETY: the page is mapped.
        let identity = unsafe { registers.add(IDENTITY).read_volatile() };
        if identity == PPCV {
            Ok(control)
        } else {
            Err(Failure::Wrong("the control device's identity", identity, PPCV))
        }
    }

    /// What is measured has ended.
    pub fn end(&self) {
        if let Some(registers) = self.0 {
            // SAFETY: the page is mapped, and the register takes anything.
            unsafe { registers.add(END).write_volatile(1) };
        }
    }
}
