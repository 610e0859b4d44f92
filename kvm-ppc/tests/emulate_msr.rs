//! The machine state register: exactly which bits each instruction moves.

mod privileged;
mod support;

use kvm_ppc::Ready;
use kvm_ppc::emulate::Done;
use kvm_ppc::interrupt::Interrupt;
use magicpage::{layout, msr};
use privileged::{x19, x31};
use support::guest::Guest;

const MTMSR: u32 = x31(146, 3, 0, 0);
const MTMSRD: u32 = x31(178, 3, 0, 0);
const L: u32 = 1 << 16;
const WRTEE: u32 = x31(131, 3, 0, 0);
const WRTEEI: u32 = x31(163, 0, 0, 0);
const RFI: u32 = x19(50);
const RFID: u32 = x19(18);
const RFCI: u32 = x19(51);
const RFMCI: u32 = x19(38);

/// MPC750 User's Manual table 2-4, POW left out.
const MSR_750: u64 = 0x0001_ff77;
/// e500 Core Family Reference Manual table 2-7.
const MSR_E500: u64 = 0x0606_d634;
/// Power ISA 2.07 III-S 3.2.1: SF, VEC, VSX, EE to FE1 with ME, IR, DR, PMM, RI.
const MSR_POWER8: u64 = 0x8000_0000_0280_ff36;

impl Guest {
    fn page_msr(&self) -> u64 {
        self.vcpu
            .supervisor
            .layout()
            .read(&self.fake.pages[0], layout::MSR)
    }

    fn return_with(&mut self, word: u32, address: u64, msr: u64) -> u64 {
        let numbers = match word {
            RFCI => (58, 59),
            RFMCI => (570, 571),
            _ => (26, 27),
        };
        assert!(self.vcpu.set_spr(&mut self.fake, numbers.0, address));
        assert!(self.vcpu.set_spr(&mut self.fake, numbers.1, msr));
        assert_eq!(self.execute(word), Done::Jumped);
        self.vcpu.msr(&self.fake)
    }
}

#[test]
fn mtmsr_moves_the_bits_that_exist() {
    for (name, ones) in [("750", MSR_750), ("750cl", MSR_750), ("e500v2", MSR_E500)] {
        let mut guest = Guest::new(name, 0x1000);
        guest.with_r3(MTMSR, 0xffff_ffff & !msr::PR);
        let ones = ones & !msr::PR;
        assert_eq!(guest.mfmsr(), ones, "{name}");
        assert_eq!(guest.page_msr(), ones, "{name}");
        guest.with_r3(MTMSR, 0);
        assert_eq!((guest.mfmsr(), guest.page_msr()), (0, 0), "{name}");
        guest.with_r3(MTMSR, 0xffff_ffff);
        assert_eq!(guest.vcpu.msr(&guest.fake), ones | msr::PR, "{name}");
    }
}

/// The page knows EE and RI better than the host, and nothing else.
#[test]
fn the_pages_enable_bits_are_the_guests() {
    let mut guest = Guest::new("750", 0x1000);
    guest.with_r3(MTMSR, msr::ME);
    let layout = guest.vcpu.supervisor.layout();
    layout.write(&mut guest.fake.pages[0], layout::MSR, 0xffff_ffff);
    assert_eq!(guest.mfmsr(), msr::ME | msr::EE | msr::RI);
    layout.write(&mut guest.fake.pages[0], layout::MSR, 0);
    assert_eq!(guest.mfmsr(), msr::ME);

    let mut guest = Guest::new("e500v2", 0x1000);
    let layout = guest.vcpu.supervisor.layout();
    layout.write(&mut guest.fake.pages[0], layout::MSR, msr::EE | msr::RI);
    assert_eq!(guest.mfmsr(), msr::EE, "an e500v2 has no RI");
}

#[test]
fn mtmsrd_leaves_what_is_the_hypervisors() {
    let mut guest = Guest::new("power8", 0x1000);
    guest.with_r3(MTMSRD, !msr::PR);
    assert_eq!(guest.mfmsr(), MSR_POWER8 & !msr::PR);
    guest.with_r3(MTMSRD, 0);
    assert_eq!(guest.mfmsr(), msr::ME, "ME is not moved, nor would LE be");
    guest.set_msr(msr::SF | msr::LE);
    guest.with_r3(MTMSRD, msr::SF | msr::ME);
    assert_eq!(guest.mfmsr(), msr::SF | msr::LE);
}

