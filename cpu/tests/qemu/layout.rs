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

pub const TARGETS: [Target; 4] = [
    Target {
        family: Family::Book3s32,
        endian: Endian::Big,
        emulator: "qemu-ppc",
        processor: "7400",
        assembler: &["-a32", "-mbig", "-many", "-mregnames"],
        linker: "elf32ppc",
    },
    Target {
        family: Family::Book3s64,
        endian: Endian::Big,
        emulator: "qemu-ppc64",
        processor: "power9",
        assembler: &["-a64", "-mbig", "-mpower9", "-mregnames"],
        linker: "elf64ppc",
    },
    Target {
        family: Family::Book3s64,
        endian: Endian::Little,
        emulator: "qemu-ppc64le",
        processor: "power9",
        assembler: &["-a64", "-mlittle", "-mpower9", "-mregnames"],
        linker: "elf64lppc",
    },
    Target {
        family: Family::E500,
        endian: Endian::Big,
        emulator: "qemu-ppc",
        processor: "e500v2",
        assembler: &["-a32", "-mbig", "-many", "-mregnames"],
        linker: "elf32ppc",
    },
];

pub const TEXT: u64 = 0x0100_0000;
pub const CONTROL: u64 = 0x0200_0000;
/// What loads and stores may touch.
pub const BUFFER: u64 = CONTROL + 0x400;
pub const BUFFER_BYTES: usize = 128;
pub const BLOCKS: u64 = CONTROL + 0x1000;
/// Bytes of a stub, and of what precedes the words under test in it.
pub const STUB: u64 = 1024;
pub const SLOT: u64 = 256;
/// Blocks a stub runs over.
pub const ROUNDS: usize = 16;
/// Registers of a block: 32 general ones, CR, XER, LR, CTR, the way the slot was left, padding.
pub const REGISTERS: usize = 40;

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
pub fn block_bytes(target: &Target) -> usize {
    REGISTERS * usize::from(target.family.word_size().bytes()) + BUFFER_BYTES
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
    let mut bytes = Vec::new();
    for value in state.gpr.into_iter().chain(special) {
        match (target.family.word_size(), target.endian) {
            (WordSize::Word32, _) => bytes.extend(&value.to_be_bytes()[4..]),
            (WordSize::Word64, Endian::Big) => bytes.extend(value.to_be_bytes()),
            (WordSize::Word64, Endian::Little) => bytes.extend(value.to_le_bytes()),
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
    let exist = if bytes == 4 { 0xe000_007f } else { 0xe00c_007f };
    block[place].copy_from_slice(&target.endian.write_u32(xer & exist));
    block
}

pub const NAMES: [&str; REGISTERS - 32] = ["cr", "xer", "lr", "ctr", "way", "", "", ""];

/// Says what differs, one line a value.
pub fn differences(target: &Target, expected: &[u8], found: &[u8]) -> String {
    let bytes = usize::from(target.family.word_size().bytes());
    let mut report = String::new();
    for (n, (ours, theirs)) in expected.chunks(bytes).zip(found.chunks(bytes)).enumerate() {
        if ours != theirs {
            let name = match n {
                0..32 => format!("r{n}"),
                32..REGISTERS => NAMES[n - 32].to_owned(),
                _ => format!("memory+{}", (n - REGISTERS) * bytes),
            };
            write!(report, " {name}: ours {ours:02x?}, QEMU {theirs:02x?};").expect("a string");
        }
    }
    report
}
