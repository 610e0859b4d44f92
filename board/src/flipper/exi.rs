//! The external interface: a serial bus with three channels of three devices each.
//!
//! A driver selects a device in the status register, puts up to four bytes into the data register, starts a transfer
//! in the control register and waits: some drivers until the start bit is 0 again (`usbgecko_udbg.c`), others until
//! the status register says that a transfer has ended (`rtc-gamecube.c`). Here a transfer ends within the store that
//! starts it, so both find what they wait for at their first look, whether or not a device is selected.
//!
//! Bytes go over the bus most significant first; a transfer of two bytes uses the upper half of the data register.
//! Transfers to and from memory end at once and move nothing: the board does not reach RAM, and none of its devices
//! needs them.

use super::gecko::Gecko;
use super::rtc::Clock;
use crate::device::{Device, Port};
use crate::outside::Outside;
use crate::register::registers;
use alloc::boxed::Box;

registers! {
    /// Registers of a channel at 0x0c006800 + 0x14 * channel (YAGCD section 5.9; gc-linux wiki).
    Register {
        /// Status: bit 0 EXI interrupt mask, 1 EXI interrupt, 2 transfer-complete mask, 3 transfer complete, 4-6 clock,
        /// 7-9 device select, 10 insertion mask, 11 insertion, 12 a card is present (read only), 13 ROM disable. A 1
        /// stored to bit 1, 3 or 11 clears it.
        Status "CSR" 0x00 ReadWrite;
        /// Physical address of a transfer to or from memory; kept.
        Address "MAR" 0x04 ReadWrite;
        /// Bytes of a transfer to or from memory; kept.
        Length "LENGTH" 0x08 ReadWrite;
        /// Control: bit 0 start (reads 0: the transfer has ended), 1 memory, 2-3 direction (0 read, 1 write, 2 both),
        /// 4-5 bytes less one.
        Control "CR" 0x0c ReadWrite;
        /// The bytes of a transfer, the first in the most significant place.
        Data "DATA" 0x10 ReadWrite;
    }
}

/// Bits of CSR as masks; a shift is the number of a field's lowest bit. Bit 0 is the least significant.
pub mod status {
    /// Interrupt mask bits; each lets the next more significant bit through.
    pub const MASKS: u32 = 1 << 0 | 1 << 2 | 1 << 10;
    /// The selected device interrupts.
    pub const DEVICE: u32 = 1 << 1;
    /// A transfer has ended.
    pub const COMPLETE: u32 = 1 << 3;
    /// Shift of the device select: one bit a device.
    pub const SELECT_SHIFT: u32 = 7;
    /// A card was put in or taken out.
    pub const INSERTED: u32 = 1 << 11;
    /// A card is in the slot.
    pub const PRESENT: u32 = 1 << 12;
    /// Bits that a store replaces: masks, clock, select, ROM disable.
    pub const KEPT: u32 = MASKS | 7 << 4 | 7 << SELECT_SHIFT | 1 << 13;
    /// Bits that a store of 1 clears.
    pub const CLEARED: u32 = DEVICE | COMPLETE | INSERTED;
}

/// Bits of CR as masks; a shift is the number of a field's lowest bit. Bit 0 is the least significant.
pub mod control {
    /// Starts a transfer.
    pub const START: u32 = 1 << 0;
    /// The transfer is to or from memory.
    pub const MEMORY: u32 = 1 << 1;
    /// Shift of the direction, two bits: 0 reads, 1 writes, 2 does both.
    pub const DIRECTION_SHIFT: u32 = 2;
    /// Shift of the length, two bits: bytes less one.
    pub const LENGTH_SHIFT: u32 = 4;
    /// Every bit that is kept.
    pub const KEPT: u32 = 0x3f;
}

/// A memory-card slot; a USB Gecko fits into either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Channel 0, device 0.
    A,
    /// Channel 1, device 0.
    B,
}

impl Slot {
    const fn channel(self) -> u8 {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }
}

/// What is connected to a device select.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Connected {
    Nothing,
    Gecko(Gecko),
    /// Boxed: it is much larger than all the rest.
    Clock(Box<Clock>),
}

impl Connected {
    /// The device's select has just gone active.
    fn select(&mut self) {
        if let Self::Clock(clock) = self {
            clock.select();
        }
    }

    /// Sends the upper `bytes` bytes of `data`, whose other bytes are 0; what comes back is placed alike.
    fn exchange(&mut self, data: u32, bytes: u32, outside: &mut Outside) -> u32 {
        match self {
            Self::Nothing => 0,
            Self::Gecko(gecko) => gecko.exchange(data, outside),
            Self::Clock(clock) => clock.exchange(data, bytes),
        }
    }
}

