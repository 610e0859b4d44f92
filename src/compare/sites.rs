//! Linux's patching and ours, site by site.
//!
//! Both look at every word of the text. Where they differ there is a reason, and each difference has a [`Verdict`] that
//! says which. What has none is [unexplained](Sites::unexplained), and so a mistake of one of the two.

use std::collections::BTreeMap;
use std::ops::Range;

use rewriter::classify::{Operation, classify};
use rewriter::image::Image;
use rewriter::plan::{Outcome, Plan, Site};
use serde::Serialize;

use super::change::{LinuxPatcher, Text, mnemonic};

/// Rows `Name "name" "sentence"`: what a site shows of both patchers.
macro_rules! verdicts {
    ($($name:ident $text:literal $why:literal;)*) => {
        /// What a site shows of both patchers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Verdict { $(#[doc = $why] $name),* }

        impl Verdict {
            /// Every verdict.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// One sentence for readers.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $why),* }
            }
        }
    };
}

verdicts! {
    SameWord "same-word" "Both put the same load, store or nop there.";
    BothTrampolines "both-trampolines" "Both rewrite it: Linux with its one trampoline, we with the cheapest code proved right at the site.";
    WrongInLinux "wrong-in-linux" "Linux rewrites an mtsrin of r30 or r31, whose trampoline computes with a register it has overwritten; ours is right.";
    NoRoomInLinux "no-room-in-linux" "Linux's patcher knows the instruction and had no space left for a trampoline; we rewrite it.";
    NotKnownToLinux "not-known-to-linux" "Linux's patcher does not know the instruction; we rewrite it.";
    LeftByUs "left-by-us" "Linux rewrites it; we do not, for the reason given.";
    LeftByBoth "left-by-both" "Neither rewrites it.";
    OutsideLinux "outside-linux" "It lies in what Linux's patcher does not look at: behind _etext, or its own templates.";
    Overwritten "overwritten" "Linux has overwritten the site while it booted, by a table of its own.";
    Unexplained "unexplained" "The two differ, and nothing known explains it.";
}

/// A site where both do not put the same word.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Its address.
    pub address: String,
    /// Its symbol.
    pub symbol: Option<String>,
    /// The instruction.
    pub instruction: String,
    /// What it shows.
    pub verdict: Verdict,
    /// Why we leave it alone, if we do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// All sites, and the other words that Linux has changed.
#[derive(Clone, Debug, Serialize)]
pub struct Sites {
    /// Sites by verdict; every verdict has an entry.
    pub by_verdict: BTreeMap<&'static str, usize>,
    /// Sites that need a reader: all but those with the same word or two trampolines.
    pub differences: Vec<Difference>,
    /// Words of the text, other than sites and Linux's buffer, that Linux has changed by tables of its own.
    pub other_changes: usize,
    /// Those that no table explains.
    pub unexplained_changes: Vec<String>,
}

impl Sites {
    /// Whether something differs and nothing known explains it.
    pub fn unexplained(&self) -> bool {
        self.by_verdict[Verdict::Unexplained.name()] > 0 || !self.unexplained_changes.is_empty()
    }
}

/// What is compared: our plan for an image, and the image's text after Linux has patched it.
#[derive(Clone, Copy)]
pub struct Both<'b> {
    /// The image as it was.
    pub image: &'b Image<'b>,
    /// Our plan for it.
    pub plan: &'b Plan,
    /// Its text in the memory of a guest that has run.
    pub text: &'b Text<'b>,
    /// What Linux's patcher looks at and fills.
    pub linux: &'b LinuxPatcher,
}

/// Compares.
pub fn compare(both: Both<'_>) -> Sites {
    let mut by_verdict: BTreeMap<_, _> = Verdict::ALL.iter().map(|verdict| (verdict.name(), 0)).collect();
    let mut differences = Vec::new();
    for site in &both.plan.sites {
        let verdict = both.judge(site);
        *by_verdict.entry(verdict.name()).or_default() += 1;
        if !matches!(verdict, Verdict::SameWord | Verdict::BothTrampolines) {
            differences.push(difference(site, verdict));
        }
    }
    let (other_changes, unexplained_changes) = both.others();
    Sites {
        by_verdict,
        differences,
        other_changes,
        unexplained_changes,
    }
}

