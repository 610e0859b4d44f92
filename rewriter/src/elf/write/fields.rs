//! The fields of ELF records, by class. (A table: System V ABI, chapter 4, and ELF-64 Object File Format 1.5.)

use alloc::vec;
use alloc::vec::Vec;

use magicpage::Endian;

/// A field: offset and size in 32-bit files, offset and size in 64-bit files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field([(usize, usize); 2]);

/// Sizes of the records: in 32-bit and in 64-bit files.
pub(super) mod sizes {
    pub const SECTION: [usize; 2] = [40, 64];
    pub const PROGRAM: [usize; 2] = [32, 56];
    pub const SYMBOL: [usize; 2] = [16, 24];
    pub const RELA: [usize; 2] = [12, 24];
}

macro_rules! fields {
    ($($name:ident ($at32:literal, $size32:literal) ($at64:literal, $size64:literal);)*) => {
        $(pub(super) const $name: Field = Field([($at32, $size32), ($at64, $size64)]);)*
    };
}

fields! {
    E_ENTRY (24, 4) (24, 8);
    E_PHOFF (28, 4) (32, 8);
    E_SHOFF (32, 4) (40, 8);
    E_PHNUM (44, 2) (56, 2);
    E_SHENTSIZE (46, 2) (58, 2);
    E_SHNUM (48, 2) (60, 2);
    E_SHSTRNDX (50, 2) (62, 2);
    SH_NAME (0, 4) (0, 4);
    SH_TYPE (4, 4) (4, 4);
    SH_FLAGS (8, 4) (8, 8);
    SH_ADDR (12, 4) (16, 8);
    SH_OFFSET (16, 4) (24, 8);
    SH_SIZE (20, 4) (32, 8);
    SH_LINK (24, 4) (40, 4);
    SH_INFO (28, 4) (44, 4);
    SH_ADDRALIGN (32, 4) (48, 8);
    SH_ENTSIZE (36, 4) (56, 8);
    P_TYPE (0, 4) (0, 4);
    P_OFFSET (4, 4) (8, 8);
    P_VADDR (8, 4) (16, 8);
    P_PADDR (12, 4) (24, 8);
    P_FILESZ (16, 4) (32, 8);
    P_MEMSZ (20, 4) (40, 8);
    P_FLAGS (24, 4) (4, 4);
    P_ALIGN (28, 4) (48, 8);
    ST_NAME (0, 4) (0, 4);
    ST_INFO (12, 1) (4, 1);
    ST_OTHER (13, 1) (5, 1);
    ST_SHNDX (14, 2) (6, 2);
    R_OFFSET (0, 4) (0, 8);
    R_INFO (4, 4) (8, 8);
    R_ADDEND (8, 4) (16, 8);
}

/// How records are written in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    pub wide: bool,
    pub endian: Endian,
}

impl Format {
    /// The size for this class.
    pub fn size(self, sizes: [usize; 2]) -> usize {
        sizes[usize::from(self.wide)]
    }

    /// Where a field is in its record, and its bytes for `value`, of which the field takes the low ones.
    pub fn field(self, field: Field, value: u64) -> (usize, Vec<u8>) {
        let (at, size) = field.0[usize::from(self.wide)];
        let bytes = match self.endian {
            Endian::Little => value.to_le_bytes()[..size].to_vec(),
            Endian::Big => value.to_be_bytes()[8 - size..].to_vec(),
        };
        (at, bytes)
    }

    /// Sets a field of the record that starts at `start` of `bytes`; nothing where the record is not there.
    pub fn set(self, bytes: &mut [u8], start: usize, field: Field, value: u64) {
        let (at, new) = self.field(field, value);
        if let Some(old) = bytes.get_mut(start + at..start + at + new.len()) {
            old.copy_from_slice(&new);
        }
    }

    /// A record with these fields and zero elsewhere.
    pub fn record(self, sizes: [usize; 2], values: &[(Field, u64)]) -> Vec<u8> {
        let mut record = vec![0; self.size(sizes)];
        for (field, value) in values {
            self.set(&mut record, 0, *field, *value);
        }
        record
    }

    /// Whether `value` fits an offset, address or size of this class.
    pub fn fits(self, value: u64) -> bool {
        self.wide || u32::try_from(value).is_ok()
    }
}
