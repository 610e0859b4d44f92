//! What entering and leaving the guest costs, in ticks of the processor's time base.

use kvm_ppc::deferral::DEFAULT;
use kvm_ppc::hardware::{Exit, Hardware, Rights};
use kvm_ppc::model::Model;
use kvm_ppc::{Ready, Vcpu};
use magicpage::Endian;
use vm::Platform;

use super::code::{MFMSR, SC, addi, bdnz, lwz};
use super::{Bench, CODE, DATA};
use crate::arch::FAMILY;
use crate::{arch, line};

/// How often each is done.
const TIMES: u64 = 20_000;

/// Measures and prints.
pub(super) fn measure() {
    let mut bench = Bench::real(&[SC]);
    let exits = ticks(|| {
        for _ in 0..TIMES {
            bench.state.pc = CODE.into();
            bench.enter();
        }
    });
    report("system call, entry and exit", TIMES, exits);

    let mut bench = Bench::real(&[addi(3, 3, 1), bdnz(1), SC]);
    bench.state.ctr = TIMES * 100;
    let free = ticks(|| assert_eq!(bench.enter(), Exit::SystemCall));
    report("instruction, free", TIMES * 200, free);

    let mut bench = Bench::counted(&[addi(3, 3, 1), lwz(4, 5, 0), addi(3, 3, 1), bdnz(3), SC]);
    bench.state.ctr = TIMES * 5;
    let steps = ticks(|| assert_eq!(bench.enter(), Exit::SystemCall));
    report("instruction, stepped", TIMES * 20, steps);

    let mut bench = Bench::counted(&[0x4c00_012c; 1000]);
    let carried = ticks(|| {
        for _ in 0..TIMES / 1000 {
            bench.state.pc = CODE.into();
            let stop = bench.machine.instructions() + 1000;
            bench.machine.stop_at(Some(stop));
            bench.enter();
        }
    });
    report("instruction carried out by the host", TIMES, carried);

    let mut bench = Bench::real(&[MFMSR, 0x4bff_fffc]);
    let mut vcpu = Vcpu::new(Model::of_family(FAMILY), Endian::Big, DEFAULT, &mut bench.machine);
    vcpu.state.pc = CODE.into();
    vcpu.set_msr(&mut bench.machine, 0);
    let emulated = ticks(|| {
        for _ in 0..TIMES {
            let Ready::Enter(entry) = vcpu.prepare(&mut bench.machine) else {
                panic!("it does not sleep")
            };
            let exit = bench.machine.enter(&mut vcpu.state, &entry);
            vcpu.handle(&mut bench.machine, exit);
        }
    });
    report("mfmsr, emulated", TIMES, emulated);

    let mut bench = Bench::real(&[lwz(3, 5, 0), SC]);
    let refills = ticks(|| {
        for _ in 0..TIMES {
            bench.state.pc = CODE.into();
            bench.map(DATA, DATA, Rights::all());
            bench.enter();
            bench.map(DATA, DATA, Rights::READ | Rights::EXECUTE);
        }
    });
    report("map twice, one refill, entry and exit", TIMES, refills);
}

fn ticks(does: impl FnOnce()) -> u64 {
    let before = arch::timebase();
    does();
    arch::timebase() - before
}

fn report(what: &str, times: u64, ticks: u64) {
    line!("cost    {what}: {} ticks for {times}", ticks);
}
