//! Execution of user-mode fixed-point and floating-point instructions.
//!
//! [`execute`] runs one instruction; [`handler`] gives the function that does it, so that an interpreter can decode
//! once and call often. Either the instruction completes and the program counter has moved on, or it stops and no
//! register has changed; memory may have where one instruction stores several words. The one stop that comes with
//! results is [`Stop::FloatingPointException`].
//!
//! Registers of a 32-bit family are 32 bits wide, kept zero-extended. In 32-bit mode ([`State::word`]), addresses wrap
//! at 32 bits and field 0, CA and OV look at 32 bits, whatever the registers' width. 64-bit processors are those of
//! Power ISA 3.0: they keep CA32 and OV32.
//!
//! # What the architecture leaves undefined
//!
//! Each has one outcome here, the one that QEMU's user mode shows, so that runs can be compared bit by bit:
//!
//! - The quotient of `divw`, `divwu`, `divd` and `divdu` by zero, and of the most negative number by -1, is the
//!   dividend; that of the extended divisions is 0; every remainder by zero is 0.
//! - The upper half of the result of `mulhw`, `mulhwu`, `divw`, `divwu`, `divweu` and `moduw` is 0; that of `divwe` and
//!   `modsw` is the sign.
//! - `mfocrf` reads all other fields as 0.
//! - An update form in 32-bit mode puts the 32-bit address into the base register.
//! - A store conditional whose address or size is not the reservation's fails.
//! - `fres` and `fre` are one over the operand, correctly rounded; `frsqrte` and `frsqrtes` one over the root, which is
//!   rounded to a double first. FR, FI and XX are those of the roundings.
//! - Single-precision arithmetic on operands that are no singles is exact until it is rounded, once, to a single. A
//!   result that is a NaN loses the bits that a single lacks.
//! - `fctiw`, `fctiwz` and their unsigned forms extend the integer to 64 bits; the integer of a NaN is extended with
//!   zeros. FPRF of a conversion to an integer is that of a NaN where it is invalid, and stays as it is elsewhere.
//! - `mffs` reads the upper half as 0.
//! - `stfs` of a number below every single stores a zero; of one above, its bits.
//! - FR after an overflow that is not enabled says whether the result is greater than the exact one.
//! - FPSCR\[NI\] can be set and has no effect.
//! - An instruction that stops at a floating-point exception does not record field 1, unless it is a move to FPSCR.

use crate::decode::Ins;
use crate::memory::{Fault, Memory};
use crate::state::State;
use crate::table::{self, Privilege};

mod arithmetic;
mod branch;
mod compare;
mod condition;
mod divide;
mod fp_arith;
mod fp_compare;
mod fp_convert;
mod fp_estimate;
mod fp_memory;
mod fp_move;
mod fp_result;
mod fp_round;
mod fp_status;
mod load_store;
mod logical;
mod registers;
mod reserve;
mod rotate;
mod several;
mod special;

/// Why an instruction did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is privileged.
    Privileged,
    /// It is a system call.
    SystemCall,
    /// It is a trap whose condition holds.
    Trap,
    /// It is no instruction, or an invalid form of one; or a paired single, which HID2\[PSE\] = 0 makes illegal.
    Illegal,
    /// It exists, and this crate does not execute it.
    Unimplemented,
    /// It is a floating-point instruction, and [`State::fp`] is false.
    FloatingPointUnavailable,
    /// It caused an enabled floating-point exception, and [`State::fp_exceptions`] is true; or it is a move to FPSCR
    /// that left FEX set there.
    ///
    /// FPSCR says which, and the target holds the result, unless that is suppressed: an enabled invalid operation or
    /// division by zero leaves the target alone (Power ISA I 4.4.1.2 and 4.4.2.2). The program counter is still that
    /// of the instruction, as an interrupt in precise mode reports it; the imprecise modes are no less precise, as on
    /// the 750 (MPC750 UM 4.3).
    FloatingPointException,
    /// An access to memory failed.
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What an instruction comes to.
pub type Done = Result<(), Stop>;

/// The function that executes an instruction.
pub type Handler<M> = fn(&mut State, &mut M, Ins) -> Done;

/// Executes the instruction at the program counter.
///
/// # Errors
///
/// The reason why it did not complete. No register has changed then, unless the reason is a
/// [floating-point exception](Stop::FloatingPointException).
pub fn execute<M: Memory>(ins: Ins, state: &mut State, memory: &mut M) -> Done {
    handler::<M>(ins)(state, memory, ins)
}

/// The function that executes `ins`. It expects to be called with the same instruction, or with another that has
/// the same row.
pub fn handler<M: Memory>(ins: Ins) -> Handler<M> {
    let number = NUMBERS[ins.row_number()];
    if number != NONE {
        let handlers: &[Handler<M>] = &Handlers::<M>::ALL;
        return handlers[usize::from(number)];
    }
    let row = ins.row();
    if !ins.is_known() || row.has(table::PAIRED) {
        |_, _, _| Err(Stop::Illegal)
    } else if row.has(table::SYSCALL) {
        |_, _, _| Err(Stop::SystemCall)
    } else if ins.privilege() == Privilege::Supervisor {
        |_, _, _| Err(Stop::Privileged)
    } else {
        |_, _, _| Err(Stop::Unimplemented)
    }
}

