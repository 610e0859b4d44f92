//! The boards as tables of devices.

use crate::device::{AnyDevice, registers};
use crate::flipper::{Absent, Channel, Line, ProcessorInterface};
use crate::plain::{self, Console, Control, Interrupts};
use crate::register::Register;

/// Which board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Model {
    /// A Nintendo GameCube as far as Linux needs it, and the plain devices.
    GameCube,
    /// The plain devices only.
    Plain,
}

impl Model {
    /// The devices, in ascending order of address; they do not overlap.
    pub const fn devices(self) -> &'static [DeviceRow] {
        match self {
            Self::GameCube => &GAMECUBE,
            Self::Plain => &PLAIN,
        }
    }
}

/// Where a device's interrupt output leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wiring {
    /// It has none.
    None,
    /// To the processor's external interrupt input; several outputs there are ORed.
    Processor,
    /// To a line of the processor interface.
    Flipper(Line),
}

/// A row: one device of a board.
#[derive(Clone, Copy, Debug)]
pub struct DeviceRow {
    /// A short name.
    pub name: &'static str,
    /// Physical address of its first byte.
    pub base: u64,
    /// Bytes that it occupies.
    pub length: u64,
    /// Where its interrupt output leads.
    pub wiring: Wiring,
    /// Its registers; none if it is not implemented.
    pub registers: &'static [Register],
    /// What it is.
    pub doc: &'static str,
    pub(crate) new: fn() -> AnyDevice,
}

impl DeviceRow {
    /// The offset of an access that lies wholly in the device.
    pub(crate) fn offset(&self, physical: u64, bytes: u8) -> Option<u32> {
        let offset = physical.checked_sub(self.base)?;
        let end = offset.checked_add(bytes.into())?;
        if end <= self.length {
            u32::try_from(offset).ok()
        } else {
            None
        }
    }
}

/// Rows `base length Device(constructor) wiring "name" "meaning"`.
macro_rules! rows {
    ($($base:tt $length:literal $device:ident($($argument:expr)?) $wiring:expr, $name:literal $doc:literal;)*) => {
        [$(DeviceRow {
            name: $name,
            base: $base,
            length: $length,
            wiring: $wiring,
            registers: registers::$device,
            doc: $doc,
            new: || $device::new($($argument)?).into(),
        }),*]
    };
}

const NONE: Wiring = Wiring::None;
const CPU: Wiring = Wiring::Processor;
const EXI: Wiring = Wiring::Flipper(Line::Exi);

const PLAIN: [DeviceRow; 3] = rows! {
    (plain::INTERRUPTS) 0x1000 Interrupts() CPU, "interrupts" "Plain interrupt controller: 32 lines.";
    (plain::CONSOLE) 0x1000 Console() NONE, "console" "Plain console: one byte at a time; STATUS says whether there is room.";
    (plain::CONTROL) 0x1000 Control() NONE, "control" "Identification, scratch, the beginning of the measured part, and the guest's end.";
};

/// Addresses: YAGCD section 5 and `arch/powerpc/boot/dts/gamecube.dts`.
const FLIPPER: [DeviceRow; 14] = rows! {
    0x0c00_0000 0x1000 Absent() NONE, "CP" "Command processor: graphics commands.";
    0x0c00_1000 0x1000 Absent() NONE, "PE" "Pixel engine.";
    0x0c00_2000 0x1000 Absent() NONE, "VI" "Video interface.";
    0x0c00_3000 0x1000 ProcessorInterface() CPU, "PI" "Processor interface: interrupt controller and reset.";
    0x0c00_4000 0x1000 Absent() NONE, "MI" "Memory interface.";
    0x0c00_5000 0x1000 Absent() NONE, "DSP" "Digital signal processor and auxiliary RAM.";
    0x0c00_6000 0x0400 Absent() NONE, "DI" "Disc interface.";
    0x0c00_6400 0x0400 Absent() NONE, "SI" "Serial interface: game pads.";
    0x0c00_6800 0x0014 Channel(0) EXI, "EXI0" "External interface, channel 0: memory card slot A, clock and SRAM.";
    0x0c00_6814 0x0014 Channel(1) EXI, "EXI1" "External interface, channel 1: memory card slot B.";
    0x0c00_6828 0x0014 Channel(2) EXI, "EXI2" "External interface, channel 2.";
    0x0c00_683c 0x03c4 Absent() NONE, "EXI" "External interface: the rest of its window.";
    0x0c00_6c00 0x1400 Absent() NONE, "AI" "Audio streaming interface.";
    0x0c00_8000 0x8000 Absent() NONE, "FIFO" "Graphics FIFO.";
};

const GAMECUBE: [DeviceRow; FLIPPER.len() + PLAIN.len()] = {
    let mut all = [FLIPPER[0]; FLIPPER.len() + PLAIN.len()];
    let mut next = 0;
    while next < all.len() {
        all[next] = if next < FLIPPER.len() {
            FLIPPER[next]
        } else {
            PLAIN[next - FLIPPER.len()]
        };
        next += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;

    const MODELS: [Model; 2] = [Model::GameCube, Model::Plain];

    #[test]
    fn devices_are_sorted_and_apart() {
        for model in MODELS {
            for pair in model.devices().windows(2) {
                assert!(pair[0].base + pair[0].length <= pair[1].base, "{}", pair[1].name);
            }
        }
    }

    #[test]
    fn the_flipper_window_has_no_gap() {
        let end = Model::GameCube
            .devices()
            .iter()
            .take_while(|row| row.base < 0x0d00_0000)
            .fold(0x0c00_0000, |end, row| {
                assert_eq!(row.base, end, "{}", row.name);
                end + row.length
            });
        assert_eq!(end, 0x0c01_0000);
    }

    #[test]
    fn every_row_is_documented() {
        for row in MODELS.iter().flat_map(|model| model.devices()) {
            assert!(!row.name.is_empty() && row.doc.ends_with('.'), "{}", row.name);
            assert!(
                row.registers.is_sorted_by(|a, b| a.offset < b.offset),
                "{}",
                row.name
            );
            for register in row.registers {
                let name = register.name;
                assert!(
                    register.offset % 4 == 0 && u64::from(register.offset) + 4 <= row.length,
                    "{name}"
                );
                assert!(
                    !name.is_empty() && register.doc.len() > 10 && register.doc.ends_with('.'),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn an_access_lies_wholly_in_a_device() {
        let row = &PLAIN[0];
        assert_eq!(row.offset(row.base + 0xffc, 4), Some(0xffc));
        assert_eq!(row.offset(row.base + 0xffd, 4), None);
        assert_eq!(row.offset(row.base - 1, 1), None);
        assert_eq!(row.offset(u64::MAX, 8), None);
    }
}
