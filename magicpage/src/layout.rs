//! Where the fields of the magic page are.
//!
//! The page is `struct kvm_vcpu_arch_shared` of `uapi/asm/kvm_para.h`. Its byte order is the guest's. A 64-bit
//! field that a 32-bit guest reaches with `lwz` and `stw` is reached at its low word: offset + 4 in a big-endian
//! guest, offset + 0 in a little-endian one. [`Field::offset_in`] knows.

use crate::family::{Endian, WordSize};

/// Size of the page in bytes.
pub const PAGE_SIZE: usize = 4096;

/// Effective and real-mode address of the page: the last page of the address space, so that a displacement of
/// 16 bits from register number 0 (the value zero) reaches it.
///
/// It is what Linux's guests ask for (`KVM_MAGIC_PAGE` in `arch/powerpc/kernel/kvm.c`).
pub const PAGE_ADDRESS: i64 = -4096;

/// First byte behind the last field.
pub const END: u16 = 0xf0;

/// A field of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Name in the kernel's structure.
    pub name: &'static str,
    /// Offset in bytes from the start of the page.
    pub offset: u16,
    /// Size in bytes: 4 or 8, or 64 for the segment registers.
    pub size: u8,
}

/// Which part of a field an access means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The guest's word: all of a 4-byte field, all of an 8-byte field in a 64-bit guest, its low word in a
    /// 32-bit guest.
    Word,
    /// The high 32 bits of an 8-byte field.
    High32,
    /// The low 32 bits of an 8-byte field.
    Low32,
}

/// Where an access goes and how many bytes it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Offset in bytes from the start of the page.
    pub offset: u16,
    /// Bytes moved: 4 or 8.
    pub bytes: u8,
}

impl Place {
    /// The displacement that reaches the place from register number 0.
    pub const fn displacement(self) -> i16 {
        // The offset is below PAGE_SIZE, so that the sum lies in -4096..0.
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        {
            PAGE_ADDRESS as i16 + self.offset as i16
        }
    }
}

impl Field {
    /// Where a guest of this byte order and word size finds the guest's word of the field.
    pub const fn offset_in(&self, endian: Endian, word: WordSize) -> Place {
        self.part(Part::Word, endian, word)
    }

    /// Where a guest of this byte order and word size finds `part` of the field.
    ///
    /// A 4-byte field is found whole, whatever the part. The segment registers have elements instead of parts:
    /// [`Field::element`].
    pub const fn part(&self, part: Part, endian: Endian, word: WordSize) -> Place {
        if self.size == 4 {
            return Place {
                offset: self.offset,
                bytes: 4,
            };
        }
        let low = match (part, word) {
            (Part::Word, WordSize::Word64) => {
                return Place {
                    offset: self.offset,
                    bytes: 8,
                };
            }
            (Part::Word, WordSize::Word32) | (Part::Low32, _) => true,
            (Part::High32, _) => false,
        };
        let second = matches!(endian, Endian::Big) == low;
        Place {
            offset: self.offset + if second { 4 } else { 0 },
            bytes: 4,
        }
    }

    /// The 32-bit element `index` of the segment register array.
    ///
    /// # Panics
    ///
    /// When the field has no such element.
    pub const fn element(&self, index: u8) -> Place {
        assert!(index < self.size / 4, "no such element");
        Place {
            offset: self.offset + 4 * index as u16,
            bytes: 4,
        }
    }
}

