//! Small ELF files, made on the spot, and plans for them.
#![allow(dead_code, reason = "no test needs all of it")]
#![allow(clippy::cast_possible_truncation, reason = "fields are cut to their size")]

use magicpage::Endian;
use rewriter::elf::{ElfError, ElfImage, ReadOptions};
use rewriter::plan::Plan;
use serde_json::{Value, json};

/// `SHF_WRITE`, `SHF_ALLOC`, `SHF_EXECINSTR`.
pub const W: u64 = 1;
pub const A: u64 = 2;
pub const X: u64 = 4;
/// Section types.
pub const PROGBITS: u32 = 1;
pub const RELA: u32 = 4;
pub const NOBITS: u32 = 8;
/// Symbol types and bindings.
pub const NOTYPE: u8 = 0;
pub const OBJECT: u8 = 1;
pub const FUNC: u8 = 2;
pub const SECTION: u8 = 3;
pub const GLOBAL: u8 = 0x10;
/// File types.
pub const ET_REL: u16 = 1;
pub const ET_EXEC: u16 = 2;

/// Class and byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub wide: bool,
    pub endian: Endian,
}

pub const BE32: Form = Form {
    wide: false,
    endian: Endian::Big,
};
pub const LE32: Form = Form {
    wide: false,
    endian: Endian::Little,
};
pub const BE64: Form = Form {
    wide: true,
    endian: Endian::Big,
};
pub const LE64: Form = Form {
    wide: true,
    endian: Endian::Little,
};
pub const FORMS: [Form; 4] = [BE32, LE32, BE64, LE64];

impl Form {
    /// Bytes of an address.
    pub fn long(self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    /// The low `size` bytes of `value` in this byte order.
    pub fn bytes(self, value: u64, size: usize) -> Vec<u8> {
        match self.endian {
            Endian::Little => value.to_le_bytes()[..size].to_vec(),
            Endian::Big => value.to_be_bytes()[8 - size..].to_vec(),
        }
    }

    /// Words one after the other.
    pub fn words(self, words: &[u32]) -> Vec<u8> {
        words
            .iter()
            .flat_map(|word| self.bytes(u64::from(*word), 4))
            .collect()
    }

    /// Longs one after the other.
    pub fn longs(self, longs: &[u64]) -> Vec<u8> {
        longs
            .iter()
            .flat_map(|long| self.bytes(*long, self.long()))
            .collect()
    }
}

/// A section.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub name: String,
    pub kind: u32,
    pub flags: u64,
    pub address: u64,
    pub bytes: Vec<u8>,
    pub info: u32,
    pub link: u32,
    pub entry: u64,
}

/// A symbol; `section` counts from 1 in the order of [`Elf::sections`].
#[derive(Clone, Debug)]
pub struct Symbol {
    pub name: String,
    pub value: u64,
    pub size: u64,
    pub info: u8,
    pub other: u8,
    pub section: u16,
}

/// A file to be made.
#[derive(Clone, Debug)]
pub struct Elf {
    pub form: Form,
    pub kind: u16,
    pub entry: u64,
    pub sections: Vec<Section>,
    pub symbols: Vec<Symbol>,
    /// Address and physical address of the first loaded byte.
    pub base: (u64, u64),
    /// File offset of the first loaded byte; what is before, behind the headers, is room.
    pub offset: u64,
    /// Whether a `PT_PHDR` comes first.
    pub phdr: bool,
    /// Whether section headers are left out.
    pub stripped: bool,
}

/// A function that returns, and the words before its `blr`.
pub fn function(words: &[u32]) -> Vec<u32> {
    [words, &[BLR]].concat()
}

pub const BLR: u32 = 0x4e80_0020;
pub const NOP: u32 = 0x6000_0000;
/// `mfmsr r3`.
pub const MFMSR: u32 = 0x7c60_00a6;
/// `mtmsr r3`.
pub const MTMSR: u32 = 0x7c60_0124;
/// `lwz r3, -4008(0)`, or whatever a direct template puts there.
pub const LOAD: u32 = 0x8060_f058;
/// `wrteei 1`.
pub const WRTEEI: u32 = 0x7c00_8146;
/// `mtsr 0, r3`.
pub const MTSR: u32 = 0x7c60_01a4;

impl Elf {
    /// An executable with `words` in `.text` at `base`, loaded to physical 0.
    pub fn executable(form: Form, base: u64, words: &[u32]) -> Self {
        let mut elf = Self {
            form,
            kind: ET_EXEC,
            entry: base,
            sections: Vec::new(),
            symbols: Vec::new(),
            base: (base, 0),
            offset: 0x200,
            phdr: false,
            stripped: false,
        };
        elf.code(".text", base, words);
        elf
    }

    /// An object with `words` in `.text`.
    pub fn object(form: Form, words: &[u32]) -> Self {
        let mut elf = Self::executable(form, 0, words);
        elf.kind = ET_REL;
        elf
    }

    /// Adds a section of code; gives its number.
    pub fn code(&mut self, name: &str, address: u64, words: &[u32]) -> u16 {
        let bytes = self.form.words(words);
        self.section(name, A | X, address, bytes)
    }

