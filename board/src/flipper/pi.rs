//! The processor interface: interrupt controller, reset, and the chip's revision.
//!
//! Every device has a line here. INTSR shows the lines' levels, INTMR lets them through, and the processor's external
//! interrupt input is high while the two have a bit in common. Nothing is latched, so an acknowledgement does not end
//! an interrupt: the device must be satisfied. The one exception is the reset switch, whose press is latched until a 1
//! is stored to its bit, while bit 16 shows whether the switch is up.
//!
//! Linux clears the bit in INTMR and acknowledges when it takes an interrupt, and sets the bit again when it has
//! handled it (`flipper-pic.c`, `flipper_pic_mask_and_ack`). A reset is a store to the reset register with the system's
//! bit at 0; Linux stores the one byte 0 at its first address (`flipper_platform_reset`).

use crate::device::{Device, Port};
use crate::outside::{Event, Source};
use crate::register::registers;

/// Rows `Name bit`: the lines of the interrupt controller.
macro_rules! lines {
    ($($(#[$doc:meta])* $line:ident $bit:literal;)*) => {
        /// A line of the interrupt controller (WiiBrew, "Hardware/Processor Interface"); Linux' interrupt number is the
        /// number of its bit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Line { $($(#[$doc])* $line = $bit),* }

        impl Line {
            /// Every line, in the order of its bit.
            pub const ALL: &[Self] = &[$(Self::$line),*];

            /// The number of its bit in INTSR and INTMR; bit 0 is the least significant.
            pub const fn bit(self) -> u8 {
                self as u8
            }

            /// Its mask in INTSR and INTMR.
            pub const fn mask(self) -> u32 {
                1 << self.bit()
            }
        }
    };
}

lines! {
    /// Something went wrong in the graphics processor.
    Error 0;
    /// The reset switch was pressed.
    ResetSwitch 1;
    /// Disc interface.
    Disc 2;
    /// Serial interface: game pads.
    Serial 3;
    /// External interface.
    Exi 4;
    /// Audio streaming.
    Streaming 5;
    /// Digital signal processor.
    Dsp 6;
    /// Memory interface: protection.
    Memory 7;
    /// Video interface.
    Video 8;
    /// Pixel engine: token.
    Token 9;
    /// Pixel engine: finished.
    Finish 10;
    /// Command processor.
    Command 11;
    /// Debugger.
    Debugger 12;
    /// High-speed port.
    HighSpeed 13;
}

/// Bit 16 of INTSR: the reset switch is up.
pub const RESET_SWITCH_UP: u32 = 1 << 16;
/// Bit 0 of RESET: the system runs; 0 resets it. A reset of the disc drive keeps it at 1 (libogc, `DVD_LowReset`).
pub const SYSTEM_RUNS: u32 = 1;
/// What REVISION reads: Flipper revision C (Dolphin, `ProcessorInterface.cpp`).
pub const REVISION_C: u32 = 0x2465_00b1;

const MASKABLE: u32 = (1 << Line::ALL.len()) - 1;
/// The graphics FIFO lies in RAM, 32 bytes aligned.
const FIFO_ADDRESS: u32 = 0x07ff_ffe0;

registers! {
    /// Registers at 0x0c003000 (YAGCD section 5.4).
    Register {
        /// Interrupt cause: the lines' levels by [`Line`]; bit 16 is 1 while the reset switch is up. A 1 stored to bit
        /// 1 clears the latched press of the reset switch; other bits ignore stores.
        Status "INTSR" 0x00 ReadWrite;
        /// Interrupt mask by [`Line`]: 1 lets the line through.
        Mask "INTMR" 0x04 ReadWrite;
        /// Physical address of the graphics FIFO's first byte; kept, not used.
        FifoBase "FIFO_BASE" 0x0c ReadWrite;
        /// Physical address of the graphics FIFO's end; kept, not used.
        FifoEnd "FIFO_END" 0x10 ReadWrite;
        /// Physical address of the next write to the graphics FIFO; kept, not used.
        FifoWrite "FIFO_WPTR" 0x14 ReadWrite;
        /// Reset: bit 0 is the system, bit 2 the disc drive, from bit 3 on a code for the system's next start. A store,
        /// of any width, whose bit 0 is 0 resets the board.
        Reset "RESET" 0x24 ReadWrite;
        /// The chip's revision: 0x246500b1.
        Revision "REVISION" 0x2c ReadOnly;
    }
}

/// The device.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct ProcessorInterface {
    mask: u32,
    /// Lines that the outside holds.
    held: u32,
    /// The reset switch was pressed and the press not yet acknowledged.
    pressed: bool,
    fifo: [u32; 3],
    reset: u32,
}

impl ProcessorInterface {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// INTSR, given the levels of the devices' lines.
    fn status(&self, lines: u32) -> u32 {
        let switch = Line::ResetSwitch.mask();
        let levels = (lines | self.held) & !switch;
        let pressed = if self.pressed { switch } else { 0 };
        let up = if self.held & switch == 0 {
            RESET_SWITCH_UP
        } else {
            0
        };
        levels | pressed | up
    }

    fn fifo(&mut self, register: Register) -> Option<&mut u32> {
        let index = match register {
            Register::FifoBase => 0,
            Register::FifoEnd => 1,
            Register::FifoWrite => 2,
            _ => return None,
        };
        self.fifo.get_mut(index)
    }

    fn store_reset(&mut self, value: u32, port: &mut Port<'_>) {
        self.reset = value;
        if value & SYSTEM_RUNS == 0 {
            port.outside.report(Event::Reset);
        }
    }
}

impl Device for ProcessorInterface {
    type Registers = Register;

    fn load(&mut self, register: Register, port: &mut Port<'_>) -> u32 {
        match register {
            Register::Status => self.status(port.lines),
            Register::Mask => self.mask,
            Register::Reset => self.reset,
            Register::Revision => REVISION_C,
            Register::FifoBase | Register::FifoEnd | Register::FifoWrite => {
                self.fifo(register).map_or(0, |address| *address)
            }
        }
    }

    fn store(&mut self, register: Register, value: u32, port: &mut Port<'_>) {
        match register {
            Register::Status => self.pressed &= value & Line::ResetSwitch.mask() == 0,
            Register::Mask => self.mask = port.merge(self.mask, value) & MASKABLE,
            Register::Reset => self.store_reset(value, port),
            Register::Revision => {}
            Register::FifoBase | Register::FifoEnd | Register::FifoWrite => {
                if let Some(address) = self.fifo(register) {
                    *address = port.merge(*address, value) & FIFO_ADDRESS;
                }
            }
        }
    }

    fn asserts(&self, lines: u32) -> bool {
        self.status(lines) & self.mask != 0
    }

    fn signal(&mut self, source: Source, level: bool) -> bool {
        let Source::Flipper(line) = source else {
            return false;
        };
        if level {
            self.pressed |= line == Line::ResetSwitch && self.held & line.mask() == 0;
            self.held |= line.mask();
        } else {
            self.held &= !line.mask();
        }
        true
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}
