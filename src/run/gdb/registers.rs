//! A guest's registers as a debugger numbers them.
//!
//! One row a register, in the order of GDB's numbers (`gdb/features/rs6000/power-core.xml`, `power-fpu.xml`): the
//! target description, what is read and what is written all come from the rows.

use std::fmt::Write as _;

use magicpage::{Endian, Family, WordSize};

use crate::run::Guest;

/// Which register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Gpr(usize),
    Fpr(usize),
    Pc,
    Msr,
    Cr,
    Lr,
    Ctr,
    Xer,
    Fpscr,
}

/// A register.
#[derive(Clone, Copy, Debug)]
struct Row {
    which: Which,
    name: &'static str,
    number: usize,
    bytes: usize,
    kind: &'static str,
}

const CORE: &str = "org.gnu.gdb.power.core";
const FPU: &str = "org.gnu.gdb.power.fpu";

/// The registers of a family, in the order of the numbers.
fn rows(family: Family) -> Vec<Row> {
    let word = usize::from(family.word_size().bytes());
    let int = if word == 8 { "uint64" } else { "uint32" };
    let row = |which, name, number, bytes, kind| Row {
        which,
        name,
        number,
        bytes,
        kind,
    };
    let mut rows: Vec<Row> = (0..32)
        .map(|at| row(Which::Gpr(at), "r", at, word, int))
        .collect();
    // An e500 has no floating-point registers.
    let has_fpu = family != Family::E500;
    if has_fpu {
        rows.extend((0..32).map(|at| row(Which::Fpr(at), "f", 32 + at, 8, "ieee_double")));
    }
    rows.extend([
        row(Which::Pc, "pc", 64, word, "code_ptr"),
        row(Which::Msr, "msr", 65, word, int),
        row(Which::Cr, "cr", 66, 4, "uint32"),
        row(Which::Lr, "lr", 67, word, "code_ptr"),
        row(Which::Ctr, "ctr", 68, word, int),
        row(Which::Xer, "xer", 69, 4, "uint32"),
    ]);
    if has_fpu {
        rows.push(row(Which::Fpscr, "fpscr", 70, 4, "int"));
    }
    rows
}

impl Row {
    const fn feature(&self) -> &'static str {
        if matches!(self.which, Which::Fpr(_) | Which::Fpscr) {
            FPU
        } else {
            CORE
        }
    }

    fn full_name(&self) -> String {
        match self.which {
            Which::Gpr(at) | Which::Fpr(at) => format!("{}{at}", self.name),
            _ => self.name.into(),
        }
    }
}

/// The target description of a guest of this family.
pub fn description(family: Family) -> String {
    let architecture = match family.word_size() {
        WordSize::Word64 => "powerpc:common64",
        WordSize::Word32 => "powerpc:common",
    };
    let rows = rows(family);
    let mut xml = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">\
         <architecture>{architecture}</architecture>"
    );
    for feature in [CORE, FPU] {
        let mut of_feature = rows.iter().filter(|row| row.feature() == feature).peekable();
        if of_feature.peek().is_none() {
            continue;
        }
        // Writing to a text cannot fail.
        let _ = write!(xml, "<feature name=\"{feature}\">");
        for row in of_feature {
            let (name, bits, kind, number) = (row.full_name(), 8 * row.bytes, row.kind, row.number);
            let _ = write!(
                xml,
                "<reg name=\"{name}\" bitsize=\"{bits}\" type=\"{kind}\" regnum=\"{number}\"/>"
            );
        }
        xml.push_str("</feature>");
    }
    xml.push_str("</target>");
    xml
}

/// All registers, one after the other, in the guest's byte order.
pub fn read(guest: &Guest) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows(guest.vcpu.supervisor.model.family) {
        let value = value(guest, row.which);
        match guest.vcpu.supervisor.endian {
            Endian::Big => bytes.extend_from_slice(&value.to_be_bytes()[8 - row.bytes..]),
            Endian::Little => bytes.extend_from_slice(&value.to_le_bytes()[..row.bytes]),
        }
    }
    bytes
}

/// Sets all registers, as [`read`] gives them. Answers whether there were as many bytes as there are registers.
pub fn write(guest: &mut Guest, bytes: &[u8]) -> bool {
    let rows = rows(guest.vcpu.supervisor.model.family);
    if bytes.len() < rows.iter().map(|row| row.bytes).sum() {
        return false;
    }
    let mut rest = bytes;
    for row in rows {
        let (field, behind) = rest.split_at(row.bytes);
        rest = behind;
        let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let value = match guest.vcpu.supervisor.endian {
            Endian::Big => field.iter().fold(0, join),
            Endian::Little => field.iter().rev().fold(0, join),
        };
        set(guest, row.which, value);
    }
    guest.changed();
    true
}

fn value(guest: &Guest, which: Which) -> u64 {
    let state = &guest.vcpu.state;
    match which {
        Which::Gpr(at) => state.gpr[at],
        Which::Fpr(at) => state.fpr[at],
        Which::Pc => state.pc,
        Which::Msr => guest.vcpu.msr(&guest.machine),
        Which::Cr => state.cr.into(),
        Which::Lr => state.lr,
        Which::Ctr => state.ctr,
        Which::Xer => state.xer.into(),
        Which::Fpscr => state.fpscr.into(),
    }
}

fn set(guest: &mut Guest, which: Which, value: u64) {
    let low = u32::try_from(value & 0xffff_ffff).unwrap_or(0);
    let word = value & guest.vcpu.supervisor.model.word_mask();
    let state = &mut guest.vcpu.state;
    match which {
        Which::Gpr(at) => state.gpr[at] = word,
        Which::Fpr(at) => state.fpr[at] = value,
        Which::Pc => state.pc = word & !3,
        Which::Cr => state.cr = low,
        Which::Lr => state.lr = word,
        Which::Ctr => state.ctr = word,
        Which::Xer => state.xer = low,
        Which::Fpscr => state.fpscr = low,
        // Everything is written at once, and this alone has consequences.
        Which::Msr if guest.vcpu.msr(&guest.machine) == word => {}
        Which::Msr => guest.vcpu.set_msr(&mut guest.machine, word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_every_register_once() {
        for (family, registers) in [(Family::Book3s32, 71), (Family::Book3s64, 71), (Family::E500, 38)] {
            let xml = description(family);
            assert_eq!(xml.matches("<reg ").count(), registers, "{family}");
            assert_eq!(xml.contains(FPU), family != Family::E500);
        }
    }
}
