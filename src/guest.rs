//! Guests that are to run: read, rewritten if asked for, and what is said of them afterwards.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use board::Model as BoardModel;
use kvm_ppc::interrupt::{Interrupt, row};
use kvm_ppc::model::Model;
use magicpage::{Endian, Family};
use ppcpv::run::image::Image;
use ppcpv::run::report::Report;
use ppcpv::run::trace::Tracer;
use rewriter::elf::{self, ElfImage, ReadOptions, Stub, WriteOptions};
use rewriter::plan::Plan;
use serde::Serialize;

use crate::args::PlanArgs;
use crate::commands::run::Start;
use crate::error::Error;
use crate::input::Input;
use crate::output::Output;
use crate::plans;
use crate::ui::Ui;

/// An image in memory, and what is known of it.
pub struct Loaded {
    /// The name to show.
    pub name: String,
    /// The image.
    pub image: Image,
    /// The family it is for.
    pub family: Family,
    /// Its byte order.
    pub endian: Endian,
    /// What rewriting it did, if it was asked for.
    pub rewritten: Option<Rewritten>,
    /// Physical addresses that the kernel does not know to be in use.
    pub reserved: Vec<Range<u64>>,
}

/// What was rewritten.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rewritten {
    /// Sites that could have been.
    pub candidates: usize,
    /// Sites that were.
    pub rewritten: usize,
    /// Of those, how many have no critical section.
    pub no_critical_section: usize,
}

/// The result, for programs.
#[derive(Serialize)]
pub struct Document<'d> {
    /// The image's file.
    pub image: Option<String>,
    /// What was rewritten, if anything was to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewritten: Option<&'d Rewritten>,
    /// What the guest printed in this run.
    pub console: &'d str,
    /// Everything else.
    #[serde(flatten)]
    pub report: &'d Report,
}

/// Reads a file.
///
/// # Errors
///
/// When that fails.
pub fn file(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|cause| Error::Read {
        path: path.into(),
        cause,
    })
}

/// A number, in hexadecimal after 0x, or in decimal with K, M or G behind it.
///
/// # Errors
///
/// When the text is no such number.
pub fn number(text: &str) -> Result<u64, String> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).map_err(|error| error.to_string());
    }
    let units = [("K", 10), ("M", 20), ("G", 30)];
    let unit = units
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)));
    let (digits, shift) = unit.unwrap_or((text, 0));
    let number: u64 = digits
        .parse()
        .map_err(|error: std::num::ParseIntError| error.to_string())?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "the number is too large".into())
}

/// Reads an image and rewrites it if asked for.
///
/// # Errors
///
/// When it is no image that can run.
pub fn load(path: &Path, start: &Start, plan: &PlanArgs) -> Result<Loaded, Error> {
    let input = Input::file(path)?;
    if let (Some(address), Some(family)) = (start.address, start.family) {
        return Ok(Loaded {
            name: input.name,
            image: Image::flat(input.bytes, address),
            family,
            endian: start.endian.unwrap_or(Endian::Big),
            rewritten: None,
            reserved: Vec::new(),
        });
    }
    let noted = if start.rewrite {
        None
    } else {
        input.note()?.map(|note| note.plan.family)
    };
    let options = ReadOptions {
        family: start.family.or(noted),
        endian: None,
        use_area: start.arena.clone(),
        accept_rewritten: !start.rewrite,
    };
    let elf = input.parse(&options)?;
    let (image, endian) = parse(&input.name, &input.bytes)?;
    let mut loaded = Loaded {
        name: input.name.clone(),
        image,
        family: elf.image().family,
        endian,
        rewritten: None,
        reserved: Vec::new(),
    };
    if start.rewrite {
        loaded.carry_out(&plans::make(&elf, &input.name, plan, true)?)?;
    }
    Ok(loaded)
}

impl Loaded {
    /// Carries out a plan for the image, in memory.
    fn carry_out(&mut self, plan: &Plan) -> Result<(), Error> {
        let original = self.image.names();
        self.image.rewrite(plan).map_err(|cause| Error::Load {
            image: self.name.clone(),
            cause,
        })?;
        let totals = plan.totals();
        self.rewritten = Some(Rewritten {
            candidates: totals.candidates,
            rewritten: totals.rewritten,
            no_critical_section: totals.no_critical_section,
        });
        self.reserved = added(&original, &self.image);
        Ok(())
    }
}

/// The names in an image.
///
/// # Errors
///
/// When it is no image.
pub fn names(path: &Path) -> Result<Image, Error> {
    let input = Input::file(path)?;
    Ok(parse(&input.name, &input.bytes)?.0.names())
}

