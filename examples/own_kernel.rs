//! A kernel of one's own that rewrites itself: the core of `rewriter` needs no operating system. What it is shown is the
//! kernel's text and what is known of it; what it gives back is a plan, which is carried out word by word in running memory.

use std::collections::BTreeMap;
use std::convert::Infallible;

use magicpage::{Endian, Family};
use rewriter::apply::{Text, apply, revert};
use rewriter::build::{self, Options};
use rewriter::image::{Area, AreaKind, Image, Region, Symbol, SymbolKind};
use rewriter::plan::Target;
use rewriter::verify::{Effort, verify};

/// Where the kernel runs, and where it has room for trampolines.
const START: u64 = 0xc000_0000;
const ROOM: u64 = 0xc000_1000;

/// `local_irq_enable`: mfmsr r9; ori r9,r9,0x8000; mtmsr r9; blr.
const CODE: [u32; 4] = [0x7d20_00a6, 0x6129_8000, 0x7d20_0124, 0x4e80_0020];

/// The running text. A kernel stores through its own mapping and flushes the instruction cache.
struct Running(BTreeMap<u64, u32>);

impl Text for Running {
    type Error = Infallible;

    fn read(&mut self, address: u64) -> Result<u32, Infallible> {
        Ok(self.0.get(&address).copied().unwrap_or(0))
    }

    fn write(&mut self, address: u64, word: u32) -> Result<(), Infallible> {
        self.0.insert(address, word);
        Ok(())
    }

    fn flush(&mut self, _address: u64, _words: usize) {}
}

fn main() {
    let bytes: Vec<u8> = CODE.iter().flat_map(|word| word.to_be_bytes()).collect();
    let image = Image {
        regions: vec![Region {
            section: ".text",
            address: START,
            bytes: &bytes,
        }],
        symbols: vec![Symbol {
            address: START,
            size: bytes.len() as u64,
            kind: SymbolKind::Function,
            name: "local_irq_enable",
        }],
        areas: vec![Area {
            kind: AreaKind::New,
            range: ROOM..ROOM + 0x1000,
            serves: None,
        }],
        ..Image::new(Family::Book3s32, Endian::Big)
    };
    let plan = build::plan(&image, Target::default(), &Options::default());
    let proof = verify(&image, &plan, Effort::default(), |_| {});
    assert!(
        proof.findings.is_empty(),
        "each site does what the instruction did"
    );

    // With every other processor quiet and interrupts off:
    let mut text = Running((START..).step_by(4).zip(CODE).collect());
    let before = text.0.clone();
    let Ok(journal) = apply(&plan, &mut text) else {
        return;
    };
    for site in &plan.sites {
        if let Some(rewrite) = site.rewrite() {
            println!(
                "{:#x}: {} becomes {}",
                site.address,
                site.instruction,
                rewrite.template.name()
            );
        }
    }
    let Ok(()) = revert(&journal, &mut text) else {
        return;
    };
    assert!(
        before
            .iter()
            .all(|(address, word)| text.0.get(address) == Some(word))
    );
}
