//! The plan: what is to be done to an image, as data.
//!
//! A plan names the image by digest, and for every candidate says either what it becomes or why it is left
//! alone. Applying, reverting, verifying, snapshots and reports all read the same plan. As JSON it carries a
//! schema version; addresses, words and digests are strings in hexadecimal.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use magicpage::{Endian, Family, hypercall::PageFeatures, registers::Group};

use crate::analysis::{Ee, MsrCopy};
use crate::image::AreaKind;

/// Version of the plan's JSON; a reader refuses any other.
pub const SCHEMA_VERSION: u32 = 1;

/// What is to be done to one image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Plan {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The image.
    pub target: Target,
    /// Family the code is for.
    pub family: Family,
    /// Byte order of the code.
    pub endian: Endian,
    /// Page features that the host must offer for the plan to be right.
    #[cfg_attr(feature = "serde", serde(with = "json::features"))]
    pub features: PageFeatures,
    /// Where the trampolines are.
    pub arenas: Vec<Arena>,
    /// Code that maps the page and goes on at the old entry, if the image is to be entered there. Absent although
    /// asked for: there is no space for it within reach of the entry.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub stub: Option<Trampoline>,
    /// One entry a candidate, in the order of addresses.
    pub sites: Vec<Site>,
}

/// The image that a plan is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Target {
    /// SHA-256 of the original, 64 lower-case hexadecimal digits; of the executable regions where there is no file.
    pub digest: String,
    /// Size of the original in bytes.
    pub size: u64,
}

/// Space that holds trampolines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Arena {
    /// Where the space comes from.
    pub kind: AreaKind,
    /// First address.
    #[cfg_attr(feature = "serde", serde(with = "json::hex64"))]
    pub address: u64,
    /// Bytes used.
    pub size: u64,
}

/// A candidate and its fate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Site {
    /// Address of the word.
    #[cfg_attr(feature = "serde", serde(with = "json::hex64"))]
    pub address: u64,
    /// Nearest symbol, with the distance from it in bytes, as in `name+0x1c`.
    pub symbol: Option<String>,
    /// The instruction as text.
    pub instruction: String,
    /// The word as it is.
    #[cfg_attr(feature = "serde", serde(with = "json::hex32"))]
    pub old: u32,
    /// What becomes of it.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub outcome: Outcome,
}

/// What becomes of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(untagged)
)]
pub enum Outcome {
    /// It is rewritten.
    Rewritten(Rewrite),
    /// It stays as it is.
    Left(Left),
}

/// A rewritten site.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rewrite {
    /// The word that replaces the old one.
    #[cfg_attr(feature = "serde", serde(with = "json::hex32"))]
    pub new: u32,
    /// Kind of template.
    pub template: TemplateKind,
    /// Name of the shape within its kind, for example `mtmsr-set-ee`.
    pub shape: String,
    /// Resources that were proved dead and are used with no save: `r5`, `cr0`, `ctr`, `lr`.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub dead: Vec<String>,
    /// What a register was proved to hold just before the site, where the template relies on it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub known: Option<Known>,
    /// The code that the new word branches to; sites whose new word is a call may share it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub trampoline: Option<Trampoline>,
    /// Registers that are rewritten together or not at all.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub group: Option<Group>,
    /// The table by which the kernel itself may overwrite the site when it boots.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub self_patched: Option<String>,
}

/// What a register was proved to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Known {
    /// Number of the general register.
    pub register: u8,
    /// In which bits it may differ from the MSR.
    pub differs_in: MsrCopy,
    /// Its EE, compared with the MSR's.
    pub ee: Ee,
}

impl Known {
    /// The same as a sentence, for example "r9 holds the MSR in every bit but EE; its EE is 1."
    pub fn sentence(&self) -> String {
        let copy = match self.differs_in {
            MsrCopy::No => "anything",
            MsrCopy::ButEeRi => "the MSR in every bit but EE and RI",
            MsrCopy::ButEe => "the MSR in every bit but EE",
        };
        let ee = match self.ee {
            Ee::Unknown => "not known",
            Ee::Off => "0",
            Ee::On => "1",
            Ee::Unchanged => "the MSR's",
        };
        alloc::format!("r{} holds {copy}; its EE is {ee}.", self.register)
    }
}

/// Code outside the site.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trampoline {
    /// Address of the first word.
    #[cfg_attr(feature = "serde", serde(with = "json::hex64"))]
    pub address: u64,
    /// The words.
    #[cfg_attr(feature = "serde", serde(with = "json::words"))]
    pub words: Vec<u32>,
}

/// A site that is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Left {
    /// Why.
    pub reason: Reason,
    /// What exactly, where the reason alone does not tell.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub detail: Option<String>,
}

/// Kinds of templates, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum TemplateKind {
    /// One load, store or nop in place.
    Direct,
    /// One instruction in place, right because of the instructions before it.
    Idiom,
    /// A trampoline that uses only what is dead at the site: no critical section.
    FreeRegister,
    /// A trampoline that saves what it uses in the page, inside a critical section.
    CriticalSection,
}

impl TemplateKind {
    /// Every kind, cheapest first.
    pub const ALL: [Self; 4] = [
        Self::Direct,
        Self::Idiom,
        Self::FreeRegister,
        Self::CriticalSection,
    ];

