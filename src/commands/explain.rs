//! `ppcpv explain`: what a word is, and what it would become.

mod meaning;

use std::io::Write;

use magicpage::{Endian, Family};
use rewriter::asm::{AsmError, assemble};
use serde::Serialize;

use crate::args::{families, named};
use crate::cli::Status;
use crate::document::SCHEMA_VERSION;
use crate::error::Error;
use crate::ui::Ui;
use meaning::Meaning;

const EXAMPLES: &str = "\
A word is hexadecimal, with 0x or eight digits; anything else is assembled.

Examples:
  ppcpv explain 0x7d200124
  ppcpv explain 'mtmsr r9' 'wrteei 0' --family e500
  ppcpv explain 'mtspr 272, r3' --format json";

/// Explains instructions: what they do, who serves them, what they would become
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Words, or instructions in assembly
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// Only for this processor family
    #[arg(long, value_parser = families())]
    family: Option<Family>,
    /// Byte order of the guest: where its words are in the page
    #[arg(long, value_parser = named([("big", Endian::Big), ("little", Endian::Little)].to_vec()), default_value = "big")]
    endian: Endian,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    words: Vec<Explained>,
}

/// A word, and what it means where it is an instruction.
#[derive(Serialize)]
struct Explained {
    word: String,
    families: Vec<Meaning>,
}

/// Runs the subcommand.
///
/// # Errors
///
/// When a text is no instruction, or no instruction of the family asked for.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    let mut words = Vec::new();
    for text in &args.words {
        for word in parse(text)? {
            words.push(explain(word, args)?);
        }
    }
    if ui.is_json() {
        ui.json(&Document {
            schema_version: SCHEMA_VERSION,
            words,
        })?;
        return Ok(Status::Done);
    }
    for (number, word) in words.iter().enumerate() {
        if number > 0 {
            writeln!(ui.out())?;
        }
        if word.families.is_empty() {
            writeln!(
                ui.out(),
                "{}  no instruction of any family: left alone",
                word.word
            )?;
        }
        meaning::print(ui.out(), &word.word, &word.families)?;
    }
    Ok(Status::Done)
}

fn explain(word: u32, args: &Args) -> Result<Explained, Error> {
    let asked = Family::ALL
        .into_iter()
        .filter(|family| args.family.is_none_or(|asked| asked == *family));
    let families: Vec<Meaning> = asked
        .filter_map(|family| Meaning::of(word, family, args.endian))
        .collect();
    match args.family {
        Some(family) if families.is_empty() => Err(Error::NoInstruction {
            word,
            family: family.name(),
        }),
        _ => Ok(Explained {
            word: format!("{word:#010x}"),
            families,
        }),
    }
}

/// The words that a text stands for.
fn parse(text: &str) -> Result<Vec<u32>, Error> {
    let digits = text
        .strip_prefix("0x")
        .or(Some(text).filter(|text| text.len() == 8));
    if let Some(word) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
        return Ok(Vec::from([word]));
    }
    let words = assemble(text).map_err(Error::Assembly)?;
    if words.is_empty() {
        let problem = "it is empty".into();
        return Err(Error::Assembly(AsmError {
            line: 1,
            text: text.into(),
            problem,
        }));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_text() {
        assert_eq!(parse("0x7c6000a6").unwrap(), [0x7c60_00a6]);
        assert_eq!(parse("7c6000a6").unwrap(), [0x7c60_00a6]);
        assert_eq!(parse("mfmsr r3").unwrap(), [0x7c60_00a6]);
        assert_eq!(parse("tlbsync").unwrap(), [0x7c00_046c]);
        assert!(parse("no such thing").is_err());
        assert!(parse("").is_err());
    }
}