/// The handlers, by mnemonic.
macro_rules! handlers {
    ($($module:ident: $($name:literal $handler:ident),*;)*) => {
        const NAMES: &[&str] = &[$($($name,)*)*];
        struct Handlers<M>(core::marker::PhantomData<M>);
        impl<M: Memory> Handlers<M> {
            const ALL: [Handler<M>; NAMES.len()] = [$($($module::$handler::<M>,)*)*];
        }
    };
}

handlers! {
    arithmetic:
        "addi" addi, "addis" addis, "addic" addic, "addic." addic, "subfic" subfic, "add" add, "addc" addc,
        "adde" adde, "addme" addme, "addze" addze, "subf" subf, "subfc" subfc, "subfe" subfe, "subfme" subfme,
        "subfze" subfze, "neg" neg, "mulli" mulli, "mullw" mullw, "mulhw" mulhw, "mulhwu" mulhwu, "mulld" mulld,
        "mulhd" mulhd, "mulhdu" mulhdu, "addpcis" addpcis, "addex" addex, "maddhd" maddhd, "maddhdu" maddhdu,
        "maddld" maddld, "addg6s" addg6s;
    divide:
        "divw" divw, "divwu" divwu, "divd" divd, "divdu" divdu, "divwe" divwe, "divweu" divweu, "divde" divde,
        "divdeu" divdeu, "modsw" modsw, "moduw" moduw, "modsd" modsd, "modud" modud;
    compare:
        "cmp" cmp, "cmpi" cmpi, "cmpl" cmpl, "cmpli" cmpli, "cmprb" cmprb, "cmpeqb" cmpeqb, "tw" tw, "twi" twi,
        "td" td, "tdi" tdi, "isel" isel, "setb" setb;
    logical:
        "andi." andi, "andis." andis, "ori" ori, "oris" oris, "xori" xori, "xoris" xoris, "and" and, "andc" andc,
        "or" or, "orc" orc, "xor" xor, "nand" nand, "nor" nor, "eqv" eqv, "extsb" extsb, "extsh" extsh,
        "extsw" extsw, "cntlzw" cntlzw, "cntlzd" cntlzd, "cnttzw" cnttzw, "cnttzd" cnttzd, "popcntb" popcntb,
        "popcntw" popcntw, "popcntd" popcntd, "prtyw" prtyw, "prtyd" prtyd, "cmpb" cmpb, "bpermd" bpermd;
    rotate:
        "rlwimi" rlwimi, "rlwinm" rlwinm, "rlwnm" rlwnm, "rldicl" rldicl, "rldicr" rldicr, "rldic" rldic,
        "rldimi" rldimi, "rldcl" rldcl, "rldcr" rldcr, "slw" slw, "srw" srw, "sraw" sraw, "srawi" srawi, "sld" sld,
        "srd" srd, "srad" srad, "sradi" sradi, "extswsli" extswsli;
    load_store:
        "lbz" lbz, "lbzu" lbzu, "lbzx" lbzx, "lbzux" lbzux, "lhz" lhz, "lhzu" lhzu, "lhzx" lhzx, "lhzux" lhzux,
        "lha" lha, "lhau" lhau, "lhax" lhax, "lhaux" lhaux, "lwz" lwz, "lwzu" lwzu, "lwzx" lwzx, "lwzux" lwzux,
        "lwa" lwa, "lwax" lwax, "lwaux" lwaux, "ld" ld, "ldu" ldu, "ldx" ldx, "ldux" ldux, "lhbrx" lhbrx,
        "lwbrx" lwbrx, "ldbrx" ldbrx, "stb" stb, "stbu" stbu, "stbx" stbx, "stbux" stbux, "sth" sth, "sthu" sthu,
        "sthx" sthx, "sthux" sthux, "stw" stw, "stwu" stwu, "stwx" stwx, "stwux" stwux, "std" std, "stdu" stdu,
        "stdx" stdx, "stdux" stdux, "sthbrx" sthbrx, "stwbrx" stwbrx, "stdbrx" stdbrx;
    several:
        "lmw" lmw, "stmw" stmw, "lswi" lswi, "lswx" lswx, "stswi" stswi, "stswx" stswx, "dcbz" dcbz, "dcbzl" dcbz;
    reserve:
        "lbarx" lbarx, "lharx" lharx, "lwarx" lwarx, "ldarx" ldarx, "stbcx." stbcx, "sthcx." sthcx, "stwcx." stwcx,
        "stdcx." stdcx;
    condition:
        "crand" crand, "crandc" crandc, "creqv" creqv, "crnand" crnand, "crnor" crnor, "cror" cror, "crorc" crorc,
        "crxor" crxor, "mcrf" mcrf, "mfcr" mfcr, "mfocrf" mfocrf, "mtcrf" mtcrf, "mtocrf" mtcrf, "mcrxr" mcrxr,
        "mcrxrx" mcrxrx;
    branch:
        "b" b, "bc" bc, "bclr" bclr, "bcctr" bcctr;
    special:
        "mfspr" mfspr, "mtspr" mtspr, "isync" nothing, "sync" nothing, "lwsync" nothing, "ptesync" nothing,
        "eieio" nothing, "mbar" nothing, "dcbst" touch, "dcbf" touch, "dcbfl" touch, "dcbflp" touch, "dcbfps" touch,
        "dcbstps" touch, "icbi" touch, "icbt" nothing, "dcbt" nothing, "dcbtst" nothing, "dcba" nothing,
        "dst" nothing, "dstt" nothing, "dstst" nothing, "dststt" nothing, "dss" nothing, "dssall" nothing,
        "wait" nothing, "waitrsv" nothing, "pause_short" nothing;
    fp_memory:
        "lfs" lfs, "lfsu" lfsu, "lfsx" lfsx, "lfsux" lfsux, "lfd" lfd, "lfdu" lfdu, "lfdx" lfdx, "lfdux" lfdux,
        "lfiwax" lfiwax, "lfiwzx" lfiwzx, "stfs" stfs, "stfsu" stfsu, "stfsx" stfsx, "stfsux" stfsux, "stfd" stfd,
        "stfdu" stfdu, "stfdx" stfdx, "stfdux" stfdux, "stfiwx" stfiwx;
    fp_move:
        "fmr" fmr, "fneg" fneg, "fabs" fabs, "fnabs" fnabs, "fcpsgn" fcpsgn, "fmrgew" fmrgew, "fmrgow" fmrgow;
    fp_arith:
        "fadd" fadd, "fadds" fadd, "fsub" fsub, "fsubs" fsub, "fmul" fmul, "fmuls" fmul, "fdiv" fdiv, "fdivs" fdiv,
        "fmadd" fmadd, "fmadds" fmadd, "fmsub" fmadd, "fmsubs" fmadd, "fnmadd" fmadd, "fnmadds" fmadd,
        "fnmsub" fmadd, "fnmsubs" fmadd;
    fp_estimate:
        "fsqrt" fsqrt, "fsqrts" fsqrt, "fre" fre, "fres" fre, "frsqrte" frsqrte, "frsqrtes" frsqrte, "ftdiv" ftdiv,
        "ftsqrt" ftsqrt;
    fp_convert:
        "frsp" frsp, "fctiw" fctiw, "fctiwz" fctiwz, "fctiwu" fctiwu, "fctiwuz" fctiwuz, "fctid" fctid,
        "fctidz" fctidz, "fctidu" fctidu, "fctiduz" fctiduz, "fcfid" fcfid, "fcfidu" fcfidu, "fcfids" fcfid,
        "fcfidus" fcfidu, "frin" frin, "friz" friz, "frip" frip, "frim" frim;
    fp_compare:
        "fcmpu" fcmpu, "fcmpo" fcmpo, "fsel" fsel;
    fp_status:
        "mffs" mffs, "mffsl" mffsl, "mffsce" mffsce, "mffscrn" mffscrn, "mffscrni" mffscrni, "mtfsf" mtfsf,
        "mtfsfi" mtfsfi, "mtfsb0" mtfsb0, "mtfsb1" mtfsb1, "mcrfs" mcrfs;
}

