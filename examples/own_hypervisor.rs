//! A hypervisor of one's own in forty lines: `kvm-ppc` does what a guest's privileged instructions mean, a `Hardware` runs
//! the guest in between. Here that is the machine in this process; on bare metal it is the processor.
//!
//! The guest maps the magic page, changes its MSR by a store to it, and executes one privileged instruction, which traps.

use kvm_ppc::hardware::Hardware;
use kvm_ppc::model::Model;
use kvm_ppc::statistics::Reason;
use kvm_ppc::{Ready, Vcpu, deferral};
use machine::{Config, Machine};
use magicpage::hypercall::{Hypercall, SC_MAGIC};
use magicpage::{Endian, Family};

/// The guest: r3 and r4 are -4096, the page's addresses; r0 and r11 say which call.
const GUEST: [u32; 6] = [
    0x4400_0002, // sc              map the page
    0x80a0_f05c, // lwz r5,-4004(0)  read the MSR in it
    0x60a5_8000, // ori r5,r5,0x8000
    0x90a0_f05c, // stw r5,-4004(0)  let interrupts in: no exit
    0x7cd0_42a6, // mfsprg r6,0      not rewritten: traps
    0x4800_0000, // b .
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut machine = Machine::new(Config::new(Family::Book3s32, 1 << 20))?;
    for (address, word) in (0x1000..).step_by(4).zip(GUEST) {
        machine
            .write(address, &word.to_be_bytes())
            .map_err(|_| "no memory there")?;
    }
    let model = Model::of_family(Family::Book3s32);
    let mut vcpu = Vcpu::new(model, Endian::Big, deferral::DEFAULT, &mut machine);
    vcpu.state.pc = 0x1000;
    vcpu.state.gpr[0] = SC_MAGIC.into();
    vcpu.state.gpr[11] = Hypercall::MapMagicPage.token().into();
    (vcpu.state.gpr[3], vcpu.state.gpr[4]) = (0xffff_f000, 0xffff_f000);

    machine.stop_at(Some(GUEST.len() as u64));
    while machine.instructions() < GUEST.len() as u64 {
        // Before each entry interrupts are taken, or the guest is held until they can be.
        let Ready::Enter(entry) = vcpu.prepare(&mut machine) else {
            break;
        };
        let exit = machine.enter(&mut vcpu.state, &entry);
        vcpu.handle(&mut machine, exit);
    }
    assert!(vcpu.page().is_some(), "the guest has mapped the page");
    assert_eq!(vcpu.msr(&machine) & magicpage::msr::EE, magicpage::msr::EE);
    assert_eq!(vcpu.statistics.of(Reason::Privileged), 1, "the mfsprg alone");
    println!(
        "the guest let interrupts in with no exit; {} exits in all",
        vcpu.statistics.total()
    );
    Ok(())
}
