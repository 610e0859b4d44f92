//! Names: those of code, which the image shows, and the few by which Linux's own tables and limits are found.
//!
//! The symbol table is walked once. In 64-bit big-endian images of the first ABI a function's symbol names its
//! descriptor in `.opd`; what is kept is the code that the descriptor points to.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use goblin::elf::section_header::{SHN_ABS, SHN_LORESERVE, SHN_UNDEF, SHT_DYNSYM, SHT_SYMTAB};
use goblin::elf::sym::{STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE, STT_OBJECT, Sym, Symtab};

use super::error::ElfError;
use super::file::{File, Kind, Section, part, text};
use super::layout::Span;
use super::linux::is_copied;
use crate::image::{Symbol, SymbolKind};

/// Symbols that are looked for by name, besides those of tables: limits of Linux's memory map, signs of Linux.
const MARKS: [&str; 11] = [
    ".TOC.",
    "_etext",
    "_stext",
    "epapr_ev_idle_start",
    "epapr_hypercall_start",
    "__init_begin",
    "kvm_template_end",
    "kvm_template_start",
    "kvm_tmp",
    "linux_banner",
    "init_task",
];
/// What the names above, those of tables and those of copied code start with.
const FIRST_BYTES: &[u8] = b"._eiklopr";

/// The symbol table, with access to single symbols.
pub(super) struct Table<'a> {
    symbols: Symtab<'a>,
    strings: &'a [u8],
    /// Number of symbols.
    pub count: usize,
}

/// Function descriptors.
pub(super) struct Descriptors<'a> {
    section: usize,
    addresses: Range<u64>,
    bytes: Cow<'a, [u8]>,
}

/// What the walk finds.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Names of code, in the order of addresses; where several have one address, the most telling is last.
    pub code: Vec<Symbol<'a>>,
    /// Addresses of [`MARKS`] and of the ends of tables.
    pub marks: BTreeMap<&'a str, u64>,
    /// Addresses of `patch__*`: each a self-relative offset to a word that Linux replaces.
    pub patch_sites: Vec<u64>,
    /// `__SCT__*`: code that Linux replaces when a static call changes.
    pub static_calls: Vec<Range<u64>>,
}

impl<'a> Table<'a> {
    /// The file's symbol table: `.symtab`, else `.dynsym`.
    pub fn find(file: &File<'a>) -> Result<Option<Self>, ElfError> {
        let of = |kind| {
            file.sections
                .iter()
                .find(|section: &&Section| section.header.sh_type == kind)
        };
        let Some(section) = of(SHT_SYMTAB).or_else(|| of(SHT_DYNSYM)) else {
            return Ok(None);
        };
        Self::of(file, section).map(Some)
    }

    /// The symbol table in `section`.
    pub fn of(file: &File<'a>, section: &Section) -> Result<Self, ElfError> {
        let entry = Sym::size(file.ctx.container);
        if section.header.sh_entsize != entry as u64 {
            let (found, expected) = (section.header.sh_entsize, entry as u64);
            return Err(ElfError::EntrySize {
                what: alloc::format!("section `{}`", section.name),
                found,
                expected,
            });
        }
        let data = file.data(section)?;
        let count = data.len() / entry;
        let symbols = match count {
            0 => Symtab::default(),
            _ => Symtab::parse(data, 0, count, file.ctx).map_err(|_| unreadable(section))?,
        };
        Ok(Self {
            symbols,
            strings: file.strings_of(section)?,
            count,
        })
    }

    /// The symbol of that number.
    pub fn get(&self, number: usize) -> Option<Sym> {
        if number < self.count {
            self.symbols.get(number)
        } else {
            None
        }
    }

    /// The symbol's name.
    pub fn name(&self, symbol: &Sym) -> Option<&'a str> {
        text(self.strings, symbol.st_name)
    }

    /// The symbol's address, if it has one in this image. For functions of objects that is where a call arrives
    /// which does not change the TOC.
    pub fn address(&self, file: &File, number: usize) -> Option<u64> {
        let symbol = self.get(number)?;
        address(file, &symbol)
    }
}

fn unreadable(section: &Section) -> ElfError {
    ElfError::Names {
        what: alloc::format!("section `{}`", section.name),
        why: "the symbols cannot be read",
    }
}