    /// Adds a section; gives its number.
    pub fn section(&mut self, name: &str, flags: u64, address: u64, bytes: Vec<u8>) -> u16 {
        let section = Section {
            name: name.into(),
            kind: PROGBITS,
            flags,
            address,
            bytes,
            ..Section::default()
        };
        self.sections.push(section);
        self.sections.len() as u16
    }

    /// Adds a symbol.
    pub fn symbol(&mut self, name: &str, section: u16, value: u64, size: u64, info: u8) -> &mut Self {
        self.symbols.push(Symbol {
            name: name.into(),
            value,
            size,
            info,
            other: 0,
            section,
        });
        self
    }

    /// Adds relocations: offset, symbol (its place in [`Self::symbols`], from 1), type, addend.
    pub fn relocations(&mut self, section: u16, relocations: &[(u64, u64, u64, i64)]) {
        let form = self.form;
        let record = |(offset, symbol, kind, addend): &(u64, u64, u64, i64)| {
            let info = if form.wide {
                symbol << 32 | kind
            } else {
                symbol << 8 | kind
            };
            form.longs(&[*offset, info, addend.cast_unsigned()])
        };
        let name = format!(".rela{}", self.sections[usize::from(section) - 1].name);
        let bytes = relocations.iter().flat_map(record).collect();
        self.section(&name, 0, 0, bytes);
        let last = self.sections.last_mut().unwrap();
        (last.kind, last.info, last.entry) = (RELA, u32::from(section), 3 * form.long() as u64);
        last.link = u32::MAX;
    }

    /// Number of the symbol table's section.
    fn symtab(&self) -> u32 {
        self.sections.len() as u32 + 1
    }

    fn symbol_bytes(&self, names: &mut Vec<u8>) -> (Vec<u8>, u32) {
        let (form, mut bytes) = (self.form, vec![0; if self.form.wide { 24 } else { 16 }]);
        let locals = self
            .symbols
            .iter()
            .take_while(|symbol| symbol.info < GLOBAL)
            .count() as u32
            + 1;
        for symbol in &self.symbols {
            let name = form.bytes(names.len() as u64, 4);
            names.extend(symbol.name.bytes().chain([0]));
            let kind = [
                vec![symbol.info, symbol.other],
                form.bytes(u64::from(symbol.section), 2),
            ]
            .concat();
            let place = form.longs(&[symbol.value, symbol.size]);
            bytes.extend(if form.wide {
                [name, kind, place].concat()
            } else {
                [name, place, kind].concat()
            });
        }
        (bytes, locals)
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        let form = self.form;
        let (header, program) = if form.wide { (64, 56) } else { (52, 32) };
        let linked = self.kind != ET_REL;
        let mut bytes = vec![0; if linked { self.offset as usize } else { header }];
        let mut sections = self.sections.clone();
        let mut offsets = Vec::new();
        for section in &mut sections {
            if section.link == u32::MAX {
                section.link = self.symtab();
            }
            let loaded = linked && section.flags & A != 0;
            let align = if section.bytes.is_empty() { 1 } else { 8 };
            let at = match loaded {
                true => (self.offset + section.address.wrapping_sub(self.base.0)) as usize,
                false => bytes.len().next_multiple_of(align),
            };
            offsets.push(at as u64);
            if section.kind != NOBITS && !section.bytes.is_empty() {
                bytes.resize(bytes.len().max(at + section.bytes.len()), 0);
                bytes[at..at + section.bytes.len()].copy_from_slice(&section.bytes);
            }
        }
        let loaded = bytes.len() as u64 - if linked { self.offset } else { 0 };
        let mut names = vec![0];
        let (symbols, locals) = self.symbol_bytes(&mut names);
        let entry = if form.wide { 24 } else { 16 };
        let (symtab, strtab) = (self.symtab(), self.symtab() + 1);
        let table = |name: &str, kind, bytes, link, info, entry| Section {
            name: name.into(),
            kind,
            bytes,
            link,
            info,
            entry,
            ..Section::default()
        };
        let _ = symtab;
        sections.push(table(".symtab", 2, symbols, strtab, locals, entry));
        sections.push(table(".strtab", 3, names, 0, 0, 0));
        sections.push(table(".shstrtab", 3, Vec::new(), 0, 0, 0));
        let mut names = vec![0];
        let places: Vec<_> = sections
            .iter()
            .map(|section| {
                let place = names.len() as u64;
                names.extend(section.name.bytes().chain([0]));
                place
            })
            .collect();
        sections.last_mut().unwrap().bytes = names;
        for section in &sections[self.sections.len()..] {
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            offsets.push(bytes.len() as u64);
            bytes.extend(&section.bytes);
        }
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        let mut table = vec![0; if form.wide { 64 } else { 40 }];
        for ((section, offset), name) in sections.iter().zip(&offsets).zip(&places) {
            let words = |values: &[u64]| {
                values
                    .iter()
                    .flat_map(|value| form.bytes(*value, 4))
                    .collect::<Vec<u8>>()
            };
            table.extend(words(&[*name, u64::from(section.kind)]));
            let address = if linked { section.address } else { 0 };
            table.extend(form.longs(&[section.flags, address, *offset, section.bytes.len() as u64]));
            table.extend(words(&[u64::from(section.link), u64::from(section.info)]));
            table.extend(form.longs(&[if section.flags & A != 0 { 4 } else { 1 }, section.entry]));
        }
        let shoff = if self.stripped { 0 } else { bytes.len() as u64 };
        let count = if self.stripped { 0 } else { sections.len() + 1 };
        if !self.stripped {
            bytes.extend(table);
        }
        let mut segments = Vec::new();
        if linked {
            let count = 1 + usize::from(self.phdr);
            if self.phdr {
                let size = (count * program) as u64;
                segments.push([6, 4, header as u64, self.base.0, self.base.1, size, size, 8]);
            }
            segments.push([1, 7, self.offset, self.base.0, self.base.1, loaded, loaded, 0x100]);
        }
        let mut at = header;
        for [kind, flags, offset, address, physical, size, memory, align] in &segments {
            let (kind, flags) = (form.bytes(*kind, 4), form.bytes(*flags, 4));
            let place = form.longs(&[*offset, *address, *physical, *size, *memory]);
            let align = form.longs(&[*align]);
            let record = if form.wide {
                [kind, flags, place, align].concat()
            } else {
                [kind, place, flags, align].concat()
            };
            bytes[at..at + program].copy_from_slice(&record);
            at += program;
        }
        let endian = if form.endian == Endian::Little { 1 } else { 2 };
        let machine = if form.wide { 21 } else { 20 };
        let mut head = vec![0x7f, b'E', b'L', b'F', 1 + u8::from(form.wide), endian, 1];
        head.resize(16, 0);
        head.extend(form.bytes(u64::from(self.kind), 2));
        head.extend(form.bytes(machine, 2));
        head.extend(form.bytes(1, 4));
        head.extend(form.longs(&[self.entry, if linked { header as u64 } else { 0 }, shoff]));
        head.extend(form.bytes(if form.wide { 2 } else { 0 }, 4));
        let (section, names) = (
            if form.wide { 64 } else { 40 },
            if self.stripped { 0 } else { sections.len() },
        );
        for value in [header, program, segments.len(), section, count, names] {
            head.extend(form.bytes(value as u64, 2));
        }
        bytes[..header].copy_from_slice(&head);
        bytes
    }
}

