//! The virtual board that a guest sees.
//!
//! A guest needs more than a processor: something that interrupts it, somewhere to print, a way to say that it has
//! finished, and a description of all that. The machine in this process and the host on bare metal show their guests
//! the same [`Board`], byte for byte, so that what one of them measures can be compared with the other.
//!
//! The board is pure. It has no clock, no file and no terminal: an access goes in, a value comes out, and whatever
//! concerns the outside waits until it is asked for.
//!
//! | direction | what | how |
//! |---|---|---|
//! | processor to board | an access to a device | [`Board::load`], [`Board::store`] |
//! | board to processor | the external interrupt line, a level | [`Board::line`] |
//! | outside to board | an interrupt source, typed bytes, the time | [`Board::raise`], [`Board::lower`], [`Board::push_input`], [`Board::set_clock`] |
//! | board to outside | printed bytes, the guest's end | [`Board::take_output`], [`Board::take_event`] |
//!
//! There are two models:
//!
//! - [`Model::GameCube`]: the smallest real board that Linux runs on. The [`flipper`] devices that Linux needs are
//!   here, the others answer with zeros;
//! - [`Model::Plain`]: RAM and the [`plain`] devices only, for guests of our own on any processor.
//!
//! The plain devices stand at the same addresses on both: an interrupt controller, a console and a control device
//! that ends the guest. A guest that uses nothing else runs on either board.
//!
//! Everything is rows. A device is a [`DeviceRow`] of [`Model::devices`]; its registers are [`Register`] rows that
//! also make the enumeration that a guest written in Rust takes its offsets from. What is not in a row is not
//! implemented: it reads as 0, ignores stores, and is counted in [`Diagnostics`].
//!
//! Registers are 32 bits wide and big-endian; their bits are given as masks of the number (bit 0 is the least
//! significant). An access may have 1, 2, 4 or 8 bytes at any alignment: the board splits it into words, and a
//! device sees which bytes of a word were meant.
//!
//! [`devicetree`] writes the description that the guest's kernel is started with.
//!
//! ```
//! use board::{Board, Event, Model, plain};
//!
//! let mut board = Board::new(Model::Plain, 16 << 20)?;
//! board.store(plain::CONSOLE + u64::from(plain::console::Register::Data.offset()), 1, b'!'.into())?;
//! board.store(plain::CONTROL + u64::from(plain::control::Register::Exit.offset()), 4, 3)?;
//! assert_eq!(board.take_output(), b"!");
//! assert_eq!(board.take_event(), Some(Event::Exit(3)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod bits;
mod board;
mod device;
#[cfg(feature = "devicetree")]
pub mod devicetree;
pub mod flipper;
pub mod outside;
pub mod plain;
pub mod register;
pub mod table;

pub use board::{Board, NoDevice, NoSource, RamTooLarge};
pub use outside::{Diagnostics, Event, Source};
pub use register::{Access, Register, RegisterSet};
pub use table::{DeviceRow, Model, Wiring};
