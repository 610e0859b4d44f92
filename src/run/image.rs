//! The image that a guest is started from: what goes where in its memory, and where it begins.
//!
//! A kernel is linked at the addresses it will use and loaded at others: a segment goes to its *physical* address, and
//! an entry point that the header gives as a linked address is moved with the segment that it lies in.

use std::ops::Range;

use magicpage::Endian;
use object::elf::{EM_PPC, EM_PPC64, ET_DYN, ET_EXEC, FileHeader32, FileHeader64, PF_X, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSymbol, SymbolKind};
use rewriter::image::AreaKind;
use rewriter::plan::Plan;
use strum::{EnumDiscriminants, EnumIter, EnumMessage, IntoStaticStr};

/// Why an image cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, EnumDiscriminants, thiserror::Error)]
#[strum_discriminants(
    name(LoadErrorKind),
    derive(EnumIter, EnumMessage, IntoStaticStr),
    strum(serialize_all = "kebab-case"),
    doc = "The kinds of [`LoadError`]. Their names are in lower case with hyphens."
)]
pub enum LoadError {
    /// The file is damaged.
    #[error("the ELF file cannot be read: {0}")]
    Damaged(String),
    /// The file is not linked: a module or an object.
    #[error("the file is not an executable (ELF type {0}): a kernel can run, a module or an object cannot")]
    NotExecutable(u16),
    /// The file is for another processor than PowerPC.
    #[error("ELF machine {0}, expected {EM_PPC} (PowerPC) or {EM_PPC64} (PowerPC 64-bit)", EM_PPC = EM_PPC.0, EM_PPC64 = EM_PPC64.0)]
    Machine(u16),
    /// Nothing of the file is loaded.
    #[error("the file has nothing to load: it has no program header of type LOAD")]
    Empty,
    /// The plan is for another image.
    #[error("the plan does not fit the image: the word at {0:#x} is another one, or is not in the file")]
    Plan(u64),
    /// The entry is not in what is loaded.
    #[error("the entry point {0:#x} is in none of the segments")]
    Entry(u64),
}

/// A piece of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The address it is linked at.
    pub linked: u64,
    /// The physical address it goes to.
    pub physical: u64,
    /// What goes there.
    pub bytes: Vec<u8>,
    /// Bytes of memory that it takes: what `bytes` does not fill is zero.
    pub size: u64,
    /// Whether it holds code.
    pub code: bool,
}

impl Segment {
    /// The physical addresses that it takes.
    pub const fn range(&self) -> Range<u64> {
        self.physical..self.physical.saturating_add(self.size)
    }

    /// The distance of a linked address from the beginning, if it is within.
    fn within(&self, start: u64, address: u64) -> Option<u64> {
        address
            .checked_sub(start)
            .filter(|distance| *distance < self.size)
    }
}

/// An image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Its pieces.
    pub segments: Vec<Segment>,
    /// Physical address of its first instruction.
    pub entry: u64,
    /// The names of code, in the order of addresses.
    symbols: Vec<(u64, String)>,
}

impl Image {
    /// Reads an ELF executable.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] that says what is wrong with it.
    pub fn parse(file: &[u8]) -> Result<(Self, Endian), LoadError> {
        let wide = file.get(4) == Some(&2);
        let (mut image, endian) = if wide {
            segments::<FileHeader64<Endianness>>(file)?
        } else {
            segments::<FileHeader32<Endianness>>(file)?
        };
        image.entry = image.physical(image.entry).ok_or(LoadError::Entry(image.entry))?;
        image.symbols = symbols(file);
        Ok((image, endian))
    }

    /// Bytes that go to an address, with neither header nor names, as they are.
    pub fn flat(bytes: Vec<u8>, address: u64) -> Self {
        let size = bytes.len() as u64;
        let segment = Segment {
            linked: address,
            physical: address,
            bytes,
            size,
            code: true,
        };
        Self {
            segments: vec![segment],
            entry: address,
            symbols: Vec::new(),
        }
    }

