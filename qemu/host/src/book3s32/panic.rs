//! The panic device, by which QEMU's exit status tells of a failure: `-device pvpanic-pci -action panic=exit-failure`.

use core::arch::asm;

/// A PCI bus behind the MV64361: its configuration registers, and an address in its memory window that is free.
struct Bus {
    address: usize,
    data: usize,
    window: u32,
}

const BUSES: [Bus; 2] = [
    Bus {
        address: 0xf100_0cf8,
        data: 0xf100_0cfc,
        window: 0xc800_0000,
    },
    Bus {
        address: 0xf100_0c78,
        data: 0xf100_0c7c,
        window: 0x9000_0000,
    },
];

/// Device and vendor.
const PVPANIC: u32 = 0x0011_1b36;
/// "The guest has panicked."
const PANICKED: u8 = 1;

/// Tells the panic device, if there is one: QEMU may end at once.
pub(super) fn report() {
    for bus in BUSES {
        for device in 0..32 {
            if read(&bus, device, 0) == PVPANIC {
                write(&bus, device, 0x10, bus.window);
                write(&bus, device, 4, 2);
                super::machine::store(bus.window as usize, PANICKED);
            }
        }
    }
}

fn select(bus: &Bus, device: u32, register: u32) {
    store(bus.address, 0x8000_0000 | device << 11 | register);
}

fn read(bus: &Bus, device: u32, register: u32) -> u32 {
    select(bus, device, register);
    let value;
    // SAFETY: a device register of the machine, least significant byte first.
    unsafe { asm!("lwbrx {}, 0, {}", "eieio", out(reg) value, in(reg) bus.data) };
    value
}

fn write(bus: &Bus, device: u32, register: u32, value: u32) {
    select(bus, device, register);
    store(bus.data, value);
}

fn store(address: usize, value: u32) {
    // SAFETY: as above.
    unsafe { asm!("stwbrx {}, 0, {}", "eieio", in(reg) value, in(reg) address) };
}
