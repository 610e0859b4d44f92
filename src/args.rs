//! Arguments that several subcommands share.

use std::path::PathBuf;

use board::Model as BoardModel;
use clap::builder::{PossibleValuesParser, TypedValueParser, ValueParser};
use kvm_ppc::deferral::POLICIES;
use kvm_ppc::interrupt::Interrupt;
use kvm_ppc::model::MODELS;
use magicpage::hypercall::PageFeatures;
use magicpage::{Endian, Family};
use rewriter::elf::ReadOptions;
use rewriter::plan::{Reason, TemplateKind};
use rewriter::template::Allowed;

use crate::place::Place;

/// The image, and what it does not say of itself.
#[derive(clap::Args)]
pub struct ImageArgs {
    /// Kernel (vmlinux) or module: a PowerPC ELF file
    #[arg(required_unless_present = "demo", conflicts_with = "demo")]
    pub image: Option<PathBuf>,
    /// Use a small kernel that is made on the spot instead of IMAGE
    #[arg(long)]
    pub demo: bool,
    /// Processor family, where the image does not show it
    #[arg(long, value_parser = families())]
    pub family: Option<Family>,
    /// Byte order; an error when the image has another
    #[arg(long, value_parser = named([("big", Endian::Big), ("little", Endian::Little)].to_vec()))]
    pub endian: Option<Endian>,
    /// Put trampolines into the zero bytes of this symbol first (into Linux's kvm_tmp they go unasked)
    #[arg(long, value_name = "SYMBOL")]
    pub arena: Option<String>,
}

/// What may be done to the image.
#[derive(clap::Args)]
pub struct PlanArgs {
    /// Page features that the host offers, or `none`
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = features(), default_value = "sr,mas0-to-sprg7")]
    features: Vec<PageFeatures>,
    /// Kinds of templates that may be used
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = templates(),
          default_value = "direct,idiom,free-register,critical-section")]
    templates: Vec<TemplateKind>,
    /// Leave alone: an address, a function, or a range FIRST-END; may be repeated
    #[arg(long, value_name = "PLACE")]
    pub exclude: Vec<Place>,
    /// Vouch that r2 differs from r1 wherever code runs, in assembly too: more sites can have critical sections
    #[arg(long)]
    pub assume_r2: bool,
}

impl ImageArgs {
    /// How the image is to be read.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            family: self.family,
            endian: self.endian,
            use_area: self.arena.clone(),
            accept_rewritten: false,
        }
    }
}

impl PlanArgs {
    /// All features of the list.
    pub fn features(&self) -> PageFeatures {
        self.features.iter().copied().collect()
    }

    /// All kinds of the list.
    pub fn templates(&self) -> Allowed {
        Allowed::only(&self.templates)
    }
}

/// Parses one of a list of names.
pub fn named<T: Clone + Send + Sync + 'static>(names: Vec<(&'static str, T)>) -> ValueParser {
    let possible = PossibleValuesParser::new(names.iter().map(|(name, _)| *name));
    let value = move |given: String| {
        let found = names.iter().find(|(name, _)| *name == given);
        found.map(|(_, value)| value.clone()).ok_or("no such name")
    };
    ValueParser::new(possible.try_map(value))
}

/// Parses a family.
pub fn families() -> ValueParser {
    named(Family::ALL.map(|family| (family.name(), family)).to_vec())
}

/// Parses a policy of the host.
pub fn policies() -> ValueParser {
    named(POLICIES.iter().map(|policy| (policy.name(), *policy)).collect())
}

/// Parses a processor.
pub fn models() -> ValueParser {
    named(MODELS.iter().map(|model| (model.name, model)).collect())
}

/// Parses a board.
pub fn boards() -> ValueParser {
    named(vec![
        ("gamecube", BoardModel::GameCube),
        ("plain", BoardModel::Plain),
    ])
}

/// Parses an interrupt, one of several with commas between them.
pub fn interrupts() -> ValueParser {
    named(
        Interrupt::WAITING
            .map(|interrupt| (interrupt.name(), interrupt))
            .to_vec(),
    )
}

/// Parses a family that QEMU emulates a processor of.
pub fn machines() -> ValueParser {
    let machines = qemu::machine::MACHINES.iter();
    named(
        machines
            .map(|machine| (machine.family.name(), machine.family))
            .collect(),
    )
}

/// Parses a reason.
pub fn reasons() -> ValueParser {
    named(
        Reason::ALL
            .iter()
            .map(|reason| (reason.name(), *reason))
            .collect(),
    )
}

fn features() -> ValueParser {
    let mut names = PageFeatures::NAMES.to_vec();
    names.push(("none", PageFeatures::empty()));
    named(names)
}

fn templates() -> ValueParser {
    named(TemplateKind::ALL.map(|kind| (kind.name(), kind)).to_vec())
}