/// Reads a file whose family need not be seen.
pub fn options(form: Form) -> ReadOptions {
    let family = if form.wide {
        magicpage::Family::Book3s64
    } else {
        magicpage::Family::Book3s32
    };
    ReadOptions {
        family: Some(family),
        ..ReadOptions::default()
    }
}

/// Reads a file that must be readable.
pub fn read(bytes: &[u8], form: Form) -> ElfImage<'_> {
    ElfImage::parse(bytes, &options(form)).unwrap_or_else(|error| panic!("{error}"))
}

/// Why a file cannot be read.
pub fn error(bytes: &[u8], options: &ReadOptions) -> ElfError {
    ElfImage::parse(bytes, options).expect_err("the file should be unreadable")
}

/// The I-form branch from `from` to `to`.
pub fn branch(from: u64, to: u64) -> u32 {
    0x4800_0000 | (to.wrapping_sub(from) as u32 & 0x03ff_fffc)
}

/// Hexadecimal text.
pub fn hex(value: u64) -> String {
    format!("{value:#x}")
}

/// A site: address, old word, new word, trampoline.
pub type Site = (u64, u32, u32, Option<(u64, Vec<u32>)>);

/// A plan for `image`: arenas (kind, address, size), and sites.
pub fn plan(image: &ElfImage, arenas: &[(&str, u64, u64)], sites: &[Site]) -> Plan {
    let target = image.target();
    let endian = serde_json::to_value(image.image().endian).unwrap();
    let family = serde_json::to_value(image.image().family).unwrap();
    let arenas: Vec<Value> = arenas
        .iter()
        .map(|(kind, address, size)| json!({"kind": kind, "address": hex(*address), "size": size}))
        .collect();
    let sites: Vec<Value> = sites
        .iter()
        .map(|(address, old, new, trampoline)| {
            let mut site = json!({
                "address": hex(*address), "symbol": null, "instruction": "mtmsr r3", "old": hex(u64::from(*old)),
                "new": hex(u64::from(*new)), "template": "direct", "shape": "test",
            });
            if let Some((address, words)) = trampoline {
                let words: Vec<String> = words.iter().map(|word| hex(u64::from(*word))).collect();
                site["trampoline"] = json!({"address": hex(*address), "words": words});
            }
            site
        })
        .collect();
    let plan = json!({
        "schema_version": 1, "target": {"digest": target.digest, "size": target.size}, "family": family,
        "endian": endian, "features": [], "arenas": arenas, "sites": sites,
    });
    Plan::from_json(&plan.to_string()).unwrap_or_else(|error| panic!("{error}"))
}