/// One channel.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Channel {
    number: u8,
    status: u32,
    address: u32,
    length: u32,
    control: u32,
    data: u32,
    devices: [Connected; 3],
}

impl Channel {
    /// A channel as it is after power-on: the clock on channel 0, a USB Gecko in slot A.
    pub(crate) fn new(number: u8) -> Self {
        let clock = if number == 0 {
            Connected::Clock(Box::default())
        } else {
            Connected::Nothing
        };
        let mut channel = Self {
            number,
            status: 0,
            address: 0,
            length: 0,
            control: 0,
            data: 0,
            devices: [Connected::Nothing, clock, Connected::Nothing],
        };
        channel.plug_gecko(Some(Slot::A));
        channel
    }

    /// Puts the USB Gecko into a slot, if that is this channel's, and takes it out otherwise.
    pub(crate) fn plug_gecko(&mut self, slot: Option<Slot>) {
        let here = slot.is_some_and(|slot| slot.channel() == self.number);
        let [card, ..] = &mut self.devices;
        *card = if here {
            Connected::Gecko(Gecko)
        } else {
            Connected::Nothing
        };
    }

    /// Sets the clock, if it is on this channel.
    pub(crate) fn set_clock(&mut self, seconds: u32) {
        for device in &mut self.devices {
            if let Connected::Clock(clock) = device {
                clock.set(seconds);
            }
        }
    }

    fn select(&self) -> u32 {
        self.status >> status::SELECT_SHIFT & 7
    }

    /// The selected device: exactly one select bit is active.
    fn selected(&mut self) -> Option<&mut Connected> {
        let index = match self.select() {
            1 => 0,
            2 => 1,
            4 => 2,
            _ => return None,
        };
        self.devices.get_mut(index)
    }

    fn card_present(&self) -> bool {
        let [card, ..] = &self.devices;
        *card != Connected::Nothing
    }

    fn store_status(&mut self, value: u32, port: &Port<'_>) {
        let before = self.select();
        let kept = port.merge(self.status, value) & status::KEPT;
        self.status = kept | self.status & status::CLEARED & !value;
        if self.select() != before
            && let Some(device) = self.selected()
        {
            device.select();
        }
    }

    fn store_control(&mut self, value: u32, port: &mut Port<'_>) {
        let control = port.merge(self.control, value) & control::KEPT;
        self.control = control & !control::START;
        if control & control::START == 0 {
            return;
        }
        if control & control::MEMORY == 0 {
            self.transfer(control, port.outside);
        } else {
            let count = &mut port.outside.diagnostics.memory_transfers;
            *count = count.saturating_add(1);
        }
        self.status |= status::COMPLETE;
    }

    /// Moves up to four bytes between the data register and the selected device.
    fn transfer(&mut self, control: u32, outside: &mut Outside) {
        let direction = control >> control::DIRECTION_SHIFT & 3;
        let bytes = (control >> control::LENGTH_SHIFT & 3) + 1;
        let (reads, writes) = (direction != 1, direction != 0);
        let moved = u32::MAX << (32 - 8 * bytes);
        let sent = if writes { self.data & moved } else { 0 };
        let answer = match self.selected() {
            Some(device) => device.exchange(sent, bytes, outside),
            None => 0,
        };
        if reads {
            self.data = answer & moved;
        }
    }
}

impl Device for Channel {
    type Registers = Register;

    fn load(&mut self, register: Register, _port: &mut Port<'_>) -> u32 {
        match register {
            Register::Status if self.card_present() => self.status | status::PRESENT,
            Register::Status => self.status,
            Register::Address => self.address,
            Register::Length => self.length,
            Register::Control => self.control,
            Register::Data => self.data,
        }
    }

    fn store(&mut self, register: Register, value: u32, port: &mut Port<'_>) {
        match register {
            Register::Status => self.store_status(value, port),
            Register::Address => self.address = port.merge(self.address, value),
            Register::Length => self.length = port.merge(self.length, value),
            Register::Control => self.store_control(value, port),
            Register::Data => self.data = port.merge(self.data, value),
        }
    }

    fn asserts(&self, _lines: u32) -> bool {
        self.status & status::CLEARED & (self.status & status::MASKS) << 1 != 0
    }

    fn reset(&mut self) {
        let devices = core::mem::replace(&mut self.devices, [const { Connected::Nothing }; 3]);
        *self = Self {
            devices,
            ..Self::new(self.number)
        };
    }
}
