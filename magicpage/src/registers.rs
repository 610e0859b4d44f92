//! Which register lives in which field of the page.
//!
//! One row per SPR number: adding a register, an alias or a family is adding a row. The rewriter derives its
//! patterns and templates from it, the host its SPR emulation, the documentation its listing.

use crate::family::{Families, Family};
use crate::hypercall::PageFeatures;
use crate::layout::{self, Field, Part};

/// How an SPR number may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// `mfspr` only.
    Read,
    /// `mfspr` and `mtspr`.
    ReadWrite,
}

/// Registers that are rewritten together or not at all.
///
/// User mode reads SPRG4-7 (and SPRG3 on some parts) with no trap, so that page and register agree only after
/// an exit: a kernel that writes one through the page must also read it through the page
/// (`Documentation/virt/kvm/ppc-pv.rst`, "Patched instructions").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Group {
    /// SPRG3 to SPRG7.
    Sprg3To7,
}

/// An SPR number that the page can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedSpr {
    /// The register's name in lower case; a user-read alias ends in `r`.
    pub name: &'static str,
    /// SPR number, as `mfspr` takes it.
    pub number: u16,
    /// Field of the page.
    pub field: Field,
    /// Part of the field.
    pub part: Part,
    /// What the number allows.
    pub access: Access,
    /// Features that the host must offer; empty for a field that every host keeps.
    pub feature: PageFeatures,
    /// Families on which the number means this register.
    pub families: Families,
    /// The group the register belongs to.
    pub group: Option<Group>,
}

const NONE: PageFeatures = PageFeatures::empty();
const EXTENDED: PageFeatures = PageFeatures::MAS0_TO_SPRG7;
const SPRG: Option<Group> = Some(Group::Sprg3To7);

macro_rules! rows {
    ($($name:literal $number:literal $field:ident $part:ident $access:ident $feature:ident $families:ident $group:expr;)*) => {
        &[$(SharedSpr {
            name: $name,
            number: $number,
            field: layout::$field,
            part: Part::$part,
            access: Access::$access,
            feature: $feature,
            families: Families::$families,
            group: $group,
        }),*]
    };
}

/// Every SPR that the page serves; `kvm_check_ins` in Linux's `arch/powerpc/kernel/kvm.c` knows the same.
#[rustfmt::skip]
pub const SHARED_SPRS: &[SharedSpr] = rows! {
    // name   number field  part   access    feature  families group
    "sprg0"   272    SPRG0  Word   ReadWrite NONE     ALL      None;
    "sprg1"   273    SPRG1  Word   ReadWrite NONE     ALL      None;
    "sprg2"   274    SPRG2  Word   ReadWrite NONE     ALL      None;
    "sprg3"   275    SPRG3  Word   ReadWrite NONE     ALL      SPRG;
    "srr0"    26     SRR0   Word   ReadWrite NONE     ALL      None;
    "srr1"    27     SRR1   Word   ReadWrite NONE     ALL      None;
    "dar"     19     DAR    Word   ReadWrite NONE     BOOK3S   None;
    "dear"    61     DAR    Word   ReadWrite NONE     E500     None;
    "dsisr"   18     DSISR  Word   ReadWrite NONE     BOOK3S   None;
    "sprg4"   276    SPRG4  Word   ReadWrite EXTENDED ALL      SPRG;
    "sprg5"   277    SPRG5  Word   ReadWrite EXTENDED ALL      SPRG;
    "sprg6"   278    SPRG6  Word   ReadWrite EXTENDED ALL      SPRG;
    "sprg7"   279    SPRG7  Word   ReadWrite EXTENDED ALL      SPRG;
    "sprg4r"  260    SPRG4  Word   Read      EXTENDED E500     SPRG;
    "sprg5r"  261    SPRG5  Word   Read      EXTENDED E500     SPRG;
    "sprg6r"  262    SPRG6  Word   Read      EXTENDED E500     SPRG;
    "sprg7r"  263    SPRG7  Word   Read      EXTENDED E500     SPRG;
    "mas0"    624    MAS0   Word   ReadWrite EXTENDED E500     None;
    "mas1"    625    MAS1   Word   ReadWrite EXTENDED E500     None;
    "mas2"    626    MAS2   Word   ReadWrite EXTENDED E500     None;
    "mas3"    627    MAS7_3 Low32  ReadWrite EXTENDED E500     None;
    "mas4"    628    MAS4   Word   ReadWrite EXTENDED E500     None;
    "mas6"    630    MAS6   Word   ReadWrite EXTENDED E500     None;
    "mas7"    944    MAS7_3 High32 ReadWrite EXTENDED E500     None;
    "esr"     62     ESR    Word   ReadWrite EXTENDED E500     None;
    "pir"     286    PIR    Word   Read      EXTENDED E500     None;
    "pir"     1023   PIR    Word   Read      EXTENDED BOOK3S   None;
};

/// The row for an SPR number on a family.
pub fn shared_spr(number: u16, family: Family) -> Option<&'static SharedSpr> {
    SHARED_SPRS
        .iter()
        .find(|row| row.number == number && row.families.has(family))
}

/// The feature that rewriting `mtsrin` and `mtsr` needs.
pub const SEGMENT_FEATURE: PageFeatures = PageFeatures::SR;

/// The family that has segment registers in the page.
pub const SEGMENT_FAMILIES: Families = Families::BOOK3S_32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_means_one_register_on_a_family() {
        for family in Family::ALL {
            let mut numbers: [bool; 1024] = [false; 1024];
            for row in SHARED_SPRS.iter().filter(|row| row.families.has(family)) {
                assert!(
                    !core::mem::replace(&mut numbers[usize::from(row.number)], true),
                    "{}",
                    row.number
                );
            }
        }
    }

    #[test]
    fn fields_behind_the_segment_registers_need_the_feature() {
        for row in SHARED_SPRS {
            let extended = row.field.offset >= layout::MAS0.offset;
            assert_eq!(row.feature == EXTENDED, extended, "{}", row.name);
        }
    }

    #[test]
    fn the_group_is_sprg3_to_7() {
        for row in SHARED_SPRS {
            let member = row.name.starts_with("sprg") && row.name[4..5] >= *"3";
            assert_eq!(row.group.is_some(), member, "{}", row.name);
        }
    }
}