/// A symbol's address, if it has one in this image.
fn address(file: &File, symbol: &Sym) -> Option<u64> {
    match symbol.st_shndx {
        number if number == SHN_UNDEF as usize => None,
        number if number == SHN_ABS as usize => Some(symbol.st_value),
        number if number >= SHN_LORESERVE as usize => None,
        number if file.kind == Kind::Object => {
            let section = file.sections.get(number).filter(|section| section.is_alloc())?;
            Some(file.wrap(section.header.sh_addr.wrapping_add(symbol.st_value)))
        }
        _ => Some(symbol.st_value),
    }
}

impl<'a> Descriptors<'a> {
    /// Descriptors in section number `section`, whose bytes are as they are once loaded.
    pub fn new(file: &File, section: usize, bytes: Cow<'a, [u8]>) -> Self {
        Self {
            section,
            addresses: file.sections[section].addresses(),
            bytes,
        }
    }

    /// The code that the descriptor at `address` points to, if there is one.
    pub fn code(&self, file: &File, address: u64) -> Option<u64> {
        if !self.addresses.contains(&address) {
            return None;
        }
        let offset = usize::try_from(address - self.addresses.start).ok()?;
        file.read_long(&self.bytes, offset)
    }
}

/// Walks the symbol table.
pub(super) fn collect<'a>(
    file: &File<'a>,
    table: &Table<'a>,
    spans: &[Span],
    descriptors: Option<&Descriptors>,
) -> Result<Names<'a>, ElfError> {
    let mut names = Names::default();
    for symbol in table.symbols.iter() {
        let kind = match symbol.st_type() {
            STT_FUNC | STT_GNU_IFUNC => SymbolKind::Function,
            STT_OBJECT => SymbolKind::Object,
            STT_NOTYPE => SymbolKind::Label,
            _ => continue,
        };
        let Some(mut address) = address(file, &symbol) else {
            continue;
        };
        let Some(name) = table
            .name(&symbol)
            .filter(|name| !name.is_empty() && !name.starts_with('$'))
        else {
            continue;
        };
        let mut section = Some(symbol.st_shndx);
        if let Some(descriptors) = descriptors.filter(|table| table.section == symbol.st_shndx) {
            let Some(code) = descriptors.code(file, address) else {
                continue;
            };
            (address, section) = (code, None);
        }
        names.mark(name, address, symbol.st_size);
        let Some(span) = span_at(spans, address) else {
            continue;
        };
        if section.is_some() && span.section.is_some() && section != span.section {
            continue;
        }
        let left = span.addresses().end - address;
        if kind == SymbolKind::Function && symbol.st_size > left.next_multiple_of(4) {
            let section = span
                .section
                .map_or("", |number| file.sections[number].name)
                .into();
            return Err(ElfError::SymbolOutside {
                symbol: name.into(),
                address,
                size: symbol.st_size,
                section,
            });
        }
        names.code.push(Symbol {
            address,
            size: symbol.st_size.min(left),
            kind,
            name,
        });
    }
    names
        .code
        .sort_by_key(|symbol| (symbol.address, symbol.kind == SymbolKind::Function, symbol.size));
    Ok(names)
}

/// The run of code at `address`.
pub(super) fn span_at(spans: &[Span], address: u64) -> Option<&Span> {
    let number = spans
        .partition_point(|span| span.address <= address)
        .checked_sub(1)?;
    Some(&spans[number]).filter(|span| span.addresses().contains(&address))
}

impl<'a> Names<'a> {
    fn mark(&mut self, name: &'a str, address: u64, size: u64) {
        if !FIRST_BYTES.contains(&name.as_bytes()[0]) {
            return;
        }
        let table = name.starts_with("__start_") || name.starts_with("__stop_");
        if table || MARKS.contains(&name) || is_copied(name) {
            self.marks.insert(name, address);
        } else if name.starts_with("patch__") {
            self.patch_sites.push(address);
        } else if name.starts_with("__SCT__") {
            self.static_calls.push(address..address.saturating_add(size));
        }
    }

    /// The address of a mark.
    pub fn marked(&self, name: &str) -> Option<u64> {
        self.marks.get(name).copied()
    }
}

/// The file's bytes from `start` to `end`, two addresses of a linked image.
pub(super) fn loaded<'a>(file: &File<'a>, start: u64, end: u64) -> Option<&'a [u8]> {
    let size = end.checked_sub(start)?;
    if size == 0 {
        return Some(&[]);
    }
    let (offset, left) = file.loaded_from(start)?;
    part(file.bytes, offset, size.min(left)).filter(|_| size <= left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mark_is_passed_over_for_its_first_byte() {
        for name in MARKS {
            assert!(FIRST_BYTES.contains(&name.as_bytes()[0]), "{name}");
        }
    }
}
