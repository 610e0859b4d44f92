//! The devices of Flipper, the GameCube's system chip.
//!
//! Linux needs two of them: the [processor interface](pi), which is the interrupt controller and the way to a reset,
//! and the [external interface](exi), a serial bus with memory-card slots. In one of the slots sticks a
//! [USB Gecko](gecko), a serial port and the console; on channel 0 there is also the [clock](rtc). Everything else is
//! [absent]: its registers read as 0, so no driver finds anything there to wait for.
//!
//! Sources: YAGCD (Yet Another Gamecube Documentation) sections 5.4 (PI), 5.9 (EXI) and 10 (EXI devices); WiiBrew,
//! "Hardware/Processor Interface" and "Hardware/MX23L4005"; gc-linux wiki, "GameCube EXI Bus Specification". What Linux
//! expects of them: `arch/powerpc/platforms/embedded6xx/{flipper-pic,usbgecko_udbg}.c`, `drivers/rtc/rtc-gamecube.c`.

pub mod absent;
pub mod exi;
pub mod gecko;
pub mod pi;
pub mod rtc;

pub(crate) use absent::Absent;
pub(crate) use exi::Channel;
pub use exi::Slot;
pub use pi::Line;
pub(crate) use pi::ProcessorInterface;

/// Bytes of RAM in a GameCube: 24 MiB at address 0.
pub const RAM_BYTES: u64 = 24 << 20;
