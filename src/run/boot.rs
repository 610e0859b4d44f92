//! From an image to a guest that is about to execute its first instruction.
//!
//! Memory, from the top down: device tree, initial RAM disk, and free memory whose top is in r1, for kernels that use
//! a stack before they have one of their own. What a kernel expects in its registers is a row of `Protocol`:
//!
//! | family | registers |
//! |---|---|
//! | 32-bit Book3S | r3 the device tree, r4 and r5 zero; MSR zero (Linux: `arch/powerpc/kernel/head_book3s_32.S`) |
//! | e500 | r3 the device tree, r6 "EPAP", r7 bytes mapped, others zero (ePAPR 1.1, 5.4); TLB1 maps 256 MiB to itself |
//! | 64-bit Book3S | r3 the device tree, r4 the entry point, r5 zero; MSR\[SF\] (Linux: `head_64.S`) |

use std::ops::Range;

use board::devicetree::{Description, Hypervisor, Processor, Unwritable, processor};
use board::{Board, Model as BoardModel};
use kvm_ppc::Vcpu;
use kvm_ppc::deferral::Policy;
use kvm_ppc::hardware::Hardware;
use kvm_ppc::mmu::{Mas, Mmu};
use kvm_ppc::model::Model;
use kvm_ppc::statistics::Statistics;
use kvm_ppc::vcpu::Interface;
use machine::{BadSize, Config};
use magicpage::{Endian, Family, msr};
use strum::{EnumDiscriminants, EnumIter, EnumMessage, IntoStaticStr};

use super::image::{Image, Segment};
use super::{Devices, Guest, Machine};

/// Bytes below the device tree that are left free for a stack.
const STACK: u64 = 0x1_0000;
/// Bytes that the first frame on the stack takes.
const FRAME: u64 = 64;
const PAGE: u64 = 0x1000;

/// What a guest has of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// There is none: the guest runs natively on a processor that traps to nobody.
    Absent,
    /// There is one, and the device tree does not say so.
    Hidden,
    /// The device tree names it: node `/hypervisor`.
    Named,
}

/// What a guest is started with.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Its processor.
    pub model: &'static Model,
    /// Its byte order.
    pub endian: Endian,
    /// Its board.
    pub board: BoardModel,
    /// Bytes of memory.
    pub memory: u64,
    /// What the host does about interrupts in critical sections.
    pub policy: &'static dyn Policy,
    /// The kernel's command line.
    pub append: &'a str,
    /// The initial RAM disk.
    pub initrd: Option<&'a [u8]>,
    /// What the guest has of a host.
    pub host: Host,
    /// Physical addresses that the kernel is told to leave alone.
    pub reserved: &'a [Range<u64>],
    /// Whether exits are counted by address and instruction too.
    pub detailed: bool,
}

/// Why a guest cannot be started.
#[derive(Clone, Debug, PartialEq, Eq, EnumDiscriminants, thiserror::Error)]
#[strum_discriminants(
    name(BootErrorKind),
    derive(EnumIter, EnumMessage, IntoStaticStr),
    strum(serialize_all = "kebab-case"),
    doc = "The kinds of [`BootError`]. Their names are in lower case with hyphens."
)]
pub enum BootError {
    /// Memory cannot have the size that was asked for.
    #[error(transparent)]
    Memory(#[from] BadSize),
    /// Memory of the size that was asked for reaches the addresses of devices.
    #[error(transparent)]
    Board(#[from] board::RamTooLarge),
    /// A segment of the image has no place in memory.
    #[error("the image's segment {start:#x}..{end:#x} does not fit the guest's {memory:#x} bytes of memory")]
    Segment {
        /// Physical address of its first byte.
        start: u64,
        /// And behind its last.
        end: u64,
        /// Bytes of memory.
        memory: u64,
    },
    /// The image leaves no room for what else is needed.
    #[error("{needed:#x} bytes for {what} do not fit behind the image, which ends at {end:#x}")]
    NoRoom {
        /// What.
        what: &'static str,
        /// Bytes.
        needed: u64,
        /// Where the image ends.
        end: u64,
    },
    /// The device tree cannot be written.
    #[error("{0}")]
    Tree(String),
}

impl From<Unwritable> for BootError {
    fn from(error: Unwritable) -> Self {
        Self::Tree(error.to_string())
    }
}

/// Where things are.
struct Layout {
    initrd: Option<Range<u64>>,
    tree: u64,
    stack: u64,
}

/// Starts a guest.
///
/// # Errors
///
/// A [`BootError`] when something has no place in memory.
pub fn boot(image: &Image, options: &Options<'_>) -> Result<Guest, BootError> {
    let board = Board::new(options.board, options.memory)?;
    let bytes = usize::try_from(options.memory).unwrap_or(usize::MAX);
    let config = Config::new(options.model.family, bytes);
    let mut machine = Machine::with_devices(config, Devices::new(board))?;
    for segment in &image.segments {
        load(&mut machine, segment, options.memory)?;
    }
    let initrd = place_initrd(image, options)?;
    let top = initrd.as_ref().map_or(options.memory, |range| range.start);
    let tree = description(options, initrd.clone()).flatten()?;
    let start = room(image, top, tree.len() as u64, "the device tree")?;
    let layout = Layout {
        initrd,
        tree: start,
        stack: start - FRAME,
    };
    room(image, start, STACK, "a stack")?;
    write(&mut machine, layout.tree, &tree);
    if let (Some(range), Some(bytes)) = (&layout.initrd, options.initrd) {
        write(&mut machine, range.start, bytes);
    }
    let mut vcpu = Vcpu::new(options.model, options.endian, options.policy, &mut machine);
    vcpu.interface = match options.host {
        Host::Absent => Interface::Absent,
        Host::Hidden => Interface::Calls,
        Host::Named => Interface::Idle,
    };
    if options.detailed {
        vcpu.statistics = Statistics::detailed();
    }
    begin(&mut vcpu, &mut machine, image, &layout, options);
    Ok(Guest::new(vcpu, machine))
}

fn load(machine: &mut Machine, segment: &Segment, memory: u64) -> Result<(), BootError> {
    let Range { start, end } = segment.range();
    if end > memory || end < start {
        return Err(BootError::Segment { start, end, memory });
    }
    write(machine, start, &segment.bytes);
    Ok(())
}

/// Writes to memory whose bounds were checked.
fn write(machine: &mut Machine, address: u64, bytes: &[u8]) {
    let done = machine.write(address, bytes);
    debug_assert!(done.is_ok(), "{address:#x} lies in memory");
}

fn place_initrd(image: &Image, options: &Options<'_>) -> Result<Option<Range<u64>>, BootError> {
    let Some(bytes) = options.initrd.filter(|bytes| !bytes.is_empty()) else {
        return Ok(None);
    };
    let size = bytes.len() as u64;
    let start = room(image, options.memory, size, "the initial RAM disk")?;
    Ok(Some(start..start + size))
}

/// The highest page below `top` with so many bytes behind it.
fn room(image: &Image, top: u64, needed: u64, what: &'static str) -> Result<u64, BootError> {
    let end = image.end();
    let start = top.checked_sub(needed).map(|start| start & !(PAGE - 1));
    start
        .filter(|start| *start >= end)
        .ok_or(BootError::NoRoom { what, needed, end })
}

fn description<'a>(options: &Options<'a>, initrd: Option<Range<u64>>) -> Description<'a> {
    let described = match options.board {
        BoardModel::GameCube => Description::gamecube(options.memory),
        BoardModel::Plain => Description::plain(options.memory, processor(options.model)),
    };
    Description {
        processor: described.processor.with_version(options.model.version),
        bootargs: options.append,
        initrd,
        reserved: options.reserved,
        hypervisor: (options.host == Host::Named).then_some(Hypervisor { has_idle: true }),
        plain_devices: true,
        ..described
    }
}

