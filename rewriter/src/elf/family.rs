//! Which family of processors an image is for.
//!
//! The machine number tells 64 bits from 32 and no more. A 32-bit image is told by what only one of the two
//! families has: names that Linux has on one of them only, or instructions within functions that exist on one of
//! them only. An image with signs of both, or of neither, is not guessed at: a word like `mtspr DEAR` means
//! something else on the other family.

use alloc::format;
use alloc::string::String;

use magicpage::Family;

use super::error::ElfError;
use super::file::{File, part};
use super::layout::Span;
use super::symbols::{Names, span_at};
use crate::image::SymbolKind;

/// Functions that only Book E kernels of Linux have (arch/powerpc/kernel/head_85xx.S, cpu_setup_e500.S,
/// mm/nohash).
const BOOK_E_NAMES: [&str; 6] = [
    "__setup_cpu_e500v1",
    "__setup_cpu_e500v2",
    "__setup_cpu_e500mc",
    "set_ivor",
    "interrupt_base",
    "loadcam_entry",
];

/// Functions that only Book3S-32 kernels of Linux have (arch/powerpc/kernel/head_book3s_32.S, cpu_setup_6xx.S,
/// mm/book3s32).
const BOOK3S_NAMES: [&str; 6] = [
    "__setup_cpu_603",
    "__setup_cpu_604",
    "__setup_cpu_750",
    "load_segment_registers",
    "flush_hash_pages",
    "hash_page",
];

/// An instruction that only one family has: mask, value, name.
type Sign = (u32, u32, &'static str);

/// EREF (NXP, rev. 1), chapter 5: instructions of Book E.
const BOOK_E_WORDS: [Sign; 6] = [
    (0xfc1f_ffff, 0x7c00_0106, "wrtee"),
    (0xffff_7fff, 0x7c00_0146, "wrteei"),
    (0xffff_ffff, 0x7c00_07a4, "tlbwe"),
    (0xffff_ffff, 0x7c00_0764, "tlbre"),
    (0xffff_ffff, 0x4c00_0066, "rfci"),
    (0xffff_ffff, 0x4c00_004c, "rfmci"),
];

/// PowerPC 32-bit Programming Environments Manual, chapter 8: segment registers and the hashed page table.
const BOOK3S_WORDS: [Sign; 4] = [
    (0xfc10_ffff, 0x7c00_01a4, "mtsr"),
    (0xfc1f_07ff, 0x7c00_01e4, "mtsrin"),
    (0xfc10_ffff, 0x7c00_04a6, "mfsr"),
    (0xfc1f_07ff, 0x7c00_0526, "mfsrin"),
];

/// `mtmsr`: on Book E, Linux sets MSR\[EE\] by `wrtee`, and the few other uses are not in modules.
const MTMSR: Sign = (0xfc1f_ffff, 0x7c00_0124, "mtmsr");

/// The family that was asked for, if the image can be of it, else the one that it shows.
pub(super) fn detect(
    file: &File,
    spans: &[Span],
    names: &Names,
    asked: Option<Family>,
    module: bool,
) -> Result<Family, ElfError> {
    let wide = |family: Family| family == Family::Book3s64;
    match asked {
        Some(family) if wide(family) != file.is_64() => Err(ElfError::OtherFamily {
            family,
            class: if file.is_64() { 64 } else { 32 },
        }),
        Some(family) => Ok(family),
        None if file.is_64() => Ok(Family::Book3s64),
        None => by_signs(file, spans, names, module),
    }
}

fn by_signs(file: &File, spans: &[Span], names: &Names, module: bool) -> Result<Family, ElfError> {
    let named = |list: &[&str]| {
        let found = names.code.iter().find(|symbol| list.contains(&symbol.name));
        found.map(|symbol| format!("the symbol `{}`", symbol.name))
    };
    let (book_e, book3s) = (named(&BOOK_E_NAMES), named(&BOOK3S_NAMES));
    let (book_e, book3s) = if book_e.is_none() && book3s.is_none() {
        words(file, spans, names, module)
    } else {
        (book_e, book3s)
    };
    match (book_e, book3s) {
        (Some(_), None) => Ok(Family::E500),
        (None, Some(_)) => Ok(Family::Book3s32),
        (Some(book_e), Some(book3s)) => Err(ElfError::FamilyAmbiguous { book_e, book3s }),
        (None, None) => Err(ElfError::FamilyUnknown),
    }
}

/// The first sign of each family among the words of functions that have a size.
fn words(file: &File, spans: &[Span], names: &Names, module: bool) -> (Option<String>, Option<String>) {
    let (mut book_e, mut book3s, mut mtmsr) = (None, None, None);
    let mut done = 0;
    for symbol in names
        .code
        .iter()
        .filter(|symbol| symbol.kind == SymbolKind::Function)
    {
        let Some(span) = span_at(spans, symbol.address) else {
            continue;
        };
        let start = symbol.address.max(done);
        let end = symbol.address + symbol.size;
        let bytes = end
            .checked_sub(start)
            .and_then(|size| part(file.bytes, span.offset + (start - span.address), size));
        done = done.max(end);
        for (bytes, address) in bytes
            .unwrap_or_default()
            .chunks_exact(4)
            .zip((start..).step_by(4))
        {
            let word = file.read_word(bytes, 0).unwrap_or_default();
            let sign = |signs: &[Sign]| {
                let found = signs.iter().find(|(mask, value, _)| word & mask == *value);
                found.map(|(.., name)| format!("`{name}` at {address:#x} in `{}`", symbol.name))
            };
            if word >> 26 == 31 || word >> 26 == 19 {
                book_e = book_e.or_else(|| sign(&BOOK_E_WORDS));
                book3s = book3s.or_else(|| sign(&BOOK3S_WORDS));
                mtmsr = mtmsr.or_else(|| sign(&[MTMSR]));
            }
        }
    }
    let weak = mtmsr.filter(|_| module && book_e.is_none());
    (book_e, book3s.or(weak))
}
