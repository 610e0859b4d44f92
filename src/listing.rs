//! Old and new code side by side, in the layout of objdump: address, symbol, word, text.

use std::io::{self, Write};

use cpu::decode;
use magicpage::Family;

use crate::ui::{FAINT, NEW, OLD, SYMBOL};

/// Columns of the symbol, with brackets and colon.
pub const NAME: usize = 36;
/// Columns of one side: a word, two spaces and the instruction's text.
const SIDE: usize = 36;

/// A word on one side; nothing where that side has none.
pub type Side = Option<u32>;

/// Prints lines for an image of one family.
pub struct Listing<'o, W> {
    /// Where to.
    pub out: &'o mut W,
    /// Family of the code.
    pub family: Family,
}

impl<W: Write> Listing<'_, W> {
    /// A word that differs.
    ///
    /// # Errors
    ///
    /// When the output cannot be written; so of all functions here.
    pub fn change(&mut self, address: u64, symbol: &str, old: Side, new: Side) -> io::Result<()> {
        let name = format!("<{symbol}>:");
        let (old, new) = (self.side(address, old), self.side(address, new));
        let line = format!("{OLD}{old:<SIDE$}{OLD:#} | {NEW}{new}{NEW:#}");
        writeln!(self.out, "{address:08x} {SYMBOL}{name:<NAME$}{SYMBOL:#} {line}")
    }

    /// A word of a trampoline: there is nothing on the old side.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn added(&mut self, address: u64, word: u32) -> io::Result<()> {
        let new = self.side(address, Some(word));
        writeln!(
            self.out,
            "{address:08x} {:NAME$} {:SIDE$} | {NEW}{new}{NEW:#}",
            "", ""
        )
    }

    /// A word that is the same on both sides.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn same(&mut self, address: u64, symbol: &str, word: u32) -> io::Result<()> {
        let name = format!("<{symbol}>:");
        let side = self.side(address, Some(word));
        writeln!(
            self.out,
            "{address:08x} {FAINT}{name:<NAME$} {side:<SIDE$}   {side}{FAINT:#}"
        )
    }

    /// A line between parts of the code that are not next to each other.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out, "...")
    }

    fn side(&self, address: u64, word: Side) -> String {
        word.map_or_else(String::new, |word| {
            format!("{word:08x}  {}", decode(word, self.family).text(Some(address)))
        })
    }
}