fn processor(model: &Model) -> Processor<'static> {
    match model.family {
        Family::Book3s32 => processor::GEKKO,
        Family::E500 => processor::E500V2,
        Family::Book3s64 => POWER8,
    }
}

/// A POWER8: clocks of a part that was sold, the time base that the architecture prescribes (Power ISA 2.07 II 6).
const POWER8: Processor<'static> = Processor {
    name: "PowerPC,POWER8",
    version: 0x004d_0200,
    clock_hz: 3_425_000_000,
    bus_hz: 512_000_000,
    timebase_hz: 512_000_000,
    cache_line_bytes: 128,
    cache_bytes: 32 << 10,
};

/// Sets the registers.
fn begin(vcpu: &mut Vcpu, machine: &mut Machine, image: &Image, layout: &Layout, options: &Options<'_>) {
    const EPAPR: u64 = 0x4550_4150;
    vcpu.state.pc = image.entry;
    vcpu.state.gpr[1] = layout.stack;
    vcpu.state.gpr[3] = layout.tree;
    let mode = match options.model.family {
        Family::Book3s32 => {
            enable_upper_bats(vcpu, machine);
            0
        }
        Family::E500 => {
            vcpu.state.gpr[6] = EPAPR;
            vcpu.state.gpr[7] = options.memory;
            map_to_itself(vcpu);
            0
        }
        Family::Book3s64 => {
            vcpu.state.gpr[4] = image.entry;
            msr::SF
                | msr::ME
                | if options.endian == Endian::Little {
                    msr::LE
                } else {
                    0
                }
        }
    };
    vcpu.set_msr(machine, mode);
}

/// A 750CL's boot loader sets HID4\[SBE\], and Linux takes it for granted (`MMU_FTR_USE_HIGH_BATS`). A 750 has no HID4.
fn enable_upper_bats(vcpu: &mut Vcpu, machine: &mut Machine) {
    const HID4: u16 = 1011;
    const SBE: u64 = 0x0200_0000;
    if let Some(value) = vcpu.spr(machine, HID4) {
        vcpu.set_spr(machine, HID4, value | SBE);
    }
}

/// On Book E every address is translated: one entry of TLB1 maps the first 256 MiB, devices included, to themselves.
fn map_to_itself(vcpu: &mut Vcpu) {
    const TLB1: u32 = 0x1000_0000;
    const VALID_PROTECTED: u32 = 0xc000_0000;
    const SIZE_256M: u32 = 9 << 8;
    const SUPERVISOR_ALL: u32 = 0x15;
    if let Mmu::E500(mmu) = &mut vcpu.supervisor.mmu {
        // Nothing was mapped before, so nothing is stale.
        let _ = mmu.tlb.write(&Mas {
            mas0: TLB1,
            mas1: VALID_PROTECTED | SIZE_256M,
            mas3: SUPERVISOR_ALL,
            ..Mas::default()
        });
    }
}