    /// Carries out a plan for the image: its words are changed, its trampolines are put where they belong, and it begins
    /// with the plan's stub, if there is one.
    ///
    /// New space is a segment of its own, as far from its linked address as the last segment is.
    ///
    /// # Errors
    ///
    /// [`LoadError::Plan`] when a word is not as the plan says it was, or has no place.
    pub fn rewrite(&mut self, plan: &Plan) -> Result<(), LoadError> {
        for arena in plan.arenas.iter().filter(|arena| arena.kind == AreaKind::New) {
            self.add(arena.address, arena.size);
        }
        for site in &plan.sites {
            if let Some(rewrite) = site.rewrite() {
                let old = self.put(site.address, rewrite.new, plan.endian);
                old.filter(|old| *old == site.old)
                    .ok_or(LoadError::Plan(site.address))?;
            }
        }
        let trampolines = plan.trampolines();
        let code = trampolines.values().map(|(trampoline, _)| *trampoline);
        for trampoline in code.chain(&plan.stub) {
            for (address, word) in (trampoline.address..).step_by(4).zip(&trampoline.words) {
                self.put(address, *word, plan.endian)
                    .ok_or(LoadError::Plan(address))?;
            }
        }
        if let Some(stub) = &plan.stub {
            self.entry = self.physical(stub.address).ok_or(LoadError::Plan(stub.address))?;
        }
        Ok(())
    }

    fn add(&mut self, linked: u64, size: u64) {
        let last = self.segments.iter().max_by_key(|segment| segment.linked);
        let distance = last.map_or(0, |last| last.linked.wrapping_sub(last.physical));
        self.segments.push(Segment {
            linked,
            physical: linked.wrapping_sub(distance),
            bytes: vec![0; usize::try_from(size).unwrap_or(usize::MAX)],
            size,
            code: true,
        });
    }

    /// Replaces a word, and answers what was there.
    fn put(&mut self, linked: u64, word: u32, endian: Endian) -> Option<u32> {
        let mut segments = self.segments.iter_mut();
        let (segment, at) = segments.find_map(|segment| {
            let at = segment.within(segment.linked, linked)?;
            Some((segment, usize::try_from(at).ok()?))
        })?;
        let place: &mut [u8; 4] = segment.bytes.get_mut(at..at + 4)?.try_into().ok()?;
        let old = endian.read_u32(*place);
        *place = endian.write_u32(word);
        Some(old)
    }

    /// Where a linked address is loaded; a physical address stays.
    pub fn physical(&self, address: u64) -> Option<u64> {
        let linked = self
            .segments
            .iter()
            .find_map(|segment| Some(segment.physical + segment.within(segment.linked, address)?));
        let mut all = self.segments.iter();
        linked.or_else(|| {
            all.any(|segment| segment.range().contains(&address))
                .then_some(address)
        })
    }

    /// The name of an address: the symbol before it in the same segment, and the distance. Physical addresses are
    /// known by the names of the linked ones.
    pub fn name(&self, address: u64) -> Option<String> {
        let linked = self.segments.iter().find_map(|segment| {
            let linked = segment.within(segment.linked, address).map(|_| address);
            let moved = || Some(segment.linked + segment.within(segment.physical, address)?);
            Some((segment, linked.or_else(moved)?))
        });
        let (segment, address) = linked?;
        let before = self.symbols.partition_point(|(start, _)| *start <= address);
        let (start, name) = self.symbols[..before]
            .last()
            .filter(|(start, _)| *start >= segment.linked)?;
        Some(match address - start {
            0 => name.clone(),
            distance => format!("{name}+{distance:#x}"),
        })
    }

    /// The same image with nothing in it but names.
    #[must_use]
    pub fn names(&self) -> Self {
        let bare = |segment: &Segment| Segment {
            bytes: Vec::new(),
            ..*segment
        };
        Self {
            segments: self.segments.iter().map(bare).collect(),
            entry: self.entry,
            symbols: self.symbols.clone(),
        }
    }

