//! The board: routes accesses to devices, and lines to the processor.

use crate::bits::{Part, parts};
use crate::device::{AnyDevice, Port};
use crate::flipper::Slot;
use crate::outside::{Diagnostics, Event, Outside, Source};
use crate::table::{Model, Wiring};
use alloc::vec::Vec;
use thiserror::Error;

/// No device answers an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "no device answers an access of {bytes} bytes at {physical:#x}: an access has 1, 2, 4 or 8 bytes and lies in one device"
)]
pub struct NoDevice {
    /// Physical address of the access.
    pub physical: u64,
    /// Its bytes.
    pub bytes: u8,
}

/// The board has no such interrupt source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the {model:?} board has no interrupt source {source_line:?}")]
pub struct NoSource {
    /// The board's model.
    pub model: Model,
    /// The source that was asked for.
    pub source_line: Source,
}

/// RAM would reach the devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{ram_bytes} bytes of RAM reach the devices: at most {} bytes fit",
    Board::RAM_LIMIT
)]
pub struct RamTooLarge {
    /// Bytes that were asked for.
    pub ram_bytes: u64,
}

/// A board.
///
/// It holds the devices and what waits at its edge, and knows how much RAM there is at physical address 0; the RAM
/// itself belongs to whoever owns the board. A clone is a snapshot.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "snapshot::Stored"))]
pub struct Board {
    model: Model,
    ram_bytes: u64,
    /// One for each row of the model.
    devices: Vec<AnyDevice>,
    /// The outside holds the processor's interrupt input.
    pin: bool,
    outside: Outside,
}

impl Board {
    /// Bytes of RAM that fit in front of the devices: 192 MiB.
    pub const RAM_LIMIT: u64 = 0x0c00_0000;

    /// A board after power-on, with `ram_bytes` bytes of RAM at physical address 0. A GameCube has
    /// [`flipper::RAM_BYTES`](crate::flipper::RAM_BYTES), and a USB Gecko in slot A.
    ///
    /// # Errors
    ///
    /// [`RamTooLarge`] above [`Self::RAM_LIMIT`].
    pub fn new(model: Model, ram_bytes: u64) -> Result<Self, RamTooLarge> {
        if ram_bytes > Self::RAM_LIMIT {
            return Err(RamTooLarge { ram_bytes });
        }
        Ok(Self {
            model,
            ram_bytes,
            devices: model.devices().iter().map(|row| (row.new)()).collect(),
            pin: false,
            outside: Outside::default(),
        })
    }

    /// The board's model.
    pub fn model(&self) -> Model {
        self.model
    }

    /// Bytes of RAM at physical address 0.
    pub fn ram_bytes(&self) -> u64 {
        self.ram_bytes
    }

    /// Whether a device has this physical address.
    pub fn is_device(&self, physical: u64) -> bool {
        self.find(physical, 1).is_ok()
    }

    /// Reads `bytes` bytes, as a big-endian number. A load may change a device: it takes a typed byte, for example.
    ///
    /// An access of several words is made word by word, in ascending order.
    ///
    /// # Errors
    ///
    /// [`NoDevice`], with nothing changed, unless `bytes` is 1, 2, 4 or 8 and the access lies wholly in one device.
    pub fn load(&mut self, physical: u64, bytes: u8) -> Result<u64, NoDevice> {
        let (index, offset) = self.find(physical, bytes)?;
        Ok(parts(offset, bytes).fold(0, |value, part| {
            let word = self.access(index, part, |device, port| device.load(part.word, port));
            if word.is_none() {
                self.count(index, part, |diagnostics| &mut diagnostics.loads);
            }
            value << part.bits() | u64::from(part.extract(word.unwrap_or(0)))
        }))
    }

    /// Writes the low `bytes` bytes of `value`, as a big-endian number.
    ///
    /// An access of several words is made word by word, in ascending order.
    ///
    /// # Errors
    ///
    /// [`NoDevice`], with nothing changed, unless `bytes` is 1, 2, 4 or 8 and the access lies wholly in one device.
    pub fn store(&mut self, physical: u64, bytes: u8, value: u64) -> Result<(), NoDevice> {
        let (index, offset) = self.find(physical, bytes)?;
        let mut left = u32::from(bytes) * 8;
        for part in parts(offset, bytes) {
            left -= part.bits();
            let word = part.insert(low_word(value >> left));
            let done = self.access(index, part, |device, port| device.store(part.word, word, port));
            if done.is_none() {
                self.count(index, part, |diagnostics| &mut diagnostics.stores);
            }
        }
        Ok(())
    }

    /// The level of the processor's external interrupt input.
    pub fn line(&self) -> bool {
        let lines = self.flipper_lines();
        let mut outputs = self.model.devices().iter().zip(&self.devices);
        self.pin || outputs.any(|(row, device)| row.wiring == Wiring::Processor && device.asserts(lines))
    }

    /// Raises an interrupt source from outside.
    ///
    /// # Errors
    ///
    /// [`NoSource`] if the board has none such.
    pub fn raise(&mut self, source: Source) -> Result<(), NoSource> {
        self.signal(source, true)
    }

    /// Lowers an interrupt source from outside. A line of the plain controller is no longer pending then, whoever
    /// raised it.
    ///
    /// # Errors
    ///
    /// [`NoSource`] if the board has none such.
    pub fn lower(&mut self, source: Source) -> Result<(), NoSource> {
        self.signal(source, false)
    }