    /// The kind's name on command lines and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Idiom => "idiom",
            Self::FreeRegister => "free-register",
            Self::CriticalSection => "critical-section",
        }
    }
}

/// Rows `Name "name" "sentence"`: why a site is left alone.
macro_rules! reasons {
    ($($name:ident $text:literal $why:literal;)*) => {
        /// Why a site is left alone.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum Reason { $(#[doc = $why] #[cfg_attr(feature = "serde", serde(rename = $text))] $name),* }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The reason's name in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The reason as a sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $why),* }
            }
        }
    };
}

reasons! {
    Data "data" "Control is not known to reach the word: no path leads to it from a function's start, an entry or a vector.";
    Unreferenced "unreferenced" "Nothing in the image refers to the code that the word is in: it is not known to be code, and cannot run.";
    Relocated "relocated" "A relocation completes the word when the image is loaded.";
    OverwrittenAtBoot "overwritten-at-boot" "The kernel overwrites the site when it boots.";
    Copied "copied-at-boot" "The kernel copies the code elsewhere when it boots, and a branch to a trampoline would come back to the wrong place.";
    Pinned "pinned" "The kernel compares interrupted addresses with the range the site is in, so that its code must not run elsewhere.";
    FeatureAbsent "feature-absent" "The host is not said to offer the page feature that the register needs.";
    SprgGroup "sprg-group" "SPRG3 to SPRG7 are rewritten all or none, and one of the others cannot be.";
    NotAllowed "template-not-allowed" "Only templates that the options exclude would do.";
    NoEndMarker "no-end-marker" "The trampoline needs a critical section, and no register is known to differ from r1 at its end.";
    NoRoom "no-room" "No space for a trampoline within branch reach (32 MiB there and back).";
    Reserved "reserved" "The address is excluded from rewriting.";
}

impl Site {
    /// The rewrite, if the site is rewritten.
    pub fn rewrite(&self) -> Option<&Rewrite> {
        match &self.outcome {
            Outcome::Rewritten(rewrite) => Some(rewrite),
            Outcome::Left(_) => None,
        }
    }

    /// The first word of the instruction's text.
    pub fn mnemonic(&self) -> &str {
        self.instruction
            .split_ascii_whitespace()
            .next()
            .unwrap_or_default()
    }
}

/// Sums over a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Totals {
    /// Sites.
    pub candidates: usize,
    /// Sites that are rewritten.
    pub rewritten: usize,
    /// Sites that are left alone, by the reason's name.
    pub left: BTreeMap<&'static str, usize>,
    /// Candidates by mnemonic.
    pub by_instruction: BTreeMap<String, usize>,
    /// Rewritten sites by the name of the template's kind.
    pub by_template: BTreeMap<&'static str, usize>,
    /// Rewritten sites by shape.
    pub by_shape: BTreeMap<String, usize>,
    /// Rewritten sites that need no critical section.
    pub no_critical_section: usize,
    /// The same for the sites that write the MSR.
    pub msr_writes: MsrWrites,
    /// Bytes of trampolines.
    pub arena_bytes: u64,
}

/// Sums over the sites that write the MSR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MsrWrites {
    /// Sites.
    pub candidates: usize,
    /// Sites that are rewritten.
    pub rewritten: usize,
    /// Rewritten sites that need no critical section.
    pub no_critical_section: usize,
}

/// Mnemonics of the instructions that write the MSR.
pub const MSR_WRITES: [&str; 4] = ["mtmsr", "mtmsrd", "wrtee", "wrteei"];

impl Plan {
    /// Every trampoline once, in the order of addresses, with the number of sites that use it.
    pub fn trampolines(&self) -> BTreeMap<u64, (&Trampoline, usize)> {
        let mut trampolines = BTreeMap::new();
        for trampoline in self
            .sites
            .iter()
            .filter_map(|site| site.rewrite()?.trampoline.as_ref())
        {
            trampolines.entry(trampoline.address).or_insert((trampoline, 0)).1 += 1;
        }
        trampolines
    }

    /// The plan's sums.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            candidates: self.sites.len(),
            ..Totals::default()
        };
        for site in &self.sites {
            totals.add(site);
        }
        totals.arena_bytes = self
            .arenas
            .iter()
            .fold(0, |sum, arena| sum.saturating_add(arena.size));
        totals
    }
}

impl Totals {
    fn add(&mut self, site: &Site) {
        let writes_msr = usize::from(MSR_WRITES.contains(&site.mnemonic()));
        self.msr_writes.candidates += writes_msr;
        *self.by_instruction.entry(site.mnemonic().into()).or_default() += 1;
        match &site.outcome {
            Outcome::Left(left) => *self.left.entry(left.reason.name()).or_default() += 1,
            Outcome::Rewritten(rewrite) => {
                self.rewritten += 1;
                self.msr_writes.rewritten += writes_msr;
                *self.by_template.entry(rewrite.template.name()).or_default() += 1;
                *self.by_shape.entry(rewrite.shape.clone()).or_default() += 1;
                if rewrite.template != TemplateKind::CriticalSection {
                    self.no_critical_section += 1;
                    self.msr_writes.no_critical_section += writes_msr;
                }
            }
        }
    }
}

#[cfg(feature = "serde")]
mod json;

#[cfg(feature = "serde")]
pub use json::PlanError;
