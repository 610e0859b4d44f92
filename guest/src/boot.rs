//! From the first instruction to the workload.
//!
//! The boot protocol is ePAPR's: r3 holds the address of the device tree. A 32-bit Book3S processor starts with
//! translation off; of an e500 one entry of TLB1 maps the first 256 MiB to themselves.

use core::panic::PanicInfo;

use crate::commandline::CommandLine;
use crate::console::print;
use crate::devicetree::Tree;
use crate::{console, control, devicetree, exception, interrupts, memory, mmu, pv, thread, timer, workload};

/// Bytes of the stack that the kernel boots and runs its first thread on.
pub const STACK: usize = 64 << 10;

/// A stack, at the alignment that the calling convention wants.
#[repr(C, align(16))]
pub struct Stack([u8; STACK]);

/// The boot stack.
pub static mut BOOT_STACK: Stack = Stack([0; STACK]);

/// Runs the kernel.
///
/// # Safety
///
/// Called once, by the code that the image is entered at, with the address that the boot protocol has in r3.
pub unsafe extern "C" fn kmain(tree: *const u8) -> ! {
    timer::quiet();
    thread::adopt_boot();
    exception::install();
    // SAFETY: the boot protocol says that a device tree is there.
    let tree = unsafe { Tree::at(tree) };
    let devices = devicetree::devices(&tree);
    console::set(devices.console);
    control::set(devices.control);
    interrupts::set(devices.interrupts);
    // SAFETY: nothing has been allocated, and nobody else uses what lies behind the image and before the tree.
    unsafe { memory::give(tree.free_memory()) };
    mmu::install();
    timer::start();
    let command_line = CommandLine::new(tree.bootargs());
    let pv = pv::start(&tree, &command_line);
    let status = workload::run(&tree, &command_line, pv);
    control::exit(status)
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    print!("panic: {info}\n");
    control::exit(control::PANIC)
}
