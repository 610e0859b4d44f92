//! The machines, the program's memory, and what a block of registers looks like in it.

use std::fmt::Write as _;

use cpu::State;
use cpu::memory::{Access, Fault, Memory, Reason};
use magicpage::{Endian, Family, WordSize};

/// A machine that QEMU emulates.
pub struct Target {
    pub family: Family,
    pub endian: Endian,
    pub emulator: &'static str,
    pub processor: &'static str,
    pub assembler: &'static [&'static str],
    pub linker: &'static str,
}

const BIG32: &[&str] = &["-a32", "-mbig", "-many", "-mregnames"];

const fn big32(family: Family, processor: &'static str) -> Target {
    Target {
        family,
        endian: Endian::Big,
        emulator: "qemu-ppc",
        processor,
        assembler: BIG32,
        linker: "elf32ppc",
    }
}

pub const G3: Target = big32(Family::Book3s32, "750");
pub const G4: Target = big32(Family::Book3s32, "7400");
pub const E500: Target = big32(Family::E500, "e500v2");
pub const POWER9: Target = Target {
    family: Family::Book3s64,
    endian: Endian::Big,
    emulator: "qemu-ppc64",
    processor: "power9",
    assembler: &["-a64", "-mbig", "-mpower9", "-mregnames"],
    linker: "elf64ppc",
};
pub const POWER9_LITTLE: Target = Target {
    family: Family::Book3s64,
    endian: Endian::Little,
    emulator: "qemu-ppc64le",
    processor: "power9",
    assembler: &["-a64", "-mlittle", "-mpower9", "-mregnames"],
    linker: "elf64lppc",
};

impl Target {
    pub fn is_wide(&self) -> bool {
        self.family.word_size() == WordSize::Word64
    }

    /// The bits of a general register.
    pub fn width(&self) -> u64 {
        if self.is_wide() { u64::MAX } else { 0xffff_ffff }
    }

    /// The bits of XER that exist; QEMU keeps others too.
    pub fn xer_bits(&self) -> u32 {
        if self.is_wide() { 0xe00c_007f } else { 0xe000_007f }
    }

    /// Whether there are floating-point registers of their own.
    pub fn floats(&self) -> bool {
        self.family != Family::E500
    }
}

/// What the program keeps for itself, at addresses that an instruction reaches with no register.
pub const CONTROL: u64 = 0x2000;
pub const CONTROL_BYTES: u64 = 0x1_2000;
/// What loads and stores may touch.
pub const BUFFER: u64 = CONTROL + 0x400;
pub const BUFFER_BYTES: usize = 128;
pub const TEXT: u64 = 0x0100_0000;
pub const BLOCKS: u64 = 0x0400_0000;
/// Bytes of a stub, and of what precedes the words under test in it.
pub const STUB: u64 = 1024;
pub const SLOT: u64 = 512;
/// Words of a block before the floating-point registers: 32 general registers, CR, XER, LR, CTR, the way the slot was
/// left, padding.
pub const REGISTERS: usize = 40;
/// Doublewords of the floating-point registers: 32 and FPSCR.
pub const FLOATS: usize = 33;

#[derive(Clone)]
pub struct Buffer {
    pub bytes: [u8; BUFFER_BYTES],
    pub endian: Endian,
    pub first: Option<u64>,
}

impl Buffer {
    fn range(&mut self, address: u64, bytes: u8, access: Access) -> Result<std::ops::Range<usize>, Fault> {
        self.first.get_or_insert(address);
        let start = address.wrapping_sub(BUFFER);
        if start > (BUFFER_BYTES - usize::from(bytes)) as u64 {
            return Err(Fault {
                address,
                access,
                reason: Reason::Unmapped,
            });
        }
        let start = usize::try_from(start).expect("an offset into the buffer");
        Ok(start..start + usize::from(bytes))
    }
}

impl Memory for Buffer {
    fn load(&mut self, address: u64, bytes: u8) -> Result<u64, Fault> {
        let range = self.range(address, bytes, Access::Load)?;
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Ok(match self.endian {
            Endian::Big => self.bytes[range].iter().fold(0, fold),
            Endian::Little => self.bytes[range].iter().rev().fold(0, fold),
        })
    }

