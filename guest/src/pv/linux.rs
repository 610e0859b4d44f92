//! What Linux does (`arch/powerpc/kernel/kvm.c`): each word that looks like one of the instructions is replaced, by a
//! load or store of the page, or by a branch to a copy of a template.
//!
//! Linux's template for `mtsrin` reads operands that it has overwritten if they are r30 or r31: such a site is left.

use alloc::vec::Vec;
use core::ops::Range;

use magicpage::hypercall::PageFeatures;
use magicpage::layout;
use magicpage::registers::{Access, shared_spr};
use magicpage::{Endian, WordSize};
use rewriter::apply::Change;
use rewriter::asm::{NOP, branch};

use super::{FAMILY, Outcome};
use crate::kernel::between;
use crate::{irq, text};

/// A template: words, some of which are replaced in a copy.
struct Template {
    /// Bits of the instruction that are the same at all sites.
    mask: u32,
    /// What they are.
    word: u32,
    code: fn() -> Range<usize>,
    /// What the host has to keep in the page.
    feature: PageFeatures,
    /// Whether its operands may not be r30 or r31.
    is_narrow: bool,
}

macro_rules! templates {
    ($($mask:literal $word:literal $start:ident $end:ident $feature:expr, $narrow:literal;)*) => {
        unsafe extern "C" {
            $(static $start: u8; static $end: u8;)*
        }

        const TEMPLATES: &[Template] = &[$(Template {
            mask: $mask,
            word: $word,
            code: || between(&raw const $start, &raw const $end),
            feature: $feature,
            is_narrow: $narrow,
        }),*];
    };
}

#[cfg(book3s32)]
templates! {
    0xfc1f_ffff 0x7c00_0124 linux_mtmsr  linux_mtmsr_end  PageFeatures::empty(), false;
    0xfc1f_07ff 0x7c00_01e4 linux_mtsrin linux_mtsrin_end PageFeatures::SR, true;
}

#[cfg(e500)]
templates! {
    0xfc1f_ffff 0x7c00_0124 linux_mtmsr    linux_mtmsr_end    PageFeatures::empty(), false;
    0xfc1f_ffff 0x7c00_0106 linux_wrtee    linux_wrtee_end    PageFeatures::empty(), false;
    0xffff_ffff 0x7c00_8146 linux_wrteei_1 linux_wrteei_1_end PageFeatures::empty(), false;
    0xffff_ffff 0x7c00_0146 linux_wrteei_0 linux_wrteei_0_end PageFeatures::empty(), false;
}

/// The words in a template that stand for others: see `linux.s`.
const GET: u32 = 1;
const ORIGINAL: u32 = 2;
const BACK: u32 = 3;
const SEGMENT: u32 = 4;
const STORE: u32 = 5;

/// Field RT or RS, and field RB.
const SOURCE: u32 = 21;
const INDEX: u32 = 11;

/// The displacement of a field of the page, as an instruction has it.
fn displacement(field: layout::Field, part: layout::Part) -> u32 {
    let place = field.part(part, Endian::Big, WordSize::Word32);
    place.displacement() as u32 & 0xffff
}

/// `lwz register, field(0)`.
fn load(register: u32, field: layout::Field, part: layout::Part) -> u32 {
    0x8000_0000 | register << SOURCE | displacement(field, part)
}

/// `stw register, field(0)`.
fn store(register: u32, field: layout::Field, part: layout::Part) -> u32 {
    0x9000_0000 | register << SOURCE | displacement(field, part)
}

/// What a word becomes in place.
fn direct(word: u32, features: PageFeatures) -> Option<Option<u32>> {
    let register = word >> SOURCE & 31;
    match word & 0xfc00_07ff {
        0x7c00_00a6 if word & 0x001f_f800 == 0 => Some(Some(load(register, layout::MSR, layout::Part::Word))),
        0x7c00_046c if word & 0x03ff_f800 == 0 => Some(Some(NOP)),
        0x7c00_02a6 | 0x7c00_03a6 => {
            let number = (word >> 16 & 31 | word >> 6 & 0x3e0) as u16;
            let row = shared_spr(number, FAMILY)?;
            let writes = word & 0x7ff == 0x3a6;
            if writes && row.access == Access::Read || !features.contains(row.feature) {
                return Some(None);
            }
            let make = if writes { store } else { load };
            Some(Some(make(register, row.field, row.part)))
        }
        _ => None,
    }
}

/// A copy of a template for the word at `site`, to stand at `place`.
fn copy(template: &Template, word: u32, site: usize, place: usize) -> Option<Vec<u32>> {
    let (source, index) = (word >> SOURCE & 31, word >> INDEX & 31);
    if template.is_narrow && (source >= 30 || index == 31) {
        return None;
    }
    let words = (template.code)().step_by(4).map(text::read);
    words
        .enumerate()
        .map(|(offset, each)| match each {
            GET => Some(match source {
                30 => load(30, layout::SCRATCH2, layout::Part::Word),
                31 => load(30, layout::SCRATCH1, layout::Part::Word),
                _ => 0x7c00_0378 | source << SOURCE | 30 << 16 | source << INDEX,
            }),
            ORIGINAL => Some(word),
            BACK => branch((place + 4 * offset) as u64, site as u64 + 4),
            // rlwinm r30, rB, 6, 26, 29
            SEGMENT => Some(0x5400_36ba | index << SOURCE | 30 << 16),
            STORE => {
                let first = layout::SR.element(0).displacement() as u32 & 0xffff;
                Some(0x9000_0000 | source << SOURCE | 30 << 16 | first)
            }
            each => Some(each),
        })
        .collect()
}

/// Replaces every word of the privileged code that looks like one of the instructions.
pub fn rewrite(features: PageFeatures) -> Outcome {
    let mut outcome = Outcome::default();
    let space = text::trampolines();
    let mut place = space.start;
    let enabled = irq::save();
    for site in text::vectors().step_by(4).chain(text::kernel().step_by(4)) {
        let word = text::read(site);
        if let Some(new) = direct(word, features) {
            outcome.sites += 1;
            match new {
                Some(new) => change(&mut outcome, site, new),
                None => outcome.left += 1,
            }
            continue;
        }
        let mut templates = TEMPLATES.iter();
        let Some(template) = templates.find(|template| word & template.mask == template.word) else {
            continue;
        };
        outcome.sites += 1;
        let words = copy(template, word, site, place)
            .filter(|words| place + 4 * words.len() <= space.end && features.contains(template.feature));
        let Some(words) = words else {
            outcome.left += 1;
            continue;
        };
        let start = place;
        for word in words {
            change(&mut outcome, place, word);
            place += 4;
        }
        let there = branch(site as u64, start as u64).expect("the space is near");
        change(&mut outcome, site, there);
    }
    irq::restore(enabled);
    outcome.trampoline_bytes = place - space.start;
    outcome
}

fn change(outcome: &mut Outcome, address: usize, new: u32) {
    let old = text::read(address);
    // SAFETY: the new word does what the old one did, or nobody comes to it yet; there is no other processor.
    unsafe { text::write(address, new) };
    text::flush(address, 1);
    outcome.changes.push(Change {
        address: address as u64,
        old,
        new,
    });
}
