//! Plans: made for an image, or read from a file.

use std::fs;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use rewriter::build::{self, Options};
use rewriter::elf::{ElfImage, WriteError};
use rewriter::plan::{Plan, Target};

use crate::args::PlanArgs;
use crate::error::Error;
use crate::place::all_ranges;

/// Plans the rewrite of an image, with an entry stub if asked for.
///
/// # Errors
///
/// When a place to leave alone is not in the image, or the stub has no place.
pub fn make(elf: &ElfImage, name: &str, args: &PlanArgs, with_stub: bool) -> Result<Plan, Error> {
    let options = Options {
        features: args.features(),
        templates: args.templates(),
        exclude: all_ranges(&args.exclude, elf.image(), name)?,
        assume_r2: args.assume_r2,
        stub_for: elf.entry().filter(|_| with_stub),
    };
    // The digest takes as long as a good part of the plan: it is made at the same time.
    let (plan, target) = thread::scope(|scope| {
        let target = scope.spawn(|| elf.target());
        let plan = build::plan(elf.image(), Target::default(), &options);
        (plan, target.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    if with_stub && plan.stub.is_none() {
        let why = match elf.entry() {
            Some(_) => "no space within branch reach of the entry point is free",
            None => "the image has no entry point in its code",
        };
        return Err(Error::Rewrite {
            image: name.into(),
            cause: WriteError::Stub { why },
        });
    }
    Ok(Plan { target, ..plan })
}

/// Reads a plan, which must be for this image.
///
/// # Errors
///
/// When the file holds no plan, or a plan for another image.
pub fn read(path: &Path, elf: &ElfImage, name: &str) -> Result<Plan, Error> {
    let text = fs::read_to_string(path).map_err(|cause| Error::Read {
        path: path.into(),
        cause,
    })?;
    let plan = Plan::from_json(&text).map_err(|problem| Error::Plan {
        path: path.into(),
        problem: problem.to_string(),
    })?;
    let found = elf.target();
    if plan.target != found {
        let cause = WriteError::OtherImage {
            planned: plan.target.digest,
            found: found.digest,
        };
        return Err(Error::Rewrite {
            image: name.into(),
            cause,
        });
    }
    Ok(plan)
}
