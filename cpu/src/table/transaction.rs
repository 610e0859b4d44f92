//! Transactional memory. Any of these may roll every register back, so none has exact effects.

use super::*;
use crate::operand::*;

const A: Operand = Operand::Opt(&u(25, 1));

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "tbegin."    (x(31, 654) | 1) [Operand::Opt(&u(21, 1))]  ANY,  BOOK3S_64, "II 5.5";
    "tend."      (x(31, 686) | 1) [A]                        ANY,  BOOK3S_64, "II 5.5";
    "tabort."    (x(31, 910) | 1) [RA]                       ANY,  BOOK3S_64, "II 5.5";
    "tabortwc."  (x(31, 782) | 1) [TO, RA, RB]               ANY,  BOOK3S_64, "II 5.5";
    "tabortdc."  (x(31, 814) | 1) [TO, RA, RB]               ANY,  BOOK3S_64, "II 5.5";
    "tabortwci." (x(31, 846) | 1) [TO, RA, Operand::Sint { at: 11, width: 5 }] ANY, BOOK3S_64, "II 5.5";
    "tabortdci." (x(31, 878) | 1) [TO, RA, Operand::Sint { at: 11, width: 5 }] ANY, BOOK3S_64, "II 5.5";
    "tsr."       (x(31, 750) | 1) [u(21, 1)]                 ANY,  BOOK3S_64, "II 5.5";
    "tcheck"     (x(31, 718)) [BF]                           ANY,  BOOK3S_64, "II 5.5";
    "treclaim."  (x(31, 942) | 1) [RA]               ANY | SUPER,  BOOK3S_64, "III 3.3.1";
    "trechkpt."  (x(31, 1006) | 1) []                ANY | SUPER,  BOOK3S_64, "III 3.3.1";
};
