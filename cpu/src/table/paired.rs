//! Paired singles of the 750CL. They share primary opcode 4 with AltiVec; no part has both.

use super::*;
use crate::operand::*;

/// Uses the floating-point unit.
const PS: Flags = FP | PAIRED;
const W: Operand = u(15, 1);
const I: Operand = u(12, 3);
const WX: Operand = u(10, 1);
const IX: Operand = u(7, 3);

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows! {
    "psq_l"     PsqL     [FT, PSD, W, I]          PS,       BOOK3S_32, "750CL 12.1";
    "psq_lu"    PsqLu    [FT, PSDU, W, I]         PS,       BOOK3S_32, "750CL 12.1";
    "psq_st"    PsqSt    [FT, PSD, W, I]          PS,       BOOK3S_32, "750CL 12.1";
    "psq_stu"   PsqStu   [FT, PSDU, W, I]         PS,       BOOK3S_32, "750CL 12.1";
    "psq_lx"    PsqLx    [FT, Operand::PlainBase, RB, WX, IX]    PS,       BOOK3S_32, "750CL 12.1";
    "psq_lux"   PsqLux   [FT, RAU, RB, WX, IX]    PS,       BOOK3S_32, "750CL 12.1";
    "psq_stx"   PsqStx   [FT, Operand::PlainBase, RB, WX, IX]    PS,       BOOK3S_32, "750CL 12.1";
    "psq_stux"  PsqStux  [FT, RAU, RB, WX, IX]    PS,       BOOK3S_32, "750CL 12.1";
    "ps_add"    PsAdd    [FT, FA, FB]             PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_sub"    PsSub    [FT, FA, FB]             PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_mul"    PsMul    [FT, FA, FC]             PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_muls0"  PsMuls0  [FT, FA, FC]             PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_muls1"  PsMuls1  [FT, FA, FC]             PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_div"    PsDiv    [FT, FA, FB]             PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_madd"   PsMadd   [FT, FA, FC, FB]         PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_madds0" PsMadds0 [FT, FA, FC, FB]         PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_madds1" PsMadds1 [FT, FA, FC, FB]         PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_msub"   PsMsub   [FT, FA, FC, FB]         PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_nmadd"  PsNmadd  [FT, FA, FC, FB]         PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_nmsub"  PsNmsub  [FT, FA, FC, FB]         PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_sum0"   PsSum0   [FT, FA, FC, FB]         PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_sum1"   PsSum1   [FT, FA, FC, FB]         PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_sel"    PsSel    [FT, FA, FC, FB]         PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_res"    PsRes    [FT, FB]                 PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_rsqrte" PsRsqrte [FT, FB]                 PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_mr"     PsMr     [FT, FB]                 PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_neg"    PsNeg    [FT, FB]                 PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_abs"    PsAbs    [FT, FB]                 PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_nabs"   PsNabs   [FT, FB]                 PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_merge00" PsMerge00 [FT, FA, FB]           PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_merge01" PsMerge01 [FT, FA, FB]           PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_merge10" PsMerge10 [FT, FA, FB]           PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_merge11" PsMerge11 [FT, FA, FB]           PS | RC1, BOOK3S_32, "750CL 12.1";
    "ps_cmpu0"  PsCmpu0  [BF, FA, FB]             PS,       BOOK3S_32, "750CL 12.1";
    "ps_cmpo0"  PsCmpo0  [BF, FA, FB]             PS,       BOOK3S_32, "750CL 12.1";
    "ps_cmpu1"  PsCmpu1  [BF, FA, FB]             PS,       BOOK3S_32, "750CL 12.1";
    "ps_cmpo1"  PsCmpo1  [BF, FA, FB]             PS,       BOOK3S_32, "750CL 12.1";
    "dcbz_l"    DcbzL    [Operand::PlainBase, RB]                PAIRED,   BOOK3S_32, "750CL 12.1";
};
