//! Loads and stores that the hardware wants aligned, and other instructions that need more than the processor's
//! registers and memory.
//!
//! Unaligned integer loads and stores are hardware's business on every family; load and reserve and store conditional
//! want alignment everywhere, as their execution says. The rest is rows.

use cpu::exec::{Done, Handler};
use cpu::memory::{Access, Fault, Reason};
use cpu::operand::Operand;
use cpu::{Ins, State, Stop};
use magicpage::{Families, WordSize};

use crate::bus::Bus;
use crate::code::Icache;

/// Instructions with a condition of their own.
struct Row {
    mnemonics: &'static [&'static str],
    families: Families,
    guard: Handler<Bus>,
}

const ROWS: &[Row] = &[
    // MPC750 user's manual 4.5.6; e500 core family reference manual, alignment interrupt.
    Row {
        mnemonics: &["lmw", "stmw"],
        families: Families::BOOK3S_32.union(Families::E500),
        guard: words,
    },
    // Power ISA 2.07B III-S 6.5.8: in little-endian mode, at any address.
    Row {
        mnemonics: &["lmw", "stmw", "lswi", "lswx", "stswi", "stswx"],
        families: Families::BOOK3S_64,
        guard: not_little,
    },
    // MPC750 user's manual 4.5.6: the hardware wants words aligned, doublewords on a word.
    Row {
        mnemonics: &[
            "lfs", "lfsu", "lfsx", "lfsux", "lfd", "lfdu", "lfdx", "lfdux", "stfs", "stfsu", "stfsx",
            "stfsux", "stfd", "stfdu", "stfdx", "stfdux", "stfiwx",
        ],
        families: Families::BOOK3S_32,
        guard: floating,
    },
];

/// The function that runs `ins` in place of its handler, if there is one.
pub(crate) fn guard(ins: Ins, icache: Icache) -> Option<Handler<Bus>> {
    let name = ins.mnemonic();
    if icache == Icache::Stale && name == "icbi" {
        // The run loop knows the cache.
        return Some(|_, _, _| Err(Stop::Unimplemented));
    }
    let families = ins.family().set();
    ROWS.iter()
        .find(|row| row.families.contains(families) && row.mnemonics.contains(&name))
        .map(|row| row.guard)
}

/// The effective address of an instruction with a base and a displacement or an index.
pub(crate) fn effective(ins: Ins, state: &State) -> u64 {
    let register = |number: u8| state.gpr[usize::from(number & 31)];
    let base = if ins.ra() == 0 { 0 } else { register(ins.ra()) };
    let displaced = ins
        .operands()
        .iter()
        .any(|operand| matches!(operand, Operand::Mem(..)));
    let offset = match (displaced, ins.mnemonic()) {
        (true, _) => i64::from(ins.si()).cast_unsigned(),
        (false, "lswi" | "stswi") => 0,
        (false, _) => register(ins.rb()),
    };
    let address = base.wrapping_add(offset);
    match state.word {
        WordSize::Word32 => address & 0xffff_ffff,
        WordSize::Word64 => address,
    }
}

fn unaligned(ins: Ins, address: u64) -> Done {
    let access = if ins.mnemonic().starts_with("st") {
        Access::Store
    } else {
        Access::Load
    };
    Err(Stop::Fault(Fault {
        address,
        access,
        reason: Reason::Unaligned,
    }))
}

fn words(state: &mut State, bus: &mut Bus, ins: Ins) -> Done {
    let address = effective(ins, state);
    if address.is_multiple_of(4) {
        cpu::execute(ins, state, bus)
    } else {
        unaligned(ins, address)
    }
}

/// Without the floating-point unit there is no access.
fn floating(state: &mut State, bus: &mut Bus, ins: Ins) -> Done {
    if state.fp {
        words(state, bus, ins)
    } else {
        cpu::execute(ins, state, bus)
    }
}

fn not_little(state: &mut State, bus: &mut Bus, ins: Ins) -> Done {
    if bus.little {
        unaligned(ins, effective(ins, state))
    } else {
        cpu::execute(ins, state, bus)
    }
}