/// No handler.
const NONE: u16 = u16::MAX;

/// The number of each row's handler.
static NUMBERS: [u16; table::COUNT] = {
    let mut numbers = [NONE; table::COUNT];
    let mut handler = 0;
    while handler < NAMES.len() {
        let wanted = hash(NAMES[handler]);
        let mut row = 0;
        while row < table::COUNT {
            if HASHES[row] == wanted {
                #[expect(clippy::cast_possible_truncation, reason = "there are a few hundred handlers")]
                let number = handler as u16;
                numbers[row] = number;
            }
            row += 1;
        }
        handler += 1;
    }
    numbers
};

const HASHES: [u32; table::COUNT] = {
    let mut hashes = [0; table::COUNT];
    let mut row = 0;
    while row < table::COUNT {
        hashes[row] = hash(table::ROWS[row].mnemonic);
        row += 1;
    }
    hashes
};

/// FNV-1a. That no two mnemonics share a value is tested.
const fn hash(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let mut hash = 0x811c_9dc5u32;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn mnemonics_do_not_collide_and_every_handler_has_a_row() {
        let mut names = BTreeMap::new();
        for row in table::instructions() {
            assert_eq!(
                *names.entry(hash(row.mnemonic)).or_insert(row.mnemonic),
                row.mnemonic
            );
        }
        for name in NAMES {
            assert_eq!(names.get(&hash(name)), Some(name));
        }
    }
}
