//! Forms that assemblers know and objdump does not print: rows like those of the simplified mnemonics.

use magicpage::Families;

use crate::operand::*;
use crate::text::alias::Alias;

/// The length of a comparison: 1 where registers have 64 bits.
const LENGTH: Operand = u(21, 1);

macro_rules! forms {
    ($($of:literal $fill:expr, $mnemonic:literal [$($operand:expr),*];)*) => {
        &[$(Alias {
            of: $of,
            fill: $fill,
            mnemonic: $mnemonic,
            operands: &[$($operand),*],
            families: Families::ALL,
        }),*]
    };
}

#[rustfmt::skip]
pub(super) const FORMS: &[Alias] = forms! {
    // The upper half of a constant may be written unsigned (GNU as).
    "addis" |w| w & !(31 << 16),    "lis"   [RT, UI];
    "addis" |w| w,                  "addis" [RT, RA0, UI];
    "cmp"   |w| w,                  "cmp"   [BF, LENGTH, RA, RB];
    "cmpi"  |w| w,                  "cmpi"  [BF, LENGTH, RA, SI];
    "cmpl"  |w| w,                  "cmpl"  [BF, LENGTH, RA, RB];
    "cmpli" |w| w,                  "cmpli" [BF, LENGTH, RA, UI];
};