/// Reads the bytes of an ELF executable as an image to load.
///
/// # Errors
///
/// When it is none.
pub fn parse(name: &str, bytes: &[u8]) -> Result<(Image, Endian), Error> {
    Image::parse(bytes).map_err(|cause| Error::Load {
        image: name.into(),
        cause,
    })
}

/// The bytes of an image as a plan changes it, with the plan's stub.
///
/// # Errors
///
/// When the plan cannot be carried out.
pub fn rewrite(elf: &ElfImage<'_>, name: &str, plan: &Plan) -> Result<Vec<u8>, Error> {
    let stub = plan.stub.as_ref().map(|stub| Stub {
        address: stub.address,
        words: stub.words.clone(),
    });
    let options = WriteOptions {
        relayout: true,
        stub,
        plan_only: false,
    };
    elf::write(elf, plan, &options).map_err(|cause| Error::Rewrite {
        image: name.into(),
        cause,
    })
}

/// The segments that the rewritten image has and the original has not: a kernel takes their memory as free.
fn added(original: &Image, rewritten: &Image) -> Vec<Range<u64>> {
    let known = |range: &Range<u64>| {
        let mut segments = original.segments.iter().map(|segment| segment.range());
        segments.any(|old| old.start <= range.start && range.end <= old.end)
    };
    rewritten
        .segments
        .iter()
        .map(|segment| segment.range())
        .filter(|range| !known(range))
        .collect()
}

/// What a guest of a family runs on unless told otherwise.
pub struct Defaults {
    /// Its processor.
    pub model: &'static Model,
    /// Its board.
    pub board: BoardModel,
    /// Bytes of memory.
    pub memory: u64,
}

impl Defaults {
    /// Those of a family.
    pub fn of(family: Family) -> Self {
        let board = match family {
            Family::Book3s32 => BoardModel::GameCube,
            Family::Book3s64 | Family::E500 => BoardModel::Plain,
        };
        Self {
            model: Model::of_family(family),
            board,
            memory: memory(board),
        }
    }
}

/// Bytes of memory that a board has unless told otherwise.
pub const fn memory(board: BoardModel) -> u64 {
    match board {
        BoardModel::GameCube => board::flipper::RAM_BYTES,
        BoardModel::Plain => 64 << 20,
    }
}

/// The processor that was asked for, or the one that stands for the family.
///
/// # Errors
///
/// When the one that was asked for is of another family.
pub fn model(start: &Start, family: Family) -> Result<&'static Model, Error> {
    match start.model {
        Some(model) if model.family != family => Err(Error::Usage(format!(
            "a {} is of family {}, and the image is for {family}: give another --model",
            model.name, model.family
        ))),
        Some(model) => Ok(model),
        None => Ok(Model::of_family(family)),
    }
}

/// Whether a console shows what was expected, if anything was; says so if it does not.
///
/// # Errors
///
/// When nobody listens.
pub fn is_shown(expected: Option<&str>, console: &str, ui: &mut Ui) -> Result<bool, Error> {
    let Some(text) = expected.filter(|text| !console.contains(text)) else {
        return Ok(true);
    };
    if !ui.is_json() && !ui.is_quiet() {
        writeln!(ui.aside(), "the console has not shown {text:?}")?;
    }
    Ok(false)
}

/// Checks that a processor has the interrupts that are to be raised.
///
/// # Errors
///
/// When it has not.
pub fn check_interrupts(model: &Model, interrupts: &[Interrupt]) -> Result<(), Error> {
    let lacking = interrupts.iter().find(|kind| row(model.family, **kind).is_none());
    lacking.map_or(Ok(()), |kind| {
        Err(Error::Usage(format!(
            "a {} has no {} interrupt: give another --inject-kind",
            model.name,
            kind.name()
        )))
    })
}

/// A trace to a file, or to standard error for `-`.
///
/// # Errors
///
/// When the file exists and is not to be replaced, or cannot be written.
pub fn tracer(path: &Path, replace: bool, names: &Image) -> Result<Tracer, Error> {
    let out: Box<dyn Write + Send> = if path == Path::new("-") {
        Box::new(BufWriter::new(io::stderr()))
    } else {
        Output::new(path, replace)?;
        let file = File::create(path).map_err(|cause| Error::Write {
            path: path.into(),
            cause,
        })?;
        Box::new(BufWriter::new(file))
    };
    Ok(Tracer::new(out, names))
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_units() {
        assert_eq!(number("24M"), Ok(24 << 20));
        assert_eq!(number("0x1000"), Ok(4096));
        assert_eq!(number("7"), Ok(7));
        assert!(number("M").is_err() && number("24m").is_err() && number("99999999999G").is_err());
    }
}
