//! `ppcpv verify`: whether a rewritten image is what its plan says, and its plan right.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use cpu::{Flow, decode};
use object::{Object, ObjectSegment};
use rewriter::elf::{ElfImage, Note, NoteKind, ReadOptions};
use rewriter::image::{AreaKind, Image};
use rewriter::plan::Plan;
use rewriter::verify::{Finding, Report};
use serde::Serialize;

use super::rewrite::{EffortArgs, verified};
use crate::cli::Status;
use crate::document::{ImageDocument, SCHEMA_VERSION, State, VerifiedDocument};
use crate::error::Error;
use crate::input::Input;
use crate::moved::Moved;
use crate::ui::Ui;
use crate::{proofs, tables};

const EXAMPLES: &str = "\
The original is taken from the rewritten image and must have the digest noted there. The words in the file must be \
those of the plan, and what the plan takes for proved is proved again. Then every rewritten site is executed beside the \
instruction that it replaces.

Examples:
  ppcpv verify vmlinux.pv
  ppcpv verify vmlinux.pv --original vmlinux --states 1000 --seed 7";

/// Checks a rewritten image: the original in it, its words, and what they do
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The rewritten image
    image: PathBuf,
    /// The original, to compare with what is reverted
    #[arg(long, value_name = "FILE")]
    original: Option<PathBuf>,
    /// Accept that the image was rewritten with this option, which vouches that r2 differs from r1 everywhere
    #[arg(long)]
    assume_r2: bool,
    #[command(flatten)]
    effort: EffortArgs,
}

#[derive(Serialize)]
struct Document<'d> {
    schema_version: u32,
    image: ImageDocument<'d>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_is_equal: Option<bool>,
    verified: VerifiedDocument<'d>,
}

/// Runs the subcommand.
///
/// # Errors
///
/// When the image was not rewritten or cannot be reverted, or a file cannot be read.
pub fn run(args: &Args, ui: &mut Ui) -> Result<Status, Error> {
    let input = Input::file(&args.image)?;
    let Some(note) = input.note()? else {
        return input.revert().map(|_| Status::Done);
    };
    let options = ReadOptions {
        family: Some(note.plan.family),
        accept_rewritten: true,
        ..ReadOptions::default()
    };
    let original = input.original()?;
    let elf = parse_original(&original, &note.plan)?;
    let mut findings = words(&input, &elf, &input.parse(&options)?, &note);
    let is_equal = match &args.original {
        Some(path) => Some(same(path, &original.bytes)?),
        None => None,
    };
    let mut report = verified(&elf, &note.plan, args.effort, ui);
    findings.extend(proofs::check(&elf, &note.plan, args.assume_r2));
    findings.append(&mut report.findings);
    report.findings = findings;
    show(ui, &original.name, &elf, &note, &report, is_equal)?;
    let clean = report.findings.is_empty() && is_equal != Some(false);
    Ok(if clean { Status::Done } else { Status::Findings })
}

fn same(path: &PathBuf, bytes: &[u8]) -> Result<bool, Error> {
    let original = fs::read(path).map_err(|cause| Error::Read {
        path: path.clone(),
        cause,
    })?;
    Ok(original == bytes)
}

/// Reads the original as it was read when the plan was made: with the area that was asked for then, if one was.
fn parse_original<'o>(original: &'o Input, plan: &Plan) -> Result<ElfImage<'o>, Error> {
    let options = ReadOptions {
        family: Some(plan.family),
        endian: Some(plan.endian),
        ..ReadOptions::default()
    };
    let elf = original.parse(&options)?;
    let asked = plan.arenas.iter().find(|arena| arena.kind == AreaKind::Asked);
    let area = asked.and_then(|arena| elf.image().symbol(arena.address));
    match area {
        Some(area) => original.parse(&ReadOptions {
            use_area: Some(area.name.into()),
            ..options
        }),
        None => Ok(elf),
    }
}

