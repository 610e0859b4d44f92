//! Paravirtualisation: the magic page, and what the kernel's privileged instructions become with it.
//!
//! | `pv=` | what is done |
//! |---|---|
//! | `off` | nothing: every privileged instruction traps |
//! | `linux` | the page is mapped, and each word that looks like an instruction is replaced as Linux does: [`linux`] |
//! | `ours` | the page is mapped, and the project's rewriter decides: [`ours`] |
//!
//! Without a host that offers the page, nothing is done in any case.

use alloc::vec::Vec;

use magicpage::hypercall::{Features, Hypercall, MapFlags, PageFeatures};
use rewriter::apply::Change;

use crate::commandline::CommandLine;
use crate::console::report;
use crate::devicetree::Tree;
use crate::idle::{self, Way};
use crate::privileged::time;
use crate::{hypercall, text};

pub mod linux;
mod live;
pub use live::address;
pub mod ours;

/// The family that the image is built for.
pub const FAMILY: magicpage::Family = if cfg!(e500) {
    magicpage::Family::E500
} else {
    magicpage::Family::Book3s32
};

/// The address of the page, effective and real.
pub const PAGE: u32 = magicpage::PAGE_ADDRESS as u32;

/// Which sites become something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// None.
    Off,
    /// Those that Linux replaces.
    Linux,
    /// Those that the rewriter proves.
    Ours,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Pv {
    /// Whether the page is there.
    pub has_page: bool,
    /// Every word that was changed, trampolines included.
    pub changes: Vec<Change>,
    /// A checksum of the text before anything was changed.
    pub before: u32,
}

/// What became of the sites.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Sites that were found.
    pub sites: u32,
    /// Of these, those that stay.
    pub left: u32,
    /// Bytes of trampolines.
    pub trampoline_bytes: usize,
    /// The words that were changed.
    pub changes: Vec<Change>,
}

/// Does what the command line wants.
///
/// # Panics
///
/// When the command line names no mode, or a rewrite fails.
pub fn start(tree: &Tree, command_line: &CommandLine) -> Pv {
    let before = text::words().fold(text::SUM, |sum, address| text::add(sum, text::read(address)));
    let hypervisor = tree.hypervisor();
    if let Some(hypervisor) = &hypervisor {
        hypercall::install(&hypervisor.instructions);
    }
    let sleeps = hypervisor.as_ref().is_some_and(|hypervisor| hypervisor.has_idle);
    idle::set(if sleeps { Way::Hypercall } else { Way::Power });
    let mode = match command_line.value("pv") {
        Some("off") => Mode::Off,
        Some("linux") => Mode::Linux,
        Some("ours") | None => Mode::Ours,
        Some(other) => panic!("pv={other} is none of off, linux and ours"),
    };
    let features = hypervisor.filter(|_| mode != Mode::Off).and_then(|_| map());
    let started = time();
    let outcome = match (features, mode) {
        (None, _) | (_, Mode::Off) => Outcome::default(),
        (Some(features), Mode::Linux) => linux::rewrite(features),
        (Some(features), Mode::Ours) => ours::rewrite(features, command_line),
    };
    report!(
        "pv",
        match (features, mode) {
            (None, _) | (_, Mode::Off) => "off",
            (_, Mode::Linux) => "linux",
            (_, Mode::Ours) => "ours",
        }
    );
    report!("sites", outcome.sites - outcome.left);
    report!("left", outcome.left);
    report!("trampoline_bytes", outcome.trampoline_bytes);
    report!("rewrite_ticks", time().wrapping_sub(started));
    Pv {
        has_page: features.is_some(),
        changes: outcome.changes,
        before,
    }
}

/// Asks the host for the page. Answers with the fields that it keeps.
fn map() -> Option<PageFeatures> {
    let (status, features) = hypercall::call(Hypercall::Features, 0, 0);
    if status != 0 || !Features::from_bits_retain(features).contains(Features::MAGIC_PAGE) {
        return None;
    }
    let flags = MapFlags::NOT_MAPPED_NX.bits();
    let (status, features) = hypercall::call(Hypercall::MapMagicPage, PAGE, PAGE | flags);
    (status == 0).then(|| PageFeatures::from_bits_retain(features) & PageFeatures::LINUX)
}
