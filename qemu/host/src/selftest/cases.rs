//! The cases.

use alloc::format;

use kvm_ppc::hardware::{Cause, Exit, Frame, Hardware, Rights, Space};
use magicpage::Family;
use vm::Platform;

use super::code::{
    BLR, ILLEGAL, ISYNC, LOOP, MFMSR, NOP, SC, TRAP, addi, bdnz, bl, bne, fadd, lfd, lmw, lwarx, lwz, mflr,
    mftb, mtctr, stfd, stw, stwcx,
};
use super::{Bench, CODE, DATA, Outcome, RW, equal, place};
use crate::arch::{self, FAMILY, Options};
use crate::clock::Pace;

/// A name, and a test.
type Case = (&'static str, fn() -> Outcome);

pub(super) const CASES: &[Case] = &[
    ("registers go there and back", registers),
    ("a system call is complete", system_call),
    ("causes of program interrupts", causes),
    ("a store to a page that became read-only traps", protect),
    ("without tlbie a stale entry lets it through", stale),
    ("what is unmapped is gone", unmap),
    ("no fetch without the right to execute", no_execute),
    ("data of the code's segment that may not be fetched", beside_code),
    ("spaces are told apart", spaces),
    ("more mappings than the tables hold", many),
    ("fetches and data in different spaces", mixed),
    ("a reservation does not survive the host", reservation),
    ("alignment", alignment),
    ("a deadline in a loop", deadline),
    ("one instruction at a time", trace),
    ("counted: stops anywhere", stops),
    ("counted: time", counted_time),
    ("counted: reservations", counted_reservation),
    ("counted: traps at the same instructions", counted_traps),
    ("floating point", floating),
];

/// On the processor's time, and counted. There is one guest memory, hence one bench at a time.
const PACES: [fn(&[u32]) -> Bench; 2] = [Bench::real, Bench::counted];

fn registers() -> Outcome {
    let mut bench = Bench::real(&[mflr(3), addi(4, 4, 1), mtctr(31), SC]);
    for register in 6..32 {
        bench.set(register, 0x0101_0101 * u32::try_from(register).unwrap_or(0));
    }
    let before = bench.state.clone();
    (bench.state.lr, bench.state.cr, bench.state.xer) = (0x1234_5678, 0x8421_1248, 0xe000_007f);
    bench.expect(Exit::SystemCall, CODE + 16)?;
    equal("r3", bench.state.gpr[3], 0x1234_5678)?;
    equal("r4", bench.state.gpr[4], 1)?;
    equal("r5 on", &bench.state.gpr[5..], &before.gpr[5..])?;
    equal("ctr", bench.state.ctr, before.gpr[31])?;
    equal("cr", bench.state.cr, 0x8421_1248)?;
    equal("xer", bench.state.xer, 0xe000_007f)
}

fn system_call() -> Outcome {
    let mut bench = Bench::real(&[addi(3, 0, 7), SC, SC]);
    bench.expect(Exit::SystemCall, CODE + 8)?;
    equal("r3", bench.state.gpr[3], 7)?;
    bench.expect(Exit::SystemCall, CODE + 12)
}

fn causes() -> Outcome {
    for (word, cause) in [
        (MFMSR, Cause::Privileged),
        (ILLEGAL, Cause::Illegal),
        (TRAP, Cause::Trap),
    ] {
        for new in PACES {
            let mut bench = new(&[NOP, word]);
            bench.expect(Exit::Program(cause), CODE + 4)?;
        }
    }
    Ok(())
}

/// Stores to the page of data, makes it read-only, stores again: what the second store comes to.
fn store_behind_protection(options: Options, counted: bool) -> (Exit, u32) {
    let code = [stw(3, 5, 0), SC, stw(4, 5, 0), SC];
    let pace = match counted {
        true => Pace::Counted(core::num::NonZeroU32::MIN),
        false => Pace::Real(core::num::NonZeroU32::MIN),
    };
    let mut bench = Bench::new(pace, options, &code);
    (bench.state.gpr[3], bench.state.gpr[4]) = (1, 2);
    bench.map(DATA, DATA, Rights::all());
    bench.enter();
    let rights = Rights::READ | Rights::EXECUTE;
    bench.machine.protect(place(DATA, 1), rights);
    let exit = bench.enter();
    (exit, bench.word(DATA))
}

fn protect() -> Outcome {
    for counted in [false, true] {
        let found = store_behind_protection(Options::default(), counted);
        let trapped = Exit::Data {
            address: DATA.into(),
            store: true,
        };
        equal("the store", found, (trapped, 1))?;
    }
    Ok(())
}

fn stale() -> Outcome {
    let options = Options {
        skip_tlbie: true,
        ..Options::default()
    };
    let found = store_behind_protection(options, false);
    equal("the store", found, (Exit::SystemCall, 2))
}

fn unmap() -> Outcome {
    let mut bench = Bench::real(&[lwz(3, 5, 8), SC, lwz(3, 5, 8), SC]);
    bench.expect(Exit::SystemCall, CODE + 8)?;
    bench.machine.unmap(place(DATA, 1));
    let gone = Exit::Data {
        address: u64::from(DATA) + 8,
        store: false,
    };
    bench.expect(gone, CODE + 8)?;
    bench.map(DATA, DATA, RW);
    bench.expect(Exit::SystemCall, CODE + 16)?;
    bench.machine.flush();
    bench.expect(Exit::Fetch, CODE + 16)
}

fn no_execute() -> Outcome {
    let code = [lwz(3, 5, 0), bl(DATA - CODE - 4)];
    for new in PACES {
        let mut bench = new(&code);
        let word = bench.machine.write(DATA.into(), &BLR.to_be_bytes());
        equal("memory", word, Ok(()))?;
        bench.expect(Exit::Fetch, DATA)?;
        bench.map(DATA, DATA, Rights::all());
        bench.state.lr = CODE.into();
        bench.map(CODE, CODE, RW);
        bench.expect(Exit::Fetch, CODE)?;
    }
    Ok(())
}

fn beside_code() -> Outcome {
    let mut bench = Bench::real(&[stw(3, 5, 4), lwz(4, 5, 4), stw(4, 6, 0), SC]);
    // The same page in another segment.
    bench.map(0x3000_0000 + DATA, DATA, RW);
    bench.set(6, 0x3000_0000 + DATA);
    bench.set(3, 0xdead_beef);
    bench.expect(Exit::SystemCall, CODE + 16)?;
    equal(
        "words",
        [bench.word(DATA), bench.word(DATA + 4)],
        [0xdead_beef; 2],
    )
}

fn spaces() -> Outcome {
    let mut bench = Bench::real(&[stw(3, 5, 0), SC, stw(3, 5, 0), SC]);
    for space in 2..0xfff {
        let code = Frame::Memory(u64::from(CODE >> 12));
        let data = Frame::Memory(u64::from(space % 200 + 16));
        bench.machine.map(place(CODE, space), code, Rights::all());
        bench.machine.map(place(DATA, space), data, RW);
    }
    for space in 2..0xfff {
        bench.entry.fetch = [Space(space); 16];
        bench.entry.data = bench.entry.fetch;
        bench.set(3, space);
        bench.state.pc = CODE.into();
        bench.expect(Exit::SystemCall, CODE + 8)?;
        let found = bench.word((space % 200 + 16) << 12);
        equal("word", found, space)?;
    }
    Ok(())
}

fn many() -> Outcome {
    const PAGES: u32 = 1 << 16;
    // Loads a word of each page, and adds it up.
    let mut bench = Bench::real(&[lwz(4, 5, 0), 0x7c63_2214, 0x7ca5_3214, bdnz(3), SC]);
    equal("memory", bench.machine.write(DATA.into(), &[0, 0, 0, 3]), Ok(()))?;
    for page in 0..PAGES {
        bench.map(0x1000_0000 + (page << 12), DATA, RW);
    }
    bench.set(6, 0x1000);
    for round in 1..=3 {
        bench.state.pc = CODE.into();
        bench.state.ctr = PAGES.into();
        bench.set(5, 0x1000_0000);
        bench.expect(Exit::SystemCall, CODE + 20)?;
        equal("sum", bench.state.gpr[3], u64::from(3 * PAGES * round))?;
    }
    Ok(())
}

fn mixed() -> Outcome {
    let code = [lwz(3, 5, 0), SC];
    for new in PACES {
        let mut bench = new(&code);
        let counted = bench.machine.is_counted();
        bench.entry.data[0] = Space(2);
        bench
            .machine
            .map(place(DATA, 2), Frame::Memory(u64::from(CODE >> 12)), RW);
        if counted {
            bench.expect(Exit::SystemCall, CODE + 8)?;
            equal("r3", bench.state.gpr[3], code[0].into())?;
        } else {
            bench.expect(Exit::Interpret, CODE)?;
        }
    }
    Ok(())
}

fn reservation() -> Outcome {
    let mut bench = Bench::real(&[lwarx(3, 5), SC, stwcx(4, 5), NOP, SC]);
    bench.map(DATA, DATA, Rights::all());
    bench.set(4, 9);
    bench.expect(Exit::SystemCall, CODE + 8)?;
    bench.expect(Exit::SystemCall, CODE + 20)?;
    equal("cr0", bench.state.cr >> 28, 0)?;
    equal("word", bench.word(DATA), 0)?;
    // It gets through in the end, if it tries again.
    let mut bench = Bench::real(&[lwarx(3, 5), SC, stwcx(4, 5), bne(3), TRAP]);
    bench.map(DATA, DATA, Rights::all());
    bench.set(4, 9);
    for _ in 0..1000 {
        if bench.enter() != Exit::SystemCall {
            break;
        }
    }
    equal("pc", bench.state.pc, u64::from(CODE) + 16)?;
    equal("word", bench.word(DATA), 9)?;
    // And without an exit in between it does at once.
    let mut bench = Bench::real(&[lwarx(3, 5), stwcx(4, 5), bne(2), SC]);
    bench.map(DATA, DATA, Rights::all());
    bench.set(4, 9);
    bench.expect(Exit::SystemCall, CODE + 16)?;
    equal("word", bench.word(DATA), 9)
}

fn alignment() -> Outcome {
    for new in PACES {
        let mut bench = new(&[lwarx(3, 5)]);
        bench.map(DATA, DATA, Rights::all());
        bench.set(5, DATA + 2);
        let exit = Exit::Alignment {
            address: u64::from(DATA) + 2,
            store: false,
        };
        bench.expect(exit, CODE)?;
    }
    Ok(())
}

fn deadline() -> Outcome {
    let mut bench = Bench::real(&[LOOP]);
    bench.entry.deadline = Some(bench.machine.timebase() + 10_000);
    bench.expect(Exit::Host, CODE)?;
    let late = arch::timebase() - bench.entry.deadline.unwrap_or(0);
    if late > 50_000_000 {
        return Err(format!("{late} ticks late"));
    }
    bench.entry.deadline = None;
    let stop = bench.machine.instructions() + 10_000;
    bench.machine.stop_at(Some(stop));
    bench.expect(Exit::Host, CODE)
}

fn trace() -> Outcome {
    let code = [addi(3, 3, 1), ISYNC, LOOP];
    for new in PACES {
        let mut bench = new(&code);
        bench.entry.step = true;
        bench.expect(Exit::Trace, CODE + 4)?;
        bench.expect(Exit::Trace, CODE + 8)?;
        bench.expect(Exit::Trace, CODE + 8)?;
        equal("r3", bench.state.gpr[3], 1)?;
    }
    Ok(())
}

fn stops() -> Outcome {
    let mut bench = Bench::counted(&[addi(3, 3, 1), bl(8), LOOP, addi(3, 3, 1), BLR]);
    let path = [0, 4, 12, 16, 8, 8, 8];
    for (count, at) in (0..).zip(path) {
        bench.machine.stop_at(Some(count));
        bench.expect(Exit::Host, CODE + at)?;
        equal("instructions", bench.machine.instructions(), count)?;
    }
    // The same path to the third.
    bench.state.pc = CODE.into();
    bench.machine.stop_at(Some(6 + 3));
    bench.expect(Exit::Host, CODE + 16)?;
    bench.machine.stop_at(Some(6));
    bench.expect(Exit::Host, CODE + 16)
}

fn counted_time() -> Outcome {
    let mut bench = Bench::counted(&[mftb(3), addi(4, 4, 1), bdnz(1), mftb(4), SC]);
    bench.machine.set_timebase(100);
    bench.state.ctr = 20;
    bench.entry.deadline = Some(101);
    bench.expect(Exit::Host, CODE + 8)?;
    bench.entry.deadline = None;
    bench.expect(Exit::SystemCall, CODE + 20)?;
    equal("time", (bench.state.gpr[3], bench.state.gpr[4]), (100, 105))?;
    equal("instructions", bench.machine.instructions(), 1 + 40 + 1 + 1)
}

fn counted_reservation() -> Outcome {
    let mut bench = Bench::counted(&[lwarx(3, 5), addi(3, 3, 1), SC, stwcx(3, 5), bne(4), SC]);
    bench.expect(Exit::SystemCall, CODE + 12)?;
    bench.expect(Exit::SystemCall, CODE + 24)?;
    equal("word", bench.word(DATA), 1)?;
    // The host has written to the granule.
    bench.state.pc = CODE.into();
    bench.expect(Exit::SystemCall, CODE + 12)?;
    equal("memory", bench.machine.write(u64::from(DATA) + 28, &[0]), Ok(()))?;
    bench.expect(Exit::SystemCall, CODE + 12)
}

fn counted_traps() -> Outcome {
    let mut bench = Bench::counted(&[lwz(3, 5, 0), stw(3, 5, 0xffe), lmw(30, 5, 2), SC]);
    let crossing = Exit::Data {
        address: u64::from(DATA) + 0x1000,
        store: true,
    };
    bench.expect(crossing, CODE + 4)?;
    bench.map(DATA + 0x1000, DATA + 0x1000, RW);
    let misaligned = Exit::Alignment {
        address: u64::from(DATA) + 2,
        store: false,
    };
    bench.expect(misaligned, CODE + 8)?;
    equal("instructions", bench.machine.instructions(), 2)?;
    bench.set(5, DATA + 2);
    bench.expect(Exit::SystemCall, CODE + 16)?;
    equal("instructions", bench.machine.instructions(), 4)
}

fn floating() -> Outcome {
    if FAMILY == Family::E500 {
        return Ok(());
    }
    let code = [lfd(1, 5, 0), fadd(2, 1, 1), stfd(2, 5, 8), SC];
    for new in PACES {
        let mut bench = new(&code);
        bench.map(DATA, DATA, Rights::all());
        let one = 1.5_f64.to_bits().to_be_bytes();
        equal("memory", bench.machine.write(DATA.into(), &one), Ok(()))?;
        bench.expect(Exit::FloatingPoint, CODE)?;
        bench.state.fp = true;
        bench.state.fpr[31] = 0x1122_3344_5566_7788;
        bench.expect(Exit::SystemCall, CODE + 16)?;
        equal("word", bench.word(DATA + 8), (3.0_f64.to_bits() >> 32) as u32)?;
        equal("f2", bench.state.fpr[2], 3.0_f64.to_bits())?;
        equal("f31", bench.state.fpr[31], 0x1122_3344_5566_7788)?;
    }
    Ok(())
}
