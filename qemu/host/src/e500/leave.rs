//! Ending QEMU.
//!
//! A reset does with `-no-reboot`, and its exit status is 0. For another the machine needs `-device pvpanic-pci -action
//! panic=exit-failure`: a store to that device ends QEMU with status 1. Nobody has configured it, nor the bridge that
//! it is behind, so that this is done here.

use core::ptr;

use super::{CCSR, PCI, PCI_REAL, console};

/// The reset control register of the global utilities (MPC8544E Reference Manual, RSTCR) and its request.
const RESET: u32 = CCSR + 0xe_00b0;
const REQUEST: u32 = 2;

/// The PCI bridge's registers (MPC8544E Reference Manual, PCI bus interface): configuration address and data; outbound
/// window 1.
const ADDRESS: u32 = CCSR + 0x8000;
const DATA: u32 = CCSR + 0x8004;
const TRANSLATION: u32 = CCSR + 0x8c20;
const BASE: u32 = CCSR + 0x8c28;
const ATTRIBUTES: u32 = CCSR + 0x8c30;
/// Enabled; memory reads and writes; 4 KiB.
const MEMORY_4K: u32 = 0x8004_400b;

/// The panic device: identification, and where it is put on the bus.
const PVPANIC: u32 = 0x0011_1b36;
const BUS: u32 = 0x8000_0000;
/// "The guest has panicked."
const PANICKED: u8 = 1;

/// Ends QEMU: exit status 0 if `success`. Otherwise it is 1, or, if the machine has no panic device, a line says so.
pub fn leave(success: bool) -> ! {
    if !success {
        fail();
        "leave=failure\n".bytes().for_each(console::put);
    }
    store(RESET, REQUEST);
    loop {
        core::hint::spin_loop();
    }
}

/// Returns only if there is no panic device.
fn fail() {
    let Some(device) = (0..32).find(|&device| configuration(device, 0) == PVPANIC) else {
        return;
    };
    // Base address register 0; then memory space in the command register.
    configure(device, 0x10, BUS);
    configure(device, 4, 2);
    store(TRANSLATION, BUS >> 12);
    store(BASE, (PCI_REAL >> 12) as u32);
    store(ATTRIBUTES, MEMORY_4K);
    // SAFETY: `start.s` maps the page, which the window above has made the device's.
    unsafe { ptr::write_volatile(PCI as *mut u8, PANICKED) };
}

fn select(device: u32, register: u32) {
    store(ADDRESS, 0x8000_0000 | device << 11 | register);
}

/// The data register is little-endian, as the bus is.
fn configuration(device: u32, register: u32) -> u32 {
    select(device, register);
    // SAFETY: reading a device's configuration has no effect on memory.
    unsafe { ptr::read_volatile(DATA as *const u32) }.swap_bytes()
}

fn configure(device: u32, register: u32, value: u32) {
    select(device, register);
    store(DATA, value.swap_bytes());
}

fn store(register: u32, value: u32) {
    // SAFETY: `start.s` maps the device registers, and those above do nothing to the host's memory.
    unsafe { ptr::write_volatile(register as *mut u32, value) };
}
