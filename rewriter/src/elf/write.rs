//! From a [`Plan`] to the bytes that differ.
//!
//! Nothing is moved. The words that the plan names are replaced where they are, after the old ones were compared;
//! a few fields of the ELF header change, and one program header is added if a new segment is needed. Everything
//! else is appended, in this order:
//!
//! ```text
//! original | new segment, or new sections and grown tables of an object | section names | section headers | note
//! ```
//!
//! The note is last because it tells every edit of the original, the place of the section headers included, and
//! no edit depends on the note's size.

mod draft;
mod error;
mod fields;
mod linked;
mod object;

use alloc::vec::Vec;

pub use error::{WriteError, WriteErrorKind};

use self::draft::Draft;
use super::file::{Kind, index};
use super::note::{Edit, NoteKind};
use super::read::ElfImage;
use crate::plan::{Plan, Rewrite};

/// How a file is written.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Where there is no room for another program header, move the table to the end of the file.
    pub relayout: bool,
    /// Code to run before the old entry point.
    pub stub: Option<Stub>,
    /// Leave the image as it is, and append the note.
    pub plan_only: bool,
}

/// Code that runs before the old entry point. It must not depend on the address that it runs at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stub {
    /// Where it goes: within an arena of the plan, or within an area of the image that the plan leaves free.
    pub address: u64,
    /// Its words. The last is replaced by the branch to the old entry point.
    pub words: Vec<u32>,
}

/// What makes a rewritten file of an original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    size: usize,
    edits: Vec<Edit>,
    tail: Vec<u8>,
}

impl Changes {
    /// Every range of the original that differs, in the order of offsets.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The bytes that are appended.
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// Size of the rewritten file in bytes.
    pub fn total(&self) -> usize {
        self.size + self.tail.len()
    }

    /// The rewritten file in pieces, to be written one after the other.
    ///
    /// # Panics
    ///
    /// When `original` is not as long as the file that the changes are for.
    pub fn pieces<'p>(&'p self, original: &'p [u8]) -> impl Iterator<Item = &'p [u8]> {
        assert_eq!(original.len(), self.size, "changes for another file");
        let mut done = 0;
        let pairs = self.edits.iter().flat_map(move |edit| {
            let start = index(edit.offset);
            let kept = &original[done..start];
            done = start + edit.new.len();
            [kept, edit.new.as_slice()]
        });
        let last = self
            .edits
            .last()
            .map_or(0, |edit| index(edit.offset) + edit.new.len());
        pairs.chain([&original[last..], self.tail.as_slice()])
    }

    /// The rewritten file, made in the original's own memory.
    ///
    /// # Panics
    ///
    /// When `original` is not as long as the file that the changes are for.
    pub fn apply(&self, mut original: Vec<u8>) -> Vec<u8> {
        assert_eq!(original.len(), self.size, "changes for another file");
        for edit in &self.edits {
            let start = index(edit.offset);
            original[start..start + edit.new.len()].copy_from_slice(&edit.new);
        }
        original.extend_from_slice(&self.tail);
        original
    }
}

/// What carrying out `plan` changes in the file.
///
/// # Errors
///
/// When the plan is not for this file, or what it asks for has no place in it.
pub fn changes(image: &ElfImage, plan: &Plan, options: &WriteOptions) -> Result<Changes, WriteError> {
    if plan.target.digest != image.digest() || plan.target.size != image.bytes().len() as u64 {
        let (planned, found) = (plan.target.digest.clone(), image.digest().into());
        return Err(WriteError::OtherImage { planned, found });
    }
    let mut draft = Draft::new(image)?;
    if options.plan_only {
        if options.stub.is_some() {
            return Err(WriteError::Stub {
                why: "a plan that is only appended leaves the entry point alone",
            });
        }
        return draft.finish(NoteKind::PlanOnly, plan);
    }
    match image.file.kind {
        Kind::Linked => linked::carry_out(&mut draft, plan, options)?,
        Kind::Object => object::carry_out(&mut draft, plan, options)?,
    }
    draft.finish(NoteKind::Rewritten, plan)
}

/// The rewritten file. Where memory counts, use [`changes`] and [`Changes::pieces`].
///
/// # Errors
///
/// As [`changes`].
pub fn write(image: &ElfImage, plan: &Plan, options: &WriteOptions) -> Result<Vec<u8>, WriteError> {
    let changes = changes(image, plan, options)?;
    let mut bytes = Vec::with_capacity(changes.total());
    for piece in changes.pieces(image.bytes()) {
        bytes.extend_from_slice(piece);
    }
    Ok(bytes)
}

/// Words that go to one place.
#[derive(Clone, Debug)]
struct Block {
    what: &'static str,
    address: u64,
    words: Vec<u32>,
}

impl Block {
    fn end(&self) -> u64 {
        self.address.saturating_add(self.words.len() as u64 * 4)
    }
}

/// The rewritten sites of a plan.
fn rewrites(plan: &Plan) -> impl Iterator<Item = (u64, u32, &Rewrite)> {
    plan.sites
        .iter()
        .filter_map(|site| Some((site.address, site.old, site.rewrite()?)))
}

/// The plan's trampolines in the order of addresses.
fn trampolines(plan: &Plan) -> Vec<Block> {
    let mut trampolines: Vec<_> = rewrites(plan)
        .filter_map(|(.., rewrite)| rewrite.trampoline.as_ref())
        .collect();
    // Sites may share one; two different ones at the same address are found when all blocks are sorted.
    trampolines.sort_unstable_by_key(|trampoline| (trampoline.address, &trampoline.words));
    trampolines.dedup();
    let block = |trampoline: &crate::plan::Trampoline| Block {
        what: "a trampoline",
        address: trampoline.address,
        words: trampoline.words.clone(),
    };
    trampolines.into_iter().map(block).collect()
}

/// Sorts blocks, which must not overlap.
fn sort(blocks: &mut [Block]) -> Result<(), WriteError> {
    blocks.sort_by_key(|block| block.address);
    match blocks.windows(2).find(|pair| pair[0].end() > pair[1].address) {
        Some(pair) => Err(WriteError::Twice {
            address: pair[1].address,
        }),
        None => Ok(()),
    }
}

/// Distance that an I-form branch reaches, each way.
const REACH: i64 = 0x200_0000;
/// `b` to itself.
const B: u32 = 0x4800_0000;

/// The displacement from `from` to `to` as a branch's field, if it reaches.
fn displacement(from: u64, to: u64) -> Result<u32, WriteError> {
    let distance = to.wrapping_sub(from).cast_signed();
    if !(-REACH..REACH).contains(&distance) || distance % 4 != 0 {
        return Err(WriteError::Reach { from, to });
    }
    Ok(super::relocs::low(distance.cast_unsigned()) & 0x03ff_fffc)
}
