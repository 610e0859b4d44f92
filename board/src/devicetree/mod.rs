//! The flattened device tree: what a guest's kernel is told about its machine.
//!
//! A [`Description`] says what is wanted; [`Description::flatten`] writes it as the blob whose physical address a
//! kernel finds in r3. The tree is made of [`node::Node`] values by rows, then written by the `vm-fdt` crate.
//!
//! Of a GameCube, the tree describes what the board implements: the processor interface with its interrupt controller
//! and the external interface. Names and `compatible` strings are those that Linux looks for
//! (`arch/powerpc/boot/dts/gamecube.dts`); devices that are not there are not described, so no driver waits for them.
//! The plain devices appear only when asked for.
//!
//! Addresses and sizes take one cell each: everything lies below 4 GiB.

pub mod node;
pub mod processor;
mod tree;

pub use processor::Processor;

use crate::{Board, Model};
use alloc::vec::Vec;
use core::ops::Range;
use thiserror::Error;
use vm_fdt::{FdtReserveEntry, FdtWriter};

/// Why there is no tree.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum Unwritable {
    /// A name or a text cannot stand in a tree, or reserved ranges overlap.
    #[error("the device tree cannot be written: {0}")]
    Fdt(vm_fdt::Error),
    /// A range is empty, ends before it starts, or lies outside RAM.
    #[error("{what} {start:#x}..{end:#x} is not a range within the {ram_bytes:#x} bytes of RAM")]
    Range {
        /// What the range is.
        what: &'static str,
        /// Its first byte's physical address.
        start: u64,
        /// The physical address behind its last byte.
        end: u64,
        /// Bytes of RAM.
        ram_bytes: u64,
    },
}

impl From<vm_fdt::Error> for Unwritable {
    fn from(error: vm_fdt::Error) -> Self {
        Self::Fdt(error)
    }
}

/// The node `/hypervisor`, by which a guest finds its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hypervisor {
    /// The host implements the hypercall `EV_IDLE`, which sleeps until an interrupt is pending (property `has-idle`).
    pub has_idle: bool,
}

/// What the tree says.
#[derive(Clone, Debug, PartialEq)]
pub struct Description<'a> {
    /// The board's model.
    pub model: Model,
    /// Bytes of RAM at physical address 0; at most [`Board::RAM_LIMIT`].
    pub ram_bytes: u64,
    /// The processor.
    pub processor: Processor<'a>,
    /// The kernel's command line.
    pub bootargs: &'a str,
    /// Physical addresses of the initial RAM disk.
    pub initrd: Option<Range<u64>>,
    /// Path of the console's node.
    pub stdout_path: Option<&'a str>,
    /// Physical addresses that the kernel must not use. A kernel spares the tree itself unasked.
    pub reserved: &'a [Range<u64>],
    /// The host, if the guest is to know of it.
    pub hypervisor: Option<Hypervisor>,
    /// Whether the plain devices are described.
    pub plain_devices: bool,
}

impl<'a> Description<'a> {
    /// A GameCube without an operating system's wishes.
    pub fn gamecube(ram_bytes: u64) -> Self {
        Self::plain(ram_bytes, processor::GEKKO).on(Model::GameCube)
    }

    /// A plain board with this processor.
    pub fn plain(ram_bytes: u64, processor: Processor<'a>) -> Self {
        Self {
            model: Model::Plain,
            ram_bytes,
            processor,
            bootargs: "",
            initrd: None,
            stdout_path: None,
            reserved: &[],
            hypervisor: None,
            plain_devices: false,
        }
    }

    /// A description of a board as it is.
    pub fn of(board: &Board, processor: Processor<'a>) -> Self {
        Self::plain(board.ram_bytes(), processor).on(board.model())
    }

    fn on(self, model: Model) -> Self {
        Self { model, ..self }
    }

    /// Writes the tree: version 17, big-endian, processor 0 boots.
    ///
    /// # Errors
    ///
    /// [`Unwritable`] if there is no RAM or more than [`Board::RAM_LIMIT`], a range does not lie in RAM, a text
    /// contains a NUL, or reserved ranges overlap.
    pub fn flatten(&self) -> Result<Vec<u8>, Unwritable> {
        let root = tree::root(self)?;
        let reserved = self.reserved.iter().map(|range| {
            let range = self.in_ram("reserved memory", range)?;
            Ok(FdtReserveEntry::new(range.start, range.end - range.start)?)
        });
        let mut writer = FdtWriter::new_with_mem_reserv(&reserved.collect::<Result<Vec<_>, Unwritable>>()?)?;
        root.write(&mut writer)?;
        Ok(writer.finish()?)
    }

    /// The range, if it is one within RAM.
    fn in_ram(&self, what: &'static str, range: &Range<u64>) -> Result<Range<u64>, Unwritable> {
        if range.start < range.end && range.end <= self.ram_bytes {
            return Ok(range.clone());
        }
        Err(Unwritable::Range {
            what,
            start: range.start,
            end: range.end,
            ram_bytes: self.ram_bytes,
        })
    }
}
