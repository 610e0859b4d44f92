//! `ppcpv explain`: what a word is and what it would become; what became of a site; what a name means.

mod meaning;
mod name;
mod site;

use std::io::Write;
use std::path::{Path, PathBuf};

use magicpage::{Endian, Family};
use rewriter::asm::{AsmError, assemble};
use rewriter::elf::ReadOptions;
use rewriter::plan::Site;
use serde::Serialize;

use crate::args::{PlanArgs, families, named};
use crate::cli::Status;
use crate::document::SCHEMA_VERSION;
use crate::error::Error;
use crate::input::Input;
use crate::plans;
use crate::ui::Ui;
use meaning::Meaning;
use name::Name;

const EXAMPLES: &str = "\
A word is hexadecimal, with 0x or eight digits; a name is one of the tool's or of the interface's: a reason, a template, a \
policy, an exit, a status, the kind of an error (it stands in brackets in the message); anything else is assembled. With \
--image, words are sites: addresses with 0x, or functions.

Examples:
  ppcpv explain 0x7d200124
  ppcpv explain 'mtmsr r9' 'wrteei 0' --family e500
  ppcpv explain 'mtspr 272, r3' --format json
  ppcpv explain local_irq_enable --image vmlinux
  ppcpv explain no-end-marker EV_UNIMPLEMENTED no-symbol";

/// Explains instructions, sites and names: what they do, why they trap, what they become, why they are left alone
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Words, instructions in assembly, names; with --image: sites
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// Explain sites of this image
    #[arg(long, value_name = "IMAGE")]
    image: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanArgs,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<Name>,
}

/// Sites of an image, for programs.
#[derive(Serialize)]
struct Sites<'p> {
    schema_version: u32,
    sites: Vec<&'p Site>,
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
    if let Some(image) = &args.image {
        return sites(args, image, ui);
    }
    let (mut words, mut names) = (Vec::new(), Vec::new());
    for text in &args.words {
        let found = Name::find(text);
        if found.is_empty() {
            for word in parse(text)? {
                words.push(explain(word, args)?);
            }
        }
        names.extend(found);
    }
    if ui.is_json() {
        ui.json(&Document {
            schema_version: SCHEMA_VERSION,
            words,
            names,
        })?;
        return Ok(Status::Done);
    }
    names.iter().try_for_each(|name| name.print(ui.out()))?;
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

fn sites(args: &Args, path: &Path, ui: &mut Ui) -> Result<Status, Error> {
    let input = Input::file(path)?;
    let plan = match input.note()? {
        Some(note) => note.plan,
        None => {
            let options = ReadOptions {
                family: args.family,
                ..ReadOptions::default()
            };
            plans::make(&input.parse(&options)?, &input.name, &args.plan, false)?
        }
    };
    let mut sites = Vec::new();
    for text in &args.words {
        sites.extend(site::find(&plan, text, &input.name)?);
    }
    if ui.is_json() {
        ui.json(&Sites {
            schema_version: SCHEMA_VERSION,
            sites,
        })?;
    } else {
        sites
            .iter()
            .try_for_each(|one| site::print(ui.out(), &plan, one))?;
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
    let words = assemble(text).map_err(|error| match Name::near(text) {
        Some(near) => Error::NoName {
            text: text.into(),
            near,
        },
        None => Error::Assembly(error),
    })?;
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
