//! What several integration tests share: random words and GNU binutils.
#![allow(dead_code, reason = "each test uses its part")]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cpu::decode;
use cpu::memory::{Fault, Memory};
use cpu::table::Row;
use magicpage::Family;

/// SplitMix64: the same words every time.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn word(&mut self) -> u32 {
        (self.next() >> 32).try_into().expect("32 bits")
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("less than the bound")
    }

    /// A register's number, or another small one.
    pub fn small(&mut self, bound: u8) -> u8 {
        u8::try_from(self.next() % u64::from(bound)).expect("less than the bound")
    }

    /// A value for a register: often a corner.
    pub fn value(&mut self) -> u64 {
        const CORNERS: [u64; 16] = [
            0,
            1,
            2,
            31,
            32,
            63,
            64,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            0x1_0000_0000,
            0x7fff_ffff_ffff_ffff,
            0x8000_0000_0000_0000,
            u64::MAX,
            u64::MAX - 1,
            0xffff_ffff_8000_0000,
        ];
        let random = self.next();
        match random & 7 {
            0..3 => CORNERS[self.below(CORNERS.len())],
            3 => self.next() >> (random >> 8 & 63),
            4 => (self.next().cast_signed() >> (random >> 8 & 63)).cast_unsigned(),
            _ => self.next(),
        }
    }
}

/// An instruction of a family: its row, and one word that it decodes from.
#[derive(Clone, Copy)]
pub struct Kind {
    pub row: &'static Row,
    pub seed: u32,
}

impl Kind {
    /// A word of this instruction, the bits that vary taken from `bits`.
    pub fn word(&self, bits: u32) -> u32 {
        let variable = self.row.variable_bits();
        self.seed & !variable | bits & variable
    }
}

/// Memory that holds nothing but zeros.
pub struct Zeros;

impl Memory for Zeros {
    fn load(&mut self, _: u64, _: u8) -> Result<u64, Fault> {
        Ok(0)
    }

    fn store(&mut self, _: u64, _: u8, _: u64) -> Result<(), Fault> {
        Ok(())
    }
}

/// Every instruction of a family, found by decoding.
pub fn kinds(family: Family) -> Vec<Kind> {
    let mut kinds = Vec::new();
    let mut seen = HashSet::new();
    for primary in 0..64u32 {
        let low = match primary {
            0 | 4 | 17 | 19 | 30 | 31 | 56..=63 => 0..2048,
            _ => 0..1,
        };
        // Where a part of the opcode stands in an operand's place; and registers that go together.
        let mut high = vec![0, 1 << 16, 1 << 21, 2 << 21 | 1 << 16];
        match primary {
            4 | 60 | 63 => high.extend((2..32).map(|n| n << 16)),
            31 => high.extend(
                (2..32)
                    .map(|n| n << 21)
                    .chain([1 << 20 | 1 << 12, 12 << 16 | 8 << 11]),
            ),
            _ => {}
        }
        for low in low {
            for high in &high {
                let seed = primary << 26 | high | low;
                let ins = decode(seed, family);
                if ins.is_known() && seen.insert(core::ptr::from_ref(ins.row())) {
                    kinds.push(Kind { row: ins.row(), seed });
                }
            }
        }
    }
    kinds
}

/// A file in a directory of this test's own, which is removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cpu-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory for temporary files");
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a tool and returns what it wrote. A missing tool is a failure, never a reason to skip.
pub fn run(tool: &str, package: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(tool)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{tool}: {error}; install {package}"));
    assert!(
        output.status.success(),
        "{tool} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

pub const BINUTILS: &str = "binutils-powerpc-linux-gnu";
pub const OBJDUMP: &str = "powerpc-linux-gnu-objdump";

/// The processors whose text is a family's, the one that decides first.
pub fn references(family: Family) -> &'static [&'static str] {
    match family {
        Family::Book3s32 => &["7450", "750cl", "ppc"],
        Family::Book3s64 => &["power9", "power10,any", "power8", "power6"],
        Family::E500 => &["e500", "e500mc", "476", "ppc"],
    }
}

/// What objdump prints for each word; the words stand at address 0 on.
pub fn objdump(words: &[u32], family: Family, processor: &str, scratch: &Path) -> Vec<String> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    fs::write(scratch, bytes).expect("a temporary file");
    let machine = if family == Family::Book3s64 {
        "powerpc:common64"
    } else {
        "powerpc:common"
    };
    let file = scratch.to_str().expect("a path in UTF-8");
    let arguments = [
        "-EB", "-b", "binary", "-D", "-z", "-m", machine, "-M", processor, file,
    ];
    let listing = String::from_utf8(run(OBJDUMP, BINUTILS, &arguments)).expect("text");
    // A prefixed instruction takes two words and one line.
    let mut texts = vec![".long".to_owned(); words.len()];
    for line in listing.lines() {
        if let Some((address, rest)) = line.split_once(":\t")
            && let Ok(address) = usize::from_str_radix(address.trim(), 16)
            && let Some((_, text)) = rest.split_once('\t')
        {
            texts[address / 4] = text.replace('\t', " ").trim_end().to_owned();
        }
    }
    texts
}