#[test]
fn mtmsr_of_a_server_leaves_the_high_half() {
    let mut guest = Guest::new("power8", 0x1000);
    guest.with_r3(MTMSR, 0);
    assert_eq!(guest.mfmsr(), msr::SF | msr::ME);
    guest.with_r3(MTMSR, !msr::PR);
    assert_eq!(guest.mfmsr(), MSR_POWER8 & !msr::PR);
}

#[test]
fn l_moves_ee_and_ri_alone() {
    for word in [MTMSRD | L, MTMSR | L] {
        let mut guest = Guest::new("power8", 0x1000);
        guest.with_r3(word, u64::MAX);
        assert_eq!(guest.mfmsr(), msr::SF | msr::ME | msr::EE | msr::RI, "{word:08x}");
        guest.with_r3(word, !msr::EE);
        assert_eq!(guest.mfmsr(), msr::SF | msr::ME | msr::RI, "{word:08x}");
        guest.with_r3(word, 0);
        assert_eq!(
            (guest.mfmsr(), guest.page_msr()),
            (msr::SF | msr::ME, msr::SF | msr::ME),
            "{word:08x}"
        );
    }
}

#[test]
fn user_mode_of_a_server_implies_three_bits() {
    const IMPLIED: u64 = msr::PR | msr::EE | msr::IR | msr::DR;
    let mut guest = Guest::new("power8", 0x1000);
    guest.with_r3(MTMSRD, msr::SF | msr::PR);
    assert_eq!(guest.vcpu.msr(&guest.fake), msr::SF | msr::ME | IMPLIED);
    guest.set_msr(msr::SF);
    assert_eq!(guest.return_with(RFID, 0, msr::SF | msr::PR), msr::SF | IMPLIED);
    let mut guest = Guest::new("750", 0x1000);
    assert_eq!(guest.return_with(RFI, 0, msr::PR), msr::PR, "not of a 750");
}

#[test]
fn wrtee_moves_ee_alone() {
    let mut guest = Guest::new("e500v2", 0x1000);
    let others = MSR_E500 & !(msr::PR | msr::EE | msr::POW);
    guest.set_msr(others);
    for (word, value, expected) in [
        (WRTEE, 0xffff_ffff, others | msr::EE),
        (WRTEE, !msr::EE, others),
        (WRTEEI | 0x8000, 0, others | msr::EE),
        (WRTEEI, u64::MAX, others),
    ] {
        guest.with_r3(word, value & 0xffff_ffff);
        assert_eq!(
            (guest.mfmsr(), guest.page_msr()),
            (expected, expected),
            "{word:08x}"
        );
    }
}

/// MPC750 User's Manual 4.3: bits 0, 5 to 9 and 16 to 31 come back; POW is cleared, ILE stays.
#[test]
fn rfi_of_a_750() {
    for name in ["750", "750cl"] {
        let mut guest = Guest::new(name, 0x1000);
        guest.set_msr(0);
        assert_eq!(
            guest.return_with(RFI, 0xfff0_0103, 0xffff_ffff),
            MSR_750 & !msr::ILE
        );
        assert_eq!(guest.vcpu.state.pc, 0xfff0_0100);
        guest.set_msr(MSR_750 & !msr::PR);
        assert_eq!(guest.return_with(RFI, 0x2000, 0), msr::ILE);
        guest.set_msr(msr::ILE);
        assert_eq!(
            guest.return_with(RFI, 0x2000, 0x783f_0000),
            msr::ILE,
            "why the interrupt came"
        );
        assert_eq!(
            guest.return_with(RFI, 0x2000, msr::EE | msr::RI),
            msr::ILE | msr::EE | msr::RI
        );
        assert_eq!(guest.page_msr(), msr::ILE | msr::EE | msr::RI);
    }
}