/// Words of the file that are not those of the plan.
fn words(input: &Input, old: &ElfImage, new: &ElfImage, note: &Note) -> Vec<Finding> {
    let (applied, image) = (note.kind == NoteKind::Rewritten, new.image());
    let moved = Moved::new(old, new, Some(&note.plan).filter(|_| applied));
    let loaded = Loaded::new(input);
    let mut findings = Vec::new();
    let mut check = |address: u64, expected: u32| {
        let found = match old.is_object() {
            true => moved
                .to_new(address)
                .and_then(|to| object_word(image, &moved, to, address, expected)),
            false => loaded.word(image, address),
        };
        findings.extend(difference(address, found, expected));
    };
    for site in &note.plan.sites {
        check(
            site.address,
            site.rewrite()
                .filter(|_| applied)
                .map_or(site.old, |rewrite| rewrite.new),
        );
    }
    let trampolines = note
        .plan
        .trampolines()
        .into_values()
        .map(|(trampoline, _)| trampoline);
    for trampoline in trampolines.chain(&note.plan.stub).filter(|_| applied) {
        for (index, expected) in trampoline.words.iter().enumerate() {
            check(trampoline.address.saturating_add(4 * index as u64), *expected);
        }
    }
    findings
}

fn difference(address: u64, found: Option<u32>, expected: u32) -> Option<Finding> {
    let problem = match found {
        Some(found) if found == expected => return None,
        Some(found) => format!("the file has {found:#010x}, the plan says {expected:#010x}"),
        None => "the file has no word there".into(),
    };
    Some(Finding { address, problem })
}

/// What a loader reads, by another reader than the rewriter's; nothing, if that cannot read the file.
struct Loaded<'i>(Option<object::File<'i>>);

impl<'i> Loaded<'i> {
    fn new(input: &'i Input) -> Self {
        Self(object::File::parse(input.bytes.as_slice()).ok())
    }

    fn word(&self, image: &Image, address: u64) -> Option<u32> {
        let mut segments = self.0.as_ref()?.segments();
        let bytes = segments.find_map(|segment| segment.data_range(address, 4).ok().flatten())?;
        Some(image.endian.read_u32(bytes.try_into().ok()?))
    }
}

/// The word of a relocatable object, as it is when the branch that a relocation makes of it is in place.
fn object_word(image: &Image, moved: &Moved, to: u64, address: u64, expected: u32) -> Option<u32> {
    const TARGET: u32 = 0x03ff_fffc;
    let found = image.word(to)?;
    let Flow::Branch { target, .. } = decode(expected, image.family).flow(address) else {
        return Some(found);
    };
    let relocated = image.relocation(to).and_then(|word| word.target);
    let completes =
        relocated.is_some() && relocated == moved.to_new(target) && (found ^ expected) & !TARGET == 0;
    Some(if completes { expected } else { found })
}

fn show(
    ui: &mut Ui,
    name: &str,
    elf: &ElfImage,
    note: &Note,
    report: &Report,
    is_equal: Option<bool>,
) -> Result<(), Error> {
    if ui.is_json() {
        let image = ImageDocument::new(name, elf, State::from(Some(note.kind)));
        let verified = VerifiedDocument::new(elf, report);
        return ui.json(&Document {
            schema_version: SCHEMA_VERSION,
            image,
            original_is_equal: is_equal,
            verified,
        });
    }
    tables::findings(ui, elf, &report.findings)?;
    if is_equal == Some(false) {
        writeln!(
            ui.out(),
            "finding: the reverted image is not the original that was given"
        )?;
    }
    if ui.is_quiet() {
        return Ok(());
    }
    let sites = note.plan.totals().rewritten;
    writeln!(ui.out(), "{name}: {}", State::from(Some(note.kind)).text())?;
    writeln!(ui.out(), "  original   sha256 {}, as noted", note.original_digest)?;
    writeln!(
        ui.out(),
        "  executed   {sites} sites, {} executions",
        report.executions
    )?;
    writeln!(
        ui.out(),
        "  findings   {}",
        report.findings.len() + usize::from(is_equal == Some(false))
    )?;
    if ui.is_verbose() {
        tables::executed(ui.out(), &note.plan, &report.shapes)?;
    }
    Ok(())
}
