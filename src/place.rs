//! Places in an image, as the command line names them: an address, a symbol, a range.

use std::iter::once;
use std::ops::Range;
use std::str::FromStr;

use rewriter::image::{Image, Symbol};

use crate::error::Error;

/// A place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `0xADDRESS`.
    Address(u64),
    /// `0xFIRST-0xEND`; the end does not belong to it.
    Range(Range<u64>),
    /// A name.
    Symbol(String),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.starts_with("0x") {
            return Ok(Self::Symbol(text.into()));
        }
        let Some((first, end)) = text.split_once('-') else {
            return address(text).map(Self::Address);
        };
        let (first, end) = (address(first)?, address(end)?);
        if first < end {
            Ok(Self::Range(first..end))
        } else {
            Err("the range is empty".into())
        }
    }
}

fn address(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").ok_or("an address starts with 0x")?;
    u64::from_str_radix(digits, 16).map_err(|error| error.to_string())
}

impl Place {
    /// The addresses that the place stands for: one word, a range, or all functions of a name.
    ///
    /// # Errors
    ///
    /// When the image has no such symbol, or the symbol does not say how long it is.
    pub fn ranges(&self, image: &Image, name: &str) -> Result<Vec<Range<u64>>, Error> {
        match self {
            Self::Address(address) => Ok(once(*address..address.saturating_add(4)).collect()),
            Self::Range(range) => Ok(once(range.clone()).collect()),
            Self::Symbol(symbol) => of_symbol(image, name, symbol),
        }
    }
}

fn of_symbol(image: &Image, name: &str, wanted: &str) -> Result<Vec<Range<u64>>, Error> {
    let range = |symbol: &Symbol| match symbol.size {
        0 => Err(Error::NoSize {
            symbol: wanted.into(),
            address: symbol.address,
        }),
        size => Ok(symbol.address..symbol.address.saturating_add(size)),
    };
    let found = image.symbols.iter().filter(|symbol| symbol.name == wanted);
    let ranges = found.map(range).collect::<Result<Vec<_>, _>>()?;
    if ranges.is_empty() {
        return Err(Error::NoSymbol {
            symbol: wanted.into(),
            image: name.into(),
        });
    }
    Ok(ranges)
}

/// The addresses that all the places stand for.
///
/// # Errors
///
/// As [`Place::ranges`].
pub fn all_ranges(places: &[Place], image: &Image, name: &str) -> Result<Vec<Range<u64>>, Error> {
    let mut ranges = Vec::new();
    for place in places {
        ranges.extend(place.ranges(image, name)?);
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_ranges_and_names_are_told_apart() {
        assert_eq!("0xc0000010".parse(), Ok(Place::Address(0xc000_0010)));
        assert_eq!("0x10-0x20".parse(), Ok(Place::Range(0x10..0x20)));
        assert_eq!("add".parse(), Ok(Place::Symbol("add".into())));
        assert!("0x20-0x20".parse::<Place>().is_err());
        assert!("0x20-30".parse::<Place>().is_err());
        assert!("0xyz".parse::<Place>().is_err());
    }
}