    /// The address of a name.
    pub fn address(&self, name: &str) -> Option<u64> {
        self.symbols
            .iter()
            .find(|(_, other)| other == name)
            .map(|(address, _)| *address)
    }

    /// The first physical address behind everything that is loaded.
    pub fn end(&self) -> u64 {
        self.segments
            .iter()
            .map(|segment| segment.range().end)
            .max()
            .unwrap_or(0)
    }
}

fn segments<H: FileHeader<Endian = Endianness>>(file: &[u8]) -> Result<(Image, Endian), LoadError> {
    let damaged = |error: object::read::Error| LoadError::Damaged(error.to_string());
    let header = H::parse(file).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let (kind, machine) = (header.e_type(endian), header.e_machine(endian));
    if machine != EM_PPC && machine != EM_PPC64 {
        return Err(LoadError::Machine(machine.0));
    }
    if kind != ET_EXEC && kind != ET_DYN {
        return Err(LoadError::NotExecutable(kind.0));
    }
    let mut segments = Vec::new();
    for load in header.program_headers(endian, file).map_err(damaged)? {
        let size: u64 = load.p_memsz(endian).into();
        if load.p_type(endian) != PT_LOAD || size == 0 {
            continue;
        }
        let beyond = || LoadError::Damaged("a segment lies beyond the end of the file".into());
        let bytes = load.data(endian, file).map_err(|()| beyond())?;
        segments.push(Segment {
            linked: load.p_vaddr(endian).into(),
            physical: load.p_paddr(endian).into(),
            bytes: bytes.to_vec(),
            size: size.max(bytes.len() as u64),
            code: load.p_flags(endian).0 & PF_X.0 != 0,
        });
    }
    if segments.is_empty() {
        return Err(LoadError::Empty);
    }
    let image = Image {
        segments,
        entry: header.e_entry(endian).into(),
        symbols: Vec::new(),
    };
    let endian = if endian == Endianness::Big {
        Endian::Big
    } else {
        Endian::Little
    };
    Ok((image, endian))
}

/// The address of a symbol of any kind.
pub fn symbol(file: &[u8], name: &str) -> Option<u64> {
    let file = object::File::parse(file).ok()?;
    let mut symbols = file.symbols();
    let found = symbols.find(|symbol| symbol.is_definition() && symbol.name() == Ok(name));
    found.map(|symbol| symbol.address())
}

/// The names of code. Where a file shows no kinds, as in hand-written assembly, every label may be one.
fn symbols(file: &[u8]) -> Vec<(u64, String)> {
    let Ok(file) = object::File::parse(file) else {
        return Vec::new();
    };
    let is_code = |kind| matches!(kind, SymbolKind::Text | SymbolKind::Label | SymbolKind::Unknown);
    let named = file
        .symbols()
        .filter(|symbol| symbol.is_definition() && is_code(symbol.kind()));
    let named = named.filter_map(|symbol| Some((symbol.address(), symbol.name().ok()?.to_owned())));
    let mut symbols: Vec<_> = named
        .filter(|(_, name)| !name.is_empty() && !name.starts_with('.'))
        .collect();
    symbols.sort();
    symbols.dedup_by_key(|(address, _)| *address);
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_known_by_its_linked_names_wherever_it_is() {
        let mut image = Image::flat(vec![0; 0x100], 0);
        image.segments[0].linked = 0xc000_0000;
        image.symbols = vec![(0xc000_0010, "start".into())];
        assert_eq!(image.name(0xc000_0010).as_deref(), Some("start"));
        assert_eq!(image.name(0x14).as_deref(), Some("start+0x4"));
        assert_eq!(image.name(0x4), None);
        assert_eq!(image.name(0x100), None);
        assert_eq!(image.physical(0xc000_0020), Some(0x20));
        assert_eq!(image.physical(0x20), Some(0x20));
        assert_eq!(image.physical(0x200), None);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(matches!(Image::parse(b"\x7fELF"), Err(LoadError::Damaged(_))));
    }
}
