//! Processors as a device tree describes them.

/// A processor: its name, version and clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor<'a> {
    /// Name of its node, without the unit address: "PowerPC,gekko".
    pub name: &'a str,
    /// What the processor version register (PVR) reads.
    pub version: u32,
    /// The processor's clock, in Hz.
    pub clock_hz: u32,
    /// The bus clock, in Hz.
    pub bus_hz: u32,
    /// How many times a second the time base counts up and the decrementer counts down.
    pub timebase_hz: u32,
    /// Bytes of a cache line, instructions and data alike.
    pub cache_line_bytes: u32,
    /// Bytes of each of the two first-level caches.
    pub cache_bytes: u32,
}

impl Processor<'_> {
    /// The same processor with another frequency of the time base.
    #[must_use]
    pub const fn with_timebase(self, timebase_hz: u32) -> Self {
        Self { timebase_hz, ..self }
    }

    /// The same processor with another PVR.
    #[must_use]
    pub const fn with_version(self, version: u32) -> Self {
        Self { version, ..self }
    }
}

/// The GameCube's processor: clocks from `arch/powerpc/boot/dts/gamecube.dts`, version of consoles that were sold.
pub const GEKKO: Processor<'static> = Processor {
    name: "PowerPC,gekko",
    version: 0x0008_3214,
    clock_hz: 486_000_000,
    bus_hz: 162_000_000,
    timebase_hz: 40_500_000,
    cache_line_bytes: 32,
    cache_bytes: 32 << 10,
};

/// An e500v2 as QEMU's ppce500 machine has it: every clock at 400 MHz.
pub const E500V2: Processor<'static> = Processor {
    name: "PowerPC,e500v2",
    version: 0x8021_0030,
    clock_hz: 400_000_000,
    bus_hz: 400_000_000,
    timebase_hz: 400_000_000,
    cache_line_bytes: 32,
    cache_bytes: 32 << 10,
};

/// A PowerPC 970FX, version 3.1.
pub const PPC970FX: Processor<'static> = Processor {
    name: "PowerPC,970FX",
    version: 0x003c_0301,
    clock_hz: 2_000_000_000,
    bus_hz: 1_000_000_000,
    timebase_hz: 33_333_333,
    cache_line_bytes: 128,
    cache_bytes: 32 << 10,
};