    fn store(&mut self, address: u64, bytes: u8, value: u64) -> Result<(), Fault> {
        let range = self.range(address, bytes, Access::Store)?;
        let big = value.to_be_bytes();
        self.bytes[range.clone()].copy_from_slice(&big[8 - usize::from(bytes)..]);
        if self.endian == Endian::Little {
            self.bytes[range].reverse();
        }
        Ok(())
    }
}

/// Where the floating-point registers stand in a block.
pub fn floats_at(target: &Target) -> usize {
    REGISTERS * usize::from(target.family.word_size().bytes())
}

/// Where the buffer's content stands in a block.
pub fn buffer_at(target: &Target) -> usize {
    floats_at(target) + if target.floats() { 8 * FLOATS } else { 0 }
}

pub fn block_bytes(target: &Target) -> usize {
    buffer_at(target) + BUFFER_BYTES
}

/// A block's bytes; `way` says how the slot was left.
pub fn encode(target: &Target, (state, buffer): &(State, Buffer), way: u64) -> Vec<u8> {
    let special = [
        u64::from(state.cr),
        u64::from(state.xer),
        state.lr,
        state.ctr,
        way,
        0,
        0,
        0,
    ];
    let mut bytes = Vec::with_capacity(block_bytes(target));
    for value in state.gpr.into_iter().chain(special) {
        match (target.family.word_size(), target.endian) {
            (WordSize::Word32, _) => bytes.extend(&value.to_be_bytes()[4..]),
            (WordSize::Word64, Endian::Big) => bytes.extend(value.to_be_bytes()),
            (WordSize::Word64, Endian::Little) => bytes.extend(value.to_le_bytes()),
        }
    }
    if target.floats() {
        for value in state.fpr.into_iter().chain([u64::from(state.fpscr)]) {
            match target.endian {
                Endian::Big => bytes.extend(value.to_be_bytes()),
                Endian::Little => bytes.extend(value.to_le_bytes()),
            }
        }
    }
    bytes.extend(buffer.bytes);
    bytes
}

/// QEMU's block, with the bits of XER cleared that it keeps though the processor lacks them.
pub fn without_missing_xer_bits(target: &Target, block: &[u8]) -> Vec<u8> {
    let bytes = usize::from(target.family.word_size().bytes());
    let place = match target.endian {
        Endian::Big => 34 * bytes - 4..34 * bytes,
        Endian::Little => 33 * bytes..33 * bytes + 4,
    };
    let mut block = block.to_vec();
    let xer = target
        .endian
        .read_u32(block[place.clone()].try_into().expect("four bytes"));
    block[place].copy_from_slice(&target.endian.write_u32(xer & target.xer_bits()));
    block
}

pub const NAMES: [&str; REGISTERS - 32] = ["cr", "xer", "lr", "ctr", "way", "", "", ""];

/// Where two blocks differ.
pub fn differences(target: &Target, expected: &[u8], found: &[u8]) -> String {
    let bytes = usize::from(target.family.word_size().bytes());
    let (floats, buffer) = (floats_at(target), buffer_at(target));
    let mut report = String::new();
    let mut part = |range: std::ops::Range<usize>, bytes: usize, name: &dyn Fn(usize) -> String| {
        let pairs = expected[range.clone()]
            .chunks(bytes)
            .zip(found[range].chunks(bytes));
        for (n, (ours, theirs)) in pairs.enumerate().filter(|(_, (ours, theirs))| ours != theirs) {
            write!(report, " {}: ours {ours:02x?}, QEMU {theirs:02x?};", name(n)).expect("a string");
        }
    };
    part(0..floats, bytes, &|n| match n {
        0..32 => format!("r{n}"),
        _ => NAMES[n - 32].to_owned(),
    });
    part(floats..buffer, 8, &|n| match n {
        0..32 => format!("f{n}"),
        _ => "fpscr".to_owned(),
    });
    part(buffer..expected.len(), 8, &|n| format!("memory+{}", 8 * n));
    report
}