fn difference(site: &Site, verdict: Verdict) -> Difference {
    Difference {
        address: format!("{:#010x}", site.address),
        symbol: site.symbol.clone(),
        instruction: site.instruction.clone(),
        verdict,
        reason: match &site.outcome {
            Outcome::Left(left) => Some(left.reason.name()),
            Outcome::Rewritten(_) => None,
        },
    }
}

impl Both<'_> {
    fn judge(&self, site: &Site) -> Verdict {
        let now = self.text.word(site.address).unwrap_or(site.old);
        let changed = now != site.old;
        let known = classify(site.old, self.plan.family).filter(|operation| is_known_to_linux(*operation));
        let Some(operation) = known else {
            return match (changed, site.rewrite()) {
                (true, _) if self.is_patched_by_table(site.address) => Verdict::Overwritten,
                (true, _) => Verdict::Unexplained,
                (false, Some(_)) => Verdict::NotKnownToLinux,
                (false, None) => Verdict::LeftByBoth,
            };
        };
        let into_buffer = leads_into(site.address, now, &self.linux.buffer);
        match (changed, site.rewrite()) {
            (true, Some(rewrite)) if rewrite.new == now => Verdict::SameWord,
            (true, Some(_)) if into_buffer && is_wrong(operation) => Verdict::WrongInLinux,
            (true, Some(_)) if into_buffer => Verdict::BothTrampolines,
            (true, None)
                if into_buffer || mnemonic(now, self.plan.family) != mnemonic(site.old, self.plan.family) =>
            {
                Verdict::LeftByUs
            }
            (true, _) if self.is_patched_by_table(site.address) => Verdict::Overwritten,
            (true, _) => Verdict::Unexplained,
            (false, _) if !self.linux.looks_at(site.address) => Verdict::OutsideLinux,
            (false, _) if self.is_patched_by_table(site.address) => Verdict::Overwritten,
            (false, Some(_)) if needs_trampoline(operation) => Verdict::NoRoomInLinux,
            (false, None) if needs_trampoline(operation) => Verdict::LeftByBoth,
            (false, _) => Verdict::Unexplained,
        }
    }

    fn is_patched_by_table(&self, address: u64) -> bool {
        self.image
            .patched
            .iter()
            .any(|patched| patched.range.contains(&address))
    }

    /// Words that are no sites and have changed.
    fn others(&self) -> (usize, Vec<String>) {
        let (mut explained, mut unexplained) = (0, Vec::new());
        for region in &self.image.regions {
            for address in (region.address..region.end()).step_by(4) {
                let is_site = || {
                    self.plan
                        .sites
                        .binary_search_by_key(&address, |site| site.address)
                        .is_ok()
                };
                let now = self.text.word(address);
                if now == self.image.word(address) || self.linux.buffer.contains(&address) || is_site() {
                    continue;
                }
                if self.is_patched_by_table(address)
                    || self.image.edges.iter().any(|edge| edge.from == address)
                {
                    explained += 1;
                } else {
                    unexplained.push(format!("{address:#010x}"));
                }
            }
        }
        (explained, unexplained)
    }
}

/// Whether Linux's patcher has a case for it (`kvm_check_ins`).
const fn is_known_to_linux(operation: Operation) -> bool {
    !matches!(operation, Operation::WriteSegment { .. })
}

const fn needs_trampoline(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::ReadMsr { .. }
            | Operation::ReadSpr { .. }
            | Operation::WriteSpr { .. }
            | Operation::TlbSync
    )
}

/// `kvm_emulate_mtsrin` computes the segment's number in r31 and the value in r30, in this order.
const fn is_wrong(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::WriteSegmentIndirect { rs: 30 | 31, .. } | Operation::WriteSegmentIndirect { rb: 31, .. }
    )
}

fn leads_into(address: u64, word: u32, buffer: &Range<u64>) -> bool {
    super::change::branch(address, word).is_some_and(|target| buffer.contains(&target))
}
