//! The words of a kernel's text that were changed for the magic page.

use std::ops::Range;

use cpu::decode;
use magicpage::{Endian, Family};
use rewriter::plan::{MSR_WRITES, Plan, Site};

use crate::run::image::Image;

/// A changed word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its address, as linked.
    pub address: u64,
    /// What it was.
    pub old: u32,
    /// What it is.
    pub new: u32,
    /// The trampoline that it branches to, if it is a branch.
    pub trampoline: Option<Range<u64>>,
}

impl Change {
    /// Whether the word that was there writes the MSR.
    pub fn writes_msr(&self, family: Family) -> bool {
        MSR_WRITES.contains(&mnemonic(self.old, family))
    }
}

/// An instruction's name. What a family lacks is known by the name that it has elsewhere: a host may carry it out.
pub fn mnemonic(word: u32, family: Family) -> &'static str {
    let known = [family, Family::E500, Family::Book3s64].map(|family| decode(word, family));
    let found = known.iter().find(|ins| ins.is_known());
    found.unwrap_or(&known[0]).mnemonic()
}

/// The changes of a plan.
pub fn planned(plan: &Plan) -> Vec<Change> {
    let of = |site: &Site| {
        let rewrite = site.rewrite()?;
        let trampoline = rewrite.trampoline.as_ref();
        Some(Change {
            address: site.address,
            old: site.old,
            new: rewrite.new,
            trampoline: trampoline.map(|code| code.address..code.address + 4 * code.words.len() as u64),
        })
    };
    plan.sites.iter().filter_map(of).collect()
}

/// Reads the words of a guest's text.
pub struct Text<'m> {
    image: &'m Image,
    endian: Endian,
    memory: &'m [u8],
}

impl<'m> Text<'m> {
    /// The text of an image in a guest's memory.
    pub const fn new(image: &'m Image, endian: Endian, memory: &'m [u8]) -> Self {
        Self {
            image,
            endian,
            memory,
        }
    }

    /// The word at a linked address.
    pub fn word(&self, address: u64) -> Option<u32> {
        let at = usize::try_from(self.image.physical(address)?).ok()?;
        let bytes = self.memory.get(at..at + 4)?;
        Some(self.endian.read_u32(bytes.try_into().ok()?))
    }
}

/// What Linux's own patcher looks at and fills (`kvm_use_magic_page`), as linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinuxPatcher {
    /// The text: `_stext` to `_etext`.
    pub text: Range<u64>,
    /// What it leaves out of it: its templates and the buffer.
    pub templates: Range<u64>,
    /// The buffer for trampolines.
    pub buffer: Range<u64>,
}

impl LinuxPatcher {
    /// The patcher of a kernel that has one, by its symbols.
    pub fn find(symbol: impl Fn(&str) -> Option<u64>) -> Option<Self> {
        let range = |start, end| Some(symbol(start)?..symbol(end)?);
        Some(Self {
            text: range("_stext", "_etext")?,
            templates: range("kvm_template_start", "kvm_template_end")?,
            buffer: range("kvm_tmp", "kvm_tmp_end")?,
        })
    }

    /// Whether it looks at the word at an address.
    pub fn looks_at(&self, address: u64) -> bool {
        self.text.contains(&address) && !self.templates.contains(&address)
    }
}

/// What Linux's patcher made of the candidates of `plan`, which is ours for the same image: read from the text of a
/// guest that has run.
///
/// The trampolines lie one behind the other in its buffer; each lasts to the beginning of the next.
pub fn patched(plan: &Plan, text: &Text<'_>, linux: &LinuxPatcher) -> Vec<Change> {
    let buffer = &linux.buffer;
    let mut changes: Vec<Change> = Vec::new();
    for site in &plan.sites {
        let Some(new) = text.word(site.address).filter(|new| *new != site.old) else {
            continue;
        };
        let target = branch(site.address, new).filter(|target| buffer.contains(target));
        // Whatever else stands there comes from another of Linux's tables.
        if target.is_none() && !serves(new, site.old, plan.family) {
            continue;
        }
        changes.push(Change {
            address: site.address,
            old: site.old,
            new,
            trampoline: target.map(|start| start..start),
        });
    }
    let mut starts: Vec<u64> = changes.iter().filter_map(start).collect();
    starts.sort_unstable();
    for change in &mut changes {
        if let Some(range) = &mut change.trampoline {
            let next = starts.partition_point(|start| *start <= range.start);
            range.end = starts
                .get(next)
                .map_or_else(|| end(text, range.start, buffer), |next| *next);
        }
    }
    changes
}

fn start(change: &Change) -> Option<u64> {
    change.trampoline.as_ref().map(|range| range.start)
}

/// Whether a word reaches the magic page, or is the nop that replaces `tlbsync`.
fn serves(new: u32, old: u32, family: Family) -> bool {
    const NOP: u32 = 0x6000_0000;
    let ins = decode(new, family);
    let in_page = new & 0x001f_0000 == 0 && new & 0xf000 == 0xf000;
    match ins.mnemonic() {
        "lwz" | "stw" | "ld" | "std" => in_page,
        _ => new == NOP && mnemonic(old, family) == "tlbsync",
    }
}

/// The end of the last trampoline: behind it the buffer is empty.
fn end(text: &Text<'_>, start: u64, buffer: &Range<u64>) -> u64 {
    let mut words = (start..buffer.end).step_by(4);
    words
        .find(|address| text.word(*address) == Some(0))
        .unwrap_or(buffer.end)
}

/// Where an I-form branch with neither AA nor LK leads.
pub(super) const fn branch(address: u64, word: u32) -> Option<u64> {
    if word & 0xfc00_0003 != 0x4800_0000 {
        return None;
    }
    let distance = (word << 6).cast_signed() >> 6 & !3;
    Some(address.wrapping_add_signed(distance as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_lead_both_ways() {
        assert_eq!(branch(0x1000, 0x4800_0010), Some(0x1010));
        assert_eq!(branch(0x1000, 0x4bff_fff0), Some(0xff0));
        assert_eq!(branch(0x1000, 0x4800_0011), None, "a call");
        assert_eq!(branch(0x1000, 0x6000_0000), None);
    }
}
