//! A USB Gecko: a serial port on a memory-card slot, Linux' console on a GameCube.
//!
//! A command is two bytes, sent and answered in one transfer: four bits of command, eight of data. The commands and
//! answers are those that `usbgecko_udbg.c` uses.

use crate::outside::Outside;

/// Rows `Name code`: the commands.
macro_rules! commands {
    ($($(#[$doc:meta])* $command:ident $code:literal;)*) => {
        /// A command, in the four most significant bits of the data register.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Command { $($(#[$doc])* $command = $code),* }

        impl Command {
            /// Every command.
            pub const ALL: &[Self] = &[$(Self::$command),*];

            /// What the data register holds to send it with a byte, if it has one.
            pub const fn word(self, byte: u8) -> u32 {
                (self as u32) << 28 | (byte as u32) << 20
            }
        }
    };
}

commands! {
    /// Who is there: answers [`IDENTITY`].
    Identify 0x9;
    /// Take a typed byte: answers [`RECEIVED`] and the byte from bit 16 on, or 0 if there is none.
    Receive 0xa;
    /// Print the byte in bits 20 to 27: answers [`READY`], or 0 if there is no room and the byte is lost.
    Send 0xb;
    /// Is there room to print: answers [`READY`] or 0.
    SendReady 0xc;
    /// Is a typed byte there: answers [`READY`] or 0.
    ReceiveReady 0xd;
}

/// Answer to [`Command::Identify`] (`ug_is_adapter_present`).
pub const IDENTITY: u32 = 0x0470_0000;
/// Yes (`ug_is_txfifo_ready`, `ug_is_rxfifo_ready`).
pub const READY: u32 = 0x0400_0000;
/// A byte was received; it stands from bit 16 on (`ug_raw_getc`).
pub const RECEIVED: u32 = 0x0800_0000;

/// The device; its queues are the board's.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Gecko;

impl Gecko {
    /// Sends a command; unknown ones answer 0.
    pub(crate) fn exchange(&self, data: u32, outside: &mut Outside) -> u32 {
        let Some(command) = Command::ALL
            .iter()
            .find(|command| command.word(0) >> 28 == data >> 28)
        else {
            return 0;
        };
        match command {
            Command::Identify => IDENTITY,
            Command::Receive => outside
                .input
                .pop_front()
                .map_or(0, |byte| RECEIVED | u32::from(byte) << 16),
            Command::Send => {
                let ready = outside.has_room();
                let [_, .., byte] = (data >> 20).to_be_bytes();
                outside.print(byte);
                yes(ready)
            }
            Command::SendReady => yes(outside.has_room()),
            Command::ReceiveReady => yes(!outside.input.is_empty()),
        }
    }
}

const fn yes(answer: bool) -> u32 {
    if answer { READY } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::OUTPUT_LIMIT;

    #[test]
    fn a_full_queue_is_not_ready() {
        let mut outside = Outside::default();
        (0..OUTPUT_LIMIT).for_each(|_| outside.print(b'x'));
        assert_eq!(Gecko.exchange(Command::SendReady.word(0), &mut outside), 0);
        assert_eq!(Gecko.exchange(Command::Send.word(b'y'), &mut outside), 0);
        assert_eq!(outside.diagnostics.output_lost, 1);
        outside.take_output();
        assert_eq!(Gecko.exchange(Command::SendReady.word(0), &mut outside), READY);
    }

    #[test]
    fn unknown_commands_answer_nothing() {
        let mut outside = Outside::default();
        outside.input.push_back(b'i');
        for code in (0..16_u32).filter(|code| !(0x9..=0xd).contains(code)) {
            assert_eq!(Gecko.exchange(code << 28, &mut outside), 0);
        }
        assert_eq!((outside.take_output().len(), outside.input.len()), (0, 1));
    }
}