/// Rows `NAME, offset, size, comment`: constants, the list of all fields, and the compile-time comparison with
/// the structure below come from this one list.
macro_rules! fields {
    ($($(#[$doc:meta])* $constant:ident $name:ident $offset:literal $size:literal;)*) => {
        $($(#[$doc])* pub const $constant: Field = Field { name: stringify!($name), offset: $offset, size: $size };)*
        /// Every field, in the order of the page.
        pub const FIELDS: &[Field] = &[$($constant),*];
        $(const _: () = assert!(
            core::mem::offset_of!(Shared, $name) == $offset && size_of_field(|s: &Shared| &s.$name) == $size
        );)*
    };
}

const fn size_of_field<T, U>(_: fn(&T) -> &U) -> usize {
    size_of::<U>()
}

fields! {
    /// Scratch space for trampolines.
    SCRATCH1 scratch1 0x000 8;
    /// Scratch space for trampolines.
    SCRATCH2 scratch2 0x008 8;
    /// Scratch space for trampolines.
    SCRATCH3 scratch3 0x010 8;
    /// The guest takes no interrupt while this equals r1; see [`crate::critical`].
    CRITICAL critical 0x018 8;
    /// SPRG0.
    SPRG0 sprg0 0x020 8;
    /// SPRG1.
    SPRG1 sprg1 0x028 8;
    /// SPRG2.
    SPRG2 sprg2 0x030 8;
    /// SPRG3.
    SPRG3 sprg3 0x038 8;
    /// SRR0.
    SRR0 srr0 0x040 8;
    /// SRR1.
    SRR1 srr1 0x048 8;
    /// DAR; DEAR on Book E.
    DAR dar 0x050 8;
    /// The guest's MSR.
    MSR msr 0x058 8;
    /// DSISR.
    DSISR dsisr 0x060 4;
    /// The host sets it non-zero while an interrupt waits.
    INT_PENDING int_pending 0x064 4;
    /// The sixteen segment registers of 32-bit Book3S, 4 bytes each, SR0 first.
    SR sr 0x068 64;
    /// MAS0.
    MAS0 mas0 0x0a8 4;
    /// MAS1.
    MAS1 mas1 0x0ac 4;
    /// MAS7 in the high word, MAS3 in the low word.
    MAS7_3 mas7_3 0x0b0 8;
    /// MAS2.
    MAS2 mas2 0x0b8 8;
    /// MAS4.
    MAS4 mas4 0x0c0 4;
    /// MAS6.
    MAS6 mas6 0x0c4 4;
    /// ESR.
    ESR esr 0x0c8 4;
    /// PIR.
    PIR pir 0x0cc 4;
    /// SPRG4.
    SPRG4 sprg4 0x0d0 8;
    /// SPRG5.
    SPRG5 sprg5 0x0d8 8;
    /// SPRG6.
    SPRG6 sprg6 0x0e0 8;
    /// SPRG7.
    SPRG7 sprg7 0x0e8 8;
}

/// The page as the C structure is laid out; only its offsets are used, and only at compile time.
#[repr(C)]
struct Shared {
    scratch1: u64,
    scratch2: u64,
    scratch3: u64,
    critical: u64,
    sprg0: u64,
    sprg1: u64,
    sprg2: u64,
    sprg3: u64,
    srr0: u64,
    srr1: u64,
    dar: u64,
    msr: u64,
    dsisr: u32,
    int_pending: u32,
    sr: [u32; 16],
    mas0: u32,
    mas1: u32,
    mas7_3: u64,
    mas2: u64,
    mas4: u32,
    mas6: u32,
    esr: u32,
    pir: u32,
    sprg4: u64,
    sprg5: u64,
    sprg6: u64,
    sprg7: u64,
}

const _: () = assert!(size_of::<Shared>() == END as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cover_the_page_without_gap() {
        let mut next = 0;
        for field in FIELDS {
            assert_eq!(field.offset, next, "{}", field.name);
            next += u16::from(field.size);
        }
        assert_eq!(next, END);
    }

    #[test]
    fn low_word_is_second_in_big_endian_only() {
        let at = |endian, word| MSR.offset_in(endian, word);
        assert_eq!(
            at(Endian::Big, WordSize::Word32),
            Place {
                offset: 0x5c,
                bytes: 4
            }
        );
        assert_eq!(
            at(Endian::Little, WordSize::Word32),
            Place {
                offset: 0x58,
                bytes: 4
            }
        );
        assert_eq!(
            at(Endian::Big, WordSize::Word64),
            Place {
                offset: 0x58,
                bytes: 8
            }
        );
        assert_eq!(
            MAS7_3.part(Part::High32, Endian::Big, WordSize::Word32).offset,
            0xb0
        );
        assert_eq!(
            MAS7_3.part(Part::Low32, Endian::Big, WordSize::Word32).offset,
            0xb4
        );
        assert_eq!(
            MAS7_3.part(Part::High32, Endian::Little, WordSize::Word32).offset,
            0xb4
        );
        assert_eq!(
            DSISR.offset_in(Endian::Big, WordSize::Word64),
            Place {
                offset: 0x60,
                bytes: 4
            }
        );
    }

    #[test]
    fn displacement_reaches_below_zero() {
        assert_eq!(MSR.offset_in(Endian::Big, WordSize::Word32).displacement(), -4004);
        assert_eq!(SR.element(15).displacement(), -4096 + 0xa4);
    }
}
