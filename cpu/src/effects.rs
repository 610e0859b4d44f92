//! What an instruction reads and writes.
//!
//! Three sets, each erring on the side that keeps liveness sound: `reads` and `writes` may hold too much, `defines`
//! too little. Memory is no resource, and neither is the MSR's silent say in translation and in what is available;
//! only instructions that move the MSR read it.
//!
//! A call has its own effects, not its callee's. A trap, a system call or a return from an interrupt shows every
//! register to somebody else, who may change any.

use crate::decode::Ins;
use crate::regs::Regs;
use crate::spr;
use crate::table::{self, Row};

/// What an instruction reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// All that it may read.
    pub reads: Regs,
    /// All that it may change.
    pub writes: Regs,
    /// What it certainly overwrites completely: a subset of `writes`.
    pub defines: Regs,
}

/// What an instruction does that nobody looks into.
const ANYTHING: Effects = Effects {
    reads: Regs::ALL,
    writes: Regs::ALL,
    defines: Regs::NONE,
};

impl Effects {
    fn read(&mut self, regs: Regs) {
        self.reads |= regs;
    }

    fn change(&mut self, regs: Regs) {
        self.writes |= regs;
    }

    fn define(&mut self, regs: Regs) {
        self.writes |= regs;
        self.defines |= regs;
    }

    /// Of an instruction that is one of two.
    fn either(self, other: Self) -> Self {
        Self {
            reads: self.reads | other.reads,
            writes: self.writes | other.writes,
            defines: self.defines & other.defines,
        }
    }
}

/// What a flag of a row stands for, beyond the operands.
const IMPLICIT: &[(table::Flags, Effects)] = &[
    (table::CAI, reads(Regs::XER_CA)),
    (table::CAO, defines(Regs::XER_CA)),
    (table::SO, reads(Regs::XER_OV)),
    (table::OV, changes(Regs::XER_OV)),
    (table::CR0, records(Regs::cr(0))),
    (table::CR6, defines(Regs::cr(6))),
    (table::FP, changes(Regs::FPU)),
    (table::VEC, changes(Regs::VECTOR)),
    (table::OTHR, reads(Regs::OTHER)),
    (table::OTHW, writes(Regs::OTHER)),
    (table::MSRR, reads(Regs::MSR)),
    (table::MSRW, changes(Regs::MSR)),
    (table::CRS, reads(Regs::CR_FIELDS)),
    (table::TO_LR, reads(Regs::LR)),
    (table::TO_CTR, reads(Regs::CTR)),
];

const fn reads(regs: Regs) -> Effects {
    Effects {
        reads: regs,
        writes: Regs::NONE,
        defines: Regs::NONE,
    }
}

const fn writes(regs: Regs) -> Effects {
    Effects {
        reads: Regs::NONE,
        writes: regs,
        defines: Regs::NONE,
    }
}

const fn defines(regs: Regs) -> Effects {
    Effects {
        reads: Regs::NONE,
        writes: regs,
        defines: regs,
    }
}

/// Reads and changes a part.
const fn changes(regs: Regs) -> Effects {
    Effects {
        reads: regs,
        writes: regs,
        defines: Regs::NONE,
    }
}

/// Overwrites condition-register fields, the summary overflow bit included.
const fn records(fields: Regs) -> Effects {
    Effects {
        reads: Regs::XER_OV,
        writes: fields,
        defines: fields,
    }
}

impl Ins {
    /// What the instruction reads and writes. An unknown word reads and writes everything.
    pub fn effects(self) -> Effects {
        let first = of_row(self, self.row());
        match self.alternative() {
            Some(row) => first.either(of_row(self, row)),
            None => first,
        }
    }
}

fn of_row(ins: Ins, row: &Row) -> Effects {
    const SOMEBODY_ELSE: table::Flags = table::ANY | table::TRAP | table::SYSCALL | table::RETURN;
    if row.flags & SOMEBODY_ELSE != 0 {
        return ANYTHING;
    }
    let mut effects = Effects::default();
    for operand in row.operands {
        effects.read(operand.reads(ins.word));
        effects.change(operand.writes(ins.word));
        effects.defines |= operand.defines(ins.word);
    }
    for (flag, implicit) in IMPLICIT {
        if row.has(*flag) {
            effects.read(implicit.reads);
            effects.change(implicit.writes);
            effects.defines |= implicit.defines;
        }
    }
    record(ins, row, &mut effects);
    branch(ins, row, &mut effects);
    several(ins, row, &mut effects);
    special(ins, row, &mut effects);
    effects
}

/// Rc and OE.
fn record(ins: Ins, row: &Row, effects: &mut Effects) {
    if row.has(table::RC) && ins.rc() {
        effects.read(Regs::XER_OV);
        effects.define(Regs::cr(0));
    }
    if row.has(table::RC1) && ins.rc() {
        effects.define(Regs::cr(1));
    }
    let bit10 = ins.word & 1 << 10 != 0;
    if row.has(table::RC6) && bit10 {
        effects.define(Regs::cr(6));
    }
    if row.has(table::OE) && bit10 {
        effects.read(Regs::XER_OV);
        effects.change(Regs::XER_OV);
    }
}

/// BO and LK.
fn branch(ins: Ins, row: &Row, effects: &mut Effects) {
    if row.has(table::COND) {
        let bo = ins.rt();
        if bo & 0b00100 == 0 {
            effects.read(Regs::CTR);
            effects.define(Regs::CTR);
        }
        if bo & 0b10000 != 0 {
            effects.reads = effects.reads - Regs::cr(ins.ra() >> 2);
        }
    }
    if row.has(table::LK) && ins.rc() {
        effects.define(Regs::LR);
    }
}

/// Multiple and string forms, whose register operand is the first of several.
fn several(ins: Ins, row: &Row, effects: &mut Effects) {
    let first = ins.rt();
    let regs = if row.has(table::MULTIPLE) {
        Regs::gpr_range(first, 32 - first)
    } else if row.has(table::STRING) {
        let bytes = match ins.rb() {
            0 => 32,
            n => n,
        };
        Regs::gpr_range(first, bytes.div_ceil(4))
    } else if row.has(table::STRING_X) {
        effects.read(Regs::XER_COUNT);
        effects.defines = Regs::NONE;
        Regs::GPRS
    } else {
        return;
    };
    if !effects.writes.intersects(Regs::GPRS) {
        effects.read(regs);
    } else if row.has(table::STRING_X) {
        effects.change(regs);
    } else {
        effects.define(regs);
    }
}

/// SPR moves.
fn special(ins: Ins, row: &Row, effects: &mut Effects) {
    let Some(number) = ins.spr() else { return };
    let resource = spr::resource(number, ins.family());
    if row.has(table::SPR_READ) {
        effects.read(resource);
    } else if resource.intersects(Regs::OTHER | Regs::VECTOR | Regs::MSR) {
        effects.change(resource);
    } else {
        effects.define(resource);
    }
}
