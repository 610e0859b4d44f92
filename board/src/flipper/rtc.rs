//! The clock and its SRAM: device 1 of channel 0 of the external interface.
//!
//! One chip holds the boot ROM, a counter of seconds, 64 bytes of SRAM that a battery keeps, and a serial port for
//! development. While it is selected, its first four bytes are an address, with bit 31 for a write; the bytes after
//! that are data. The counter does not count here: it shows what the outside has set. The ROM and all other registers
//! read as 0, which says that the power is stable and the battery full (`drivers/rtc/rtc-gamecube.c`), and that the
//! serial port has nothing to wait for.
//!
//! Sources: YAGCD section 10.1 (addresses); WiiUBrew, "Hardware/RTC" (SRAM words at steps of 0x100).

/// Address of the counter of seconds: 4 bytes, the most significant first.
pub const COUNTER: u32 = 0x2000_0000;
/// Address of the SRAM's first byte; each byte is [`SRAM_STEP`] further.
pub const SRAM: u32 = 0x2000_0100;
/// Address steps from one SRAM byte to the next.
pub const SRAM_STEP: u32 = 0x40;
/// Bytes of SRAM.
pub const SRAM_BYTES: usize = 64;
/// Bit of the address that makes it a write: the most significant.
pub const WRITE: u32 = 0x8000_0000;

/// The device.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Clock {
    counter: [u8; 4],
    sram: [[u8; 4]; SRAM_BYTES / 4],
    /// The address as far as it has come.
    address: u32,
    /// Bytes that were moved since the device was selected; stays at the maximum.
    moved: u32,
}

impl Clock {
    /// Sets the counter, in seconds.
    pub(crate) fn set(&mut self, seconds: u32) {
        self.counter = seconds.to_be_bytes();
    }

    /// A new selection starts with an address.
    pub(crate) fn select(&mut self) {
        self.address = 0;
        self.moved = 0;
    }

    /// Moves the upper `bytes` bytes of `data`.
    pub(crate) fn exchange(&mut self, data: u32, bytes: u32) -> u32 {
        let mut answer = [0; 4];
        for (sent, came) in data
            .to_be_bytes()
            .into_iter()
            .zip(&mut answer)
            .take(bytes as usize)
        {
            *came = self.exchange_byte(sent);
        }
        u32::from_be_bytes(answer)
    }

    fn exchange_byte(&mut self, sent: u8) -> u8 {
        let position = self.moved;
        self.moved = position.saturating_add(1);
        let Some(index) = position.checked_sub(4) else {
            self.address = self.address << 8 | u32::from(sent);
            return 0;
        };
        let write = self.address & WRITE != 0;
        match self.cell(index) {
            Some(cell) if write => {
                *cell = sent;
                0
            }
            Some(cell) => *cell,
            None => 0,
        }
    }

    /// The byte that is `index` bytes behind the address; `None` where nothing is kept.
    fn cell(&mut self, index: u32) -> Option<&mut u8> {
        let address = self.address & !WRITE;
        let index = index as usize;
        if (SRAM..SRAM + SRAM_STEP * 64).contains(&address) {
            let first = ((address - SRAM) / SRAM_STEP) as usize;
            self.sram.as_flattened_mut().get_mut(first.saturating_add(index))
        } else if (COUNTER..SRAM).contains(&address) {
            self.counter.get_mut(index)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(clock: &mut Clock, address: u32) -> u32 {
        clock.select();
        assert_eq!(clock.exchange(address, 4), 0);
        clock.exchange(0, 4)
    }

    fn write(clock: &mut Clock, address: u32, value: u32) {
        clock.select();
        clock.exchange(address | WRITE, 4);
        clock.exchange(value, 4);
    }

    #[test]
    fn words_of_sram_are_0x100_apart() {
        let mut clock = Clock::default();
        for word in 0..16 {
            write(&mut clock, SRAM + 0x100 * word, 0x0101_0101 * word);
        }
        for word in 0..16 {
            assert_eq!(read(&mut clock, SRAM + 0x100 * word), 0x0101_0101 * word);
        }
        assert_eq!(
            read(&mut clock, SRAM + SRAM_STEP * 63),
            15 << 24,
            "the last byte, then nothing"
        );
    }

    #[test]
    fn the_counter_is_set_from_both_sides() {
        let mut clock = Clock::default();
        clock.set(0x1234_5678);
        assert_eq!(read(&mut clock, COUNTER), 0x1234_5678);
        write(&mut clock, COUNTER, 7);
        assert_eq!(read(&mut clock, COUNTER), 7);
    }

    #[test]
    fn everything_else_reads_as_zero() {
        let mut clock = Clock::default();
        for address in [0, 0x1000, 0x2001_0000, 0x2040_0000, 0x2100_0c00, 0x7fff_ffff] {
            write(&mut clock, address, u32::MAX);
            assert_eq!(read(&mut clock, address), 0, "{address:#x}");
        }
    }

    #[test]
    fn an_address_may_come_in_pieces() {
        let mut clock = Clock::default();
        clock.set(9);
        clock.select();
        for byte in COUNTER.to_be_bytes() {
            clock.exchange(u32::from(byte) << 24, 1);
        }
        assert_eq!((clock.exchange(0, 2), clock.exchange(0, 2)), (0, 9 << 16));
    }
}