#[test]
fn returns_of_an_e500() {
    for word in [RFI, RFCI, RFMCI] {
        let mut guest = Guest::new("e500v2", 0x1000);
        assert_eq!(guest.return_with(word, 0x1234_5677, 0xffff_ffff), MSR_E500);
        assert_eq!(guest.vcpu.state.pc, 0x1234_5674);
        guest.set_msr(0);
        assert_eq!(guest.return_with(word, 0, 0), 0);
    }
}

#[test]
fn rfid_of_a_server() {
    let mut guest = Guest::new("power8", 0x1000);
    guest.set_msr(0);
    let all = guest.return_with(RFID, 0xc000_0000_0000_0103, u64::MAX);
    assert_eq!(all, MSR_POWER8 & !msr::ME | msr::LE, "a hypervisor's ME stays");
    assert_eq!(guest.vcpu.state.pc, 0xc000_0000_0000_0100);
    // Bits 33 to 36 and 42 to 47.
    guest.set_msr(msr::SF);
    assert_eq!(guest.return_with(RFID, 0, 0x783f_0000 | msr::SF), msr::SF);
    assert_eq!(guest.return_with(RFID, 0xc000_0000_1234_5670, 0), 0);
    assert_eq!(guest.vcpu.state.pc, 0x1234_5670, "32-bit mode");
}

/// MPC750 User's Manual 10.2: MSR[POW] with one of HID0's modes; the interrupt that ends the wait finds it clear.
#[test]
fn power_management_of_a_750() {
    for mode in [0x0080_0000, 0x0040_0000, 0x0020_0000] {
        let mut guest = Guest::new("750", 0x1_0000);
        guest.with_r3(MTMSR, msr::POW | msr::EE | msr::ME);
        assert!(
            matches!(guest.vcpu.prepare(&mut guest.fake), Ready::Enter(_)),
            "no mode is chosen"
        );
        assert_eq!(guest.mfmsr(), msr::EE | msr::ME);
        guest.mtspr(1008, mode);
        guest.vcpu.state.pc = 0x3000;
        guest.with_r3(MTMSR, msr::POW | msr::EE | msr::ME);
        assert!(matches!(guest.vcpu.prepare(&mut guest.fake), Ready::Idle(_)));
        guest.vcpu.queue.raise(Interrupt::External);
        assert!(matches!(guest.vcpu.prepare(&mut guest.fake), Ready::Enter(_)));
        assert_eq!((guest.vcpu.state.pc, guest.mfspr(26)), (0x500, 0x3000));
        assert_eq!(guest.mfspr(27), msr::EE | msr::ME);
    }
}

#[test]
fn returning_does_not_put_a_750_to_sleep() {
    let mut guest = Guest::new("750", 0x1000);
    guest.mtspr(1008, 0x0080_0000);
    assert_eq!(guest.return_with(RFI, 0, msr::POW), 0);
    assert!(matches!(guest.vcpu.prepare(&mut guest.fake), Ready::Enter(_)));
}

/// e500 Core Family Reference Manual 2.5.1: the interrupt saves WE; a handler that leaves it there waits again.
#[test]
fn the_wait_state_of_an_e500() {
    let mut guest = Guest::new("e500v2", 0x1000);
    guest.with_r3(MTMSR, msr::POW | msr::EE);
    assert!(
        matches!(guest.vcpu.prepare(&mut guest.fake), Ready::Enter(_)),
        "no mode is chosen"
    );
    guest.mtspr(1008, 0x0080_0000);
    guest.with_r3(MTMSR, msr::POW | msr::EE);
    assert!(matches!(guest.vcpu.prepare(&mut guest.fake), Ready::Idle(_)));
    guest.vcpu.queue.raise(Interrupt::External);
    assert!(matches!(guest.vcpu.prepare(&mut guest.fake), Ready::Enter(_)));
    assert_eq!(guest.mfspr(27), msr::POW | msr::EE);
    assert_eq!(guest.mfmsr() & msr::POW, 0);
    assert_eq!(guest.execute(RFI), Done::Jumped);
    assert!(matches!(guest.vcpu.prepare(&mut guest.fake), Ready::Idle(_)));
}
