//! What counts: scanning against reading and against matching word by word; rewriting a kernel against copying it.
//!
//! The figures to look at are ratios within one run. Needs the kernels of `cargo xtask kernels`.

use std::fs;
use std::path::PathBuf;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use rewriter::build::{self, Options};
use rewriter::classify::classify;
use rewriter::elf::{ElfImage, ReadOptions, WriteOptions, changes};
use rewriter::scan::Scanner;
use rewriter::verify::{Effort, verify};

const KERNELS: [&str; 3] = ["ppc64el", "gamecube", "e500v2"];

fn main() {
    divan::main();
}

fn path(kernel: &str) -> PathBuf {
    let of = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = of("PPCPV_CACHE")
        .or_else(|| of("XDG_CACHE_HOME").map(|path| path.join("ppcpv")))
        .or_else(|| of("HOME").map(|path| path.join(".cache/ppcpv")));
    cache
        .expect("HOME, XDG_CACHE_HOME or PPCPV_CACHE is set")
        .join(kernel)
        .join("vmlinux")
}

fn load(kernel: &str) -> Vec<u8> {
    let path = path(kernel);
    fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask kernels` makes it", path.display()))
}

/// Runs `work` over the largest text section of a kernel.
fn over_text(
    bencher: Bencher,
    kernel: &str,
    work: impl Fn(&Scanner, &[u8], magicpage::Family, magicpage::Endian) -> u64 + Sync,
) {
    let bytes = load(kernel);
    let elf = ElfImage::parse(&bytes, &ReadOptions::default()).unwrap();
    let image = elf.image();
    let text = image
        .regions
        .iter()
        .map(|region| region.bytes)
        .max_by_key(|bytes| bytes.len())
        .unwrap();
    let scanner = Scanner::new(image.family, image.endian);
    bencher
        .counter(BytesCount::of_slice(text))
        .bench(|| work(&scanner, black_box(text), image.family, image.endian));
}

#[divan::bench(args = KERNELS)]
fn text_read(bencher: Bencher, kernel: &str) {
    over_text(bencher, kernel, |_, text, _, _| {
        text.as_chunks::<8>()
            .0
            .iter()
            .fold(0, |sum, bytes| sum ^ u64::from_ne_bytes(*bytes))
    });
}

#[divan::bench(args = KERNELS)]
fn text_scan(bencher: Bencher, kernel: &str) {
    over_text(bencher, kernel, |scanner, text, _, _| {
        let mut found = 0;
        scanner.scan(text, |_, _, _| found += 1);
        found
    });
}

#[divan::bench(args = KERNELS)]
fn text_word_by_word(bencher: Bencher, kernel: &str) {
    over_text(bencher, kernel, |_, text, family, endian| {
        let words = text
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| endian.read_u32(*bytes));
        words.filter(|word| classify(*word, family).is_some()).count() as u64
    });
}

#[divan::bench(args = KERNELS, sample_count = 20)]
fn file_copy(bencher: Bencher, kernel: &str) {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (path(kernel), directory.path().join("copy"));
    bencher.bench(|| fs::copy(&from, &to).unwrap());
}

#[divan::bench(args = KERNELS, sample_count = 20)]
fn file_rewrite(bencher: Bencher, kernel: &str) {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (path(kernel), directory.path().join("rewritten"));
    bencher.bench(|| {
        let bytes = fs::read(&from).unwrap();
        let elf = ElfImage::parse(&bytes, &ReadOptions::default()).unwrap();
        let plan = build::plan(elf.image(), elf.target(), &Options::default());
        let report = verify(elf.image(), &plan, Effort::default(), |_| {});
        assert!(report.findings.is_empty());
        let changed = changes(&elf, &plan, &WriteOptions::default()).unwrap();
        let mut file = fs::File::create(&to).unwrap();
        for piece in changed.pieces(&bytes) {
            std::io::Write::write_all(&mut file, piece).unwrap();
        }
    });
}
