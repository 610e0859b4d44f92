//! The machine.

use std::fmt;
use std::num::NonZeroU32;

use cpu::State;
use magicpage::{Family, PAGE_SIZE};
use thiserror::Error;

use crate::bus::Bus;
use crate::clock::Clock;
use crate::code::{Code, Icache};
use crate::devices::{Devices, NoDevices};
use crate::fork::Parent;
use crate::ram::Ram;
use crate::reserve::Reserved;
use crate::tlb::FetchTlb;

/// What a machine is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The processor family.
    pub family: Family,
    /// Bytes of guest memory, which begins at physical address 0: a multiple of the page size within
    /// [`Config::RAM_BYTES`].
    pub ram_bytes: usize,
    /// Instructions that the processor executes in a tick of the time base.
    pub ratio: NonZeroU32,
    /// The instruction cache.
    pub icache: Icache,
}

impl Config {
    /// The sizes of guest memory that are possible: 16 KiB to 512 MiB.
    pub const RAM_BYTES: core::ops::RangeInclusive<usize> = 16 << 10..=512 << 20;

    /// A processor of `family` with a coherent instruction cache that executes 8 instructions in a tick.
    pub const fn new(family: Family, ram_bytes: usize) -> Self {
        Self {
            family,
            ram_bytes,
            ratio: NonZeroU32::new(8).unwrap(),
            icache: Icache::Coherent,
        }
    }
}

/// A size of guest memory that is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "guest memory of {ram_bytes} bytes: give a multiple of {PAGE_SIZE} from {} to {}",
    Config::RAM_BYTES.start(),
    Config::RAM_BYTES.end()
)]
pub struct BadSize {
    /// The size that was asked for, in bytes.
    pub ram_bytes: usize,
}

/// Sees an instruction that is about to be executed: its effective address, its word, and the state in front of it.
pub type Observe = dyn FnMut(u64, u32, &State) + Send;

/// A PowerPC.
///
/// `D` are the devices of its board. See the [crate's documentation](crate).
pub struct Machine<D = NoDevices> {
    pub(crate) config: Config,
    pub(crate) bus: Box<Bus>,
    pub(crate) code: Code,
    pub(crate) fetch: FetchTlb,
    pub(crate) clock: Clock,
    pub(crate) stop_at: Option<u64>,
    pub(crate) reserved: Option<Reserved>,
    pub(crate) devices: D,
    pub(crate) observer: Option<Box<Observe>>,
    pub(crate) parent: Option<Parent>,
}

impl Machine {
    /// A machine with memory full of zeros, no mappings and no devices.
    ///
    /// # Errors
    ///
    /// [`BadSize`] if memory cannot have the size.
    pub fn new(config: Config) -> Result<Self, BadSize> {
        Self::with_devices(config, NoDevices::default())
    }
}

impl<D: Devices> Machine<D> {
    /// A machine with memory full of zeros, no mappings and the given devices.
    ///
    /// # Errors
    ///
    /// [`BadSize`] if memory cannot have the size.
    pub fn with_devices(config: Config, devices: D) -> Result<Self, BadSize> {
        let ram_bytes = config.ram_bytes;
        if !Config::RAM_BYTES.contains(&ram_bytes) || !ram_bytes.is_multiple_of(PAGE_SIZE) {
            return Err(BadSize { ram_bytes });
        }
        Ok(Self {
            config,
            bus: Box::new(Bus::new(Ram::new(ram_bytes))),
            code: Code::new(config.family, config.icache),
            fetch: FetchTlb::new(),
            clock: Clock::new(config.ratio),
            stop_at: None,
            reserved: None,
            devices,
            observer: None,
            parent: None,
        })
    }

    /// What the machine was built from.
    pub fn config(&self) -> Config {
        self.config
    }

    /// How many instructions have completed since the machine was built or its clock
    /// [began again](Self::restart_clock).
    ///
    /// A system call counts; an instruction that made any other exit counts when the host says that it has carried it
    /// out or has taken an exception for it.
    pub fn instructions(&self) -> u64 {
        self.clock.instructions
    }

    /// Makes the guest stop, with [`Exit::Host`](kvm_ppc::hardware::Exit::Host), where `instructions` have completed.
    /// Where more have, it does not run at all. `None` takes the stop away.
    pub fn stop_at(&mut self, instructions: Option<u64>) {
        self.stop_at = instructions;
    }

    /// Lets time pass, with no instruction executed, until the time base is `ticks`. It never goes back.
    pub fn skip_to(&mut self, ticks: u64) {
        if ticks > self.clock.timebase(0) {
            self.clock.set(ticks);
        }
    }

    /// Instructions and the time base begin at 0 again. A [stop](Self::stop_at) that was set is taken away.
    pub fn restart_clock(&mut self) {
        self.clock = Clock::new(self.clock.ratio);
        self.stop_at = None;
    }

    /// Guest memory.
    pub fn memory(&self) -> &[u8] {
        self.bus.ram.guest()
    }

    /// The devices.
    pub fn devices(&self) -> &D {
        &self.devices
    }

    /// The devices, to be changed.
    pub fn devices_mut(&mut self) -> &mut D {
        &mut self.devices
    }

    /// Empties the instruction cache, as HID0\[ICFI\] does.
    pub fn invalidate_icache(&mut self) {
        self.drop_code();
    }

    /// Shows every instruction that is about to be executed to `observer`, or no longer.
    ///
    /// An instruction is seen once for each time that it is tried: one that makes an exit is seen, and seen again if
    /// the host enters the guest at it. While nobody observes, it costs nothing. Copies of the machine are not
    /// observed.
    pub fn observe(&mut self, observer: Option<Box<Observe>>) {
        self.observer = observer;
    }
}

impl<D: fmt::Debug> fmt::Debug for Machine<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("config", &self.config)
            .field("clock", &self.clock)
            .field("stop_at", &self.stop_at)
            .field("devices", &self.devices)
            .finish_non_exhaustive()
    }
}
