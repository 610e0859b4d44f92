//! Results as JSON documents.
//!
//! Addresses and words are strings in hexadecimal; sizes and counts are numbers. A field that has nothing to say is
//! absent. The form changes only together with [`SCHEMA_VERSION`].

use rewriter::elf::{ElfImage, NoteKind};
use rewriter::image::{Area, AreaKind, Region};
use rewriter::plan::{Arena, Plan, Reason, Site, Totals};
use rewriter::verify::{ExecutedShape, Finding, Report};
use serde::{Serialize, Serializer};

/// Version of every document's form.
pub const SCHEMA_VERSION: u32 = 1;

/// An address.
#[derive(Clone, Copy)]
pub struct Hex(pub u64);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#010x}", self.0))
    }
}

/// What was done to an image before it was read.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing.
    Original,
    /// It was rewritten.
    Rewritten,
    /// A plan was appended.
    PlanOnly,
}

impl From<Option<NoteKind>> for State {
    fn from(kind: Option<NoteKind>) -> Self {
        match kind {
            None => Self::Original,
            Some(NoteKind::Rewritten) => Self::Rewritten,
            Some(NoteKind::PlanOnly) => Self::PlanOnly,
        }
    }
}

impl State {
    /// The state in words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Original => "not rewritten",
            Self::Rewritten => "rewritten",
            Self::PlanOnly => "not rewritten; carries a plan",
        }
    }
}

/// An image.
#[derive(Serialize)]
pub struct ImageDocument<'i> {
    path: &'i str,
    state: State,
    size: u64,
    digest: &'i str,
    class: u8,
    kind: &'static str,
    family: &'static str,
    endian: magicpage::Endian,
    linux: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Hex>,
    regions: Vec<RegionDocument<'i>>,
    areas: Vec<AreaDocument>,
}

#[derive(Serialize)]
struct RegionDocument<'i> {
    section: &'i str,
    address: Hex,
    size: usize,
}

#[derive(Serialize)]
struct AreaDocument {
    kind: AreaKind,
    address: Hex,
    size: u64,
}

impl<'i> ImageDocument<'i> {
    /// Describes an image.
    pub fn new(path: &'i str, elf: &'i ElfImage, state: State) -> Self {
        let image = elf.image();
        let region = |region: &Region<'i>| RegionDocument {
            section: region.section,
            address: Hex(region.address),
            size: region.bytes.len(),
        };
        let area = |area: &Area| AreaDocument {
            kind: area.kind,
            address: Hex(area.range.start),
            size: area.range.end - area.range.start,
        };
        Self {
            path,
            state,
            size: elf.bytes().len() as u64,
            digest: elf.digest(),
            class: 8 * image.family.word_size().bytes(),
            kind: if elf.is_object() { "object" } else { "linked" },
            family: image.family.name(),
            endian: image.endian,
            linux: elf.is_linux(),
            entry: elf.entry().map(Hex),
            regions: image.regions.iter().map(region).collect(),
            areas: image.areas.iter().map(area).collect(),
        }
    }
}

/// A plan, with the image it is for and what was done with it.
#[derive(Serialize)]
pub struct PlanDocument<'i> {
    schema_version: u32,
    image: ImageDocument<'i>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<VerifiedDocument<'i>>,
    features: String,
    totals: Totals,
    arenas: &'i [Arena],
    sites: Vec<&'i Site>,
}

impl<'i> PlanDocument<'i> {
    /// Describes a plan; with a reason, only the sites that are left for that reason.
    pub fn new(image: ImageDocument<'i>, plan: &'i Plan, only: Option<Reason>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            image,
            output: None,
            verified: None,
            features: plan.features.to_string(),
            totals: plan.totals(),
            arenas: &plan.arenas,
            sites: plan.sites.iter().filter(|site| is_asked(site, only)).collect(),
        }
    }

    /// The same, verified.
    pub fn verified(mut self, verified: VerifiedDocument<'i>) -> Self {
        self.verified = Some(verified);
        self
    }

    /// The same, written to a file.
    pub fn written(mut self, output: Option<String>) -> Self {
        self.output = output;
        self
    }
}

/// Whether a site is wanted: with a reason, only those that are left for that reason.
pub fn is_asked(site: &Site, only: Option<Reason>) -> bool {
    use rewriter::plan::Outcome;
    only.is_none_or(|only| matches!(&site.outcome, Outcome::Left(left) if left.reason == only))
}

/// What verification found.
#[derive(Serialize)]
pub struct VerifiedDocument<'i> {
    executions: u64,
    findings: Vec<FindingDocument<'i>>,
    shapes: &'i [ExecutedShape],
}

/// A finding.
#[derive(Serialize)]
struct FindingDocument<'i> {
    address: Hex,
    symbol: Option<String>,
    problem: &'i str,
}

impl<'i> VerifiedDocument<'i> {
    /// Describes a report, with further findings.
    pub fn new(elf: &ElfImage, report: &'i Report) -> Self {
        let finding = |finding: &'i Finding| FindingDocument {
            address: Hex(finding.address),
            symbol: rewriter::build::symbol(elf.image(), finding.address),
            problem: &finding.problem,
        };
        Self {
            executions: report.executions,
            findings: report.findings.iter().map(finding).collect(),
            shapes: &report.shapes,
        }
    }
}