    /// Takes the bytes that the guest has printed on either console. At most
    /// [`OUTPUT_LIMIT`](crate::outside::OUTPUT_LIMIT) wait.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.outside.take_output()
    }

    /// Types bytes: the guest reads them, in this order, from either console.
    pub fn push_input(&mut self, bytes: &[u8]) {
        self.outside.input.extend(bytes);
    }

    /// Takes the event that has happened first since the last one was taken.
    pub fn take_event(&mut self) -> Option<Event> {
        self.outside.take_event()
    }

    /// Whether the guest has said, since the last question, that what is to be measured begins.
    pub fn take_begun(&mut self) -> bool {
        self.outside.take_begun()
    }

    /// Whether the guest has said, since the last question, that what is to be measured has ended.
    pub fn take_ended(&mut self) -> bool {
        self.outside.take_ended()
    }

    /// What the guest did that the board does not implement.
    pub fn diagnostics(&self) -> Diagnostics {
        self.outside.diagnostics
    }

    /// Sets the clock's counter, in seconds; the board does not count. Linux adds the word at offset 12 of the clock's
    /// SRAM, 0 after power-on, and takes the sum as seconds since 1970. The plain board has no clock.
    pub fn set_clock(&mut self, seconds: u32) {
        self.channels(|channel| channel.set_clock(seconds));
    }

    /// Puts the USB Gecko into a slot, or nowhere. The plain board has no slots.
    pub fn plug_gecko(&mut self, slot: Option<Slot>) {
        self.channels(|channel| channel.plug_gecko(slot));
    }

    /// Returns every device to its state after power-on and lowers every source. What a battery keeps stays, the USB
    /// Gecko stays where it is, and so does what waits at the edge.
    pub fn reset(&mut self) {
        self.pin = false;
        self.devices.iter_mut().for_each(AnyDevice::reset);
    }

    /// The device that an access lies in, and the access' offset there.
    fn find(&self, physical: u64, bytes: u8) -> Result<(usize, u32), NoDevice> {
        let rows = self.model.devices().iter().enumerate();
        rows.filter(|_| matches!(bytes, 1 | 2 | 4 | 8))
            .find_map(|(index, row)| Some((index, row.offset(physical, bytes)?)))
            .ok_or(NoDevice { physical, bytes })
    }

    /// Lets a device handle one word.
    fn access<T>(
        &mut self,
        index: usize,
        part: Part,
        handle: impl FnOnce(&mut AnyDevice, &mut Port<'_>) -> Option<T>,
    ) -> Option<T> {
        let lines = self.flipper_lines();
        let device = self.devices.get_mut(index)?;
        let mut port = Port {
            outside: &mut self.outside,
            lines,
            lanes: part.lanes,
        };
        handle(device, &mut port)
    }

    /// Counts an access to a register that is not implemented.
    fn count(&mut self, index: usize, part: Part, counter: impl FnOnce(&mut Diagnostics) -> &mut u64) {
        let base = self.model.devices().get(index).map_or(0, |row| row.base);
        let diagnostics = &mut self.outside.diagnostics;
        diagnostics.last = Some(base + u64::from(part.word));
        let count = counter(diagnostics);
        *count = count.saturating_add(1);
    }

    /// The levels of the outputs that lead to the processor interface.
    fn flipper_lines(&self) -> u32 {
        let outputs = self.model.devices().iter().zip(&self.devices);
        outputs.fold(0, |lines, (row, device)| match row.wiring {
            Wiring::Flipper(line) if device.asserts(0) => lines | line.mask(),
            _ => lines,
        })
    }

    fn signal(&mut self, source: Source, level: bool) -> Result<(), NoSource> {
        if source == Source::Pin {
            self.pin = level;
            return Ok(());
        }
        let taken = self.devices.iter_mut().any(|device| device.signal(source, level));
        taken.then_some(()).ok_or(NoSource {
            model: self.model,
            source_line: source,
        })
    }

    fn channels(&mut self, handle: impl Fn(&mut crate::flipper::Channel)) {
        for device in &mut self.devices {
            if let AnyDevice::Channel(channel) = device {
                handle(channel);
            }
        }
    }
}

/// The low 32 bits.
const fn low_word(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}

/// Reading a stored board: nothing in it is trusted.
#[cfg(feature = "serde")]
mod snapshot {
    use super::{AnyDevice, Board, Model, Outside, Vec};
    use core::mem::discriminant;

    /// What [`Board`] serialises as.
    #[derive(serde::Deserialize)]
    pub(super) struct Stored {
        model: Model,
        ram_bytes: u64,
        devices: Vec<AnyDevice>,
        pin: bool,
        outside: Outside,
    }

    impl TryFrom<Stored> for Board {
        type Error = &'static str;

        fn try_from(stored: Stored) -> Result<Self, Self::Error> {
            let board =
                Self::new(stored.model, stored.ram_bytes).map_err(|_| "more RAM than a board can have")?;
            let kinds = |devices: &[AnyDevice]| devices.iter().map(discriminant).collect::<Vec<_>>();
            if kinds(&stored.devices) != kinds(&board.devices) {
                return Err("the devices are not those of the model");
            }
            Ok(Self {
                devices: stored.devices,
                pin: stored.pin,
                outside: stored.outside,
                ..board
            })
        }
    }
}
